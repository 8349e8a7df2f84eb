"""System 3*: a tool that lies is found past the management, taken out of use, and replaced."""

import asyncio
from typing import Any

from cybernetic import Kill
from cybernetic.vsm import ViableSystem
from cybernetic.vsm.audit import binomial_interval, run_length
from cybernetic.vsm.books.books import Books
from cybernetic.vsm.inspection.auditor import Auditor
from cybernetic.vsm.inspection.secret import Secret
from cybernetic.wire import Codec
from tests.vsm.living.company import started
from tests.vsm.living.inspected import Desk, Kb, ask, audited, auditor, log, standing


def kill(system: Any, name: str) -> None:
    """Kill who has that name, if anybody."""
    victim = system.whereis(name)
    if victim is not None:
        victim.exit(Kill())


async def until_found(desk: Any, start: int = 1000, **to: str) -> int:
    """Ask until the tool is out of use; how many questions that took."""
    for n in range(start, start + 2000):
        Kb.manual = 0
        await ask(desk, n, **to)
        if Kb.manual:
            return n - start
    raise AssertionError("it was not found")


async def test_a_tool_that_lies_is_found_taken_out_of_use_and_replaced() -> None:
    Kb.lies = False
    async with started(Desk) as (_, desk):
        assert all(one.outcome.value == 2 * n for n, one in enumerate(await ask(desk, *range(100))))
        assert await desk.call(ViableSystem.alarms) == ()
        assert await standing(desk) == "clean"
        Kb.lies = True
        await until_found(desk)
        first = (await log(desk, "quarantine"))[0]
        assert (first["port"], first["lifted"]) == ("kb", False)
        assert [one for one in await log(desk, "finding") if "gap" in one]
        numbers = range(5000, 5150)
        assert all(
            one.outcome.value == 2 * n for n, one in zip(numbers, await ask(desk, *numbers), strict=True)
        )
        assert await standing(desk, "desk/a") == await standing(desk, "desk/b") == "clean"
        assert await desk.call(ViableSystem.alarms) == ()
        assert (await log(desk, "cleared"))[0]["unit"].startswith("desk/")


async def test_a_port_is_put_to_use_again_by_message_and_nothing_is_held_against_it() -> None:
    Kb.lies = True
    async with started(Desk) as (system, desk):
        await until_found(desk)
        Kb.lies, Kb.manual = False, 0
        await desk.within(None).call(ViableSystem.lift, "kb", "repaired")
        await asyncio.sleep(0.1)
        await ask(desk, *range(100))
        assert Kb.manual == 0
        assert all(one.case is None for one in (await auditor(system, Auditor.dossiers)).values())
        Kb.lies = True
        assert await until_found(desk) > 5


async def test_nothing_is_held_against_a_port_that_was_put_to_use_again_while_system_3star_was_away() -> None:
    Kb.lies = True
    async with started(Desk) as (system, desk):
        await until_found(desk)
        dossiers = await auditor(system, Auditor.dossiers)
        found = [unit for unit, one in dossiers.items() if one.case is not None]
        kill(system, "desk:audit")
        await desk.within(None).call(ViableSystem.lift, "kb", "repaired")
        await asyncio.sleep(2.5)
        assert all(one.case is None for one in (await auditor(system, Auditor.dossiers)).values())
        assert await standing(desk) == await standing(desk, "desk/b") == "clean"
        await until_found(desk, to=found[0])  # of which few are done again: many clean ones would clear it
        known = {unit: one.case for unit, one in (await auditor(system, Auditor.dossiers)).items()}
        assert any(case is not None for case in known.values())
        kill(system, "desk:audit")  # its successor knows that this was found after it
        await asyncio.sleep(2.5)
        after = {unit: one.case for unit, one in (await auditor(system, Auditor.dossiers)).items()}
        assert after == known


async def test_the_tasks_that_may_be_false_are_told_with_the_finding() -> None:
    Kb.lies = False
    async with started(audited(probability=1.0)) as (_, desk):
        early = await ask(desk, *range(100), to="desk/a")
        Kb.lies = True
        false = []
        for n in range(1000, 1400):
            [one] = await ask(desk, n, to="desk/a")
            if one.receipts[0].port == "manual":
                break
            false += [one.task] if one.outcome.value != 2 * n else []
        dossiers = await auditor(_, Auditor.dossiers)
        affected = dossiers["desk/a"].affected
        assert set(false) <= set(affected)
        assert not {one.task for one in early[:50]} & set(affected)


async def test_t_s3star_bypass_audits_go_on_while_management_is_suspended_and_control_is_dead() -> None:
    Kb.lies = False
    async with started(audited(probability=0.0)) as (system, desk):
        [done] = await ask(desk, 7, to="desk/a")
        await desk.call(ViableSystem.suspend, "desk/a", "to see", 60.0)
        await desk.within(None).call(ViableSystem.ablate, "s3")
        for _ in range(3):
            kill(system, "desk/a:management")
            await asyncio.sleep(0.3)
        from_audit = system.named("desk:audit", Auditor)
        before = (await from_audit.call(Auditor.records))["desk/a"].work.audits
        kill(system, "desk/a:management")
        await from_audit.call(Auditor.audit, "desk/a", done.task)
        after = (await from_audit.call(Auditor.records))["desk/a"].work.audits
        assert after == before + 1


async def test_what_the_auditor_could_not_say_to_a_dead_control_it_says_to_the_next() -> None:
    Kb.lies = True
    async with started(audited(probability=1.0)) as (system, desk):
        while not any(one.case is not None for one in (await auditor(system, Auditor.dossiers)).values()):
            kill(system, "desk:control")
            await ask(desk, *range(0, 50, 5))
        await asyncio.sleep(15.0)
        assert (await log(desk, "quarantine"))[0]["port"] == "kb"


async def test_a_restart_of_the_auditor_forgets_nothing() -> None:
    Kb.lies = False
    async with started(Desk) as (system, desk):
        await ask(desk, *range(60))
        await asyncio.sleep(1.5)
        before = await auditor(system, Auditor.dossiers)
        kill(system, "desk:audit")
        await asyncio.sleep(2.0)
        assert await auditor(system, Auditor.dossiers) == before
        assert before["desk/a"].record.work.audits > 5


async def test_a_quarantine_survives_the_porter_and_evidence_is_asked_of_nobody_dead() -> None:
    Kb.lies = True
    async with started(Desk) as (system, desk):
        await until_found(desk)
        kill(system, "desk/a:porter")
        await asyncio.sleep(1.0)
        [one] = await ask(desk, 5, to="desk/a")
        assert one.receipts[0].port == "manual"


async def test_a_dead_audit_never_shows_green() -> None:
    Kb.lies = False
    async with started(Desk) as (_, desk):
        assert await standing(desk) == "unaudited"
        await ask(desk, *range(60))
        assert await standing(desk) == "clean"
        await desk.within(None).call(ViableSystem.ablate, "s3star")
        assert await standing(desk) == "unaudited"
    async with started(audited(verify=None)) as (_, desk):
        await ask(desk, *range(60))
        assert await standing(desk) == "unaudited"


async def test_t_s3star_coverage_as_many_are_audited_as_was_declared() -> None:
    Kb.lies = False
    async with started(audited(probability=0.2)) as (system, desk):
        await ask(desk, *range(1500))
        records = await auditor(system, Auditor.records)
        audits = sum(one.work.audits for one in records.values())
        assert 0.2 in binomial_interval(audits, 1500, 0.99)


async def test_t_s3star_delay_is_that_of_the_design() -> None:
    Kb.lies = True
    async with started(audited(probability=1.0, kappa=0.0)) as (system, desk):
        await asyncio.gather(until_found(desk, 1001))
        dossiers = await auditor(system, Auditor.dossiers)
        found = min(one.record.work.audits for one in dossiers.values() if one.case is not None)
        design = dossiers["desk/a"].record.work.design
        assert found <= run_length(0.2, design).quantile(0.999)


def test_a_secret_is_never_shown() -> None:
    secret = Secret.fresh()
    assert secret.value.decode() not in f"{secret!r} {secret}"


async def test_all_that_an_auditor_keeps_can_be_written_down() -> None:
    Kb.lies = True
    async with started(Desk) as (system, desk):
        await until_found(desk)
        await asyncio.sleep(1.5)
        books = system.named("desk:books", Books)
        kept = [await books.call(Books.load, key) for key in ("audit", "audit desk/a", "audit desk/b")]
        assert None not in kept
        codec = Codec()
        assert [codec.decode(codec.encode(one)) for one in kept] == kept
