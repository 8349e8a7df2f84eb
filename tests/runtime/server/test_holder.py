"""A holder of state whose functions run inside it (AG-1)."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from cybernetic import Agent, CallFailed, CallTimeout, Crash, StartFailed, System
from tests.runtime.server.agents import Boom, Doer, ending, passes


class Holder(Agent):
    """What OTP's Agent is: a value, and functions that are sent to it."""

    def __init__(self, make: Callable[[], Any]) -> None:
        self.value = make()

    def get(self, look: Callable[[Any], Any]) -> Any:
        return look(self.value)

    def update(self, change: Callable[[Any], Any]) -> None:
        self.value = change(self.value)

    def get_and_update(self, change: Callable[[Any], tuple[Any, Any]]) -> Any:
        answer, self.value = change(self.value)
        return answer


def _fail(_: Any) -> Any:
    raise Boom("in the function")


async def test_ag_1_functions_run_inside_the_agent_one_after_another() -> None:
    ran_in: list[Any] = []

    async def grow(doer: Doer) -> None:
        for _ in range(100):
            await holder.call(Holder.update, lambda value: ran_in.append(asyncio.current_task()) or value + 1)

    async with System() as system:
        holder = await system.start(Holder, lambda: 0)
        doers = [await system.start(Doer) for _ in range(10)]
        await asyncio.gather(*(doer.call(Doer.do, grow) for doer in doers))
        assert await holder.call(Holder.get, lambda value: value) == 1000
        assert await holder.call(Holder.get_and_update, lambda value: (value, 0)) == 1000
        holder.cast(Holder.update, lambda value: value + 7)
        assert await holder.call(Holder.get, lambda value: value * 2) == 14
        assert ran_in[0] is None, "a plain function runs in no task, least of all the caller's"


@pytest.mark.parametrize("method", [Holder.get, Holder.update, Holder.get_and_update])
async def test_ag_1_a_function_that_raises_crashes_the_agent_and_tells_the_caller(method: Any) -> None:
    async with System() as system:
        holder = await system.start(Holder, lambda: 0)
        ended = await ending(system, holder)
        with pytest.raises(CallFailed) as caught:
            await holder.call(method, _fail)
        assert caught.value.reason == Crash("Boom", "in the function")
        assert await ended == Crash("Boom", "in the function")


async def test_ag_1_a_cast_returns_at_once_and_a_call_times_out_after_five_seconds() -> None:
    class Slow(Holder):
        async def wait(self, seconds: float) -> None:
            await asyncio.sleep(seconds)

    async with System() as system:
        holder = await system.start(Slow, lambda: 0)
        holder.cast(Slow.wait, 6.0)
        await passes()
        with pytest.raises(CallTimeout):
            await holder.call(Holder.update, lambda value: value + 1)
        assert asyncio.get_running_loop().time() == 5.0
        assert await holder.call(Holder.get, lambda value: value) == 1


async def test_ag_1_a_start_whose_function_raises_is_an_error() -> None:
    async with System() as system:
        with pytest.raises(StartFailed) as caught:
            await system.start(Holder, lambda: _fail(None))
        assert caught.value.reason == Crash("Boom", "in the function")
