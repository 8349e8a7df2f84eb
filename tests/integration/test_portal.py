"""The door for other threads: `System.portal`."""

import asyncio
import threading
from collections.abc import Callable
from typing import Any

import pytest

from cybernetic import Agent, BadCall, CallFailed, CallTimeout, Crash, Kill, OptionError, Refusal, System
from cybernetic.core import PortalMisused


class Counter(Agent):
    """Adds up, and keeps what it was told."""

    def __init__(self) -> None:
        self.told: list[Any] = []
        self.threads: set[int] = set()

    def add(self, value: Any, more: int = 0) -> int:
        self.told.append(value + more)
        self.threads.add(threading.get_ident())
        return len(self.told)

    def receive(self, message: Any) -> None:
        self.add(message)

    def seen(self) -> list[Any]:
        return list(self.told)

    def where(self) -> set[int]:
        return self.threads

    async def slow(self) -> str:
        await asyncio.sleep(0.05)
        return "slow"

    def refuse(self) -> None:
        raise Refusal("no")

    def crash(self) -> None:
        raise ValueError("on purpose")


async def in_thread(work: Callable[[], Any]) -> Any:
    return await asyncio.wait_for(asyncio.to_thread(work), 60)


async def test_a_thread_calls_and_the_handler_runs_on_the_loops_thread() -> None:
    async with System() as system:
        counter, portal = await system.start(Counter, name="counter"), system.portal()
        assert await in_thread(lambda: portal.call(counter, Counter.add, 1, more=2)) == 1
        assert await in_thread(lambda: portal.call(system.named("counter", Counter), Counter.add, 4)) == 2
        assert await in_thread(lambda: portal.call(counter, Counter.slow)) == "slow"
        assert await counter.call(Counter.seen) == [3, 4]
        assert await counter.call(Counter.where) == {threading.get_ident()}


async def test_casts_and_sends_of_one_thread_arrive_in_order() -> None:
    async with System() as system:
        counter, portal = await system.start(Counter), system.portal()

        def work() -> int:
            for n in range(500):
                (portal.cast(counter, Counter.add, n) if n % 2 else portal.send(counter, n))
            return len(portal.call(counter, Counter.seen))

        assert await in_thread(work) == 500
        assert await counter.call(Counter.seen) == list(range(500))


async def test_many_threads_at_once_lose_nothing_and_each_keeps_its_order() -> None:
    async with System() as system:
        counter, portal = await system.start(Counter), system.portal()

        def work(k: int) -> None:
            for n in range(100):
                portal.cast(counter, Counter.add, 1000 * k + n)
            portal.call(counter, Counter.add, 1000 * k + 100)

        await asyncio.gather(*(in_thread(lambda k=k: work(k)) for k in range(4)))  # type: ignore[misc]
        seen = await counter.call(Counter.seen)
        assert len(seen) == 404
        for k in range(4):
            assert [n for n in seen if n // 1000 == k] == [1000 * k + n for n in range(101)]


async def test_what_a_call_raises_is_raised_in_the_thread() -> None:
    async with System() as system:
        counter, portal = await system.start(Counter), system.portal()
        with pytest.raises(Refusal, match="no"):
            await in_thread(lambda: portal.call(counter, Counter.refuse))
        with pytest.raises(CallTimeout):
            await in_thread(lambda: portal.call(counter.within(0.01), Counter.slow))
        with pytest.raises(BadCall):
            await in_thread(lambda: portal.cast(counter, lambda me: None))
        with pytest.raises(BadCall):
            await in_thread(lambda: portal.call(counter, Counter._cell, "x"))
        with pytest.raises(CallFailed) as failure:
            await in_thread(lambda: portal.call(counter, Counter.crash))
        assert failure.value.reason == Crash("ValueError", "on purpose")
        await in_thread(lambda: portal.cast(counter, Counter.add, 1))  # to the dead: never raises
        await in_thread(lambda: portal.send(counter, 1))
        await asyncio.sleep(0)
        assert system.statistics()["dead_letters"] == 2


async def test_run_takes_a_function_that_makes_an_awaitable() -> None:
    async with System() as system:
        portal = system.portal()
        counter = await in_thread(lambda: portal.run(lambda: system.start(Counter)))
        assert system.alive(counter)
        begun = asyncio.Event()

        async def wait() -> Any:
            begun.set()
            return await system.wait(counter)

        waiting = asyncio.create_task(in_thread(lambda: portal.run(wait)))
        await begun.wait()
        counter.exit(Kill())
        assert repr(await waiting) == "Killed()"
        with pytest.raises(OptionError, match="a function that returns an awaitable"):
            await in_thread(lambda: portal.run("x"))  # type: ignore[arg-type]


async def test_on_the_loops_own_thread_it_would_wait_for_itself_and_says_so() -> None:
    async with System() as system:
        counter, portal = await system.start(Counter), system.portal()
        with pytest.raises(PortalMisused, match="a portal is for other threads"):
            portal.call(counter, Counter.seen)
        with pytest.raises(PortalMisused):
            portal.run(lambda: counter.call(Counter.seen))


async def test_a_thread_of_run_blocking_may_use_it() -> None:
    class Bridge(Agent):
        async def ask(self, counter: Any) -> int:
            portal = self.system.portal()
            return await self.run_blocking(lambda: portal.call(counter, Counter.add, 7))

    async with System() as system:
        counter, bridge = await system.start(Counter), await system.start(Bridge)
        assert await bridge.call(Bridge.ask, counter) == 1
        assert await counter.call(Counter.seen) == [7]


async def test_an_outside_message_wakes_an_idle_loop_and_has_no_sender() -> None:
    class Curious(Counter):
        def receive(self, message: Any) -> None:
            self.told.append(self.sender)
            got.set()

    got = asyncio.Event()
    async with System() as system:
        agent, portal = await system.start(Curious), system.portal()
        threading.Timer(0.05, portal.send, (agent, "x")).start()
        await asyncio.wait_for(got.wait(), 60)
        assert await agent.call(Counter.seen) == [None]
