"""Requests sent at once and awaited later, one or many (CALL-12, CALL-13)."""

import asyncio
from typing import Any

import pytest

from cybernetic import BadCall, CallError, CallFailed, CallTimeout, NoProc, System
from tests.runtime.server.agents import Counter, Doer, Journal, No, failure_of, now, passes


async def test_call_12_a_request_is_sent_at_once_and_awaited_when_it_suits() -> None:
    async with System() as system:
        ref = await system.start(Journal)
        asked = ref.request(Journal.note, "asked")
        ref.cast(Journal.note, "cast")
        await asyncio.sleep(100)
        assert await ref.call(Journal.read) == ["asked", "cast"]
        assert await asked == 1
        assert await asked == 1, "it may be awaited again"


async def test_call_12_a_request_nobody_awaits_is_served_and_leaves_nothing_behind() -> None:
    async with System() as system:
        ref = await system.start(Counter)
        ref.request(Counter.add, 5)
        ref.request(Counter.refuse)
        ref.within(1.0).request(Counter.add_slowly, 1, 3.0)
        await asyncio.sleep(10)
        assert await ref.call(Counter.get) == 6


async def test_call_12_waiting_may_go_on_after_a_wait_was_given_up() -> None:
    async with System() as system:
        ref = await system.start(Counter)
        asked: Any = ref.request(Counter.add_slowly, 5, 3.0)
        done, waiting = await asyncio.wait([asked], timeout=1.0)
        assert (done, waiting) == (set(), {asked})
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(asyncio.shield(asked), 1.0)
        assert await asked == 5
        assert now() == 3.0


async def test_call_12_a_request_given_up_drops_its_late_answer() -> None:
    async def job(doer: Doer) -> str:
        asked = ref.request(Counter.add_slowly, 5, 3.0)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(asked, 1.0)
        await asyncio.sleep(10)
        return "nothing came"

    async with System() as system:
        ref, doer = await system.start(Counter), await system.start(Doer)
        assert await doer.within(30).call(Doer.do, job) == "nothing came"
        assert (await doer.inspect().get_state())["got"] == []
        assert await ref.call(Counter.get) == 5


async def test_call_12_failures_of_requests_come_when_they_are_awaited() -> None:
    async with System() as system:
        ref, dead = await system.start(Counter), await system.start(Counter)
        await dead.stop()
        asked: list[Any] = [
            ref.request(Counter.refuse),
            ref.request(Counter.add, "too", "many"),  # type: ignore[arg-type, call-arg]
            dead.request(Counter.get),
            system.named("nobody", Counter).request(Counter.get),
            ref.within(1.0).request(Counter.add_slowly, 1, 3.0),
        ]
        results = await asyncio.gather(*asked, return_exceptions=True)
        assert [type(r) for r in results] == [No, BadCall, CallFailed, CallFailed, CallTimeout]
        assert results[2].reason == results[3].reason == NoProc()


async def test_call_12_a_request_for_no_such_method_is_refused_at_the_line() -> None:
    async with System() as system:
        ref = await system.start(Counter)
        for address in (ref, ref.within(1), system.named("nobody", Counter)):
            with pytest.raises(BadCall):
                address.request(Journal.read)  # type: ignore[arg-type]


async def test_call_12_of_several_requests_the_first_answers_come_first() -> None:
    async with System() as system:
        refs = [await system.start(Counter) for _ in range(3)]
        asked: list[Any] = [
            ref.request(Counter.add_slowly, i, float(s))
            for i, (ref, s) in enumerate(zip(refs, (3, 1, 2), strict=True))
        ]
        assert [await answer for answer in asyncio.as_completed(asked)] == [1, 2, 0]


async def test_call_12_a_handler_may_ask_many_at_once() -> None:
    async def job(_: Doer) -> list[int]:
        return list(await asyncio.gather(*(ref.request(Counter.add_slowly, 1, 2.0) for ref in refs)))

    async with System() as system:
        refs = [await system.start(Counter) for _ in range(10)]
        doer = await system.start(Doer)
        assert await doer.call(Doer.do, job) == [1] * 10
        assert now() == 2.0


async def test_call_12_the_answer_is_a_future_to_asyncio() -> None:
    async with System() as system:
        ref = await system.start(Counter)
        asked: Any = ref.request(Counter.add_slowly, 5, 1.0)
        told: list[Any] = []
        asked.add_done_callback(told.append)
        unwanted: list[Any] = []
        asked.add_done_callback(unwanted.append)
        assert asked.remove_done_callback(unwanted.append) == 1
        assert asyncio.isfuture(asked)
        assert asked.get_loop() is asyncio.get_running_loop()
        assert not asked.done()
        with pytest.raises(asyncio.InvalidStateError):
            asked.result()
        assert await asyncio.ensure_future(asked) == 5
        await passes()
        assert told == [asked]
        assert unwanted == []
        assert (asked.result(), asked.exception(), asked.cancelled()) == (5, None, False)


async def test_call_12_a_request_may_be_cancelled() -> None:
    async with System() as system:
        ref = await system.start(Counter)
        asked: Any = ref.request(Counter.add_slowly, 5, 1.0)
        assert asked.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asked
        assert asked.cancelled()
        assert not asked.cancel()
        assert await ref.call(Counter.get) == 5


async def test_call_12_several_tasks_may_await_one_request() -> None:
    async with System() as system:
        ref, doers = await system.start(Counter), [await system.start(Doer) for _ in range(3)]
        asked: Any = ref.request(Counter.add_slowly, 5, 1.0)

        async def wait(_: Doer) -> int:
            return int(await asked)

        inside = [doer.request(Doer.do, wait) for doer in doers]
        outside = [asyncio.create_task(_await(asked)) for _ in range(3)]
        assert await asyncio.gather(*inside, *outside) == [5] * 6


async def _await(asked: Any) -> Any:
    return await asked


async def test_call_13_many_targets_answer_or_are_bad_and_late_answers_pollute_nobody() -> None:
    async def job(doer: Doer) -> list[Any]:
        targets = [good, system.named("nobody", Counter), dead, dies, late]
        asks = [(Counter.add_slowly, 1, 0.5)] * 3 + [(Counter.crash,), (Counter.add_slowly, 1, 30.0)]
        asked: list[Any] = [t.within(2.0).request(*ask) for t, ask in zip(targets, asks, strict=True)]  # type: ignore[arg-type]
        return await asyncio.gather(*asked, return_exceptions=True)

    async with System() as system:
        good, dead, dies, late = [await system.start(Counter) for _ in range(4)]
        await dead.stop()
        doer = await system.start(Doer)
        replies = await doer.call(Doer.do, job)
        assert replies[0] == 1
        assert all(isinstance(bad, CallError) for bad in replies[1:])
        assert [type(bad).__name__ for bad in replies[1:]] == ["CallFailed"] * 3 + ["CallTimeout"]
        assert now() == 2.0
        await asyncio.sleep(60)
        assert (await doer.inspect().get_state())["got"] == []


async def test_call_13_casts_to_all_are_always_fine() -> None:
    async with System() as system:
        good, dead = await system.start(Counter), await system.start(Counter)
        await dead.stop()
        for target in (good, dead, system.named("nobody", Counter)):
            target.cast(Counter.add, 1)
        assert await good.call(Counter.get) == 1
        assert await failure_of(dead.call(Counter.get)) == NoProc()
