"""A defect in one turn ends one agent; deadlines are kept by the thousand; whoever calls on and on lets others run."""

import asyncio
from contextvars import ContextVar
from typing import Any

import pytest

from cybernetic import Agent, CallTimeout, DynamicSupervisor, Supervisor, System, child
from cybernetic.runtime import turns
from cybernetic.testing import settle

SEEN: ContextVar[str] = ContextVar("seen", default="nothing")


class Plain(Agent):
    """Answers, at once or never."""

    idle_timeout = 1000.0

    def ok(self) -> bool:
        return True

    async def soon(self) -> bool:
        await asyncio.sleep(1)
        return True

    async def never(self) -> None:
        await asyncio.sleep(10**9)


@pytest.mark.parametrize("method", [Plain.ok, Plain.soon])
async def test_a_defect_in_a_turn_ends_its_agent_and_no_other(
    method: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async with System() as system:
        one, other = await system.start(Plain), await system.start(Plain)
        arm = turns.arm_idle

        def defective(cell: Any, after: Any) -> None:
            if cell is one:
                raise ZeroDivisionError("a bug")
            arm(cell, after)

        monkeypatch.setattr(turns, "arm_idle", defective)
        one.cast(method)
        other.cast(Plain.ok)
        await asyncio.sleep(2)
        assert not system.alive(one)
        assert await other.call(Plain.ok)
        assert "a defect of the library" in caplog.text


async def test_a_task_that_calls_in_a_loop_lets_other_tasks_run() -> None:
    async with System() as system:
        plain, done = await system.start(Plain), False

        async def finish() -> None:
            nonlocal done
            done = True

        finishing = asyncio.ensure_future(finish())
        calls = 0
        while not done:
            await plain.call(Plain.ok)
            calls += 1
            assert calls < 1000
        await finishing


async def test_thousands_of_calls_fail_in_order_and_on_time() -> None:
    loop = asyncio.get_running_loop()
    async with System() as system:
        plain = await system.start(Plain)
        plain.cast(Plain.never)
        await settle(system)
        failed: list[tuple[int, float]] = []

        async def call(i: int) -> None:
            await asyncio.sleep(i * 0.0003)
            with pytest.raises(CallTimeout):
                await plain.within(10).call(Plain.ok)
            failed.append((i, loop.time() - i * 0.0003 - 10))

        await asyncio.gather(*(call(i) for i in range(2500)))
        assert [i for i, _ in failed] == list(range(2500))
        assert all(-1e-6 <= late <= 0.0051 for _, late in failed)


class Setting(Agent):
    """Sets a variable while it starts."""

    def __init__(self, text: str) -> None:
        SEEN.set(text)

    def read(self) -> str:
        return SEEN.get()


async def test_what_a_supervised_child_sets_while_it_starts_is_its_own() -> None:
    class App(Supervisor):
        def children(self) -> Any:
            return [child(Setting, name, name=name) for name in ("one", "two")]

    async with System() as system:
        await system.start(App)
        assert [await system.named(name, Setting).call(Setting.read) for name in ("one", "two")] == [
            "one",
            "two",
        ]
        assert SEEN.get() == "nothing"


class Slow(Agent):
    """Takes its time to start."""

    async def setup(self) -> None:
        await asyncio.sleep(60)


async def test_api_9_calls_of_a_supervisor_wait_as_long_as_children_take_unless_told_otherwise() -> None:
    async with System() as system:
        top = await system.start(DynamicSupervisor)
        slow = await top.call(DynamicSupervisor.start_child, child(Slow))
        assert slow is not None
        assert system.alive(slow)
        with pytest.raises(CallTimeout):
            await top.within(5).call(DynamicSupervisor.start_child, child(Slow))
