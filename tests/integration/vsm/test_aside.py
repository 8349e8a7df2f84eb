"""Plain functions that block, on a loop of real time: whoever calls them waits, and nobody else."""

import asyncio
import threading
from collections.abc import Iterator
from typing import Any, ClassVar

import pytest

from cybernetic import System
from cybernetic.vsm import Cost, Operation, Outcome, OutcomeUnknown, Port, Task, ViableSystem, unit
from cybernetic.vsm.algedonic.humans import TAKE, ConsoleHuman, Page, called
from cybernetic.vsm.ladder import Cause, Pain
from tests.support import run_real

BLOCKED = threading.Event()
LOOP: list[bool] = []


@pytest.fixture(autouse=True)
def _freed() -> Iterator[None]:
    BLOCKED.clear()
    LOOP.clear()
    yield
    BLOCKED.set()


def client(what: Any, key: str | None = None) -> Any:
    """Of a kind that blocks; it says whether it does so where the loop runs."""
    LOOP.append(threading.current_thread() is threading.main_thread())
    if what == "hangs":
        BLOCKED.wait(60.0)
    return what


async def quick(what: Any) -> Any:
    """Another kind of function."""
    LOOP.append(threading.current_thread() is threading.main_thread())
    return what


class Asks(Operation):
    """Asks what the task says."""

    async def handle(self, task: Task) -> Outcome:
        target = quick if task.kind == "async" else client
        used = await self.use("model", target, task.body, upper=Cost(usd=0.1))
        return Outcome(used.value, evidence=[used.receipt])


class Pair(ViableSystem):
    """Two who do."""

    ports: ClassVar[Any] = {"model": Port(timeout=0.5)}

    def units(self) -> list[Any]:
        return [unit(Asks, id="a"), unit(Asks, id="b")]


def test_a_plain_function_that_blocks_is_given_up_in_time_and_holds_nobody_up() -> None:
    async def main() -> None:
        async with System() as system:
            pair = await system.start(Pair)
            loop = asyncio.get_running_loop()
            began = loop.time()
            stuck = asyncio.ensure_future(
                pair.within(30).call(ViableSystem.submit, Task("plain", "hangs", to="pair/a"))
            )
            while not LOOP:
                await asyncio.sleep(0.01)
            done = await pair.within(30).call(ViableSystem.submit, Task("plain", "quick", to="pair/b"))
            assert done.outcome.value == "quick"
            assert not stuck.done()
            with pytest.raises(OutcomeUnknown, match=r"no answer within 0\.5 s"):
                await stuck
            assert loop.time() - began < 10.0
            await pair.within(30).call(ViableSystem.submit, Task("async", "quick", to="pair/b"))
            assert LOOP == [False, False, True]
            BLOCKED.set()

    run_real(main())


class Webhook:
    """A sink whose host does not answer."""

    def page(self, page: Page) -> None:
        BLOCKED.wait(60.0)

    def resolve(self, key: Any) -> None:
        """Nothing to say."""


def test_a_sink_that_blocks_costs_its_time_and_no_more() -> None:
    async def main() -> None:
        loop, turns = asyncio.get_running_loop(), 0

        async def turn() -> None:
            nonlocal turns
            while True:
                turns += 1
                await asyncio.sleep(0.01)

        turning, began = asyncio.ensure_future(turn()), loop.time()
        page = Page(Pain("shop", "storm", Cause.HEARTBEAT), 1, "shop")
        why = await called(Webhook(), page)
        turning.cancel()
        assert why == f"no answer within {TAKE:g} s"
        assert TAKE <= loop.time() - began < TAKE + 5.0
        assert turns > 20
        assert await called(ConsoleHuman(), page) is None

    run_real(main())
