"""Audits of a level within from the one above: past its metasystem, to any depth, and by no side door."""

import asyncio
from collections.abc import Callable
from functools import wraps
from statistics import mean
from threading import Event
from typing import Any, ClassVar

import pytest

from cybernetic.core import OptionError
from cybernetic.vsm import Audit, Channel, Note, Port, Role, Task, ViableSystem, unit
from cybernetic.vsm.audit import run_length
from cybernetic.vsm.bargain import Cost
from cybernetic.vsm.channels import Line
from cybernetic.vsm.inspection.auditor import Auditor
from cybernetic.vsm.inspection.custodian import together
from cybernetic.vsm.inspection.messages import Evidence, Inspected
from cybernetic.vsm.inspection.verifier import CannotTell, judgement
from tests.support import run_real, soak
from tests.vsm.living.company import started
from tests.vsm.living.inspected import Answer, Desk, Kb, auditor, right


class Team(ViableSystem):
    """Two who answer; its own audit believes everything."""

    audit = Audit(probability=0.5, verify=lambda evidence: True)

    def units(self) -> list[Any]:
        """Two."""
        return [unit(Answer, id=one) for one in "ab"]


class Region(ViableSystem):
    """A team, one level further in."""

    def units(self) -> list[Any]:
        """One."""
        return [unit(Team, id="team")]


class House(Desk):
    """Three levels; the top looks at all that is done."""

    audit = Audit(probability=1.0, kappa=0.0, verify=right, independent_of="kb")

    def units(self) -> list[Any]:
        """One."""
        return [unit(Region, id="region")]


async def answered(house: Any, *numbers: int) -> None:
    """Have so many questions answered, and audited."""
    for number in numbers:
        await house.within(None).call(ViableSystem.submit, Task("ask", number))
        await asyncio.sleep(0.01)


async def test_t_rec_a_level_within_is_audited_from_above_whatever_its_own_audit_says() -> None:
    Kb.lies = True
    async with started(House) as (system, house):
        await answered(house, *range(40))
        top = system.named("house:audit", Auditor)
        (record,) = (await top.call(Auditor.records)).values()
        assert record.work.audits > 0
        findings = await house.call(ViableSystem.decisions, 0, "finding")
        assert findings[0].body["unit"] == "house/region"
        team = system.named("house/region/team", ViableSystem)
        assert not await team.call(ViableSystem.decisions, 0, "finding")  # it believes everything
        assert await house.call(ViableSystem.decisions, 0, "quarantine")


async def test_t_s3star_bypass_the_metasystem_of_a_level_within_has_no_hand_in_its_audit() -> None:
    Kb.lies = True
    async with started(House) as (system, house):
        for path in ("house/region", "house/region/team"):
            level = system.named(path, ViableSystem)
            await level.within(None).call(ViableSystem.ablate, "s2", "s3", "s3star", "s4", "s5")
        await answered(house, *range(40))
        findings = await house.call(ViableSystem.decisions, 0, "finding")
        assert findings[0].body["unit"] == "house/region"


async def test_t_coh_an_audit_from_above_goes_by_the_audit_channel_of_each_level(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    trace: list[tuple[str, Note]] = []
    accepts: Callable[..., bool] = Line._accepts

    @wraps(accepts)
    def noted(line: Line, note: Note) -> bool:
        trace.append((line.level, note))
        return accepts(line, note)

    monkeypatch.setattr(Line, "_accepts", noted)
    Kb.lies = False
    async with started(House) as (_, house):
        await answered(house, 1)
        probes = [
            (level, note.path_to)
            for level, note in trace
            if note.channel is Channel.AUDIT and note.role is Role.PORTER
        ]
        assert set(probes) >= {
            ("house", "house/region"),
            ("house/region", "house/region/team"),
            ("house/region/team", "house/region/team/a"),
        }
        assert all(path.rpartition("/")[0] == level for level, path in probes)  # no line leads past a level


async def test_evidence_that_nobody_has_counts_as_missed_and_never_as_good() -> None:
    async with started(House) as (system, _):
        top = system.named("house:audit", Auditor)
        await top.within(None).call(Auditor.audit, "house/region", "a task of nobody")
        (dossier,) = (await top.call(Auditor.dossiers)).values()
        assert (dossier.missed, dossier.record.work.audits) == (1, 0)


def test_units_within_are_inspected_as_one() -> None:
    shown = [
        Inspected("h/a", Cost(usd=1), Cost(usd=3), {"ask": 2}, {"ask": 4.0}, {"ask": 1.0}, revision=4),
        Inspected("h/b", Cost(usd=2), Cost(usd=3), {"ask": 1, "other": 1}, {"other": 2.0}, {}, revision=3),
    ]
    whole = together("h", shown)
    assert whole.spent.amount("usd") == 3
    assert whole.tasks == {"ask": 3, "other": 1}
    assert whole.seconds == {"ask": 4.0, "other": 2.0}
    assert whole.revision == 3


# The verifier, and what is declared of it.


def test_a_verifier_that_takes_its_time_holds_up_nobody() -> None:
    async def main() -> None:
        said = Event()

        def slow(evidence: Any) -> bool:
            return said.wait(20.0)  # it waits for somebody who could not speak if it held up the loop

        loop = asyncio.get_running_loop()

        async def aside(function: Any, *args: Any) -> Any:
            return await loop.run_in_executor(None, function, *args)

        judging = asyncio.ensure_future(judgement(slow, Evidence("p", None, None, ()), None, 25.0, aside))
        await asyncio.sleep(0)
        said.set()
        assert (await judging).good

    run_real(main())


def test_an_auditor_in_real_time_asks_a_plain_verifier_aside() -> None:
    async def main() -> None:
        told = Event()

        def patient(evidence: Any) -> bool:
            return told.wait(20.0)

        cls = type("Desk", (Desk,), {"audit": Audit(probability=1.0, verify=patient), "__module__": __name__})
        async with started(cls) as (system, desk):
            await desk.within(None).call(ViableSystem.submit, Task("ask", 1))
            for _ in range(5):
                assert await auditor(system, Auditor.health)  # it answers while its verifier waits
            told.set()

    run_real(main())


async def test_a_verdict_may_be_awaited_whoever_gave_it() -> None:
    async def later(evidence: Any) -> bool:
        return True

    assert (await judgement(lambda evidence: later(evidence), None, None, 1.0)).good
    with pytest.raises(CannotTell):
        await judgement(lambda evidence: "yes", None, None, 1.0)


async def _uses(evidence: Any, use: Any) -> bool:
    return bool((await use("kb", Kb.search, 1)).value)


def test_a_verifier_that_uses_ports_has_to_say_which_it_keeps_off() -> None:
    with pytest.raises(OptionError, match="independent_of"):
        type("Blind", (Desk,), {"audit": Audit(verify=_uses)})


async def test_the_port_to_keep_off_has_to_be_one() -> None:
    cls = type("Desk", (Desk,), {"audit": Audit(verify=right, independent_of="kp"), "__module__": __name__})
    with pytest.raises(Exception, match="independent_of: expected a port that is declared"):
        async with started(cls):
            pass


@pytest.mark.parametrize("verify", [Answer.handle, Answer().handle])
async def test_an_operation_does_not_audit_itself(verify: Any) -> None:
    declared = Audit(verify=verify, independent_of="kb")
    cls = type("Desk", (Desk,), {"audit": declared, "__module__": __name__})
    with pytest.raises(Exception, match="it would audit itself"):
        async with started(cls):
            pass


# Statistics.


class Hall(Desk):
    """Many who answer, each with a record of its own."""

    audit = Audit(probability=1.0, kappa=0.0, verify=right, independent_of="kb")
    ports: ClassVar[Any] = {"kb": Port(), "manual": Port()}

    def units(self) -> list[Any]:
        """Each is one case."""
        return [unit(Answer, id=f"u{n}") for n in range(soak(30, 150))]


async def test_t_s3star_delay_audits_to_the_alarm_are_within_a_fifth_of_the_table() -> None:
    Kb.lies = True
    async with started(Hall) as (system, hall):
        await hall.within(None).call(ViableSystem.ablate, "s3")  # nobody takes the tool out of use
        found: dict[str, int] = {}
        units = [f"hall/u{n}" for n in range(soak(30, 150))]
        for turn in range(100):
            left = [path for path in units if path not in found]
            if not left:
                break
            chance = system.chance
            jobs = (
                hall.within(None).call(
                    ViableSystem.submit,
                    Task("ask", 5 * turn + (0 if chance.uniform("lie", path, turn) < 0.2 else 1), to=path),
                )
                for path in left
            )
            await asyncio.gather(*jobs)
            await asyncio.sleep(0.01)
            dossiers = await system.named("hall:audit", Auditor).call(Auditor.dossiers)
            for path in left:
                if dossiers[path].case is not None:
                    found[path] = dossiers[path].record.work.audits
        assert len(found) == len(units)
        expected = run_length(0.2, Hall.audit.design).mean
        assert expected == pytest.approx(14.4, rel=0.05)  # the table of the design
        assert mean(found.values()) == pytest.approx(expected, rel=0.2)
