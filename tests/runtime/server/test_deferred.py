"""Deferred answers: kept, given once, from anywhere, dropped when late (GS-12)."""

import asyncio
from typing import Any

import pytest

from cybernetic import (
    Agent,
    BadCall,
    CallFailed,
    CallTimeout,
    Crash,
    Deferred,
    Kill,
    Killed,
    NoProc,
    Shutdown,
    System,
)
from tests.runtime.server.agents import Boom, Counter, Doer, Journal, No, failure_of, passes


class Desk(Agent):
    """Takes questions and answers them later."""

    def __init__(self) -> None:
        self.open: list[Deferred[Any]] = []

    def ask(self) -> Deferred[Any]:
        self.open.append(self.defer())
        return self.open[-1]

    async def ask_slowly(self) -> Deferred[Any]:
        await asyncio.sleep(1)
        return self.ask()

    def ask_twice(self) -> Any:
        self.open += [self.defer(), self.defer()]
        return "not an answer"

    def settle(self, value: Any) -> list[bool]:
        return [deferred.reply(value) for deferred in self.open]

    def fail(self, error: BaseException) -> None:
        self.open.pop().fail(error)

    def hand_over(self) -> Deferred[Any]:
        return self.open.pop()

    def receive(self, message: Any) -> None:
        self.open.append(self.defer())


@pytest.mark.parametrize("method", [Desk.ask, Desk.ask_slowly])
async def test_gs_12_an_answer_may_come_from_a_later_turn(method: Any) -> None:
    async with System() as system:
        desk = await system.start(Desk)
        question = desk.request(method)
        await asyncio.sleep(2)
        assert not question.done()  # type: ignore[attr-defined]
        assert await desk.call(Desk.settle, "yes") == [True]
        assert await question == "yes"


async def test_gs_12_an_answer_may_come_from_another_agent_and_from_outside() -> None:
    async with System() as system:
        desk, helper = await system.start(Desk), await system.start(Doer)
        first, second = desk.request(Desk.ask), desk.request(Desk.ask)
        held = await desk.call(Desk.hand_over)
        assert await helper.call(Doer.do, lambda _: held.reply("from another agent"))
        held = await desk.call(Desk.hand_over)
        assert held.reply("from outside")
        assert (await first, await second) == ("from outside", "from another agent")


@pytest.mark.parametrize("seconds", [5.0, None])
async def test_gs_12_a_second_answer_is_dropped_whatever_the_time_out(seconds: float | None) -> None:
    async def job(doer: Doer) -> Any:
        return await desk.within(seconds).call(Desk.ask)

    async with System() as system:
        desk, caller = await system.start(Desk), await system.start(Doer)
        question = caller.request(Doer.do, job)
        await passes()
        assert await desk.call(Desk.settle, 1) == [True]
        assert await desk.call(Desk.settle, 2) == [False]
        held = await desk.call(Desk.hand_over)
        held.fail(Boom())
        assert await question == 1
        await passes()
        assert (await caller.inspect().get_state())["got"] == []


async def test_gs_12_of_two_deferrals_of_one_call_the_first_answer_counts() -> None:
    async with System() as system:
        desk = await system.start(Desk)
        question = desk.request(Desk.ask_twice)
        assert await desk.call(Desk.settle, 1) == [True, False]
        assert await question == 1


async def test_gs_12_a_late_answer_is_dropped() -> None:
    async with System() as system:
        desk = await system.start(Desk)
        with pytest.raises(CallTimeout):
            await desk.within(1.0).call(Desk.ask)
        assert await desk.call(Desk.settle, "late") == [False]


async def test_gs_12_the_owner_of_a_question_that_ends_fails_it_with_its_reason() -> None:
    async with System() as system:
        desk = await system.start(Desk)
        question = desk.request(Desk.ask)
        held = await desk.call(Desk.hand_over)
        await desk.stop(Shutdown("closed"))
        assert await failure_of(question) == Shutdown("closed")
        assert held.reply("late") is False
        assert held.fail(Boom()) is False


async def test_gs_12_an_owner_that_is_killed_fails_it_too() -> None:
    async with System() as system:
        desk = await system.start(Desk)
        question = desk.within(None).request(Desk.ask)
        await passes()
        desk.exit(Kill())
        assert await failure_of(question) == Killed()


@pytest.mark.parametrize(
    ("error", "raised"),
    [
        (No("closed"), No),
        (BadCall("wrong"), BadCall),
        (CallFailed("other", "it", NoProc()), CallFailed),
        (Boom("inner"), CallFailed),
    ],
    ids=lambda x: getattr(x, "__name__", type(x).__name__),
)
async def test_gs_12_a_deferred_failure_is_raised_at_the_caller_and_the_agent_lives(
    error: Exception, raised: type[Exception]
) -> None:
    async with System() as system:
        desk = await system.start(Desk)
        question = desk.request(Desk.ask)
        await desk.call(Desk.fail, error)
        with pytest.raises(raised) as caught:
            await question
        if isinstance(error, Boom):
            assert isinstance(caught.value, CallFailed)
            assert caught.value.reason == Crash("Boom", "inner")
        else:
            assert caught.value is error
        assert system.alive(desk)


async def test_gs_12_in_a_cast_or_a_message_the_answer_goes_nowhere() -> None:
    async with System() as system:
        desk = await system.start(Desk)
        desk.cast(Desk.ask)
        desk.send("anything")
        assert await desk.call(Desk.settle, 1) == [False, False]


async def test_gs_12_many_open_questions_leave_nothing_behind_when_answered() -> None:
    async with System() as system:
        desk = await system.start(Desk)
        questions = [desk.request(Desk.ask) for _ in range(1000)]
        assert await desk.call(Desk.settle, 1) == [True] * 1000
        assert await asyncio.gather(*questions) == [1] * 1000
        assert not desk._details.deferred  # type: ignore[union-attr]


async def test_a_caller_that_gives_up_leaves_the_deferred_call_without_effect() -> None:
    async with System() as system:
        desk = await system.start(Desk)
        waiting = asyncio.create_task(desk.call(Desk.ask))
        await passes()
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        assert await desk.call(Desk.settle, 1) == [False]


async def test_what_a_handler_returns_after_it_has_deferred_is_no_answer() -> None:
    class Odd(Counter):
        def odd(self) -> int:
            self.held = self.defer()
            return 1

        def settle(self) -> None:
            self.held.reply(2)

    async with System() as system:
        ref = await system.start(Odd)
        question = ref.request(Odd.odd)
        await ref.call(Odd.settle)
        assert await question == 2


async def test_a_handler_that_crashes_after_it_has_deferred_fails_the_call() -> None:
    class Fails(Journal):
        def begin(self) -> None:
            self.defer()
            raise Boom("bad")

    async with System() as system:
        ref = await system.start(Fails)
        assert await failure_of(ref.call(Fails.begin)) == Crash("Boom", "bad")


async def test_a_handler_that_refuses_after_it_has_deferred_has_answered() -> None:
    class Refuses(Counter):
        def begin(self) -> None:
            self.held = self.defer()
            raise No("closed")

        def settle(self) -> bool:
            return self.held.reply(2)

    async with System() as system:
        ref = await system.start(Refuses)
        with pytest.raises(No):
            await ref.call(Refuses.begin)
        assert await ref.call(Refuses.settle) is False
        assert not ref._details.deferred  # type: ignore[union-attr]


class _Changes(Agent):
    """Defers, and may refuse all the same."""

    def ask(self, refuse: bool) -> Deferred[str]:
        """Answered in a moment, or refused after all."""
        answer = self.defer()
        if refuse:
            raise No
        self.task(self._later(answer))
        return answer

    async def _later(self, answer: Deferred[str]) -> None:
        answer.reply("yes")


async def test_a_refusal_after_a_call_was_deferred_spoils_none_of_the_calls_behind_it() -> None:
    async with System() as system:
        ref = await system.start(_Changes)
        asked = (ref.call(_Changes.ask, refuse) for refuse in (True, False, True, False))
        first, second, third, fourth = await asyncio.gather(*asked, return_exceptions=True)
        assert isinstance(first, No)
        assert isinstance(third, No)
        assert (second, fourth) == ("yes", "yes")
