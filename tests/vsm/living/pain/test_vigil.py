"""What the vigil of the top says to a human is taken, or said again and written down, as what an algedonode says."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

import pytest

from cybernetic import Kill
from cybernetic.runtime import Agent
from cybernetic.vsm import Algedonode, Cause, Clocks, Pain, PainKey, ViableSystem
from tests.vsm.living.company import PAGER, Company, hang, started
from tests.vsm.living.pain.test_hung_keepers import suspended

CONTROL = PainKey("firm", "control silent", Cause.HEARTBEAT.value)


class Fickle:
    """A way to a human that is down now and then."""

    def __init__(self) -> None:
        self.down: set[str] = set()

    def page(self, page: Any) -> None:
        """Note it, if it is not down."""
        self._up("page")
        PAGED.add(page.pain.key)

    def resolve(self, key: PainKey) -> None:
        """Note that it was heard, if it is not down."""
        self._up("over")
        OVER.append(key.index)

    def _up(self, what: str) -> None:
        if what in self.down:
            raise ConnectionError("down")


FICKLE = Fickle()
OVER: list[str] = []
PAGED: set[PainKey] = set()


@pytest.fixture(autouse=True)
def _fresh() -> None:
    OVER.clear()
    PAGED.clear()
    FICKLE.down = set()


class Firm(Company):
    """With two ways to a human."""

    human: ClassVar[Any] = (FICKLE, PAGER)


async def until(so: Callable[[], bool]) -> None:
    """Wait until it is so."""
    async with asyncio.timeout(300.0):
        while not so():
            await asyncio.sleep(0.5)


async def failed(firm: Any, index: str) -> set[str]:
    """What of the words about that is in the log because a sink did not take it."""
    log = [entry.body for entry in await firm.call(ViableSystem.decisions, 0, "page")]
    return {body["what"] for body in log if body["index"] == index and body["sink"] == 0}


@pytest.mark.parametrize("what", ["books", "algedonode"])
async def test_that_it_is_over_is_said_again_and_written_where_a_sink_fails(what: str) -> None:
    index = f"{what} silent"
    async with started(Firm) as (system, firm):
        await asyncio.sleep(5.0)
        FICKLE.down = {"page", "over"}
        await suspended(system, f"firm:{what}")
        await until(lambda: index in {key.index for key in PAGER.over})
        await asyncio.sleep(2.0)
        assert index not in OVER
        assert await failed(firm, index) == {"page", "over"}
        FICKLE.down = set()
        await asyncio.sleep(60.0)
        assert OVER.count(index) == 1
        assert [key.index for key in PAGER.over].count(index) == 1


async def test_a_vigil_that_ends_before_it_was_taken_has_its_successor_say_it() -> None:
    async with started(Firm) as (system, _):
        await asyncio.sleep(5.0)
        FICKLE.down = {"over"}
        await suspended(system, "firm:books")
        await until(lambda: "books silent" in {key.index for key in PAGER.over})
        await asyncio.sleep(2.0)
        system.named("firm:vigil", Agent).exit(Kill())
        FICKLE.down = set()
        await asyncio.sleep(10.0)
        assert OVER.count("books silent") == 1


async def test_what_is_silent_again_is_not_said_to_be_over() -> None:
    async with started(Firm) as (system, _):
        await asyncio.sleep(5.0)
        FICKLE.down = {"over"}
        await suspended(system, "firm:algedonode")
        await until(lambda: "algedonode silent" in {key.index for key in PAGER.over})
        again = asyncio.ensure_future(hang(system, "firm:algedonode"))
        await asyncio.sleep(20.0)
        FICKLE.down = set()
        await asyncio.sleep(60.0)
        assert OVER == []
        again.cancel()


@pytest.mark.parametrize("data", [False, True])
async def test_what_was_paged_for_while_the_books_hung_is_over_when_they_are_back(
    data: bool, tmp_path: Path
) -> None:
    cls = type("Firm", (Firm,), {"data": str(tmp_path) if data else None, "__module__": __name__})
    async with started(cls) as (system, firm):
        await asyncio.sleep(5.0)
        again = asyncio.ensure_future(hang(system, "firm:books"))
        await until(lambda: CONTROL in PAGED)
        await asyncio.sleep(30.0)
        assert CONTROL not in PAGER.over  # the books hang still
        again.cancel()
        await asyncio.sleep(120.0)
        assert OVER.count(CONTROL.index) == PAGER.over.count(CONTROL) == 1
        assert not await firm.call(ViableSystem.alarms)


async def test_a_pain_that_an_algedonode_still_knows_of_is_not_over_because_another_has_begun() -> None:
    async with started(Firm) as (system, firm):
        await asyncio.sleep(5.0)
        again = asyncio.ensure_future(hang(system, "firm:control", 60.0))
        await until(lambda: CONTROL in PAGED)
        system.named("firm:algedonode", Agent).exit(Kill())
        await asyncio.sleep(5.0)
        assert CONTROL not in PAGER.over
        await again
        await asyncio.sleep(120.0)
        assert PAGER.over.count(CONTROL) == 1
        assert not await firm.call(ViableSystem.alarms)


@pytest.mark.parametrize("before", [(), ("algedonode",)])
async def test_what_books_forget_is_over_whoever_watched_when_it_was_paged_for(
    before: tuple[str, ...],
) -> None:
    quick = {"clocks": Clocks(ack=1.0, recovery=5.0), "__module__": __name__}
    async with started(type("Firm", (Firm,), quick)) as (system, firm):
        await asyncio.sleep(5.0)
        slow = Pain("firm/solo", "slow", Cause.INVARIANT)
        system.named("firm:algedonode", Algedonode).cast(Algedonode.feel, slow)
        await until(lambda: slow.key in PAGED)
        for part in (*before, "vigil", "books"):
            assert OVER == []
            system.named(f"firm:{part}", Agent).exit(Kill())
            await asyncio.sleep(8.0)
        assert OVER == ["slow"]
        assert not await firm.call(ViableSystem.alarms)
