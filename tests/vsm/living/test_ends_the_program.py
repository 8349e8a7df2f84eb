"""A function that would end the whole program (`sys.exit` in the main of a command line tool) fails alone."""

import asyncio
import sys
from typing import Any

import pytest

from cybernetic.vsm import Came, Cost, Operation, Outcome, Task, ViableSystem, unit
from cybernetic.vsm.aside import Attempt
from tests.vsm.living.company import Company, started


def plain(status: int) -> int:
    """Ends it where it is not 0."""
    if status:
        sys.exit(status)
    return status


async def waits(status: int) -> int:
    """The same, later."""
    await asyncio.sleep(0.1)
    return plain(status)


class Client(Operation):
    """Calls it."""

    async def handle(self, task: Task) -> Outcome:
        """Once."""
        target = plain if task.kind == "plain" else waits
        try:
            used = await self.use("tool", target, task.body, upper=Cost(usd=0.1))
        except RuntimeError as error:
            return Outcome(str(error), good=False)
        return Outcome(used.value, evidence=[used.receipt])


class Tools(Company):
    """One unit."""

    def units(self) -> list[Any]:
        """One."""
        return [unit(Client, id="client", floor=0.5)]


@pytest.mark.parametrize("kind", ["plain", "waits"])
async def test_a_function_that_ends_the_program_is_a_failed_call_and_the_next_is_made(kind: str) -> None:
    async with started(Tools) as (_, tools):
        done = await tools.within(None).call(ViableSystem.submit, Task(kind, 3))
        assert done.outcome == Outcome("the function raised SystemExit: 3", good=False)
        assert [(one.came, one.result) for one in done.receipts] == [(Came.FAILED, "RuntimeError")]
        done = await tools.within(None).call(ViableSystem.submit, Task(kind, 0))
        assert done.outcome.value == 0


class Odd(BaseException):
    """No `Exception`, and nobody catches it."""


@pytest.mark.parametrize("error", [SystemExit(3), KeyboardInterrupt(), asyncio.CancelledError(), Odd()])
def test_so_it_is_of_whatever_one_in_a_thread_raises(error: BaseException) -> None:
    def ends() -> None:
        raise error

    async def live() -> None:
        with pytest.raises(RuntimeError, match=f"raised {type(error).__name__}") as found:
            await Attempt(asyncio.to_thread).make(ends)
        assert found.value.__cause__ is error

    asyncio.run(live())


async def test_one_in_the_loop_may_be_interrupted_and_given_up() -> None:
    async def interrupted() -> None:
        raise KeyboardInterrupt

    attempt = Attempt(asyncio.to_thread).make(interrupted)
    with pytest.raises(KeyboardInterrupt):
        attempt.send(None)
    call = asyncio.ensure_future(Attempt(asyncio.to_thread).make(waits, 3))
    await asyncio.sleep(0.05)
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
