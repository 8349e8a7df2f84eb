"""A program that starts anew with its data goes by what it declares now, not by what it declared before."""

import asyncio
from collections.abc import Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, ClassVar

import pytest

from cybernetic import System
from cybernetic.vsm import Allow, Deny, Policy, PolicyDenied, ViableSystem, unit
from cybernetic.vsm.recursion.handing import take_out
from tests.support import run_virtual
from tests.vsm.living.company import TOOL, Company, Division, Worker, done, started
from tests.vsm.living.pain.test_hung_keepers import suspended


def never(action: Any, context: Any) -> Deny:
    """Denies everything."""
    return Deny("never")


def always(action: Any, context: Any) -> Allow:
    """Allows everything."""
    return Allow()


NEVER, ALWAYS = Policy("p", 1, never), Policy("p", 1, always)


@asynccontextmanager
async def declared(folder: Path, *own: Policy) -> Any:
    """A company that declares these, five seconds after its start."""

    class Kept(Company):
        """On a disk."""

        data: ClassVar[str | None] = str(folder)
        policies: ClassVar[Sequence[Policy]] = own

        def units(self) -> list[Any]:
            """One."""
            return [unit(Worker, id="solo")]

    async with started(Kept) as (_, kept):
        await asyncio.sleep(5.0)
        yield kept


async def allows(kept: Any) -> bool:
    """Whether a unit may use a tool."""
    try:
        return (await done(kept, "kept/solo", usd=0.0)).outcome.good
    except PolicyDenied:
        return False


@pytest.mark.parametrize(
    ("first", "second", "allowed"),
    [
        ((), (NEVER,), False),
        ((NEVER,), (), True),
        ((ALWAYS,), (Policy("p", 2, never),), False),
        ((Policy("p", 2, never),), (ALWAYS,), True),
        ((NEVER,), (ALWAYS,), True),
        ((ALWAYS,), (ALWAYS,), True),
    ],
    ids=["added", "removed", "newer", "older", "another function", "as before"],
)
async def test_policies(tmp_path: Path, first: tuple[Policy, ...], second: Any, allowed: bool) -> None:
    async with declared(tmp_path, *first):
        pass
    async with declared(tmp_path, *second) as kept:
        assert await allows(kept) is allowed
        log = await kept.call(ViableSystem.decisions, kind="declared")
        assert len(log) == (0 if {one.label for one in first} == {one.label for one in second} else 1)


async def test_what_was_amended_by_hand_stays(tmp_path: Path) -> None:
    async with declared(tmp_path, ALWAYS) as kept:
        await kept.call(ViableSystem.set_policy, Policy("p", 2, never), "for now")
    for own in ((ALWAYS,), (Policy("p", 2, always),), ()):
        async with declared(tmp_path, *own) as kept:
            assert not await allows(kept)
    async with declared(tmp_path, Policy("p", 3, always)) as kept:
        assert await allows(kept)


def test_a_clock_that_was_set_back_keeps_nobody_from_amending(tmp_path: Path) -> None:
    async def life(start: float, version: int) -> None:
        await asyncio.sleep(start)
        async with declared(tmp_path, ALWAYS) as kept:
            await kept.call(ViableSystem.set_policy, Policy("p", version, always))
            await kept.call(ViableSystem.rollback_policy, "p", 1)
            await kept.call(ViableSystem.retire_policy, "p")

    run_virtual(life(100_000.0, 2))
    run_virtual(life(1.0, 4))


@pytest.mark.parametrize("on_disk", [("firm", "team"), ("firm",), ("team",)])
@pytest.mark.parametrize("first", [(), (ALWAYS,)])
async def test_from_the_first_call_on_in_all_levels_whoever_is_away(
    tmp_path: Path, on_disk: tuple[str, ...], first: tuple[Policy, ...]
) -> None:
    class Firm(Company):
        """With a level within."""

        def units(self) -> list[Any]:
            """A level and a worker."""
            return [unit(Team, id="team"), unit(Worker, id="solo")]

    class Team(Division):
        """The level within."""

    for cls in (Firm, Team):
        if (name := cls.__name__.lower()) in on_disk:
            cls.data = str(tmp_path / name)
    Firm.policies = first
    async with started(Firm) as (_, firm):
        await asyncio.sleep(5.0)
        for path in ("firm/solo", "firm/team/w0"):
            await done(firm, path, usd=0.0)
    Firm.policies = (NEVER,)
    async with started(Firm) as (system, firm):
        for name in ("firm:control", "firm/team:control"):
            await suspended(system, name)
        for path in ("firm/solo", "firm/team/w0"):
            with pytest.raises(PolicyDenied, match="never"):
                await done(firm, path, usd=0.0)
        assert not TOOL.asked


@pytest.mark.parametrize("on_disk", [("firm", "team", "inner"), ("firm",), ("firm", "inner")])
async def test_what_is_amended_by_hand_at_the_top_is_not_undone_within(
    tmp_path: Path, on_disk: tuple[str, ...]
) -> None:
    class Firm(Company):
        """Three levels."""

        policies: ClassVar[Sequence[Policy]] = (ALWAYS,)

        def units(self) -> list[Any]:
            """A level."""
            return [unit(Team, id="team")]

    class Team(ViableSystem):
        """The level within."""

        def units(self) -> list[Any]:
            """A level and a worker."""
            return [unit(Inner, id="inner"), unit(Worker, id="w0")]

    class Inner(Division):
        """The level within that."""

    for cls in (Firm, Team, Inner):
        if (name := cls.__name__.lower()) in on_disk:
            cls.data = str(tmp_path / name)
    async with started(Firm) as (system, firm):
        await suspended(system, "firm/team:policy")  # it does not hear of it
        await firm.call(ViableSystem.set_policy, Policy("p", 2, never), "for now")
    await asyncio.sleep(5.0)
    async with System() as system:
        take_out(system, "firm", ("s3", "s5"))  # nobody is there who could tell it
        firm = await system.start(Firm)
        for path in ("firm/team/inner/w0", "firm/team/w0"):
            with pytest.raises(PolicyDenied, match="never"):
                await done(firm, path, usd=0.0)
        assert not TOOL.asked
