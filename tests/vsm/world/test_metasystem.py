"""What systems 3* and 4 have to do with the world: a finding is told, and nobody who is found false is given more."""

import asyncio
from typing import Any

from cybernetic.state import Assertion, Graph, Var
from cybernetic.vsm import ViableSystem, World
from cybernetic.vsm.inspection.auditor import Auditor
from cybernetic.vsm.intelligence.messages import Outlook
from tests.vsm.living.company import started
from tests.vsm.living.inspected import Desk, Kb, ask, log
from tests.vsm.living.test_audit import kill, until_found
from tests.vsm.living.test_intelligence import Pair, come


class SharedDesk(Desk):
    """An audited desk with a world."""

    world = World()


class SharedPair(Pair):
    """Two units that share a budget, and a world."""

    world = World()


async def said(system: Any, level: str, unit: str) -> tuple[Assertion, ...]:
    """Who says that a unit is found discrepant."""
    graph = system.named(f"{level}:world", Graph)
    found: tuple[Assertion, ...] = await graph.call(Graph.assertions, unit, "is found", "discrepant")
    return found


async def outlook(level: Any) -> Outlook:
    """What system 4 sees."""
    found: Outlook = await level.call(ViableSystem.outlook)
    return found


async def test_a_finding_is_known_as_long_as_it_stands_and_taken_back_when_the_case_is_closed() -> None:
    Kb.lies = True
    async with started(SharedDesk) as (system, desk):
        await until_found(desk)
        dossiers = await system.named("shareddesk:audit", Auditor).call(Auditor.dossiers)
        unit = next(path for path, one in dossiers.items() if one.case is not None)
        for _ in range(2):
            await asyncio.sleep(70.0)  # it is renewed, and by a successor as well
            (one,) = await said(system, "shareddesk", unit)
            assert one.who == "shareddesk:audit"
            assert unit in (await outlook(desk)).found
            kill(system, "shareddesk:audit")
        await ask(desk, *range(5000, 5150))
        assert (await log(desk, "cleared"))[0]["unit"] == unit
        await asyncio.sleep(15.0)
        assert await said(system, "shareddesk", unit) == ()
        assert unit not in (await outlook(desk)).found


async def test_a_finding_of_an_auditor_that_is_gone_for_good_expires() -> None:
    Kb.lies = True
    async with started(SharedDesk) as (system, desk):
        await until_found(desk)
        await asyncio.sleep(2.0)
        await desk.within(None).call(ViableSystem.ablate, "s3star")
        pattern = Var("unit"), "is found", "discrepant"
        graph = system.named("shareddesk:world", Graph)
        assert (await graph.call(Graph.query, pattern)).rows
        await asyncio.sleep(70.0)
        assert not (await graph.call(Graph.query, pattern)).rows


async def test_who_is_found_false_is_given_no_more_whoever_says_so() -> None:
    """Without the finding there are shifts: see `test_a_rise_that_is_foreseen_shifts_weights...`."""
    async with started(SharedPair) as (system, pair):
        graph = system.named("sharedpair:world", Graph)
        who = "elsewhere:audit"
        await graph.call(Graph.add, "sharedpair/left", "is found", "discrepant", who=who)
        await come(system, "sharedpair", range(50))
        assert await pair.call(ViableSystem.decisions, 0, "shift") == ()
