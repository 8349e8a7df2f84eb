"""What is over leaves nothing behind: no timer, no watcher, no setting, no cancellation."""

import asyncio
import gc
from typing import Any

import pytest

from cybernetic import Agent, Supervisor, System, SystemStopped, child


class Plain(Agent):
    """Answers, or crashes."""

    def crash(self) -> None:
        raise ValueError("on purpose")

    async def terminate(self, reason: Any) -> None:
        await asyncio.sleep(1)


class App(Supervisor):
    """Gives up at once."""

    max_restarts = 0

    def children(self) -> Any:
        return [child(Plain, name="plain", shutdown=3600)]


async def test_a_child_that_ended_in_time_leaves_no_timer() -> None:
    loop: Any = asyncio.get_running_loop()
    async with System() as system:
        app = await system.start(App)
        before = {id(timer) for timer in loop._scheduled if not timer.cancelled()}
        await app.call(Supervisor.terminate_child, "plain")
        left = [timer for timer in loop._scheduled if not timer.cancelled() and id(timer) not in before]
        assert [timer for timer in left if timer.when() - loop.time() > 10] == []


async def test_waits_that_were_given_up_leave_no_watcher() -> None:
    async with System() as system:
        plain = await system.start(Plain)
        for _ in range(5):
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(system.wait(plain), 1)
        assert len(plain._details.watchers) == 1  # the system itself


async def test_the_garbage_collector_is_as_it_was() -> None:
    before = gc.get_threshold()
    async with System(tune_gc=True):
        assert gc.get_threshold() != before
    assert gc.get_threshold() == before


async def test_a_body_that_swallows_its_cancellation_is_told_and_left_uncancelled(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def body() -> None:
        async with System() as system:
            await system.start(App)
            system.named("plain", Plain).cast(Plain.crash)
            try:
                await asyncio.sleep(100)
            except asyncio.CancelledError:
                await asyncio.sleep(1)

    with pytest.raises(SystemStopped):
        await body()
    task = asyncio.current_task()
    assert task is not None
    assert task.cancelling() == 0


async def test_a_cancellation_from_outside_is_not_swallowed_by_the_end_of_a_tree(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def body() -> None:
        async with System() as system:
            await system.start(App)
            system.named("plain", Plain).cast(Plain.crash)
            await asyncio.sleep(100)

    task = asyncio.ensure_future(body())
    await asyncio.sleep(1)  # its terminate runs; the tree ends a second after the crash
    task.cancel()
    await asyncio.wait([task])
    assert task.cancelled()


async def test_a_drained_system_has_nothing_to_do() -> None:
    async with System() as system:
        plain = await system.start(Plain)
        assert await system.drain(1)
        plain.cast(Plain.crash)
        assert not await system.drain(0.1)
        assert await system.drain()
        assert not system.alive(plain)
