"""The message loop: order, one at a time, what each outcome of a handler means (GS-8, GS-9, GS-11, GS-13 to GS-15)."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from cybernetic import (
    Agent,
    CallFailed,
    Cancelled,
    Crash,
    Kill,
    Killed,
    Normal,
    Reason,
    Ref,
    Shutdown,
    Stop,
    System,
)
from tests.runtime.server.agents import (
    Boom,
    Counter,
    Doer,
    Journal,
    Witness,
    ending,
    failure_of,
    reason_of_end,
    reports,
    texts,
)


async def test_gs_8_messages_are_handled_one_at_a_time_in_order_of_arrival() -> None:
    async with System() as system:
        ref = await system.start(Journal)
        ref.cast(Journal.note_slowly, "cast")
        ref.send("send")
        call = ref.request(Journal.note_slowly, "call")
        ref.cast(Journal.note, "cast again")
        assert await call == 5
        assert await ref.call(Journal.read) == [
            ("begin", "cast"),
            ("end", "cast"),
            "send",
            ("begin", "call"),
            ("end", "call"),
            "cast again",
        ]


async def test_gs_8_what_is_no_call_and_no_cast_goes_to_receive() -> None:
    async with System() as system:
        ref = await system.start(Journal)
        for message in ("text", None, 3, ("a", "tuple"), {"a": 1}, Journal.note):
            ref.send(message)
        assert await ref.call(Journal.read) == ["text", None, 3, ("a", "tuple"), {"a": 1}, Journal.note]


async def test_gs_8_receive_may_be_async_and_is_one_of_the_turns() -> None:
    class Late(Journal):
        async def receive(self, message: Any) -> None:
            await self.note_slowly(message)

    async with System() as system:
        ref = await system.start(Late)
        ref.send(1)
        ref.send(2)
        assert await ref.call(Journal.read) == [("begin", 1), ("end", 1), ("begin", 2), ("end", 2)]


async def test_gs_8_the_sender_of_each_message_is_known_while_it_is_handled() -> None:
    class Asks(Journal):
        def who(self) -> Any:
            return self.sender

        async def who_later(self) -> Any:
            await asyncio.sleep(1)
            return self.sender

    async with System() as system:
        target = await system.start(Asks)
        doer = await system.start(Doer)
        assert await target.call(Asks.who) is None
        for method in (Asks.who, Asks.who_later):
            assert await doer.call(Doer.do, lambda _, m=method: target.call(m)) is doer


@pytest.mark.parametrize("method", [Counter.add, Counter.add_slowly])
async def test_gs_9_a_call_is_answered_with_what_its_handler_returns(method: Any) -> None:
    args = (5,) if method is Counter.add else (5, 1.0)
    async with System() as system:
        ref = await system.start(Counter, 10)
        assert await ref.call(method, *args) == 15


async def test_gs_9_a_handler_is_async_if_its_result_is_a_coroutine() -> None:
    class Passes(Counter):
        def later(self, by: int) -> Any:
            return self.add_slowly(by, 1.0)

    async with System() as system:
        ref = await system.start(Passes)
        assert await ref.call(Passes.later, 3) == 3


async def test_gs_9_no_answer_now_leaves_the_caller_waiting_and_the_agent_free() -> None:
    class Defers(Counter):
        def wait(self) -> Any:
            self.held = self.defer()
            return self.held

        def settle(self, value: int) -> None:
            self.held.reply(value)

    async with System() as system:
        ref = await system.start(Defers)
        waiting = ref.request(Defers.wait)
        assert await ref.call(Counter.add, 2) == 2
        await ref.call(Defers.settle, 7)
        assert await waiting == 7


def _by_cast(ref: Ref[Doer], job: Any) -> None:
    ref.cast(Doer.do, job)


def _by_send(ref: Ref[Doer], job: Any) -> None:
    ref.send(job)


def _by_timer(ref: Ref[Doer], job: Any) -> None:
    ref.after(1.0).cast(Doer.do, job)


def _by_continue(ref: Ref[Doer], job: Any) -> None:
    ref.cast(Doer.do, lambda doer: doer.continue_with(Doer.do, job))


def _by_request(ref: Ref[Doer], job: Any) -> None:
    ref.request(Doer.do, job)


WAYS = [_by_cast, _by_send, _by_timer, _by_continue, _by_request]


class Obedient(Doer):
    """Does what it is sent."""

    def receive(self, message: Any) -> Any:
        return message(self)


async def _raise_later(error: BaseException) -> None:
    await asyncio.sleep(1)
    raise error


def _raise(error: BaseException) -> None:
    raise error


def _deep(depth: int, error: BaseException) -> None:
    if depth:
        _deep(depth - 1, error)
    raise error


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("later", [False, True], ids=["at once", "parked"])
@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (Stop(), Normal()),
        (Stop(Normal()), Normal()),
        (Stop(Shutdown("x")), Shutdown("x")),
        (Stop(Kill()), Kill()),
        (Boom("bad"), Crash("Boom", "bad")),
        (asyncio.CancelledError(), Cancelled()),
    ],
    ids=["stop", "normal", "shutdown", "kill", "crash", "cancelled"],
)
async def test_gs_9_every_kind_of_turn_goes_on_or_ends_the_agent_with_its_reason(
    way: Callable[..., None], later: bool, error: BaseException, reason: Reason
) -> None:
    job = (lambda _: _raise_later(error)) if later else (lambda _: _raise(error))
    async with System() as system:
        ref = await system.start(Obedient)
        way(ref, lambda _: None)
        await asyncio.sleep(2)
        assert system.alive(ref)
        ended = await ending(system, ref)
        way(ref, job)
        assert await ended == reason


async def test_gs_9_stop_with_reply_works_from_any_depth() -> None:
    async with System() as system:
        ref = await system.start(Doer)
        ended = await ending(system, ref)
        assert await ref.call(Doer.do, lambda _: _deep(50, Stop(Shutdown("deep"), reply="bye"))) == "bye"
        assert await ended == Shutdown("deep")


async def test_gs_9_a_stop_may_reply_none() -> None:
    async with System() as system:
        ref = await system.start(Doer)
        assert await ref.call(Doer.do, lambda _: _raise(Stop(reply=None))) is None
        assert not system.alive(ref)


async def test_gs_9_stop_as_a_method_lets_the_handler_return_first() -> None:
    def job(doer: Doer) -> str:
        doer.stop(Shutdown("asked"))
        doer.stop(Shutdown("the first one counts"))
        return "done"

    async with System() as system:
        ref = await system.start(Doer)
        ended = await ending(system, ref)
        later = ref.request(Doer.do, lambda _: "too late")
        assert await later == "too late"
        answer, late = ref.request(Doer.do, job), ref.request(Doer.do, lambda _: "too late")
        assert await answer == "done"
        assert await failure_of(late) == Shutdown("asked")
        assert await ended == Shutdown("asked")


@pytest.mark.parametrize("later", [False, True], ids=["at once", "parked"])
@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (Stop(), Normal()),
        (Stop(Shutdown("x")), Shutdown("x")),
        (Boom("bad"), Crash("Boom", "bad")),
    ],
    ids=["normal", "shutdown", "crash"],
)
async def test_gs_11_every_caller_without_an_answer_gets_the_reason_normal_included(
    later: bool, error: BaseException, reason: Reason
) -> None:
    job = (lambda _: _raise_later(error)) if later else (lambda _: _raise(error))

    def keep(doer: Doer) -> Any:
        doer.got.append(doer.defer())
        return doer.got[-1]

    async with System() as system:
        ref = await system.start(Doer)
        deferred = ref.request(Doer.do, keep)
        handled, queued = ref.request(Doer.do, job), ref.request(Doer.do, lambda _: 1)
        failed = await asyncio.gather(deferred, handled, queued, return_exceptions=True)
        assert [e.reason for e in failed if isinstance(e, CallFailed)] == [reason] * 3
        assert len({id(e) for e in failed}) == 3, "each caller gets an exception of its own"


async def test_gs_11_a_kill_tells_callers_killed() -> None:
    async with System() as system:
        ref = await system.start(Doer)
        waiting = ref.request(Doer.do, lambda _: asyncio.sleep(100))
        await asyncio.sleep(1)
        ref.exit(Kill())
        assert await failure_of(waiting) == Killed()


@pytest.mark.parametrize("later", [False, True], ids=["at once", "parked"])
async def test_gs_13_terminate_gets_the_crash_and_the_agent_exits_with_it(later: bool) -> None:
    told: list[Any] = []

    class Ending(Doer):
        def terminate(self, reason: Any) -> None:
            told.append(reason)

    error = Boom("bad")
    job = (lambda _: _raise_later(error)) if later else (lambda _: _raise(error))
    async with System() as system:
        ref = await system.start(Ending)
        reason = await failure_of(ref.call(Doer.do, job))
        assert told == [reason] == [Crash("Boom", "bad")]
        assert told[0].exception is error
        assert "raise error" in told[0].traceback
        assert error.__traceback__ is None, "frames would keep the agent alive"


async def test_gs_13_the_reason_of_a_stop_has_no_traceback_around_it() -> None:
    async with System() as system:
        ref = await system.start(Doer)
        reason = Shutdown({"why": 1})
        assert await failure_of(ref.call(Doer.do, lambda _: _raise(Stop(reason)))) is reason


@pytest.mark.parametrize("wrong", ["text", 3, Shutdown, Boom("x")], ids=repr)
async def test_gs_14_a_stop_whose_reason_is_none_crashes_and_says_what_came(
    wrong: Any, caplog: pytest.LogCaptureFixture
) -> None:
    async with System() as system:
        reason = await reason_of_end(system, Quits, wrong)
    assert isinstance(reason, Crash)
    assert reason.text == f"Stop: expected a Reason, got: {wrong!r}"
    assert len(reports(caplog)) == 1


class Quits(Agent):
    """Stops in its first turn after the start, for whatever it is given."""

    def __init__(self, why: Any) -> None:
        self.continue_with(Quits.quit, why)

    def quit(self, why: Any) -> None:
        raise Stop(why)


async def test_gs_15_without_receive_an_unexpected_message_is_logged_and_the_agent_lives(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with System() as system:
        ref = await system.start(Counter)
        ref.send({"what": "ever"})
        assert await ref.call(Counter.add) == 1
    (text,) = texts(caplog)
    assert "Counter" in text
    assert "{'what': 'ever'}" in text


async def test_gs_15_a_down_nobody_handles_is_logged_as_well(caplog: pytest.LogCaptureFixture) -> None:
    class Careless(Counter):
        def begin(self) -> None:
            child, _ = self.spawn(Counter, monitor=True)
            child.exit(Kill())

    async with System() as system:
        ref = await system.start(Careless)
        await ref.call(Careless.begin)
        assert await ref.call(Counter.add) == 1
    (text,) = texts(caplog)
    assert "Down(" in text


async def test_an_agent_handles_other_agents_messages_while_one_is_parked() -> None:
    async with System() as system:
        slow, quick = await system.start(Counter), await system.start(Counter)
        slow.cast(Counter.add_slowly, 1, 100.0)
        await asyncio.sleep(1)
        assert await quick.call(Counter.add) == 1


async def test_a_task_of_an_agent_that_fails_is_the_agents_failure() -> None:
    def job(doer: Doer) -> None:
        doer.task(_raise_later(Boom("in a task")))

    async with System() as system:
        witness = await system.start(Witness)
        for busy in (False, True):
            ref = await witness.call(Witness.begin, Doer)
            ref.cast(Doer.do, job)
            if busy:
                ref.cast(Doer.do, lambda _: asyncio.sleep(100))
            await asyncio.sleep(2)
            assert (await witness.call(Witness.read))[-1].reason == Crash("Boom", "in a task")
