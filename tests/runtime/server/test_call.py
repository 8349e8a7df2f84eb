"""The client's side of a call: deadlines, failures, names, late answers (CALL-1 to CALL-10)."""

import asyncio
import sys
from typing import Any

import pytest

from cybernetic import (
    Agent,
    CallFailed,
    CallingSelf,
    CallTimeout,
    Crash,
    NoProc,
    OptionError,
    Ref,
    Shutdown,
    System,
)
from tests.runtime.server.agents import Counter, Doer, Journal, ending, failure_of, now, passes


async def test_call_1_a_call_waits_five_seconds_unless_told_otherwise() -> None:
    async with System() as system:
        ref = await system.start(Counter)
        with pytest.raises(CallTimeout) as caught:
            await ref.call(Counter.add_slowly, 1, 6.0)
        assert now() == 5.0
        assert caught.value.seconds == 5.0
        assert caught.value.target is ref


@pytest.mark.parametrize("seconds", [0.0, 0.25, 7.0, 3600.0])
async def test_call_1_within_sets_another_deadline(seconds: float) -> None:
    async with System() as system:
        ref = await system.start(Counter)
        with pytest.raises(CallTimeout):
            await ref.within(seconds).call(Counter.add_slowly, 1, seconds + 1)
        assert now() == seconds


@pytest.mark.parametrize("limit", [None, float("inf"), 1e6])
async def test_call_1_within_none_waits_without_limit(limit: float | None) -> None:
    async with System() as system:
        ref = await system.start(Counter)
        assert await ref.within(limit).call(Counter.add_slowly, 1, 100_000.0) == 1


async def test_call_1_within_works_for_names_casts_and_sends_and_may_be_kept() -> None:
    async with System() as system:
        ref = await system.start(Journal, name="it")
        quick = system.named("it", Journal).within(1)
        quick.cast(Journal.note, 1)
        quick.send(2)
        with pytest.raises(CallTimeout):
            await quick.call(Journal.note_slowly, 3, 2.0)
        await asyncio.sleep(2)
        assert await quick.call(Journal.read) == [1, 2, ("begin", 3), ("end", 3)]
        assert await quick.within(9).call(Journal.note_slowly, 4, 8.0) == 6
        assert system.alive(ref)


@pytest.mark.parametrize("wrong", [-1, "5", True, float("nan")])
async def test_call_1_an_impossible_deadline_is_refused_at_the_line(wrong: Any) -> None:
    async with System() as system:
        ref = await system.start(Counter)
        with pytest.raises(OptionError, match="within: expected seconds >= 0 or None"):
            ref.within(wrong)


async def test_call_1_calls_with_different_deadlines_expire_each_at_its_own() -> None:
    async with System() as system:
        ref = await system.start(Counter)
        ref.cast(Counter.add_slowly, 1, 100.0)
        at: dict[float, float] = {}

        async def ask(seconds: float) -> None:
            with pytest.raises(CallTimeout):
                await ref.within(seconds).call(Counter.get)
            at[seconds] = now()

        await asyncio.gather(*(ask(s) for s in (3.0, 1.0, 2.0, 1.5)))
        assert at == {s: s for s in (1.0, 1.5, 2.0, 3.0)}


async def test_call_2_a_dead_agent_and_an_unknown_name_fail_with_noproc() -> None:
    async with System() as system:
        ref = await system.start(Counter)
        await ref.stop()
        for target in (ref, ref.within(None), system.named("nobody", Counter)):
            assert await failure_of(target.call(Counter.get)) == NoProc()


async def test_call_2_the_targets_own_reason_is_the_callers() -> None:
    async with System() as system:
        ref = await system.start(Counter)
        waiting = ref.request(Counter.add_slowly, 1, 100.0)
        await passes()
        ref.exit(Shutdown("because"))
        with pytest.raises(CallFailed) as caught:
            await waiting
        assert caught.value.reason == Shutdown("because")
        assert caught.value.target is ref
        assert "Counter.add_slowly" in str(caught.value)
        assert "Shutdown: because" in str(caught.value)


async def test_call_2_calling_oneself_fails_at_once_by_ref_and_by_name() -> None:
    class Selfish(Agent):
        async def begin(self) -> str:
            me: Any = self.ref
            for address in (me, me.within(None), self.system.named("me", Selfish)):
                for use in (address.call, address.request):
                    with pytest.raises(CallingSelf, match="called itself"):
                        await use(Selfish.begin)
            return "lives"

    async with System() as system:
        ref = await system.start(Selfish, name="me")
        assert await ref.call(Selfish.begin) == "lives"
        assert now() == 0.0


async def test_call_2_calling_oneself_from_an_owned_task_is_calling_oneself() -> None:
    class Selfish(Agent):
        async def begin(self) -> str:
            return await self.task(self._ask())

        async def _ask(self) -> str:
            with pytest.raises(CallingSelf):
                await self.ref.call(Selfish.begin)
            return "lives"

    async with System() as system:
        ref = await system.start(Selfish)
        assert await ref.call(Selfish.begin) == "lives"


async def test_call_3_a_timeout_concerns_the_caller_only() -> None:
    async with System() as system:
        ref, caller = await system.start(Counter), await system.start(Doer)

        async def ask(_: Doer) -> str:
            with pytest.raises(CallTimeout):
                await ref.within(1.0).call(Counter.add_slowly, 5, 2.0)
            return "went on"

        assert await caller.call(Doer.do, ask) == "went on"
        assert await ref.call(Counter.get) == 5, "the request was carried out all the same"
        assert (await caller.inspect().get_state())["got"] == [], "no late answer in the mailbox"


async def test_call_3_a_request_that_waits_in_the_queue_is_still_served_after_its_timeout() -> None:
    async with System() as system:
        ref = await system.start(Counter)
        ref.cast(Counter.add_slowly, 1, 10.0)
        with pytest.raises(CallTimeout):
            await ref.within(1.0).call(Counter.add, 100)
        assert await ref.within(None).call(Counter.get) == 101


async def test_call_4_an_answer_that_is_there_at_the_instant_of_the_timeout_counts() -> None:
    class Desk(Agent):
        def ask(self) -> Any:
            loop, deferred = asyncio.get_running_loop(), self.defer()
            loop.call_at(1.0, deferred.reply, "just in time")
            return deferred

    async with System() as system:
        desk = await system.start(Desk)
        await asyncio.sleep(0.5)
        assert await desk.within(0.6).call(Desk.ask) == "just in time"
        asked = desk.within(3.0).request(Desk.ask)
        await asyncio.sleep(100)
        assert await asked == "just in time"


async def test_call_5_a_callers_death_does_not_cancel_the_request() -> None:
    async with System() as system:
        ref, caller = await system.start(Counter), await system.start(Doer)
        caller.cast(Doer.do, lambda _: ref.call(Counter.add_slowly, 5, 2.0))
        await asyncio.sleep(1)
        caller.exit(Shutdown())
        await asyncio.sleep(0)
        assert not system.alive(caller)
        assert await ref.call(Counter.get) == 5


async def test_call_5_cancelling_a_task_that_calls_does_not_cancel_the_request() -> None:
    async with System() as system:
        ref = await system.start(Counter)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(1):
                await ref.call(Counter.add_slowly, 5, 2.0)
        assert await ref.call(Counter.get) == 5


async def test_call_6_a_name_is_resolved_once_and_there_is_no_retry() -> None:
    async with System() as system:
        address = system.named("it", Counter)
        first = await system.start(Counter, 1, name="it")
        waiting = address.request(Counter.add_slowly, 0, 1.0)
        await passes()
        first.exit(Shutdown("gone"))
        await passes()
        second = await system.start(Counter, 2, name="it")
        assert await failure_of(waiting) == Shutdown("gone")
        assert await address.call(Counter.get) == 2
        assert second.inspect().info().reductions == 1


@pytest.mark.parametrize("ways", ["ref", "name", "within"])
async def test_call_7_cast_then_call_are_handled_in_that_order(ways: str) -> None:
    async with System() as system:
        ref = await system.start(Journal, name="it")
        address: Any = {"ref": ref, "name": system.named("it", Journal), "within": ref.within(1)}[ways]
        for i in range(300):
            address.cast(Journal.note, i)
        assert await address.call(Journal.read) == list(range(300))


async def test_call_8_a_caller_may_go_on_after_a_failure() -> None:
    async def job(doer: Doer) -> list[str]:
        names = []
        for seconds, method, args in ((1.0, Counter.add_slowly, (1, 2.0)), (5.0, Counter.crash, ())):
            try:
                await ref.within(seconds).call(method, *args)  # type: ignore[arg-type]
            except (CallTimeout, CallFailed) as error:
                names.append(type(error).__name__)
        return names

    async with System() as system:
        ref, doer = await system.start(Counter), await system.start(Doer)
        assert await doer.within(30).call(Doer.do, job) == ["CallTimeout", "CallFailed"]
        assert await doer.call(Doer.do, lambda d: d.got) == []


async def _work_of_a_call(queued: int) -> int:
    """How many Python functions a call from a handler runs, when so many messages wait for the caller."""
    counts: list[int] = []

    async def job(doer: Doer) -> None:
        for _ in range(queued):
            doer.ref.send("waits")
        calls = 0

        def count(frame: Any, event: str, arg: Any) -> None:
            nonlocal calls
            calls += event == "call"

        sys.setprofile(count)
        try:
            await ref.call(Counter.get)
        finally:
            sys.setprofile(None)
        counts.append(calls)

    async with System() as system:
        ref, doer = await system.start(Counter), await system.start(Doer)
        await doer.call(Doer.do, job)
    return counts[0]


async def test_call_9_the_cost_of_a_call_does_not_depend_on_the_callers_mailbox() -> None:
    few, many = await _work_of_a_call(1), await _work_of_a_call(5_000)
    assert many <= few + 20


async def test_call_10_cast_and_send_return_whatever_the_state_of_the_target() -> None:
    async with System() as system:
        dead = await system.start(Counter)
        await dead.stop()
        before = system.statistics()["dead_letters"]
        for target in (dead, dead.within(1), system.named("nobody", Counter)):
            assert target.cast(Counter.add) is None  # type: ignore[func-returns-value]
            assert target.send("x") is None  # type: ignore[func-returns-value]
        assert system.statistics()["dead_letters"] == before + 6


async def test_a_timeout_names_what_the_target_was_waiting_for() -> None:
    async with System() as system:
        slow, middle = await system.start(Counter), await system.start(Doer)
        waiting = middle.within(1.0).request(
            Doer.do, lambda _: slow.within(50).call(Counter.add_slowly, 1, 40.0)
        )
        with pytest.raises(CallTimeout) as caught:
            await waiting
        assert caught.value.waiting_for is not None
        assert f"waiting for {slow} to answer Counter.add_slowly" in str(caught.value)
        assert "in Doer.do" in str(caught.value)
        with pytest.raises(CallTimeout, match=r"it was in Counter\.add_slowly, waiting for <Future"):
            await slow.within(1.0).call(Counter.get)


async def test_a_timeout_names_suspension_a_long_queue_and_terminate() -> None:
    class Ends(Counter):
        async def terminate(self, reason: Any) -> None:
            await asyncio.sleep(4)

    async with System() as system:
        ref = await system.start(Ends)
        await ref.inspect().suspend()
        with pytest.raises(CallTimeout, match="it was suspended"):
            await ref.call(Counter.get)
        await ref.inspect().resume()
        stopping = asyncio.create_task(ref.stop())
        await passes()
        with pytest.raises(CallTimeout, match="in terminate"):
            await ref.within(1).call(Counter.get)
        await stopping


async def test_each_caller_of_a_crashed_agent_gets_a_fresh_error() -> None:
    async with System() as system:
        ref = await system.start(Counter)
        first, second = ref.request(Counter.crash), ref.request(Counter.get)
        errors = await asyncio.gather(first, second, return_exceptions=True)
        assert errors[0] is not errors[1]
        for error in errors:
            assert isinstance(error, CallFailed)
            assert error.reason == Crash("Boom", "boom")


async def test_an_exception_of_the_handler_never_is_what_the_caller_sees() -> None:
    async with System() as system:
        ref: Ref[Doer] = await system.start(Doer)
        for error in (TimeoutError("t"), asyncio.CancelledError("c"), KeyError("k"), StopAsyncIteration()):
            ref = await system.start(Doer)
            ended = await ending(system, ref)
            reason = await failure_of(ref.call(Doer.do, lambda _, e=error: (_ for _ in ()).throw(e)))
            assert await ended == reason
