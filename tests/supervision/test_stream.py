"""`TaskSupervisor.stream`: lazy, bounded, in order or not, clean however it is left (statements TK-9 to TK-13)."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cybernetic import (
    CallFailed,
    CallTimeout,
    Done,
    Failed,
    MaxChildren,
    NoProc,
    OptionError,
    Ref,
    System,
    TaskSupervisor,
    TimedOut,
)
from tests.supervision.agents import moment
from tests.supervision.work import BOOM, Owner, double, supervise
from tests.support import soak


async def wait(seconds: float) -> float:
    """Take `seconds`; none, crash."""
    await asyncio.sleep(abs(seconds))
    if seconds < 0:
        raise RuntimeError("boom")
    return seconds


class Well:
    """A source, of either kind, that counts what was taken and notes when it was closed."""

    def __init__(self, items: Any) -> None:
        self.items, self.taken, self.closed = items, 0, False

    def plain(self) -> Iterator[Any]:
        try:
            for item in self.items:
                self.taken += 1
                yield item
        finally:
            self.closed = True

    async def slow(self, pause: float = 0.0) -> AsyncIterator[Any]:
        try:
            for item in self.items:
                await asyncio.sleep(pause)
                self.taken += 1
                yield item
        finally:
            self.closed = True


async def all_of(stream: Any) -> list[Any]:
    """The values of a stream that has no failures."""
    return [outcome.value async for outcome in stream]


async def fail_at_first(stream: Any) -> None:
    """A consumer that raises."""
    async with aclosing(stream):
        async for _ in stream:
            raise KeyError


@settings(max_examples=soak(25, 300))  # a system of its own for each
@given(st.lists(st.integers(0, 5).map(float), max_size=12), st.integers(1, 5))
async def test_tk_9_ordered_keeps_the_order_of_the_items(items: list[float], most: int) -> None:
    async with System() as system:
        tasks = await supervise(system)
        assert (
            await all_of(TaskSupervisor.stream(tasks, wait, items, max_concurrency=most, timeout=None))
            == items
        )


@settings(max_examples=soak(25, 300))  # a system of its own for each
@given(st.lists(st.integers(0, 5).map(float), max_size=12), st.integers(1, 5))
async def test_tk_9_unordered_gives_each_as_it_comes(items: list[float], most: int) -> None:
    async with System() as system:
        stream = TaskSupervisor.stream(
            await supervise(system), wait, items, max_concurrency=most, ordered=False, timeout=None
        )
        found, times = [], []
        async for outcome in stream:
            found.append(outcome.value)  # type: ignore[union-attr]
            times.append(asyncio.get_running_loop().time())
        assert sorted(found) == sorted(items)
        assert times == sorted(times)
        if most >= len(items):
            assert found == sorted(items)


@pytest.mark.parametrize("ordered", [True, False])
@pytest.mark.parametrize("kind", ["plain", "slow"])
async def test_tk_9_it_is_lazy_taking_two_of_ten_with_three_at_once_pulls_four(
    ordered: bool, kind: str
) -> None:
    async with System() as system:
        well = Well([1.0] * 10)
        stream = TaskSupervisor.stream(
            await supervise(system), wait, getattr(well, kind)(), max_concurrency=3, ordered=ordered
        )
        await moment()
        assert well.taken == 0
        await anext(stream)
        assert well.taken == 3
        await anext(stream)
        taken = 4 if kind == "plain" else 3  # the fourth is on its way: results do not wait for the source
        assert well.taken == taken
        await stream.aclose()
        assert (well.taken, well.closed) == (taken, True)


@settings(max_examples=soak(25, 300))  # a system of its own for each
@given(st.lists(st.integers(0, 5).map(float), min_size=1, max_size=12), st.integers(1, 4), st.booleans())
async def test_tk_9_never_more_at_once_or_pulled_than_allowed(
    items: list[float], most: int, ordered: bool
) -> None:
    async with System() as system:
        tasks, well, done, peak = await supervise(system), Well(items), 0, 0

        async def counted(seconds: float) -> float:
            nonlocal done, peak
            peak = max(peak, sum(agent is not tasks for agent in system.agents()))
            assert well.taken <= done + most
            await asyncio.sleep(seconds)
            done += 1
            return seconds

        await all_of(
            TaskSupervisor.stream(
                tasks, counted, well.plain(), max_concurrency=most, ordered=ordered, timeout=None
            )
        )
        assert done == len(items)
        assert peak == min(most, len(items))


async def test_tk_9_behind_a_slow_head_concurrency_stays_full() -> None:
    async with System() as system:
        well = Well([4.5, *[1.0] * 7])
        stream = TaskSupervisor.stream(await supervise(system), wait, well.plain(), max_concurrency=2)
        assert await anext(stream) == Done(4.5)
        assert asyncio.get_running_loop().time() == pytest.approx(4.5)
        assert well.taken == 6
        await stream.aclose()


async def test_tk_9_results_do_not_wait_for_a_source_that_is_slow() -> None:
    async with System() as system:
        stream = TaskSupervisor.stream(await supervise(system), wait, Well([0.5, 0.5]).slow(10.0))
        await anext(stream)
        assert asyncio.get_running_loop().time() == pytest.approx(10.5)
        await anext(stream)
        assert asyncio.get_running_loop().time() == pytest.approx(20.5)
        await stream.aclose()


async def test_tk_10_each_task_has_its_time_from_its_own_start_and_the_stream_raises() -> None:
    async with System() as system:
        tasks, well = await supervise(system), Well([4.0, 4.0, 6.0, 100.0])
        stream = TaskSupervisor.stream(tasks, wait, well.plain(), max_concurrency=1)
        assert [await anext(stream), await anext(stream)] == [Done(4.0), Done(4.0)]
        with pytest.raises(CallTimeout):
            await anext(stream)
        assert asyncio.get_running_loop().time() == pytest.approx(13.0, abs=0.1)
        assert well.closed
        assert list(system.agents()) == [tasks]


async def test_tk_10_or_it_gives_the_failure_with_the_item_and_goes_on() -> None:
    async with System() as system:
        stream = TaskSupervisor.stream(
            await supervise(system), wait, [1.0, 9.0, 1.5], timeout=2.0, on_timeout="kill", max_concurrency=3
        )
        assert [outcome async for outcome in stream] == [Done(1.0), Failed(TimedOut(2.0), 9.0), Done(1.5)]


class Streamer(Owner):
    """Runs streams."""

    async def consume(self, tasks: Ref[TaskSupervisor], items: Any, most: int, link: bool) -> list[Any]:
        stream = TaskSupervisor.stream(tasks, wait, items, link=link, max_concurrency=4)
        async with aclosing(stream):
            found: list[Any] = []
            async for outcome in stream:
                found.append(outcome)
                if len(found) == most:
                    break
        return found


async def test_tk_11_a_crash_in_a_linked_stream_ends_a_caller_that_does_not_trap() -> None:
    async with System() as system:
        tasks, owner, well = await supervise(system), await system.start(Streamer), Well([9.0, 9.0, -1.0])
        ended = asyncio.ensure_future(system.wait(owner))
        owner.cast(Streamer.consume, tasks, well.plain(), 99, True)
        await asyncio.sleep(2)
        assert await ended == BOOM
        assert list(system.agents()) == [tasks]
        assert well.closed


@pytest.mark.parametrize(("traps", "link"), [(True, True), (False, False)])
async def test_tk_11_else_it_is_an_element_with_its_item_and_no_message(traps: bool, link: bool) -> None:
    async with System() as system:
        tasks, owner = await supervise(system), await system.start(Streamer, None, traps)
        found = await owner.call(Streamer.consume, tasks, [1.0, -2.0, 0.5], 99, link)
        assert found == [Done(1.0), Failed(BOOM, -2.0), Done(0.5)]
        await moment()
        assert await owner.call(Owner.messages) == []
        assert owner.inspect().info().links == ()


async def test_tk_11_outside_of_agents_a_crash_is_an_element() -> None:
    async with System() as system:
        stream = TaskSupervisor.stream(await supervise(system), wait, [-0.1, 0.2])
        assert [outcome async for outcome in stream] == [Failed(BOOM, -0.1), Done(0.2)]


@pytest.mark.parametrize("traps", [False, True])
async def test_tk_12_halting_early_kills_the_rest_and_leaves_no_message_and_no_link(traps: bool) -> None:
    async with System() as system:
        tasks, owner, well = (
            await supervise(system),
            await system.start(Streamer, None, traps),
            Well([1.0] * 9),
        )
        assert await owner.call(Streamer.consume, tasks, well.plain(), 1, True) == [Done(1.0)]
        assert (well.taken, well.closed) == (4, True)
        await moment()
        assert set(system.agents()) == {tasks, owner}
        assert await owner.call(Owner.messages) == []
        assert owner.inspect().info().links == ()


@pytest.mark.parametrize("kind", ["plain", "slow"])
async def test_tk_12_an_exception_in_the_consumer_or_the_source_does_too(kind: str) -> None:
    def bad() -> Iterator[float]:
        yield from (9.0, 9.0)
        raise LookupError("dry")

    async def bad_slowly() -> AsyncIterator[float]:
        for item in bad():
            yield item

    async with System() as system:
        tasks, well = await supervise(system), Well([1.0, 9.0, 9.0])
        with pytest.raises(KeyError):
            await fail_at_first(TaskSupervisor.stream(tasks, wait, getattr(well, kind)()))
        assert well.closed
        source = bad() if kind == "plain" else bad_slowly()
        with pytest.raises(LookupError, match="dry"):
            await all_of(TaskSupervisor.stream(tasks, wait, source, max_concurrency=8))
        await moment()
        assert list(system.agents()) == [tasks]


async def test_tk_12_so_does_cancelling_the_consumer_while_the_source_is_awaited() -> None:
    async with System() as system:
        tasks, well = await supervise(system), Well([9.0, 9.0, 9.0])
        consumer = asyncio.ensure_future(all_of(TaskSupervisor.stream(tasks, wait, well.slow(1.0))))
        await asyncio.sleep(1.5)
        assert len(list(system.agents())) == 2
        consumer.cancel()
        await moment()
        assert consumer.cancelled()
        assert well.closed
        assert list(system.agents()) == [tasks]


async def test_tk_12_tasks_that_are_not_up_yet_are_killed_when_they_are() -> None:
    async with System() as system:
        tasks = await supervise(system)
        await tasks.inspect().suspend()
        consumer = asyncio.ensure_future(all_of(TaskSupervisor.stream(tasks, wait, [99.0] * 3)))
        await moment()
        consumer.cancel()
        await moment()
        await tasks.inspect().resume()
        await moment()
        assert consumer.cancelled()
        assert list(system.agents()) == [tasks]


async def test_tk_12_a_stream_nobody_began_or_that_was_dropped_leaves_nothing() -> None:
    async with System() as system:
        tasks = await supervise(system)
        TaskSupervisor.stream(tasks, wait, [1.0])
        async for _ in TaskSupervisor.stream(tasks, wait, [1.0] * 9):
            break
        await moment()
        assert list(system.agents()) == [tasks]


@pytest.mark.parametrize(
    "options",
    [
        {"max_concurrency": 0},
        {"max_concurrency": 1.5},
        {"ordered": 1},
        {"timeout": -1},
        {"timeout": "soon"},
        {"on_timeout": "ignore"},
        {"link": None},
        {"shutdown": -1},
    ],
)
async def test_tk_13_wrong_options_are_errors_when_the_stream_is_made(options: Any) -> None:
    async with System() as system:
        tasks = await supervise(system)
        with pytest.raises(OptionError, match=f"{next(iter(options))}: expected"):
            TaskSupervisor.stream(tasks, double, [1], **options)


async def test_tk_13_so_are_a_wrong_source_and_a_supervisor_that_does_not_exist() -> None:
    async with System() as system:
        tasks = await supervise(system)
        with pytest.raises(OptionError, match="items: expected an iterable"):
            TaskSupervisor.stream(tasks, double, 7)  # type: ignore[call-overload]
        with pytest.raises(CallFailed) as caught:
            TaskSupervisor.stream(system.named("nobody", TaskSupervisor), double, [1])
        assert caught.value.reason == NoProc()


async def test_tk_7_no_room_for_a_task_is_raised_by_the_stream() -> None:
    async with System() as system:
        tasks, well = await supervise(system, max_children=2), Well([1.0] * 9)
        with pytest.raises(MaxChildren):
            await all_of(TaskSupervisor.stream(tasks, wait, well.plain(), max_concurrency=3))
        assert well.closed
        await moment()
        assert list(system.agents()) == [tasks]
