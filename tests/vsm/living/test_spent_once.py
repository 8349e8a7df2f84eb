"""A level with a budget of its own spends that once in an epoch, whoever ends, and has all of it in one that is new."""

import asyncio
from pathlib import Path
from typing import Any, ClassVar

import pytest

from cybernetic import Kill, System
from cybernetic.runtime import Agent
from cybernetic.vsm import Budget, BudgetExhausted, Cost, Port, ViableSystem, unit
from cybernetic.vsm.recursion.remote import Abroad
from tests.support import run_virtual
from tests.vsm.living.company import TOOL, Worker, done

PER, OWN = 60.0, 3.0
LOW = "top/mid/low"


def company(
    folder: Path, disks: str, *, lent: bool = False, floor: float = 0.0, low: str = "low"
) -> type[ViableSystem]:
    """Three levels, of which those named in `disks` (t, m, l) keep their books; `lent`: the top has money as well."""

    def kept(level: str) -> str | None:
        return str(folder / level) if level in disks else None

    class Low(ViableSystem):
        budget = Budget(usd=OWN, per=PER)
        data: ClassVar[Any] = kept("l")

        def units(self) -> list[Any]:
            return [unit(Worker, id="w0", floor=floor)]

    class Mid(ViableSystem):
        data: ClassVar[Any] = kept("m")

        def units(self) -> list[Any]:
            return [unit(Low, id=low)] if low else [unit(Worker, id="w0")]

    class Top(ViableSystem):
        data: ClassVar[Any] = kept("t")
        budget: ClassVar[Any] = Budget(usd=50, per=PER) if lent else None
        ports: ClassVar[Any] = {"tool": Port(timeout=5.0)}
        human = ()

        def units(self) -> list[Any]:
            return [unit(Mid, id="mid")]

    return Top


async def asked(top: Any, to: str = LOW) -> int:
    """All that there is, and more, is asked for; what was paid."""
    before = len(TOOL.asked)
    jobs = [done(top, to, usd=1.0) for _ in range(6)]
    results = await asyncio.gather(*jobs, return_exceptions=True)
    errors = [one for one in results if isinstance(one, BaseException)]
    assert all(isinstance(one, BudgetExhausted) for one in errors), errors
    return len(TOOL.asked) - before


async def life(cls: type[ViableSystem], to: str = LOW) -> int:
    """What is paid while a program runs."""
    async with System() as system:
        top = await system.start(cls, name="top")
        await asyncio.sleep(3.0)
        return await asked(top, to)


async def until(epochs: float) -> None:
    """Somewhat after so many epochs from when the present one began."""
    loop = asyncio.get_running_loop()
    await asyncio.sleep(PER * epochs - loop.time() % PER + 1.0)


@pytest.mark.parametrize(
    ("disks", "lent", "floor", "same"),
    [
        ("t", False, 0.0, [3, 0, 0]),
        ("t", False, 0.9, [3, 0, 0]),
        ("tm", False, 0.0, [3, 0, 0]),
        ("m", False, 0.9, [3, 0, 0]),
        ("l", False, 0.0, [3, 0, 0]),
        ("tml", False, 0.0, [3, 0, 0]),
        ("", False, 0.0, [3, 3, 3]),
        ("t", True, 0.0, [3, 0, 0]),
        ("t", True, 0.9, [3, 0, 0]),
        ("tl", True, 0.0, [3, 0, 0]),
        ("", True, 0.0, [3, 3, 3]),
    ],
)
async def test_its_budget_is_spent_once_in_an_epoch_and_is_there_in_each_other(
    tmp_path: Path, disks: str, lent: bool, floor: float, same: list[int]
) -> None:
    TOOL.__init__()  # type: ignore[misc]
    cls = company(tmp_path, disks, lent=lent, floor=floor)
    assert [await life(cls) for _ in same] == same
    for epochs in (1, 1, 3, 1):  # the next one, and after one in which it stood still
        await until(epochs)
        assert await life(cls) == 3


async def test_what_was_taken_while_it_ran_into_an_epoch_is_not_spent_again_in_it(tmp_path: Path) -> None:
    TOOL.__init__()  # type: ignore[misc]
    cls = company(tmp_path, "t", floor=0.5)
    async with System() as system:
        top = await system.start(cls, name="top")
        await asyncio.sleep(3.0)
        assert await asked(top) == 3
        await asyncio.sleep(PER - asyncio.get_running_loop().time())
        assert await asked(top) == 3
    assert await life(cls) == 0
    await until(1)
    assert await life(cls) == 3


@pytest.mark.parametrize("gone", ["t", "m", "l", "tm", "tml"])
async def test_who_has_books_of_its_own_goes_by_them_and_who_has_lost_them_has_all_in_the_next_epoch(
    tmp_path: Path, gone: str
) -> None:
    TOOL.__init__()  # type: ignore[misc]
    cls = company(tmp_path, "tml")
    paid = []
    for _ in range(2):
        async with System() as system:
            top = await system.start(cls, name="top")
            await asyncio.sleep(3.0)
            paid.append(len(TOOL.asked))
            assert (await done(top, LOW, usd=1.0)).outcome.good
        _lose(tmp_path, gone.replace("l", ""))
    _lose(tmp_path, gone)
    everything = gone == "tml"  # then nobody can know
    assert await life(cls) == (3 if everything else 0 if "l" in gone else 1)
    _lose(tmp_path, gone)
    await until(1)
    assert await life(cls) == 3


def _lose(folder: Path, levels: str) -> None:
    for level in levels:
        for file in (folder / level).glob("*"):
            file.unlink()


@pytest.mark.parametrize(
    "victims",
    [
        ["top:books"],
        ["top/mid:books"],
        [f"{LOW}:books"],
        [LOW],
        ["top/mid", LOW],
        [f"{LOW}:control"],
        [f"{LOW}:control", f"{LOW}:books", "top/mid:books", "top:books"],
    ],
)
@pytest.mark.parametrize("disks", ["t", ""])
async def test_what_surely_was_not_spent_is_there_whoever_of_them_is_killed(
    tmp_path: Path, disks: str, victims: list[str]
) -> None:
    TOOL.__init__()  # type: ignore[misc]
    async with System() as system:
        top = await system.start(company(tmp_path, disks), name="top")
        await asyncio.sleep(3.0)
        assert (await done(top, LOW, usd=1.0)).outcome.good
        for victim in victims:
            who = system.whereis(victim, Agent)
            assert who is not None
            who.exit(Kill())
        await asyncio.sleep(12.0)
        assert await asked(system.named("top", ViableSystem)) == 2
        await until(1)
        assert await asked(system.named("top", ViableSystem)) == 3


async def test_that_it_has_nothing_is_in_the_log_with_the_reason_and_when_it_ends(tmp_path: Path) -> None:
    TOOL.__init__()  # type: ignore[misc]
    for lives in range(2):
        async with System() as system:
            await system.start(company(tmp_path, "t"), name="top")
            await asyncio.sleep(3.0)
            said = await system.named(LOW, ViableSystem).call(ViableSystem.decisions, 0, "nothing to spend")
            assert [entry.body["until"] for entry in said] == [PER] * lives
            assert all("another life" in entry.body["why"] for entry in said)


async def test_one_that_is_renamed_or_declared_again_later_has_all_of_it(tmp_path: Path) -> None:
    TOOL.__init__()  # type: ignore[misc]
    assert await life(company(tmp_path, "t")) == 3
    assert await life(company(tmp_path, "t", low="other"), "top/mid/other") == 3
    await until(1)
    await life(company(tmp_path, "t", low=""), "top/mid/w0")
    assert await life(company(tmp_path, "t")) == 3
    assert await life(company(tmp_path, "t")) == 0


async def test_one_whose_level_above_is_of_another_system_has_all_of_it_from_its_first_epoch_on(
    tmp_path: Path,
) -> None:
    class Far(ViableSystem):
        budget = Budget(usd=OWN, per=PER)
        ports: ClassVar[Any] = {"tool": Port(timeout=5.0)}

        def units(self) -> list[Any]:
            return [unit(Worker, id="w0", floor=0.5)]

    TOOL.__init__()  # type: ignore[misc]
    assert await life(company(tmp_path, "t")) == 3  # it was near
    for epochs in (0, 1, 2):
        if epochs:
            await until(epochs)
        async with System() as system:
            await system.start(Abroad, Far, LOW, "nowhere", None, Cost())
            await asyncio.sleep(3.0)
            assert await asked(system.named(LOW, ViableSystem)) == 3


def test_nothing_is_spent_twice_where_the_clock_was_set_back(tmp_path: Path) -> None:
    async def at(start: float, expected: int) -> None:
        await asyncio.sleep(start)
        assert await life(company(tmp_path, "t", floor=0.5)) == expected

    TOOL.__init__()  # type: ignore[misc]
    hour = 60 * PER
    for start, expected in [
        (2 * hour, 3),
        (hour, 0),
        (hour + PER, 0),
        (2 * hour + 6.0, 0),
        (2 * hour + PER, 3),
    ]:
        run_virtual(at(start, expected))


def test_nor_by_one_that_goes_on_through_epochs_of_which_it_does_not_know(tmp_path: Path) -> None:
    async def first() -> None:
        for _ in range(3):
            assert await life(company(tmp_path, "t", floor=0.5)) == 3
            await until(1)

    async def second() -> None:
        async with System() as system:
            top = await system.start(company(tmp_path, "t", floor=0.5), name="top")
            await asyncio.sleep(3.0)
            for expected in (0, 0, 0):
                assert await asked(top) == expected
                await asyncio.sleep(PER - asyncio.get_running_loop().time() % PER - 1.0)
                control = system.whereis(f"{LOW}:control", Agent)
                assert control is not None
                await control.inspect().suspend()  # nobody tells the unit that an epoch has begun
                await asyncio.sleep(1.0)
                assert await asked(top) == (1 if asyncio.get_running_loop().time() > 3 * PER else 0)
                await control.inspect().resume()
            await asyncio.sleep(3.0)
            assert await asked(top) == 2

    TOOL.__init__()  # type: ignore[misc]
    run_virtual(first())
    run_virtual(second())


@pytest.mark.parametrize("own", [None, 4.0])
@pytest.mark.parametrize("floor", [0.0, 0.9])
async def test_one_without_a_disk_in_one_with_one_is_lent_its_part_in_each_epoch_in_which_they_begin(
    tmp_path: Path, own: float | None, floor: float
) -> None:
    class Within(ViableSystem):
        """Keeps no books."""

        budget: ClassVar[Any] = None if own is None else Budget(usd=own, per=PER)

        def units(self) -> list[Any]:
            """One."""
            return [unit(Worker, id="w0", floor=floor)]

    class Top(ViableSystem):
        """Keeps its books."""

        data: ClassVar[Any] = str(tmp_path)
        budget: ClassVar[Any] = Budget(usd=5, per=PER)
        ports: ClassVar[Any] = {"tool": Port(timeout=5.0)}
        human = ()

        def units(self) -> list[Any]:
            """One."""
            return [unit(Within, id="mid", floor=floor)]

    TOOL.__init__()  # type: ignore[misc]
    for epochs in (0, 1, 2):
        if epochs:
            await until(epochs)
        paid = await life(Top, "top/mid")
        assert paid == (5 if own is None else 4)
        assert await life(Top, "top/mid") <= 5 - paid
