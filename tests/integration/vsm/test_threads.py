"""Threads for plain functions: what is said of a call that had to wait for one is true, whoever is quicker."""

import asyncio
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, ClassVar

import pytest

from cybernetic import System
from cybernetic.vsm import Budget, Cost, NoThread, Operation, Outcome, Port, Task, ViableSystem, unit
from cybernetic.vsm.aside import Attempt
from tests.support import run_real, soak

BLOCKED = threading.Event()
MADE: list[Any] = []
THREADS = 64


@pytest.fixture(autouse=True)
def _freed() -> Iterator[None]:
    BLOCKED.clear()
    MADE.clear()
    yield
    BLOCKED.set()


def hangs(what: Any) -> None:
    """A client whose host does not answer."""
    BLOCKED.wait(60.0)


def quick(what: Any) -> Any:
    """Another."""
    MADE.append(what)
    return what


class Waits(Operation):
    """Takes all threads."""

    kinds = ("many",)

    async def handle(self, task: Task) -> Outcome:
        """At once."""
        calls = (self.use("dead", hangs, n) for n in range(THREADS))
        await asyncio.gather(*calls, return_exceptions=True)
        return Outcome(None, good=False)


class Asks(Operation):
    """Needs one, for another port."""

    kinds = ("one",)

    async def handle(self, task: Task) -> Outcome:
        """For a dollar at most."""
        used = await self.use("well", quick, task.id, upper=Cost(usd=1.0))
        return Outcome(used.value, evidence=[used.receipt])


class Pair(ViableSystem):
    """Of both."""

    budget = Budget(usd=10, per=3600)
    ports: ClassVar[Any] = {"dead": Port(timeout=0.5), "well": Port(timeout=0.5)}

    def units(self) -> list[Any]:
        """Two."""
        return [unit(Waits, id="waits"), unit(Asks, id="asks", floor=0.9)]


def test_a_call_of_another_port_that_found_all_threads_taken_was_not_made_and_costs_nothing() -> None:
    async def main() -> None:
        async with System() as system:
            pair = await system.start(Pair)
            await pair.within(30).call(
                ViableSystem.submit, Task("many")
            )  # given up, and the threads still taken
            with pytest.raises(NoThread):
                await pair.within(30).call(ViableSystem.submit, Task("one", id="one"))
            BLOCKED.set()
            done = await pair.within(30).call(ViableSystem.submit, Task("one", id="two"))
            assert done.outcome.good
            assert MADE == ["two"]
            await asyncio.sleep(2.5)  # until the account is in
            assert (await pair.call(ViableSystem.status)).accounts["pair/asks"].spent.amount("usd") == 1.0

    run_real(main())


def test_what_is_said_not_to_have_been_made_never_is_however_close_it_was() -> None:
    async def main() -> None:
        loop = asyncio.get_running_loop()
        with ThreadPoolExecutor(2) as pool:

            async def aside(fn: Any, *args: Any) -> Any:
                return await loop.run_in_executor(pool, fn, *args)

            async def one(n: int) -> tuple[int, bool]:
                attempt = Attempt(aside)
                try:
                    async with asyncio.timeout(n % 50 * 1e-4):
                        await attempt.in_thread(lambda: quick(n) and BLOCKED.wait(2e-4))
                except TimeoutError:
                    return n, attempt.made
                return n, True

            said = await asyncio.gather(*(one(n) for n in range(1, soak(2000, 50_000))))
        assert sorted(MADE) == sorted(n for n, made in said if made)
        assert 0 < len(MADE) < len(said)

    run_real(main())
