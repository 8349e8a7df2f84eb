"""What a level is commanded is a state: it arrives whoever is away when it is said, and stays whoever begins anew."""

import asyncio
from pathlib import Path
from typing import Any, ClassVar

import pytest

from cybernetic import Kill, System
from cybernetic.runtime import Agent
from cybernetic.vsm import Elsewhere, HeldAbove, NoSuchUnit, Quarantined, Suspended, ViableSystem, lives, unit
from cybernetic.vsm.control.control import Control
from cybernetic.vsm.inspection.messages import Quarantine
from cybernetic.vsm.operations.messages import Intervention, Rung
from cybernetic.vsm.ports.refusals import NoSuchPort
from tests.vsm.living.company import TOOL, Company, Worker, done, hang, started
from tests.vsm.living.test_interventions import TERM, Shop, log, rungs
from tests.vsm.living.test_remote import PATH, Outlet, two

DIVISION, SOLO = "company/division", "company/solo"
WORKERS = (f"{DIVISION}/w0", f"{DIVISION}/w1")


async def killed(system: System, name: str) -> None:
    """Somebody dies, and is away for a while."""
    victim = system.whereis(name, Agent)
    assert victim is not None
    victim.exit(Kill())
    await asyncio.sleep(0.01)


async def works(company: Any, to: str, seconds: float = 5.0) -> bool:
    """Whether something is done there: what is suspended begins no task."""
    try:
        return bool((await asyncio.wait_for(done(company, to, usd=0.0), seconds)).outcome.good)
    except (TimeoutError, Suspended, Quarantined):
        return False


async def agrees(company: Any, unit: str) -> bool:
    """Whether a unit goes by what it was commanded last."""
    told, known = (await company.call(ViableSystem.status)).commanded[unit]
    return bool(told == known)


async def quarantine(system: System, level: str, port: str = "tool") -> None:
    """System 3 takes a port out of use."""
    await system.named(f"{level}:control", Control).call(Control.quarantine, Quarantine(port, "it lies"))


async def test_a_suspension_that_is_said_while_system_3_of_the_level_within_is_away_holds_when_it_is_back() -> (
    None
):
    async with started() as (system, company):
        await asyncio.sleep(3.0)
        await killed(system, f"{DIVISION}:control")
        await company.call(ViableSystem.suspend, DIVISION, "runaway", 600.0)
        assert not await agrees(company, DIVISION)
        await asyncio.sleep(3.0)
        assert await agrees(company, DIVISION)
        assert not any([await works(company, to) for to in WORKERS])
        assert (await company.call(ViableSystem.status)).interventions[DIVISION].reason == "runaway"


async def test_a_resumption_that_is_said_while_it_is_away_lets_it_work_when_it_is_back() -> None:
    async with started() as (system, company):
        await company.call(ViableSystem.suspend, DIVISION, "to look at it", 3600.0)
        await killed(system, f"{DIVISION}:control")
        await company.call(ViableSystem.resume, DIVISION)
        await asyncio.sleep(3.0)
        assert all([await works(company, to) for to in WORKERS])


async def test_a_quarantine_and_its_end_that_are_said_while_it_is_away_hold_when_it_is_back() -> None:
    async with started() as (system, company):
        await asyncio.sleep(3.0)
        await killed(system, f"{DIVISION}:control")
        await quarantine(system, "company")
        await asyncio.sleep(3.0)
        assert not any([await works(company, to) for to in (SOLO, *WORKERS)])
        await killed(system, f"{DIVISION}:control")
        await company.call(ViableSystem.lift, "tool", "mended")
        await asyncio.sleep(3.0)
        assert all([await works(company, to) for to in (SOLO, *WORKERS)])


@pytest.mark.parametrize("victim", ["", ":unit", ":control", ":books"])
async def test_a_level_that_begins_anew_is_told_what_stands_above(victim: str) -> None:
    async with started() as (system, company):
        await company.call(ViableSystem.suspend, DIVISION, "runaway", 600.0)
        await quarantine(system, "company")
        await killed(system, f"{DIVISION}{victim}")
        await asyncio.sleep(5.0)
        assert not any([await works(company, to) for to in WORKERS])
        await company.call(ViableSystem.resume, DIVISION)
        with pytest.raises(Quarantined):
            await done(company, DIVISION, usd=0.0)


async def test_a_suspension_holds_in_a_unit_that_begins_anew_although_system_3_is_dead() -> None:
    async with started() as (system, company):
        await company.call(ViableSystem.suspend, SOLO, "stop", 600.0)
        await company.within(None).call(ViableSystem.ablate, "s3")
        for part in (":porter", ":management", ""):
            await killed(system, f"{SOLO}{part}")
            await asyncio.sleep(3.0)
            assert not await works(company, SOLO)
        assert not TOOL.asked


async def test_a_level_suspends_the_whole_of_it_and_leaves_alone_what_its_own_system_3_has_decided() -> None:
    async with started() as (system, company):
        await asyncio.sleep(3.0)
        division = system.named(DIVISION, ViableSystem)
        await division.call(ViableSystem.suspend, WORKERS[0], "its own", 3600.0)
        await company.call(ViableSystem.suspend, DIVISION, "runaway", 10.0)
        assert not any([await works(company, to, 1.0) for to in WORKERS])
        log = await division.call(ViableSystem.decisions, 0, "intervention")
        assert [entry.body["why"] for entry in log] == ["its own", "runaway", "runaway"]
        await asyncio.sleep(10.0)
        assert [await works(company, to) for to in WORKERS] == [False, True]
        await company.call(ViableSystem.resume, DIVISION)  # a person lets the whole of it go
        assert all([await works(company, to) for to in WORKERS])


async def test_an_agent_is_replaced_once_however_often_that_is_told() -> None:
    async with started() as (system, company):
        await asyncio.sleep(3.0)
        before = system.whereis(SOLO, Agent)
        one = Intervention(Rung.REPLACE, "worn out", 1e6)
        await system.named("company:control", Control).call(Control.intervene, SOLO, one)
        await asyncio.sleep(3.0)
        after = system.whereis(SOLO, Agent)
        assert after not in (None, before)
        await killed(system, "company:control")
        await asyncio.sleep(3.0)
        await quarantine(system, "company")  # a command of the next system 3
        await asyncio.sleep(10.0)
        assert system.whereis(SOLO, Agent) == after
        assert (await company.call(ViableSystem.status)).interventions[SOLO] == one


async def test_a_level_elsewhere_that_loses_its_books_is_not_told_again_what_was_done_once() -> None:
    async with two() as (here, there, shop):
        control = here.named("shop:control", Control)
        await control.call(Control.intervene, PATH, Intervention(Rung.REPLACE, "worn out", 1e6))
        catalogue = there.named(PATH, ViableSystem)
        assert await rungs(catalogue) == ["REPLACE", "REPLACE"]  # of each of its units
        await killed(there, f"{PATH}:books")
        await asyncio.sleep(6.0)
        await control.call(Control.quarantine, Quarantine("tool", "it lies"))
        await asyncio.sleep(3.0)
        assert await agrees(shop, PATH)
        assert await rungs(catalogue) == []


async def test_a_system_3_that_begins_anew_while_it_is_cut_off_holds_what_it_was_commanded() -> None:
    async with two() as (_, there, shop):
        await shop.call(ViableSystem.suspend, PATH, "runaway", 600.0)
        Outlet.cut = True
        await killed(there, f"{PATH}:control")
        await asyncio.sleep(5.0)
        assert not await works(there.named(PATH, ViableSystem), PATH)


async def test_what_system_3_thinks_of_takes_no_suspension_back_that_a_person_asked_for() -> None:
    async with started(Shop) as (_, shop):
        TOOL.takes = 3.0
        while not await log(shop):
            await done(shop, "shop/slow")
        await shop.call(ViableSystem.suspend, "shop/slow", "stop", 10 * TERM)
        await asyncio.sleep(5 * TERM)
        assert await rungs(shop) == ["ADVISE", "SUSPEND"]
        assert not await works(shop, "shop/slow")


async def test_a_level_elsewhere_that_was_cut_off_is_told_when_it_is_heard_again() -> None:
    async with two() as (_, _, shop):
        Outlet.cut = True
        await shop.call(ViableSystem.suspend, PATH, "runaway", 600.0)
        assert not await agrees(shop, PATH)
        Outlet.cut = False
        await asyncio.sleep(10.0)
        assert await agrees(shop, PATH)
        assert not await works(shop, PATH)


@pytest.mark.parametrize("clock", ["right", "set back"])
async def test_a_parent_that_begins_without_books_is_obeyed_by_a_level_that_remembers_the_one_before(
    clock: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with two() as (here, there, shop):
        for _ in range(4):
            await shop.call(ViableSystem.suspend, PATH, "again", 3600.0)
        if clock == "set back":
            monkeypatch.setattr(lives, "PER_SECOND", 0)
        victim = here.whereis("shop:books", Agent)
        assert victim is not None
        victim.exit(Kill())
        await asyncio.sleep(10.0)
        assert (await shop.call(ViableSystem.status)).interventions == {}
        assert await works(shop, PATH)  # it is held by nobody any more
        await shop.call(ViableSystem.suspend, PATH, "anew", 600.0)
        held = await there.named(PATH, ViableSystem).call(ViableSystem.status)
        assert {one.reason for one in held.interventions.values()} == {"anew"}
        assert not await works(shop, PATH)


@pytest.mark.parametrize(
    "path", ["company/nobody", "solo", "company/nobody/w0", "company/solo/w0", "company"]
)
async def test_who_suspends_what_is_no_unit_is_told_which_there_are(path: str) -> None:
    async with started() as (_, company):
        with pytest.raises(NoSuchUnit, match=r"company/division.*company/solo"):
            await company.call(ViableSystem.suspend, path, "stop", 60.0)
        status = await company.call(ViableSystem.status)
        assert status.interventions == {}
        assert await company.call(ViableSystem.decisions, 0, "intervention") == ()
        if path != "company":  # of which all may be let go
            with pytest.raises(NoSuchUnit, match="company/division"):
                await company.call(ViableSystem.resume, path)


async def test_a_port_that_is_let_go_has_to_be_one_there_is() -> None:
    async with started() as (_, company):
        with pytest.raises(NoSuchPort, match=r"'paced', 'tool'.*'toool'"):
            await company.call(ViableSystem.lift, "toool", "mended")


async def test_a_unit_of_a_level_within_is_suspended_and_let_go_from_above_by_its_own_system_3() -> None:
    async with started() as (system, company):
        await company.call(ViableSystem.suspend, WORKERS[0], "stop", 600.0)
        assert [await works(company, to) for to in WORKERS] == [False, True]
        assert (await company.call(ViableSystem.status)).interventions == {}
        division = await system.named(DIVISION, ViableSystem).call(ViableSystem.status)
        assert division.interventions[WORKERS[0]].reason == "stop"
        await company.call(ViableSystem.resume, WORKERS[0])
        assert await works(company, WORKERS[0])


async def test_for_a_unit_of_another_system_that_one_is_to_be_asked() -> None:
    async with two() as (_, _, shop):
        for method, args in ((ViableSystem.suspend, ("stop", 60.0)), (ViableSystem.resume, ())):
            with pytest.raises(Elsewhere, match=f"one of {PATH}, whose own system"):
                await shop.call(method, f"{PATH}/w0", *args)


async def test_what_is_held_above_is_not_let_go_below() -> None:
    async with started() as (system, company):
        await asyncio.sleep(1.0)
        division = system.named(DIVISION, ViableSystem)
        await company.call(ViableSystem.suspend, DIVISION, "runaway", 60.0)
        await quarantine(system, "company")
        with pytest.raises(HeldAbove, match=WORKERS[0]):
            await division.call(ViableSystem.resume, WORKERS[0])
        with pytest.raises(HeldAbove, match="tool"):
            await division.call(ViableSystem.lift, "tool", "mended")
        assert not await works(company, WORKERS[0])


async def test_all_of_a_level_is_let_go_by_its_own_path() -> None:
    async with started() as (_, company):
        for to in (SOLO, DIVISION):
            await company.call(ViableSystem.suspend, to, "stop", 600.0)
        await company.call(ViableSystem.resume, "company")
        assert all([await works(company, to) for to in (SOLO, *WORKERS)])


async def test_what_is_commanded_outlives_the_end_of_all_where_books_are_on_a_disk(tmp_path: Path) -> None:
    class Kept(Company):
        data: ClassVar[str | None] = str(tmp_path)

        def units(self) -> list[Any]:
            return [unit(Worker, id="solo"), unit(Worker, id="other")]

    async with started(Kept) as (system, kept):
        await kept.call(ViableSystem.suspend, "kept/solo", "stop", 600.0)
        await quarantine(system, "kept", "paced")
    async with started(Kept) as (_, kept):
        await asyncio.sleep(2.0)
        assert not await works(kept, "kept/solo")
        with pytest.raises(Quarantined):
            await done(kept, "kept/other", port="paced")
        assert await agrees(kept, "kept/solo")
        assert (await kept.call(ViableSystem.status)).interventions["kept/solo"].reason == "stop"


class Many(Shop):
    """Six workers."""

    def units(self) -> list[Any]:
        """Of the same kind."""
        return [unit(Worker, id=f"w{n}") for n in range(6)]


async def test_one_that_hangs_keeps_nobody_else_from_being_stopped() -> None:
    async with started(Many) as (system, shop):
        await asyncio.sleep(15.0)
        hung = [asyncio.ensure_future(hang(system, f"many/w{n}:management")) for n in range(4)]
        await asyncio.sleep(0.2)
        one = Intervention(Rung.SUSPEND, "runaway", asyncio.get_running_loop().time() + 600.0)
        stopping = asyncio.ensure_future(
            system.named("many:control", Control).call(Control.intervene, None, one)
        )
        await asyncio.sleep(0.2)
        assert not await works(shop, "many/w4", 1.0)
        assert not await works(shop, "many/w5", 1.0)
        await stopping
        for hanging in hung:
            hanging.cancel()
