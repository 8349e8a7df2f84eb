"""What a user's function raises ends nothing but its call, whatever it is: `sys.exit` in a tool's main, say."""

import asyncio
import sys
from typing import Any

import pytest

from cybernetic.vsm import (
    Allow,
    Came,
    Cause,
    Cost,
    Operation,
    Outcome,
    Page,
    Pain,
    PainKey,
    Policy,
    PolicyDenied,
    Task,
    ViableSystem,
    unit,
)
from cybernetic.vsm.algedonic.humans import called, resolved
from cybernetic.vsm.algedonic.sinks import Sinks
from cybernetic.vsm.aside import Attempt
from cybernetic.vsm.inspection.verifier import CannotTell, judgement
from tests.vsm.living.company import Company, Pager, started

PAGE = Page(Pain("firm", "fire", Cause.INVARIANT), 1, "firm")


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


class Speechless(Exception):
    """Has a fault of its own: what it says of itself cannot be made."""

    def __str__(self) -> str:
        raise ValueError("of the text")


class Raises:
    """A sink that raises whatever it is told to, at once or later."""

    def __init__(self, error: BaseException, later: bool) -> None:
        self._error, self._later = error, later

    def page(self, page: Page) -> Any:
        """So."""
        return self._raise_later() if self._later else self._raise()

    def resolve(self, key: PainKey) -> Any:
        """The same."""
        return self.page(PAGE)

    def _raise(self) -> None:
        raise self._error

    async def _raise_later(self) -> None:
        self._raise()


@pytest.mark.parametrize("later", [False, True])
@pytest.mark.parametrize(
    ("error", "why"),
    [
        (Speechless(), "Speechless: without a text"),
        (SystemExit(3), "RuntimeError: the function raised SystemExit: 3"),
        (Odd("odd"), "RuntimeError: the function raised Odd: odd"),
    ],
)
async def test_a_sink_that_raises_it_did_not_take_the_page_and_the_next_is_tried(
    error: BaseException, why: str, later: bool
) -> None:
    taken, written = Pager(), list[Any]()
    sinks = Sinks(
        None,
        (Raises(error, later), taken),
        lambda _, body: written.append((body["sink"], body["failed"])),
        list,
    )
    assert await sinks.page(PAGE)
    assert [page for _, page in taken.pages] == [PAGE]
    assert written == [(0, why)]
    assert await resolved(Raises(error, later), PAGE.pain.key) == why


@pytest.mark.parametrize("error", [Speechless(), SystemExit(3), KeyboardInterrupt(), Odd()])
def test_so_it_is_in_a_thread(error: BaseException) -> None:
    why = asyncio.run(called(Raises(error, later=False), PAGE))
    assert why is not None
    assert type(error).__name__ in why


async def test_a_verifier_whose_error_cannot_say_what_it_is_could_not_tell() -> None:
    def verify(evidence: Any) -> bool:
        raise Speechless

    with pytest.raises(CannotTell, match="Speechless: without a text"):
        await judgement(verify, None, None, 1.0)


@pytest.mark.parametrize("error", [SystemExit(3), asyncio.CancelledError(), Odd()])
async def test_a_policy_that_raises_it_denies_and_goes_on(error: BaseException) -> None:
    def policy(action: Any, context: Any) -> Allow:
        if action.kind == "tool":
            asked.append(action)
            raise error
        return Allow()

    class Strict(Tools):
        """With that policy."""

        policies = (Policy("p", 1, policy),)

    asked: list[Any] = []
    async with started(Strict) as (_, strict):
        for count in (1, 2):
            with pytest.raises(PolicyDenied, match=f"policy p v1 raised {type(error).__name__}"):
                await strict.within(None).call(ViableSystem.submit, Task("plain", 0))
            assert len(asked) == count
