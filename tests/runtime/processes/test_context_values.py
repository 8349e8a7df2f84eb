"""Context variables that were set before the system began: only what an agent sets itself is its own."""

import asyncio
from contextvars import ContextVar
from typing import Any

import pytest

from cybernetic import Agent, System


class Prickly:
    """A value that does not like to be compared, as arrays do not."""

    def __eq__(self, other: object) -> bool:
        raise ValueError("ambiguous")

    __hash__ = object.__hash__


VALUE: ContextVar[Any] = ContextVar("value")


class Holder(Agent):
    """Sets and reads the variable, in a handler of each kind."""

    def put(self, value: Any) -> None:
        VALUE.set(value)

    async def put_async(self, value: Any) -> None:
        VALUE.set(value)
        await asyncio.sleep(0)

    def get(self) -> Any:
        return VALUE.get()


@pytest.mark.parametrize("make", [list, Prickly])
@pytest.mark.parametrize("put", [Holder.put, Holder.put_async])
async def test_an_equal_value_is_another_object_and_stays_with_who_set_it(make: Any, put: Any) -> None:
    before, mine = make(), make()
    VALUE.set(before)
    async with System() as system:
        one, other = await system.start(Holder), await system.start(Holder)
        assert await one.call(Holder.get) is before
        one.cast(put, mine)
        assert await other.call(Holder.get) is before
        assert await one.call(Holder.get) is mine
        assert await other.call(Holder.get) is before
    assert VALUE.get() is before
