"""A level elsewhere within a level elsewhere: its pain climbs every level, and ends with the human at the top."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from typing import Any, ClassVar

import pytest

from cybernetic import StartFailed, System
from cybernetic.vsm import (
    Abroad,
    Algedonode,
    Budget,
    Cause,
    Channel,
    Clocks,
    Cost,
    Line,
    Note,
    Page,
    Pain,
    PainKey,
    Pleasure,
    Port,
    Role,
    ViableSystem,
    junction_of,
    line_name,
    remote,
    unit,
)
from cybernetic.vsm.algedonic.messages import Relief
from cybernetic.vsm.bargain.vector import NOTHING
from cybernetic.vsm.decisions import Reception
from cybernetic.vsm.ladder import Ladder, Paging, Rungs, Severity
from cybernetic.vsm.recursion.charter import Charter
from cybernetic.vsm.recursion.parcels import Saying
from cybernetic.vsm.recursion.reach import downward, upward
from cybernetic.wire import Codec
from tests.vsm.living.company import PAGER, Pager, Worker
from tests.vsm.living.pain import ladder
from tests.vsm.living.pain.test_across import owners
from tests.vsm.living.test_junction_doors import Bad, Way

MID, DEEP = "shop/mid", "shop/mid/deep"
OWN, SAID = Pager(), list[str]()


class Refuses(Pager):
    """A sink that takes no page."""

    def page(self, page: Page) -> None:
        """It is down."""
        raise OSError("down")


class Notes(Pager):
    """A sink that notes in which order it is told."""

    def page(self, page: Page) -> None:
        SAID.append("page")

    def resolve(self, key: PainKey) -> None:
        SAID.append("over")


class Shop(ViableSystem):
    """The top, where a human is."""

    budget = Budget(usd=10, per=60)
    ports: ClassVar[Any] = {"tool": Port()}
    human = (PAGER,)

    def units(self) -> list[Any]:
        """One elsewhere, one here."""
        return [remote("mid", floor=0.2), unit(Worker, id="w", floor=0.1)]


class Mid(ViableSystem):
    """Elsewhere, with a level elsewhere in it."""

    ports: ClassVar[Any] = {"tool": Port()}
    human = ()

    def units(self) -> list[Any]:
        """One elsewhere, one here."""
        return [remote("deep", floor=0.2), unit(Worker, id="w", floor=0.1)]


class Inner(ViableSystem):
    """Within the deepest."""

    def units(self) -> list[Any]:
        """One."""
        return [unit(Worker, id="w", floor=0.1)]


class Deep(ViableSystem):
    """The deepest one elsewhere."""

    ports: ClassVar[Any] = {"tool": Port()}
    human = ()
    clocks = Clocks(ack=1.0, recovery=5.0)

    def units(self) -> list[Any]:
        """A level and a worker."""
        return [unit(Inner, id="in", floor=0.1), unit(Worker, id="w", floor=0.1)]


class Owned(Deep):
    """With a human of its own."""

    human = (OWN,)


@asynccontextmanager
async def three(top: Any = Shop, deep: Any = Deep) -> AsyncIterator[tuple[System, System, System, Any]]:
    """Three systems, each a level deeper than the one before, and the shop in the first."""
    Way.clear()
    for pager in (PAGER, OWN):
        pager.__init__()  # type: ignore[misc]
    del SAID[:]
    async with System(node="a") as a, System(node="b") as b, System(node="c") as c:
        for above, below, path, out in ((a, b, MID, "to shop"), (b, c, DEEP, "to mid")):
            await above.start(Bad, below, junction_of(path), name=f"{path}:outpost")
            await below.start(Bad, above, junction_of(path), name=out)
        shop = await a.start(top, name="shop")
        await b.start(Abroad, Mid, MID, "to shop", 60.0, Cost(usd=2))
        await c.start(Abroad, deep, DEEP, "to mid", 60.0, Cost(usd=0.4))
        await asyncio.sleep(5.0)
        yield a, b, c, shop


def fire(severity: Severity = Severity.CRITICAL, path: str = f"{DEEP}/w") -> Pain:
    """What hurts."""
    return Pain(path, "fire", Cause.INVARIANT, severity)


def node(system: System, path: str = DEEP) -> Any:
    """The algedonode of a level."""
    return system.named(f"{path}:algedonode", Algedonode)


def relieve(system: System, pain: Pain, path: str = DEEP) -> None:
    """It is over."""
    to = Channel.ALGEDONIC, Role.CONTROL, path, Role.ALGEDONODE, path
    line = system.named(line_name(path, Channel.ALGEDONIC), Line)
    line.cast(Line.carry, Note(*to, Relief(pain.key), "n", "n"))


def levels(pager: Pager = PAGER) -> list[str]:
    """Where hurt what a human was paged for."""
    return [page.level for _, page in pager.pages if page.pain.index == "fire"]


async def pain_of(system: System, what: str, path: str = DEEP) -> list[str]:
    """What stands of it in the log of a level."""
    entries = await system.named(path, ViableSystem).call(ViableSystem.decisions, 0, "pain")
    return [entry.body["effect"] for entry in entries if entry.body["what"] == what]


async def test_the_human_at_the_top_is_paged_and_answers_where_it_hurts() -> None:
    async with three() as (_, _, c, shop):
        node(c).cast(Algedonode.feel, fire())
        await asyncio.sleep(0.5)
        assert levels() == [DEEP]
        assert await shop.call(ViableSystem.ack, fire().key, "somebody") is Reception.TAKEN
        assert await owners(c, DEEP) == {"fire": "somebody"}
        await asyncio.sleep(300.0)
        assert levels() == [DEEP]  # who has answered is not called again
        assert PAGER.over == []
        relieve(c, fire())
        await asyncio.sleep(0.5)
        assert PAGER.over == [fire().key]
        assert await shop.call(ViableSystem.ack, fire().key, "another") is Reception.LATE


async def test_it_climbs_every_level_on_the_way_and_each_takes_it_over_in_its_turn() -> None:
    async with three() as (_, _, c, _):
        node(c).cast(Algedonode.feel, fire(Severity.ALERT))
        await asyncio.sleep(30.0)
        taken = await pain_of(c, "Owned")
        assert [one.partition("by='")[2].partition("'")[0] for one in taken] == [
            f"{DEEP}:control",
            f"{MID}:control",
            "shop:control",
        ]
        assert levels() == [DEEP]


async def test_so_does_what_goes_well() -> None:
    async with three() as (_, b, c, shop):
        node(c).cast(Algedonode.feel, Pleasure(f"{DEEP}/w", "speed"))
        await asyncio.sleep(1.0)
        for level in (shop, b.named(MID, ViableSystem), c.named(DEEP, ViableSystem)):
            (entry,) = await level.call(ViableSystem.decisions, 0, "pleasure")
            assert entry.body == {"path": f"{DEEP}/w", "index": "speed"}


async def test_a_level_within_it_has_the_same_way_up_and_down() -> None:
    async with three() as (_, _, c, shop):
        inner, hurts = f"{DEEP}/in", fire(path=f"{DEEP}/in/w")
        node(c, inner).cast(Algedonode.feel, hurts)
        await asyncio.sleep(0.5)
        assert levels() == [inner]
        assert await shop.call(ViableSystem.ack, hurts.key, "somebody") is Reception.TAKEN
        assert await owners(c, inner) == {"fire": "somebody"}


async def test_its_own_human_is_called_only_where_nobody_above_is_reached() -> None:
    async with three(deep=Owned) as (_, _, c, _):
        node(c).cast(Algedonode.feel, fire())
        await asyncio.sleep(1.0)
        assert (levels(), levels(OWN)) == ([DEEP], [])
        Way.lost = lambda _value, name: name in ("to mid", f"{DEEP}:outpost")
        cut = Pain(f"{DEEP}/w", "flood", Cause.INVARIANT, Severity.CRITICAL)
        node(c).cast(Algedonode.feel, cut)
        await asyncio.sleep(10.0)
        assert [page.pain.key for _, page in OWN.pages] == [cut.key]
        Way.lost = lambda _value, _name: False
        await asyncio.sleep(10.0)
        relieve(c, cut)
        relieve(c, fire())
        await asyncio.sleep(1.0)
        assert (OWN.over, set(PAGER.over)) == ([cut.key], {cut.key, fire().key})


async def test_and_where_nobody_there_takes_the_page() -> None:
    class Deaf(Shop):
        human = (Refuses(), Refuses())

    async with three(Deaf, Owned) as (_, _, c, _):
        node(c).cast(Algedonode.feel, fire())
        await asyncio.sleep(1.0)
        assert levels(OWN) == [DEEP]


async def test_all_sinks_of_the_top_are_tried_however_many_the_level_below_has() -> None:
    class Half(Shop):
        human = (Refuses(), PAGER)

    async with three(Half) as (_, _, c, _):
        node(c).cast(Algedonode.feel, fire())
        await asyncio.sleep(1.0)
        assert levels() == [DEEP]


async def test_that_it_is_over_does_not_overtake_the_page_on_a_way_that_does_not_keep_order() -> None:
    class Noting(Shop):
        human = (Notes(),)

    def slow(value: Any) -> float:
        return 1.0 if isinstance(value, Saying) and value.method == "page" else 0.0

    async with three(Noting) as (_, _, c, _):
        Way.delay = slow
        node(c).cast(Algedonode.feel, fire())
        await asyncio.sleep(0.2)
        relieve(c, fire())
        await asyncio.sleep(10.0)
        assert SAID == ["page", "over"]


async def test_each_level_on_the_way_is_given_its_time() -> None:
    async with three(deep=Owned) as (_, _, c, _):
        Way.delay = lambda _: 0.9
        node(c).cast(Algedonode.feel, fire())
        await asyncio.sleep(20.0)
        assert (levels(), levels(OWN)) == ([DEEP], [])


@asynccontextmanager
async def far(*above: Clocks, seconds: float) -> AsyncIterator[tuple[System, Any]]:
    """The middle one alone, so many seconds away from the shop: its system, and the shop."""
    Way.clear()
    Way.delay = lambda _: seconds
    PAGER.__init__()  # type: ignore[misc]
    async with System(node="a") as a, System(node="b") as b:
        await a.start(Bad, b, junction_of(MID), name=f"{MID}:outpost")
        await b.start(Bad, a, junction_of(MID), name="to shop")
        shop = await a.start(Shop)
        await b.start(partial(Abroad, Mid, MID, "to shop", 60.0, Cost(usd=2), above=above))
        await asyncio.sleep(30.0)
        yield b, shop


@pytest.mark.parametrize(("above", "taken"), [((), False), ((Clocks(ack=4.0),), True)])
async def test_system_3_above_is_given_as_long_to_take_it_over_as_is_declared(
    above: tuple[Clocks, ...], taken: bool
) -> None:
    async with far(*above, seconds=0.8) as (b, _):
        node(b, MID).cast(Algedonode.feel, fire(Severity.ALERT, f"{MID}/w"))
        await asyncio.sleep(200.0)
        owned = await pain_of(b, "Owned", MID)
        assert any("by='shop:control'" in one for one in owned) is taken


def test_the_clocks_of_the_levels_above_travel_and_the_last_stands_for_those_further_up() -> None:
    slow = Clocks(ack=4.0)
    charter = Charter.abroad(DEEP, Deep, 60.0, NOTHING, {}, (slow, slow))
    assert charter.clocks == (Deep.clocks, slow, slow)
    inner = charter.below(f"{DEEP}/in", Inner, NOTHING, {})
    codec = Codec()
    for one in (charter, inner):
        assert codec.decode(codec.encode(one)) == one
    assert Charter.abroad(DEEP, Deep, 60.0, NOTHING, {}).clocks == (Deep.clocks,) * 3


async def test_no_more_clocks_are_taken_than_there_are_levels_above() -> None:
    async with System() as system:
        with pytest.raises(StartFailed, match="above: expected at most 1 values of Clocks"):
            await system.start(partial(Abroad, Mid, MID, "to shop", above=(Clocks(), Clocks())))


def test_other_rungs_hold_as_soon_as_nothing_climbs() -> None:
    old, new = Rungs((Clocks(),)), Rungs((Clocks(ack=9.0),) * 3, Paging(sinks=2))
    quiet = Ladder("a", old)
    assert quiet.under(new).rungs == new
    climbing, _ = quiet.feel(Pain("a/b", "fire", Cause.EXIT), 0.0)
    assert climbing.under(new).rungs == old


async def test_also_for_an_algedonode_that_goes_on_from_its_books() -> None:
    async with ladder.levels() as system:
        one, hurts = ladder.node(system), ladder.pain()
        ladder.feel(system, hurts)
        ladder.relieve(system, hurts)
        await asyncio.sleep(0.1)
        ladder.end(system, one.name)
        await asyncio.sleep(0.1)
        await system.start(ladder.Quiet, ladder.PATHS[0], (Clocks(9.0, 1.0),), (), (), name=one.name)
        assert await one.call(Algedonode.bound) == 2 * 10.0


def test_the_levels_on_a_way() -> None:
    assert upward("a/b/c/d", "a") == ("a", "a/b", "a/b/c")
    assert upward("a/b/c", "a/b") == ("a/b",)
    assert downward("a", "a/b/c") == ("a/b/c", "a/b")
    for here, there in (("a", "a"), ("a/b", "a/bc"), ("a/b", "x"), ("a/b", "x/b")):
        assert upward(here, there) == downward(here, there) == ()


@pytest.mark.parametrize("seconds", [4.0, 30.0, 90.0])
async def test_what_ends_while_nobody_above_is_reached_is_said_to_be_over_afterwards(seconds: float) -> None:
    async with three() as (_, b, _, shop):
        pain = fire(path=f"{MID}/w")
        node(b, MID).cast(Algedonode.feel, pain)
        await asyncio.sleep(2.0)
        assert levels() == [MID]
        Way.lost = lambda _value, name: name in ("to shop", f"{MID}:outpost")
        await asyncio.sleep(3.0)
        relieve(b, pain, MID)
        await asyncio.sleep(seconds)
        assert pain.key not in PAGER.over
        Way.lost = lambda _value, _name: False
        await asyncio.sleep(30.0)
        assert PAGER.over.count(pain.key) == 1
        assert await shop.call(ViableSystem.ack, pain.key, "boss") is Reception.LATE


@pytest.mark.parametrize("seconds", [10.9, 20.2])
async def test_what_hurts_again_meanwhile_is_not_said_to_be_over(seconds: float) -> None:
    async with three() as (_, b, _, _):
        pain = fire(path=f"{MID}/w")
        node(b, MID).cast(Algedonode.feel, pain)
        await asyncio.sleep(2.0)
        Way.lost = lambda _value, name: name in ("to shop", f"{MID}:outpost")
        await asyncio.sleep(1.0)
        relieve(b, pain, MID)
        await asyncio.sleep(seconds)
        node(b, MID).cast(Algedonode.feel, pain)
        await asyncio.sleep(2.0)
        Way.lost = lambda _value, _name: False
        await asyncio.sleep(60.0)
        assert [one.pain.key for one in await node(b, MID).call(Algedonode.alarms)] == [pain.key]
        assert PAGER.pages
        assert pain.key not in PAGER.over
