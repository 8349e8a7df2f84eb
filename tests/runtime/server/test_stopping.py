"""How agents end in order: replies, who runs `terminate`, `ref.stop` (GS-10, GS-19, GS-20, CALL-11)."""

import asyncio
from typing import Any

import pytest

from cybernetic import (
    CallFailed,
    CallingSelf,
    CallTimeout,
    Crash,
    Kill,
    Killed,
    NoProc,
    Normal,
    OptionError,
    Reason,
    Shutdown,
    Stop,
    StopFailed,
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
    now,
    passes,
    reports,
)


class Tidy(Doer):
    """Takes its time over `terminate`, and tells when it ran."""

    def __init__(self, told: list[Any], seconds: float = 0.0, traps: bool = False) -> None:
        super().__init__(traps)
        self.told, self.seconds = told, seconds

    def terminate(self, reason: Reason) -> Any:
        if not self.seconds:
            self.told.append(reason)
            return "ignored"
        return self._later(reason)

    async def _later(self, reason: Reason) -> str:
        await asyncio.sleep(self.seconds)
        self.told.append(reason)
        return "ignored"


def _stop_with_reply(_: Doer) -> None:
    raise Stop(Shutdown("x"), reply="bye")


def _stop_and_return(doer: Doer) -> str:
    doer.stop(Shutdown("x"))
    return "bye"


async def _stop_later(doer: Doer) -> str:
    await asyncio.sleep(0)
    return _stop_and_return(doer)


@pytest.mark.parametrize("job", [_stop_with_reply, _stop_and_return, _stop_later])
async def test_gs_10_the_reply_of_a_stop_comes_after_terminate_and_before_the_end(job: Any) -> None:
    told: list[Any] = []
    async with System() as system:
        witness = await system.start(Witness, told)
        ref = await witness.call(Witness.begin, Tidy, told, 0.3)
        before = now()
        waiting = ref.request(Doer.do, job)
        assert await waiting == "bye"
        assert now() - before == pytest.approx(0.3)
        await passes()
        assert told[0] == Shutdown("x")
        assert told[1].reason == Shutdown("x")


async def test_gs_10_the_caller_has_its_answer_before_anyone_learns_of_the_end() -> None:
    order: list[str] = []

    class Asks(Witness):
        def receive(self, message: Any) -> None:
            order.append("down")

        async def ask(self) -> None:
            ref, _ = self.spawn(Tidy, [], 0.0, monitor=True)
            await ref.call(Doer.do, _stop_with_reply)
            order.append("answer")

    async with System() as system:
        asks = await system.start(Asks)
        await asks.call(Asks.ask)
        await passes()
    assert order == ["answer", "down"]


async def _crash(ref: Any) -> None:
    ref.cast(Doer.do, lambda _: (_ for _ in ()).throw(Boom("bad")))


async def _stop_reply(ref: Any) -> None:
    ref.cast(Doer.do, _stop_with_reply)


async def _stop_method(ref: Any) -> None:
    ref.cast(Doer.do, _stop_and_return)


async def _stop_from_outside(ref: Any) -> None:
    await ref.stop(Shutdown("x"))


async def _stop_by_inspector(ref: Any) -> None:
    await ref.inspect().terminate(Shutdown("x"))


async def _kill(ref: Any) -> None:
    ref.exit(Kill())


async def _signal(ref: Any) -> None:
    ref.exit(Shutdown("x"))


@pytest.mark.parametrize("parked", [False, True])
@pytest.mark.parametrize(
    ("way", "runs", "reason"),
    [
        (_crash, True, Crash("Boom", "bad")),
        (_stop_reply, True, Shutdown("x")),
        (_stop_method, True, Shutdown("x")),
        (_stop_from_outside, True, Shutdown("x")),
        (_stop_by_inspector, True, Shutdown("x")),
        (_kill, False, Killed()),
        (_signal, False, Shutdown("x")),
    ],
)
async def test_gs_19_terminate_runs_if_the_agent_itself_ends_and_not_for_kill_or_a_signal(
    way: Any, runs: bool, reason: Reason, parked: bool
) -> None:
    told: list[Any] = []
    async with System() as system:
        ref = await system.start(Tidy, told)
        ended = await ending(system, ref)
        if parked:
            ref.cast(Doer.do, lambda _: asyncio.sleep(1))
        await passes()
        await way(ref)
        assert await ended == reason
        assert told == ([reason] if runs else [])


async def test_gs_19_after_an_untrapped_signal_none_of_its_own_handlers_run() -> None:
    lines: list[Any] = []
    async with System() as system:
        ref = await system.start(Journal, lines)
        ref.cast(Journal.note_slowly, 1)
        await passes()
        ref.cast(Journal.note, 2)
        ref.exit(Shutdown())
        assert await system.wait(ref) in (Shutdown(), NoProc())
        assert lines == [("begin", 1)]


async def test_gs_19_terminate_runs_once_whatever_comes_meanwhile() -> None:
    told: list[Any] = []
    async with System() as system:
        ref = await system.start(Tidy, told, 3.0)
        ended = await ending(system, ref)
        first = asyncio.create_task(ref.stop(Shutdown(1)))
        await asyncio.sleep(1)
        with pytest.raises(StopFailed):
            await ref.stop(Shutdown(2))
        await first
        assert await ended == Shutdown(1)
        assert told == [Shutdown(1)]


async def test_gs_19_messages_behind_a_stop_are_not_handled() -> None:
    lines: list[Any] = []

    class Ends(Journal):
        async def terminate(self, reason: Any) -> None:
            await asyncio.sleep(1)
            self.lines.append("terminate")

    async with System() as system:
        ref = await system.start(Ends, lines)
        ref.cast(Journal.note, "before")
        stopping = asyncio.create_task(ref.stop())
        await passes()
        ref.cast(Journal.note, "behind")
        late = ref.request(Journal.note, "behind too")
        await stopping
        assert await failure_of(late) == Normal()
    assert lines == ["before", "terminate"]


@pytest.mark.parametrize("seconds", [0.0, 1.0], ids=["sync", "async"])
async def test_gs_20_the_value_of_terminate_is_ignored(seconds: float) -> None:
    async with System() as system:
        ref = await system.start(Tidy, [], seconds)
        await ref.stop(Shutdown("x"))


@pytest.mark.parametrize("parks", [False, True])
@pytest.mark.parametrize(
    ("error", "reason"),
    [(Boom("in terminate"), Crash("Boom", "in terminate")), (Stop(Shutdown("other")), Shutdown("other"))],
)
async def test_gs_20_a_terminate_that_fails_gives_the_reason_and_is_logged(
    parks: bool, error: Exception, reason: Reason, caplog: pytest.LogCaptureFixture
) -> None:
    class Fails(Counter):
        async def terminate(self, reason: Any) -> None:
            if parks:
                await asyncio.sleep(1)
            raise error

    async with System() as system:
        ref = await system.start(Fails)
        with pytest.raises(StopFailed) as caught:
            await ref.stop(Shutdown("asked"))
        assert caught.value.asked == Shutdown("asked")
        assert caught.value.reason == reason
    assert [report.reason for report in reports(caplog)] == ([] if reason.orderly else [reason])


async def test_gs_20_a_synchronous_terminate_that_fails_is_the_reason_too() -> None:
    class Fails(Counter):
        def terminate(self, reason: Any) -> None:
            raise Boom("late")

    async with System() as system:
        ref = await system.start(Fails)
        ended = await ending(system, ref)
        with pytest.raises(CallFailed) as caught:
            await ref.call(Counter.crash)
        assert caught.value.reason == Crash("Boom", "late")
        assert await ended == Crash("Boom", "late")


async def test_gs_20_a_terminate_without_end_is_cut_off_by_the_shutdown_limit() -> None:
    class Endless(Counter):
        async def terminate(self, reason: Any) -> None:
            await asyncio.Event().wait()

    async with System() as system:
        ref = await system.start(Endless)
        before = now()
        with pytest.raises((StopFailed, CallFailed)):
            await ref.stop(Shutdown("x"))
        assert now() - before == 5.0
        assert not system.alive(ref)


async def test_call_11_stop_waits_for_terminate_even_if_the_agent_does_not_trap() -> None:
    told: list[Any] = []
    async with System() as system:
        ref = await system.start(Tidy, told, 2.0)
        before = now()
        await ref.stop()
        assert now() - before == 2.0
        assert told == [Normal()]
        assert not system.alive(ref)


async def test_call_11_stop_lets_what_was_queued_be_handled_first() -> None:
    lines: list[Any] = []
    async with System() as system:
        ref = await system.start(Journal, lines)
        for i in range(200):
            ref.cast(Journal.note, i)
        await ref.stop()
        assert lines == list(range(200))


async def test_call_11_stop_of_one_that_ends_otherwise_says_how() -> None:
    async with System() as system:
        ref = await system.start(Counter)
        ref.cast(Counter.crash, "first")
        with pytest.raises(StopFailed) as caught:
            await ref.stop(Shutdown("mine"))
        assert caught.value.asked == Shutdown("mine")
        assert caught.value.reason == Crash("Boom", "first")


async def test_call_11_stop_of_what_is_not_there_says_noproc() -> None:
    async with System() as system:
        ref = await system.start(Counter)
        await ref.stop()
        for target in (ref, ref.within(1), system.named("nobody", Counter)):
            with pytest.raises(CallFailed) as caught:
                await target.stop()
            assert caught.value.reason == NoProc()


async def test_call_11_stop_by_name_stops_who_holds_it() -> None:
    async with System() as system:
        ref = await system.start(Counter, name="it")
        await system.named("it", Counter).stop(Shutdown("x"))
        assert not system.alive(ref)
        assert system.whereis("it") is None


async def test_call_11_stop_from_inside_is_calling_self() -> None:
    async def job(doer: Doer) -> Any:
        with pytest.raises(CallingSelf):
            await doer.ref.stop()
        with pytest.raises(CallingSelf):
            await doer.system.named("me", Doer).stop()
        return "lives"

    async with System() as system:
        ref = await system.start(Doer, name="me")
        assert await ref.call(Doer.do, job) == "lives"


@pytest.mark.parametrize("suspended", [False, True])
async def test_call_11_on_its_timeout_the_caller_goes_on_and_the_agent_still_ends(suspended: bool) -> None:
    told: list[Any] = []
    async with System() as system:
        ref = await system.start(Tidy, told, 3.0)
        ended = await ending(system, ref)
        if suspended:
            await ref.inspect().suspend()
        before = now()
        with pytest.raises(CallTimeout):
            await ref.stop(Shutdown("x"), timeout=1.0)
        assert now() - before == 1.0
        assert await ended == Shutdown("x")
        assert told == [Shutdown("x")]
        assert now() - before == 3.0


async def test_call_11_stop_works_on_a_suspended_agent() -> None:
    told: list[Any] = []
    async with System() as system:
        ref = await system.start(Tidy, told)
        await ref.inspect().suspend()
        await ref.stop(Shutdown("x"))
        assert told == [Shutdown("x")]


@pytest.mark.parametrize("wrong", ["normal", 3, Normal])
async def test_call_11_what_is_no_reason_is_refused_at_the_line(wrong: Any) -> None:
    async with System() as system:
        ref = await system.start(Counter)
        with pytest.raises(OptionError, match="reason: expected a Reason"):
            await ref.stop(wrong)
        with pytest.raises(OptionError, match="timeout: expected seconds"):
            await ref.stop(timeout=-1)
        with pytest.raises(OptionError, match="reason: expected a Reason"):
            ref.exit(wrong)
        assert system.alive(ref)
