"""What has ended is gone: no cycle keeps it, and nothing that starts anew keeps a system from ending."""

import asyncio
import contextlib
import gc
import weakref
from typing import Any

import pytest

from cybernetic import Agent, CallFailed, CallTimeout, Kill, Shutdown, System, SystemStopped
from cybernetic.testing import settle


class Slow(Agent):
    """Has a handler that is waiting when it ends."""

    async def wait(self) -> None:
        await asyncio.sleep(100)

    async def fail(self) -> None:
        await asyncio.sleep(1)
        raise ValueError("on purpose")

    async def fail_by_call(self, other: Any) -> None:
        await other.call(Slow.crash)

    def crash(self) -> None:
        raise ValueError("on purpose")


@pytest.mark.parametrize("end", ["kill", "shutdown", "fail", "fail_by_call"])
@pytest.mark.parametrize("inline", [True, False])
async def test_an_agent_whose_handler_had_suspended_vanishes_without_the_garbage_collector(
    end: str, inline: bool, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("CRITICAL")
    gc.collect()
    gc.disable()
    try:
        async with System(inline=inline) as system:
            slow, other = await system.start(Slow), await system.start(Slow)
            gone = weakref.ref(slow._agent)
            if end == "fail":
                slow.cast(Slow.fail)
            elif end == "fail_by_call":
                slow.cast(Slow.fail_by_call, other)
            else:
                slow.cast(Slow.wait)
                await settle(system)
                slow.exit(Kill() if end == "kill" else Shutdown())
            await asyncio.sleep(2)
            assert not system.alive(slow)
            assert gone() is None or not inline, gc.get_referrers(gone())
    finally:
        gc.enable()


class Hydra(Agent):
    """Starts another when it ends."""

    def terminate(self, reason: Any) -> None:
        self.system.spawn(Hydra)


async def test_agents_that_start_agents_do_not_keep_a_system_from_ending(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level("CRITICAL")
    async with System() as system:
        system.spawn(Hydra)
        await settle(system)
    with pytest.raises(SystemStopped):
        system.spawn(Hydra)


class Interrupted(Agent):
    """Raises what ends a program."""

    def at_once(self, error: type[BaseException]) -> None:
        raise error

    async def later(self, error: type[BaseException]) -> None:
        await asyncio.sleep(1)
        raise error


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit])
@pytest.mark.parametrize("method", [Interrupted.at_once, Interrupted.later])
def test_what_ends_a_program_ends_it_from_a_handler_too(
    method: Any, error: type[BaseException], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("CRITICAL")

    async def main() -> None:
        async with System() as system:
            system.spawn(Interrupted).cast(method, error)
            await asyncio.sleep(10)

    with pytest.raises(error):
        asyncio.run(asyncio.wait_for(main(), 60))
    gc.collect()


async def test_a_call_that_failed_keeps_nobody_alive(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("CRITICAL")
    async with System() as system:
        slow = await system.start(Slow)
        gone = weakref.ref(slow._agent)
        with pytest.raises(CallFailed) as caught:
            await slow.call(Slow.crash)
        assert caught.value.reason.traceback
        assert gone() is None


class Forgetful(Agent):
    """Defers an answer, and may forget about it."""

    def later(self) -> Any:
        self.kept = self.defer()
        return self.kept

    def forget(self) -> None:
        del self.kept

    def pending(self) -> int:
        return len(self.ref._details.deferred)


async def test_a_deferred_answer_that_is_thrown_away_fails_the_call() -> None:
    async with System() as system:
        forgetful = await system.start(Forgetful)
        waiting = forgetful.within(None).request(Forgetful.later)
        await settle(system)
        forgetful.cast(Forgetful.forget)
        with pytest.raises(CallFailed, match="its Deferred was thrown away"):
            await waiting
        assert system.alive(forgetful)


async def test_a_deferred_answer_nobody_waits_for_any_more_is_not_kept() -> None:
    async with System() as system:
        forgetful = await system.start(Forgetful)
        for _ in range(3):
            with pytest.raises(CallTimeout):
                await forgetful.within(1).call(Forgetful.later)
        assert await forgetful.call(Forgetful.pending) == 0


class Ticker(Agent):
    """Works beside its mailbox."""

    stubborn = True

    def __init__(self) -> None:
        self.count = 0

    def go(self, how: str) -> None:
        self.job = self.task(getattr(self, how)())

    async def ask_itself(self) -> None:
        await self.ref.call(Ticker.tick)

    async def stay(self) -> None:
        while Ticker.stubborn:
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.sleep(10_000)

    async def tidy(self) -> None:
        try:
            await asyncio.sleep(10_000)
        finally:
            await asyncio.sleep(1)
            self.count = -1

    def tick(self) -> None:
        self.count += 1

    def read(self) -> int:
        return self.count


async def test_a_task_may_call_its_own_agent() -> None:
    async with System() as system:
        ticker = await system.start(Ticker)
        await ticker.call(Ticker.go, "ask_itself")
        await settle(system)
        assert await ticker.call(Ticker.read) == 1


async def test_a_task_that_will_not_end_is_reported(caplog: pytest.LogCaptureFixture) -> None:
    async with System() as system:
        ticker = await system.start(Ticker)
        await ticker.call(Ticker.go, "stay")
        job = ticker._agent.job
        await settle(system)
        ticker.exit(Kill())
        await asyncio.sleep(6)
        assert system.statistics()["zombies"] == 1
        assert "has ended, but its handler does not" in caplog.text
        Ticker.stubborn = False
        job.cancel()
        await asyncio.wait([job])


async def test_a_system_waits_for_tasks_that_unwind() -> None:
    async with System() as system:
        ticker = await system.start(Ticker)
        await ticker.call(Ticker.go, "tidy")
        job = ticker._agent.job
        await settle(system)
    assert job.done()
