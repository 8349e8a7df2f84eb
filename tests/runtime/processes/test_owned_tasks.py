"""`self.task`: an agent's own tasks live and fail with it; and `run_blocking`, the way out of the loop."""

import asyncio
import threading
from typing import Any

import pytest

from cybernetic import CallFailed, Crash, Kill, Normal, Reason, Refusal, Shutdown, Stop, System
from tests.runtime.processes.agents import Mopper, Puppet, Upset, crash, ends, settled, stop_with

BOOM = Crash("ValueError", "boom")


async def boom(after: float = 1.0) -> None:
    await asyncio.sleep(after)
    raise ValueError("boom")


class Owner(Puppet):
    """Keeps a task that waits, and says how it went."""

    def __init__(self, log: list[str]) -> None:
        super().__init__()
        self.log = log

    def begin(self) -> None:
        self.task(self._wait())

    async def _wait(self) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            self.log.append("cancelled")


@pytest.mark.parametrize(
    "end",
    [
        lambda ref: ref.exit(Kill()),
        lambda ref: ref.exit(Shutdown()),
        lambda ref: ref.cast(Puppet.do, crash),
        lambda ref: ref.cast(Puppet.do, stop_with(Normal())),
    ],
    ids=["kill", "signal", "crash", "stop"],
)
async def test_a_task_is_cancelled_when_its_agent_ends(end: Any) -> None:
    log: list[str] = []
    async with System() as system:
        agent = await system.start(Owner, log)
        await agent.call(Owner.begin)
        await settled()
        end(agent)
        await settled()
        assert log == ["cancelled"]


async def test_a_task_runs_beside_the_mailbox_and_gives_its_result() -> None:
    async def double(n: int) -> int:
        await asyncio.sleep(1)
        return 2 * n

    async def gather(me: Any) -> int:
        one, other = me.task(double(1)), me.task(double(2))
        return await one + await other

    async with System() as system:
        agent = await system.start(Puppet)
        assert await agent.call(Puppet.do, gather) == 6
        agent.cast(Puppet.do, lambda me: me.task(double(3)) and None)
        agent.send("handled meanwhile")
        assert await agent.call(Puppet.seen) == ["handled meanwhile"]
        await asyncio.sleep(2)
        assert system.alive(agent)


@pytest.mark.parametrize("state", ["idle", "parked", "parked in a call", "suspended", "trapping"])
async def test_the_failure_of_a_task_is_the_agents(state: str) -> None:
    mopped: list[Reason] = []
    async with System() as system:
        agent = await system.start(Mopper, mopped, state == "trapping")
        other = await system.start(Puppet)
        other.cast(Puppet.do, lambda me: asyncio.sleep(100))
        await agent.call(Puppet.do, lambda me: me.task(boom()) and None)
        request: Any = None
        if state == "parked":
            request = agent.within(None).request(Puppet.do, lambda me: asyncio.Event().wait())
        elif state == "parked in a call":
            request = agent.within(None).request(Puppet.do, lambda me: other.within(None).call(Puppet.seen))
        elif state == "suspended":
            await agent.inspect().suspend()
        with ends() as reasons:
            await asyncio.sleep(2)
        assert reasons == {agent: BOOM}
        assert mopped == [BOOM]
        if request is not None:
            with pytest.raises(CallFailed) as failure:
                await request
            assert failure.value.reason == BOOM
        other.exit(Kill())


async def test_the_failure_of_a_task_does_not_wait_behind_the_mailbox() -> None:
    seen: list[int] = []
    async with System() as system:
        agent = await system.start(Puppet)
        with ends() as reasons:
            await agent.call(Puppet.do, lambda me: me.task(boom(0)) and None)
            agent.cast(Puppet.do, lambda me: asyncio.sleep(1))
            for n in range(200):
                agent.cast(Puppet.do, lambda me, n=n: seen.append(n))
            await asyncio.sleep(2)
        assert reasons == {agent: BOOM}
        assert seen == []


async def test_a_failure_is_the_agents_even_if_the_handler_that_awaits_the_task_catches_it() -> None:
    async def careful(me: Any) -> None:
        try:
            await me.task(boom())
        except ValueError:
            await asyncio.sleep(100)

    async with System() as system:
        agent = await system.start(Puppet)
        with ends() as reasons:
            agent.cast(Puppet.do, careful)
            await asyncio.sleep(2)
        assert reasons == {agent: BOOM}


async def test_a_cancelled_task_is_no_failure() -> None:
    def begin(me: Any) -> None:
        me.kept = me.task(boom())

    async with System() as system:
        agent = await system.start(Puppet)
        await agent.call(Puppet.do, begin)
        await settled()
        await agent.call(Puppet.do, lambda me: me.kept.cancel())
        await asyncio.sleep(2)
        assert await agent.call(Puppet.seen) == []


@pytest.mark.parametrize("how", ["raise", "call"])
async def test_a_task_can_stop_its_agent(how: str) -> None:
    async def ending(me: Any) -> None:
        await asyncio.sleep(1)
        if how == "raise":
            raise Stop(Upset("from a task"))
        me.stop(Upset("from a task"))

    mopped: list[Reason] = []
    async with System() as system:
        agent = await system.start(Mopper, mopped)
        with ends() as reasons:
            await agent.call(Puppet.do, lambda me: me.task(ending(me)) and None)
            await asyncio.sleep(2)
        assert reasons == {agent: Upset("from a task")}
        assert mopped == [Upset("from a task")]


async def test_a_task_can_continue_with_a_method_of_its_agent() -> None:
    async def then(me: Any) -> None:
        await asyncio.sleep(1)
        me.continue_with(Puppet.note, "continued")

    async with System() as system:
        agent = await system.start(Puppet)
        await agent.call(Puppet.do, lambda me: me.task(then(me)) and None)
        await asyncio.sleep(2)
        assert agent.inspect().info().reductions == 2  # without any further message
        assert await agent.call(Puppet.seen) == ["continued"]


async def test_a_refusal_in_a_task_is_logged_and_the_agent_lives(caplog: pytest.LogCaptureFixture) -> None:
    async def refusing() -> None:
        raise Refusal("not today")

    async with System() as system:
        agent = await system.start(Puppet)
        await agent.call(Puppet.do, lambda me: me.task(refusing()) and None)
        await settled()
        assert system.alive(agent)
        assert "not today" in caplog.text


async def test_an_ended_task_is_not_kept() -> None:
    async with System() as system:
        agent = await system.start(Puppet)
        for _ in range(5):
            await agent.call(Puppet.do, lambda me: me.task(asyncio.sleep(1)) and None)
        await asyncio.sleep(2)
        with ends() as reasons:
            agent.exit(Kill())
        assert list(reasons) == [agent]


async def test_run_blocking_runs_in_a_thread_while_others_go_on() -> None:
    entered, leave = threading.Event(), threading.Event()

    def block(value: int) -> tuple[int, bool]:
        entered.set()
        assert leave.wait(60)
        return value, threading.current_thread() is threading.main_thread()

    async with System() as system:
        agent, other = await system.start(Puppet), await system.start(Puppet)
        request = agent.within(None).request(Puppet.do, lambda me: me.run_blocking(block, 3))
        await asyncio.to_thread(entered.wait, 60)
        other.send("meanwhile")
        assert await other.call(Puppet.seen) == ["meanwhile"]
        leave.set()
        assert await request == (3, False)


async def test_what_run_blocking_raises_is_the_handlers() -> None:
    def fail() -> None:
        raise KeyError("k")

    async def careful(me: Any) -> str:
        try:
            await me.run_blocking(fail)
        except KeyError:
            return "caught"
        return "nothing"

    async with System() as system:
        agent = await system.start(Puppet)
        assert await agent.call(Puppet.do, careful) == "caught"
        with pytest.raises(CallFailed) as failure:
            await agent.call(Puppet.do, lambda me: me.run_blocking(fail))
        assert failure.value.reason == Crash("KeyError", "'k'")


async def test_a_kill_does_not_wait_for_a_thread() -> None:
    leave = threading.Event()
    async with System() as system:
        agent = await system.start(Puppet)
        agent.cast(Puppet.do, lambda me: me.run_blocking(leave.wait, 60))
        await asyncio.to_thread(lambda: None)
        with ends() as reasons:
            agent.exit(Kill())
        assert list(reasons) == [agent]
        leave.set()
