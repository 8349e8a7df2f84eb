"""A unit that is out cannot show that it is better: a person hears that it is out, once, and the log as well."""

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

import pytest

from cybernetic import Kill, System
from cybernetic.runtime import Agent
from cybernetic.vsm import Intervention, Operation, Pain, Rung, ViableSystem, now, unit
from cybernetic.vsm.control.interventions import Interventions
from cybernetic.vsm.control.messages import Charge
from cybernetic.vsm.control.patience import Patience
from cybernetic.vsm.control.rungs import Breach, renewed
from cybernetic.vsm.operations.messages import Command
from tests.vsm.living.company import PAGER, TOOL, done, started
from tests.vsm.living.test_interventions import TERM, Shop, Slow, Worker, busy, rungs

OUT = "taken out (cycle_time: cycle_time is outside its limits): resume lets it come back"
WHY = {"worth": "fallen"}
BREACH = Breach("worth", "fallen", 0.0, Rung.DISSOLVE, 50.0)
ONE = Intervention(Rung.DISSOLVE, "worth: fallen", 50.0, "worth")


def test_who_is_out_stays_out_for_another_term_before_its_time_is_over() -> None:
    assert renewed(BREACH, ONE, WHY, 44.0, 10.0) is None
    for at in (45.0, 49.9):
        longer = replace(BREACH, until=at + 10.0), replace(ONE, until=at + 10.0)
        assert renewed(BREACH, ONE, WHY, at, 10.0) == longer
    assert renewed(BREACH, ONE, WHY, 50.0, 10.0) is None


def test_but_not_where_that_is_over_or_somebody_has_asked_for_it_or_it_is_not_out() -> None:
    assert renewed(BREACH, ONE, {"cost": "too dear"}, 49.0, 10.0) is None
    assert renewed(BREACH, replace(ONE, index=""), WHY, 49.0, 10.0) is None
    other = replace(BREACH, rung=Rung.REPLACE), replace(ONE, rung=Rung.REPLACE)
    assert renewed(*other, WHY, 49.0, 10.0) is None


async def taken_out(system: System, shop: Any) -> "asyncio.Future[None]":
    """The slow one is, in the end."""
    TOOL.takes = 3.0
    work = asyncio.ensure_future(busy(shop, 8 * TERM))
    while (await rungs(shop))[-1:] != ["DISSOLVE"]:
        await asyncio.sleep(1.0)
        assert now() < 8 * TERM
    await asyncio.sleep(1.0)
    assert system.whereis("shop/slow", Agent) is None
    return work


def pages() -> list[str]:
    """Of what the person was called for that speaks of it, each for the first time."""
    return [
        page.pain.index
        for _, page in PAGER.pages
        if page.pain.index.startswith("taken out") and page.attempt == 1
    ]


async def test_who_is_taken_out_is_out_until_a_person_who_hears_of_it_once_lets_it_come_back() -> None:
    async with started(Shop) as (system, shop):
        work = await taken_out(system, shop)
        for _ in range(10 * int(TERM)):
            await asyncio.sleep(1.0)
            assert system.whereis("shop/slow", Agent) is None
        assert (await rungs(shop)).count("DISSOLVE") == 1
        assert pages() == [OUT]
        assert (await shop.call(ViableSystem.status)).interventions["shop/slow"].until > now()
        work.cancel()
        TOOL.takes = 0.1
        await shop.call(ViableSystem.resume, "shop/slow", "seen to")
        assert (await done(shop, "shop/slow")).outcome.good
        await asyncio.sleep(3 * TERM)
        assert [key.index for key in PAGER.over if key.index.startswith("taken out")] == [OUT]
        assert (await rungs(shop))[-2:] == ["DISSOLVE", "RESUMED"]
        assert system.whereis("shop/slow", Agent) is not None


async def test_a_successor_of_system_3_keeps_it_out_calls_nobody_again_and_says_that_it_is_over() -> None:
    async with started(Shop) as (system, shop):
        work = await taken_out(system, shop)
        await asyncio.sleep(2 * TERM)
        assert pages() == [OUT]
        system.whereis("shop:control", Agent).exit(Kill())  # type: ignore[union-attr]
        for _ in range(4 * int(TERM)):
            await asyncio.sleep(1.0)
            assert system.whereis("shop/slow", Agent) is None
        assert (await rungs(shop)).count("DISSOLVE") == 1  # until when it is out is in the books
        assert pages() == [OUT]
        work.cancel()
        TOOL.takes = 0.1
        system.whereis("shop:control", Agent).exit(Kill())  # type: ignore[union-attr]
        await asyncio.sleep(3.0)
        await shop.call(ViableSystem.resume, "shop/slow", "seen to")
        await asyncio.sleep(TERM)
        hurts = [one.pain.index for one in await shop.call(ViableSystem.alarms)]
        assert OUT not in hurts
        assert system.whereis("shop/slow", Agent) is not None


@pytest.mark.parametrize("what", ["operations", "level"])
async def test_it_stays_out_where_all_units_begin_anew(what: str) -> None:
    async with started(Shop) as (system, shop):
        work = await taken_out(system, shop)
        for each in ("level", what):  # which is there for a moment, and says that nothing aches
            system.whereis(f"shop:{each}", Agent).exit(Kill())  # type: ignore[union-attr]
            await asyncio.sleep(11.0)
            assert system.whereis("shop/slow", Agent) is None
        for _ in range(4 * int(TERM)):
            await asyncio.sleep(1.0)
            assert system.whereis("shop/slow", Agent) is None
        assert (await rungs(shop)).count("DISSOLVE") == 1
        work.cancel()
        await shop.call(ViableSystem.resume, "shop/slow", "seen to")
        await asyncio.sleep(2 * TERM)
        assert system.whereis("shop/slow", Agent) is not None


async def test_it_is_back_when_its_time_is_over_where_no_system_3_lives_to_keep_it_out() -> None:
    async with started(Shop) as (system, shop):
        work = await taken_out(system, shop)
        await asyncio.sleep(2.7 * TERM)
        assert system.whereis("shop/slow", Agent) is None
        await shop.within(None).call(ViableSystem.ablate, "s3")
        await asyncio.sleep(TERM + 5.0)
        assert system.whereis("shop/slow", Agent) is not None
        work.cancel()


class Needing(Slow):
    """One that needs a database to begin."""

    there: ClassVar[bool] = True

    def setup(self) -> None:
        """Connect."""
        if not Needing.there:
            raise ConnectionError("no database")


@pytest.mark.parametrize("how", ["let back", "its time is over"])
async def test_one_that_does_not_start_when_it_may_come_back_is_tried_again(
    how: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Shop, "units", lambda _: [unit(Needing, id="slow"), unit(Worker, id="other")])
    async with started(Shop) as (system, shop):
        (await taken_out(system, shop)).cancel()
        monkeypatch.setattr(Needing, "there", False)
        if how == "let back":
            await shop.call(ViableSystem.resume, "shop/slow", "seen to")
        else:
            await shop.within(None).call(ViableSystem.ablate, "s3")
            await asyncio.sleep(TERM)
        await asyncio.sleep(30.0)
        assert system.whereis("shop/slow", Agent) is None
        assert "restarts" in [one.pain.index for one in await shop.call(ViableSystem.alarms)]
        monkeypatch.setattr(Needing, "there", True)
        await asyncio.sleep(12.5)
        assert system.whereis("shop/slow", Agent) is not None


class Hoping(Needing):
    """One that says it will mend what aches, so that others are told later."""

    async def recover(self, pain: Pain) -> bool:
        """Hope."""
        return True


@pytest.mark.parametrize("kind", [Needing, Hoping])
@pytest.mark.parametrize("what", ["slow", "slow:unit"])
async def test_one_that_ached_once_and_cannot_begin_anew_is_not_taken_out_by_its_last_word(
    what: str, kind: type[Operation], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Shop, "units", lambda _: [unit(kind, id="slow"), unit(Worker, id="other")])
    async with started(Shop) as (system, shop):
        await asyncio.sleep(2.0)
        TOOL.takes = 3.0
        await done(shop, "shop/slow")
        await asyncio.sleep(2.5)
        monkeypatch.setattr(Needing, "there", False)
        system.whereis(f"shop/{what}", Agent).exit(Kill())  # type: ignore[union-attr]
        await asyncio.sleep(9 * TERM)
        assert await rungs(shop) == ["ADVISE"]
        monkeypatch.setattr(Needing, "there", True)
        TOOL.takes = 0.1
        await asyncio.sleep(12.5)
        assert (await done(shop, "shop/slow")).outcome.good
        await asyncio.sleep(2 * TERM)
        assert await rungs(shop) == ["ADVISE"]


async def test_nor_by_what_a_predecessor_of_system_3_knew_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Shop, "units", lambda _: [unit(Needing, id="slow"), unit(Worker, id="other")])
    async with started(Shop) as (system, shop):
        TOOL.takes = 3.0
        while not await rungs(shop):
            await done(shop, "shop/slow")
        monkeypatch.setattr(Needing, "there", False)
        for name in ("shop/slow:unit", *["shop:control"] * 5):
            system.whereis(name, Agent).exit(Kill())  # type: ignore[union-attr]
            await asyncio.sleep(TERM + 3.0)
        assert await rungs(shop) == ["ADVISE"]


async def test_what_helped_is_not_followed_by_more_where_the_program_begins_anew(tmp_path: Path) -> None:
    class Kept(Shop):
        data = str(tmp_path)

    async with started(Kept) as (_, shop):
        TOOL.takes = 3.0
        while not await rungs(shop):
            await done(shop, "kept/slow")
        TOOL.takes = 0.1
        await busy(shop, now() + 10.0, "kept/slow")
    await asyncio.sleep(2 * TERM)
    async with started(Kept) as (_, shop):
        TOOL.takes = 0.1
        await busy(shop, now() + 10.0, "kept/slow")
        assert await rungs(shop) == ["ADVISE"]


class Successor:
    """A system 3 with the books of another, as far as this needs one, and what it says."""

    def __init__(self, known: Any) -> None:
        self.books, self._known, self.said = self, known, list[Any]()

    async def call(self, method: Any, key: str) -> Any:
        """What is in the books."""
        return self._known if key == "interventions" else None

    def tell(self, channel: object, role: object, body: Any) -> None:
        """Noted."""
        self.said.append(body)


async def test_what_lapsed_while_there_was_no_system_3_is_known_so_that_its_end_can_be_said() -> None:
    known: Any = {"a": ONE}, {"a": BREACH}, {"a": WHY}, {}, Command(), {}
    control = Successor(known)
    await Interventions(control, {"a": Charge("a", 1.0)}, TERM, Patience(None)).begin()
    assert [one.signal.index for one in control.said] == [
        "taken out (worth: fallen): resume lets it come back"
    ]
