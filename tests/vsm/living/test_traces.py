"""What the lines of a system carry, and what its parts hear, noted: no level sees another by a side door."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from functools import wraps
from math import ceil
from typing import Any, ClassVar

import pytest

from cybernetic.vsm import (
    Allow,
    Channel,
    Clocks,
    Escalate,
    Note,
    Policy,
    PolicyDenied,
    Role,
    ViableSystem,
    unit,
)
from cybernetic.vsm.algedonic.messages import Told
from cybernetic.vsm.channels import Ear, Line
from cybernetic.vsm.control.control import Control
from cybernetic.vsm.timing import now
from cybernetic.vsm.variety import Absorber, VarietyLedger
from tests.vsm.living.company import TOOL, Company, Division, Worker, done, started

Trace = list[tuple[str, Note]]  # the path of the level (or part) and the note


class Region(ViableSystem):
    """The level between."""

    def units(self) -> list[Any]:
        """Two."""
        return [unit(Division, id="division", floor=0.2), unit(Worker, id="yard", floor=0.2)]


class Firm(Company):
    """Three levels, quick clocks."""

    clocks = Clocks(ack=1.0, recovery=5.0)

    def units(self) -> list[Any]:
        """Two."""
        return [unit(Region, id="region", floor=0.2), unit(Worker, id="solo", floor=0.2)]


def dear(action: Any, context: Any) -> Any:
    """What is dear is somebody else's to decide."""
    return Escalate("owner", deadline=5.0) if action.facts.get("usd", 0) > 0.5 else Allow()


class Governed(Firm):
    """With something that its units may not decide."""

    policies: ClassVar[Any] = (Policy("dear", 1, dear),)


@pytest.fixture
def carried(monkeypatch: pytest.MonkeyPatch) -> Trace:
    """What the lines carry from now on."""
    trace: Trace = []
    accepts: Callable[..., bool] = Line._accepts

    def noted(line: Line, note: Note) -> bool:
        accepted = accepts(line, note)
        if accepted:
            trace.append((line.level, note))
        return accepted

    monkeypatch.setattr(Line, "_accepts", noted)
    return trace


@pytest.fixture
def heard(monkeypatch: pytest.MonkeyPatch) -> Trace:
    """What the parts that have a path hear from now on."""
    trace: Trace = []
    take: Callable[..., Any] = Ear.take

    @wraps(take)
    def noted(ear: Any, note: Note) -> Any:
        trace.append((ear.path, note))
        return take(ear, note)

    monkeypatch.setattr(Ear, "take", noted)
    return trace


def about(note: Note) -> str:
    """Whom a note is about: the one who hurts, or the one who speaks."""
    return note.body.pain.path if isinstance(note.body, Told) else note.path_from


def within(path: str, level: str) -> bool:
    """Whether a path is that of a level, or of something in it."""
    return path == level or path.startswith(f"{level}/")


async def test_t_coh_system_3_sees_of_a_level_within_what_its_envoy_audit_and_pain_say(
    carried: Trace, heard: Trace
) -> None:
    async with started(Firm) as (system, firm):
        await asyncio.sleep(1.25)  # between two beats, here and in the end: nothing is on its way
        carried.clear()
        heard.clear()
        for to in ("firm/region/division", "firm/region", "firm/solo"):
            await done(firm, to)
        await system.named("firm/region", ViableSystem).within(None).call(ViableSystem.ablate, "s4")
        await asyncio.sleep(60.0)
        await asyncio.sleep(ceil(now()) + 0.25 - now())
        control: Any = system.named("firm:control", Control)
        known = await control.call(Control.accounts)
        for level, inner in (("firm", "firm/region"), ("firm/region", "firm/region/division")):
            seen = {
                note.id
                for path, note in heard
                if path == level and note.role is Role.CONTROL and within(about(note), inner)
            }
            said = [
                note
                for where, note in carried
                if where == level and note.role is Role.CONTROL and within(about(note), inner)
            ]
            assert seen == {note.id for note in said} != set()
            assert {(note.channel, note.sender, note.path_from) for note in said} <= {
                (Channel.BARGAIN, Role.MANAGEMENT, inner),
                (Channel.COMMAND, Role.MANAGEMENT, inner),
                (Channel.AUDIT, Role.AUDIT, level),
                (Channel.ALGEDONIC, Role.ALGEDONODE, level),
            }
        assert any(isinstance(note.body, Told) for path, note in heard if path == "firm")
        assert set(known) == {"firm/region", "firm/solo"}  # of what is within the region it knows nothing


async def test_t_coh_no_line_of_a_level_carries_anything_to_or_from_the_inside_of_another(
    carried: Trace,
) -> None:
    async with started(Firm) as (_, firm):
        await done(firm, "firm/region")
        await asyncio.sleep(30.0)
        for level, note in carried:
            for role, path in ((note.sender, note.path_from), (note.role, note.path_to)):
                expected = path.rpartition("/")[0] if role.in_unit else path
                assert expected == level, note


def leaves(note: Note) -> bool:
    """Whether a disturbance leaves system 1; what hurts of it, or is well, is told beside that."""
    out = note.sender.in_unit and not note.role.in_unit
    return bool(note.disturbance) and out and note.channel is not Channel.ALGEDONIC


async def test_t_a1_every_disturbance_that_leaves_system_1_does_so_by_a_channel(
    carried: Trace, heard: Trace
) -> None:
    async with started(Governed) as (_, firm):
        ledger, ids = VarietyLedger(), []
        for number, usd in enumerate((0.1, 0.8, 0.1, 0.9, 0.1)):
            with suppress(PolicyDenied):
                performed = await done(
                    firm, "governed/region/yard" if number % 2 else "governed/solo", usd=usd
                )
                ids.append(performed.task)
        arrived = {note.disturbance for _, note in carried if note.channel is Channel.OPERATIONS}
        for id in sorted(one for one in arrived if one):
            ledger = ledger.enter(id, "job", 0.0)
        for _, note in carried:
            if leaves(note):
                ledger = ledger.cross(str(note.disturbance), note.channel.value)
        outside = {note.disturbance for _, note in heard if leaves(note)}
        for id in sorted(one for one in arrived if one):
            absorber = Absorber.CONTROL if id in outside else Absorber.OPERATION
            ledger = ledger.close(id, absorber, 1.0)
        by_channel = ledger.left()
        assert set().union(*by_channel.values()) == outside  # the sum over the channels is what came out
        assert set(by_channel) <= {channel.value for channel in Channel if channel.vertical}
        assert ledger.untraced() == frozenset()
        assert ledger.balance[Absorber.OPERATION] == len(ids) == len(TOOL.asked) == 3
        assert ledger.balance[Absorber.CONTROL] == len(outside) == 2
