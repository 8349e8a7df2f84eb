"""Two halves of a system find each other again, whatever the way between them loses, doubles or lets overtake."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from random import Random
from typing import Any, ClassVar

import pytest

from cybernetic import Agent, CallFailed, Kill, System
from cybernetic.vsm import Abroad, Channel, Cost, Note, Role, ViableSystem, junction_of, lives
from cybernetic.vsm.channels.ear import Ear
from cybernetic.vsm.channels.note import note_id
from cybernetic.vsm.recursion.doors import Doors
from cybernetic.vsm.recursion.junction import Junction
from cybernetic.vsm.recursion.parcels import Missed, Open, Saying, Waits
from cybernetic.wire import Codec
from tests.vsm.living.company import PAGER, TOOL, done
from tests.vsm.living.test_remote import PATH, Catalogue, Shop


class Way:
    """What becomes of the values between two systems; `seen`: those that were sent, with the name of their outlet."""

    lost: ClassVar[Callable[[Any, str], bool]]
    copies: ClassVar[Callable[[Any], int]]
    delay: ClassVar[Callable[[Any], float]]
    as_said: ClassVar[Callable[[Any], Any]]
    seen: ClassVar[list[tuple[str, Any]]]

    @classmethod
    def clear(cls) -> None:
        """Each arrives once, at once."""
        cls.lost = lambda _value, _name: False
        cls.copies = lambda _: 1
        cls.delay = lambda _: 0.0
        cls.as_said = lambda value: value
        cls.seen = []


class Bad(Agent):
    """An outlet that has its ways with what it carries."""

    def __init__(self, other: System, peer: str) -> None:
        self.other, self.codec, self.peer = other, Codec(), peer

    def receive(self, message: Any) -> None:
        """Perhaps."""
        message = Way.as_said(message)
        Way.seen.append((self.ref.name or "", message))
        if Way.lost(message, self.ref.name or ""):
            return
        for _ in range(Way.copies(message)):
            value = self.codec.decode(self.codec.encode(message))
            self.task(self._later(Way.delay(message), value))

    async def _later(self, seconds: float, value: Any) -> None:
        await asyncio.sleep(seconds)
        self.other.named(self.peer, Agent).send(value)


@asynccontextmanager
async def apart() -> AsyncIterator[tuple[System, System, Any]]:
    """The shop's system, the catalogue's, and the shop."""
    TOOL.__init__()  # type: ignore[misc]
    PAGER.__init__()  # type: ignore[misc]
    async with System(node="a") as here, System(node="b") as there:
        await here.start(Bad, there, junction_of(PATH), name=f"{PATH}:outpost")
        await there.start(Bad, here, junction_of(PATH), name="to shop")
        shop = await here.start(Shop)
        await there.start(Abroad, Catalogue, PATH, "to shop", 60.0, Cost(usd=1))
        await asyncio.sleep(5.0)
        yield here, there, shop


class Counter(Ear):
    """Counts what it is asked; that takes as long as is said."""

    role = Role.MANAGEMENT

    def __init__(self) -> None:
        self.counts: dict[int, int] = {}

    def take(self, note: Note) -> Any:
        """One more."""
        number, seconds = note.body
        self.counts[number] = self.counts.get(number, 0) + 1
        answer = self.defer()
        self.task(self._answer(answer, number, seconds))
        return answer

    async def _answer(self, answer: Any, number: int, seconds: float) -> None:
        await asyncio.sleep(seconds)
        answer.reply(number)

    def counted(self) -> dict[int, int]:
        """How often each was asked."""
        return self.counts


def asking(number: int, seconds: float = 0.0, patience: float | None = None) -> Note:
    """A note for the counter."""
    id, ends = note_id(), None if patience is None else asyncio.get_running_loop().time() + patience
    to = Channel.COMMAND, Role.CONTROL, "x", Role.MANAGEMENT, "x/y"
    return Note(*to, (number, seconds), id, id, deadline=ends)


@asynccontextmanager
async def pair() -> AsyncIterator[tuple[System, System, Any, Any]]:
    """Nothing but two halves: their systems, the junction of the one above, and the counter of the one below."""
    async with System(node="a") as here, System(node="b") as there:
        await here.start(Bad, there, "below", name="down")
        await there.start(Bad, here, "above", name="up")
        above = await here.start(Junction, "x/y", "down", {}, (), "x/y", name="above")
        counter = await there.start(Counter, name="x/y:management")
        await there.start(Junction, "x/y", "up", {}, ("x/y:management",), None, name="below")
        await asyncio.sleep(1.0)
        yield here, there, above.within(None), counter


async def counted(above: Any, number: int, seconds: float = 0.0, patience: float | None = None) -> Any:
    """One thing is asked of the counter."""
    return await above.call(Junction.ask, "x/y:management", "take", asking(number, seconds, patience))


async def killed(system: System, name: str) -> None:
    """Its supervisor starts another."""
    one = system.whereis(name, Agent)
    assert one is not None
    one.exit(Kill())
    await asyncio.sleep(0.01)


async def all_is_well(shop: Any, there: System) -> None:
    """Work, contracts and accounts go over, and nothing hurts."""
    catalogue = there.named(PATH, ViableSystem)
    before = (await catalogue.call(ViableSystem.ledger)).purse.seal
    assert (await asyncio.wait_for(done(shop, PATH), 30.0)).outcome.good
    await asyncio.sleep(100.0)
    assert (await catalogue.call(ViableSystem.ledger)).purse.seal > before
    assert await shop.call(ViableSystem.alarms) == ()


async def test_a_half_that_began_anew_while_the_way_was_cut_is_found_when_it_heals() -> None:
    Way.clear()
    async with apart() as (_, there, shop):
        Way.lost = lambda _value, _name: True
        await killed(there, junction_of(PATH))
        await asyncio.sleep(3.0)
        Way.lost = lambda _value, _name: False
        await asyncio.sleep(10.0)
        await all_is_well(shop, there)


async def test_halves_that_both_began_while_the_way_was_cut_find_each_other_when_it_heals() -> None:
    Way.clear()
    Way.lost = lambda value, _: isinstance(value, Open)
    async with apart() as (_, there, shop):
        Way.lost = lambda _value, _name: False
        await asyncio.sleep(10.0)
        await all_is_well(shop, there)


@pytest.mark.parametrize("seed", [3, 6, 11])
async def test_an_open_that_a_later_one_has_overtaken_changes_nothing(seed: int) -> None:
    Way.clear()
    chance = Random(seed)
    Way.delay = lambda _: chance.uniform(0.001, 0.3)
    async with apart() as (_, there, shop):
        for _ in range(6):
            await killed(there, junction_of(PATH))
            await asyncio.sleep(0.05)
        await asyncio.sleep(5.0)
        await all_is_well(shop, there)


async def test_halves_of_whose_words_every_other_is_lost_meet_all_the_same() -> None:
    Way.clear()
    chance = Random(1)
    Way.lost = lambda _value, _name: chance.random() < 0.5
    async with pair() as (here, there, above, _):
        for system, name in [(there, "up"), (here, "down"), (there, "up")]:
            await killed(system, name)
            other, peer = (here, "above") if name == "up" else (there, "below")
            if system.whereis(name) is None:
                await system.start(Bad, other, peer, name=name)
            await asyncio.sleep(300.0)
            assert await asyncio.wait_for(counted(above, 1), 300.0) == 1


async def begun_anew(system: System, name: str, *args: Any) -> Any:
    """A half ends, and another begins whose clock was set back to what it was at first."""
    one = system.whereis(name, Agent)
    assert one is not None
    await one.stop()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lives, "PER_SECOND", 0)
        return await system.start(Junction, "x/y", *args, name=name)


async def test_a_half_whose_clock_was_set_back_when_it_began_anew_is_found() -> None:
    Way.clear()
    async with pair() as (_, there, above, counter):
        for number in range(3):
            assert await asyncio.wait_for(counted(above, number), 5.0) == number
            await begun_anew(there, "below", "up", {}, ("x/y:management",), None)
            await asyncio.sleep(1.0)
        assert await counter.call(Counter.counted) == dict.fromkeys(range(3), 1)


async def test_and_what_it_asks_is_done() -> None:
    Way.clear()
    async with pair() as (here, _, above, counter):
        for number in range(3):
            assert await asyncio.wait_for(counted(above, number), 5.0) == number
            above = (await begun_anew(here, "above", "down", {}, (), "x/y")).within(None)
            await asyncio.sleep(1.0)
        assert await counter.call(Counter.counted) == dict.fromkeys(range(3), 1)


async def test_who_comes_by_a_wrong_door_is_told_the_right_one() -> None:
    Way.clear()
    async with pair() as (_, _, above, counter):
        known, right = (
            next(one.number for name, one in Way.seen if name == way and isinstance(one, Open))
            for way in ("down", "up")
        )
        above.send(Open("wrong", number=right + 5, known=known))
        with pytest.raises(CallFailed):
            await counted(above, 1)
        await asyncio.sleep(0.1)
        job = asyncio.ensure_future(counted(above, 2, 60.0))
        await asyncio.sleep(0.1)
        above.send(Open("wrong again", number=right + 10**6, known=known))
        with pytest.raises(CallFailed):
            await job
        await asyncio.sleep(5.0)  # it has said by that door what it waits for
        assert await counted(above, 3) == 3
        assert await counter.call(Counter.counted) == {2: 1, 3: 1}


async def test_a_half_that_the_other_takes_for_an_earlier_life_is_told_so_and_heard() -> None:
    Way.clear()
    async with pair() as (_, there, above, counter):
        later = Saying("x/y:management", "take", (asking(1),), "id", "lost", by=10**6, number=1)
        there.named("below", Agent).send(later)
        await asyncio.sleep(5.0)
        assert await asyncio.wait_for(counted(above, 2), 5.0) == 2
        assert await counter.call(Counter.counted) == {2: 1}


async def test_while_a_half_is_away_little_is_said_to_it() -> None:
    Way.clear()
    Way.lost = lambda _value, _name: True
    async with pair():
        await asyncio.sleep(3600.0)
        assert 100 < len(Way.seen) < 2 * 500


def old(value: Any) -> Any:
    """As a half of an older version says it."""
    if isinstance(value, Saying):
        return replace(value, by=0, number=0)
    return Open(value.door, value.asks) if isinstance(value, Open) else value


async def test_a_half_of_an_older_version_is_asked_as_it_knows_it() -> None:
    Way.clear()
    Way.as_said = old
    async with pair() as (_, _, above, counter):
        jobs = [asyncio.ensure_future(counted(above, number, 20.0)) for number in range(3)]
        assert await asyncio.gather(*jobs) == [0, 1, 2]
        assert await counter.call(Counter.counted) == dict.fromkeys(range(3), 1)
        assert not [value for _, value in Way.seen if isinstance(value, Waits | Missed)]


async def test_doors_that_are_said_in_any_order_leave_the_last_one_known() -> None:
    above, below = Doors(), Doors()
    said = []
    for _ in range(4):
        below.anew()
        said.append(below.word())
    for one in (*reversed(said), *said):
        assert not above.hear(one)
        assert (above.other, above.most) == (below.own, below.number)
    assert not above.met  # the other has not heard of it
    below.hear(above.word())
    above.hear(below.word())
    assert above.met
    assert below.met
    below.anew()
    above.noted(below.number)  # its word is still under way
    assert not above.met
    above.hear(replace(below.word(), known=above.number))
    assert above.met
    above.hear(Open("of one that has begun anew", number=below.number + 1))
    assert not above.met
