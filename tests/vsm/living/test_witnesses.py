"""What the books of a level that counts money, and those around it, are told of it, and what they tell."""

import asyncio
from math import inf
from typing import Any, ClassVar

import pytest

from cybernetic.core import CallTimeout
from cybernetic.vsm import Budget, Cost, ViableSystem
from cybernetic.vsm.bargain.budget import Epoch
from cybernetic.vsm.books.books import Books
from cybernetic.vsm.control.witnesses import AHEAD, PATIENCE, UNTOLD, Witnesses
from cybernetic.vsm.recursion.charter import Charter
from cybernetic.vsm.recursion.handing import enclose, levels_here

PER = 60.0


class Around(ViableSystem):
    """Counts nothing."""


class Own(ViableSystem):
    """Counts for itself."""

    budget: ClassVar[Any] = Budget(usd=1, per=PER)


CHARTER = (
    Charter.top("top", Around).below("top/mid", Around, Cost(), {}).below("top/mid/low", Own, Cost(), {})
)


class Disk:
    """Books of all levels, which are silent for a while when they are told to be."""

    def __init__(self) -> None:
        self.kept: dict[str, Any] = {}
        self.silent: set[str] = set()

    async def call(self, name: str, method: Any, key: str, *value: Any) -> Any:
        """As an agent would."""
        await asyncio.sleep(0.01)
        if name in self.silent:
            raise CallTimeout(name, "save", 5.0)
        if method is Books.load:
            return self.kept.get(f"{name} {key}")
        (self.kept[f"{name} {key}"],) = value
        return None


class Process:
    """A system 3 of a process, and what it needs."""

    def __init__(self, disk: Disk) -> None:
        self.disk, self.system, self.ref = disk, self, self
        self.tasks: list[Any] = []
        self.cast_ = 0

    def named(self, name: str, _: Any) -> Any:
        """Books."""
        return _Named(self.disk, name)

    def task(self, what: Any) -> Any:
        """Begin it."""
        self.tasks.append(asyncio.ensure_future(what))
        return self.tasks[-1]

    def cast(self, _: Any) -> None:
        """It may lend."""
        self.cast_ += 1

    async def renew(self) -> None:
        """Lend."""


class _Named:
    def __init__(self, disk: Disk, name: str) -> None:
        self.disk, self.name = disk, name

    async def call(self, *what: Any) -> Any:
        """As an agent would."""
        return await self.disk.call(self.name, *what)


def at(seconds: float) -> Epoch:
    """The epoch then."""
    return Epoch.at(seconds, PER)


async def test_of_who_is_silent_for_too_long_it_is_taken_that_another_life_was_there() -> None:
    disk = Disk()
    assert (await Witnesses(Process(disk), CHARTER).ask(known=False)).unknown == -inf
    assert set(disk.kept.values()) == {(PER, -inf)}
    disk.kept.clear()
    disk.silent.add("top:books")
    process = Process(disk)
    asking = asyncio.ensure_future(Witnesses(process, CHARTER).ask(known=False))
    await asyncio.sleep(PATIENCE - 2.0)
    assert not asking.done()
    disk.silent.clear()
    assert (await asking).unknown == -inf
    disk.silent.add("top:books")
    process = Process(disk)
    assert (await Witnesses(process, CHARTER).ask(known=False)).unknown == PER
    disk.silent.clear()
    await asyncio.gather(*process.tasks)


async def test_who_has_books_waits_for_nobody_s_answer_and_tells_all_who_listen_at_once() -> None:
    disk = Disk()
    disk.silent.add("top:books")
    process = Process(disk)
    asking = asyncio.ensure_future(Witnesses(process, CHARTER).ask(known=True))
    await asyncio.sleep(0.1)
    assert disk.kept == dict.fromkeys(
        [f"top/mid{at}:books counts money until: top/mid/low" for at in ("", "/low")], (PER, -inf)
    )
    assert (await asking).unknown == -inf
    disk.silent.clear()
    await asyncio.gather(*process.tasks)
    assert len(disk.kept) == 3


async def test_what_they_know_is_never_made_earlier_whoever_says_it_last() -> None:
    disk = Disk()
    witnesses = Witnesses(process := Process(disk), CHARTER)
    await witnesses.ask(known=False)
    disk.silent.add("top:books")
    for epoch in (1, 2):
        await asyncio.sleep(PER)
        witnesses.know(at(epoch * PER), ahead=False)
    disk.silent.clear()
    await asyncio.gather(*process.tasks)
    assert set(disk.kept.values()) == {(3 * PER, -inf)}
    disk.kept = dict.fromkeys(disk.kept, (9 * PER, 4 * PER))
    await Witnesses(Process(disk), CHARTER).ask(known=True)
    assert set(disk.kept.values()) == {(9 * PER, 4 * PER)}


@pytest.mark.parametrize("known", ["top:books", "top/mid:books"])
async def test_one_that_knows_is_enough(known: str) -> None:
    disk = Disk()
    await Witnesses(Process(disk), CHARTER).ask(known=False)
    disk.kept = {key: value for key, value in disk.kept.items() if key.startswith(known)}
    assert (await Witnesses(Process(disk), CHARTER).ask(known=False)).unknown == PER
    await asyncio.sleep(PER)
    assert (await Witnesses(Process(disk), CHARTER).ask(known=False)).unknown <= PER


async def test_an_epoch_begins_when_they_know_of_it_or_were_silent_for_too_long() -> None:
    disk = Disk()
    process = Process(disk)
    witnesses = Witnesses(process, CHARTER)
    await witnesses.ask(known=False)
    assert witnesses.know(at(0.0), ahead=False)
    await asyncio.sleep(PER)
    assert not witnesses.know(at(PER), ahead=False)
    assert not witnesses.know(at(PER), ahead=False)
    await asyncio.sleep(1.0)
    assert witnesses.know(at(PER), ahead=False)
    assert set(disk.kept.values()) == {(2 * PER, -inf)}
    assert process.cast_ == 1
    disk.silent.add("top/mid:books")
    await asyncio.sleep(PER)
    for _ in range(2):
        assert not witnesses.know(at(2 * PER), ahead=False)
        await asyncio.sleep(PATIENCE / 2 + 0.1)
    assert witnesses.know(at(2 * PER), ahead=False)
    disk.silent.clear()
    await asyncio.gather(*process.tasks)
    assert set(disk.kept.values()) == {(3 * PER, -inf)}


async def test_who_has_been_silent_for_too_long_is_not_waited_for_in_each_epoch_again() -> None:
    disk = Disk()
    witnesses = Witnesses(process := Process(disk), CHARTER)
    await witnesses.ask(known=False)
    disk.silent.add("top:books")
    await asyncio.sleep(PER)
    assert not witnesses.know(at(PER), ahead=False)
    for epoch in (2, 3):
        await asyncio.sleep(PER)
        assert witnesses.know(at(epoch * PER), ahead=False)
    disk.silent.clear()
    await asyncio.gather(*process.tasks)
    disk.silent.add("top:books")
    await asyncio.sleep(PER)
    assert not witnesses.know(at(4 * PER), ahead=False)
    disk.silent.clear()
    await asyncio.gather(*process.tasks)


async def test_where_units_take_floors_they_know_of_an_epoch_before_it_begins() -> None:
    disk = Disk()
    process = Process(disk)
    witnesses = Witnesses(process, CHARTER)
    await witnesses.ask(known=False)
    await asyncio.sleep(PER - AHEAD / 2)
    assert witnesses.know(at(0.0), ahead=False)
    told = len(process.tasks)
    assert witnesses.know(at(0.0), ahead=True)
    assert len(process.tasks) > told
    await asyncio.gather(*process.tasks)
    assert set(disk.kept.values()) == {(2 * PER, -inf)}
    assert witnesses.know(at(PER), ahead=True)


async def test_a_life_elsewhere_in_between_is_another_one() -> None:
    disk = Disk()
    here, there = Process(disk), Process(disk)
    assert (await Witnesses(here, CHARTER).ask(known=False)).unknown == -inf
    assert (
        await Witnesses(here, CHARTER).ask(known=False)
    ).unknown == -inf  # what was spent is known in this process
    assert (await Witnesses(there, CHARTER).ask(known=False)).unknown == PER
    assert (await Witnesses(here, CHARTER).ask(known=False)).unknown == PER
    disk.kept.clear()
    assert (await Witnesses(here, CHARTER).ask(known=False)).unknown == PER
    await asyncio.sleep(PER)
    assert (await Witnesses(here, CHARTER).ask(known=False)).unknown == PER


async def test_those_around_are_told_of_budgets_of_its_own_only_and_its_books_of_all() -> None:
    far = Charter.abroad("top/mid/low", Own, None, Cost(), {})
    lent = Charter.top("top", Own).below("top/mid", Around, Cost(), {})
    for charter in (Charter.top("top", Own), far, lent, Charter.top("top", Around)):
        disk = Disk()
        for _ in range(2):
            assert await Witnesses(Process(disk), charter).ask(known=False) == UNTOLD
        assert [name.split(":")[0] for name in disk.kept] == ([charter.path] if charter.per else [])
    within = far.below("top/mid/low/own", Own, Cost(), {})
    assert within.around == ("top/mid/low",)


async def test_by_its_own_books_it_was_not_there_in_an_epoch_of_which_they_were_not_told() -> None:
    disk, top = Disk(), Charter.top("top", Own)
    for asleep in (False, False, True, False):
        assert (await Witnesses(Process(disk), top).ask(known=False)).asleep is asleep
        await asyncio.sleep(0.0 if asleep or not disk.kept else PER / 2)


def test_only_levels_of_this_process_end_with_it() -> None:
    class Here:
        """A system."""

    system = Here()
    enclose(system, "top", ("top/a", "top/near", "top/far"), ("top/far", "top"), ("top/near", "top/far"))
    assert levels_here(system, "top") == ("top/near",)
    assert levels_here(system, "top/near") == ()
