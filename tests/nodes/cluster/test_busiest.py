"""Which agents have most to do, here and elsewhere."""

import asyncio
from typing import Any

import pytest

from cybernetic import OptionError, System
from tests.nodes.cluster.mesh import Holder, inside, one


async def test_the_busiest_agents_come_first() -> None:
    async with System() as system:
        quiet, busy = system.spawn(Holder), system.spawn(Holder, name="busy")
        await quiet.call(Holder.seen)
        for _ in range(5):
            await busy.call(Holder.seen)
        found = await system.busiest("reductions", 2)
        assert [row["name"] for row in found.agents] == ["busy", None]
        assert (found.statistics["agents"], found.silent) == (2, [])
        quiet.cast(Holder.seen)
        (row,) = (await system.busiest("length", 1)).agents
        assert (row["name"], row["length"]) == (None, 1)
        with pytest.raises(OptionError, match="length"):
            await system.busiest("size", 1)
        with pytest.raises(OptionError, match="n: expected"):
            await system.busiest("length", 0)


async def test_those_of_other_nodes_are_among_them() -> None:
    async with one("a") as first, one("b", "a", nodes=["b.x"]) as second:
        here, there = first.spawn(Holder, name="here"), second.spawn(Holder, name="there")
        for _ in range(3):
            await there.call(Holder.seen)
        await here.call(Holder.seen)
        found = await first.busiest("reductions")
        assert [(row["name"], row["node"]) for row in found.agents] == [("there", "b"), ("here", "a")]
        assert [row["name"] for row in (await first.busiest("reductions", 1)).agents] == ["there"]
        assert (found.statistics["agents"], found.silent) == (2, [])


async def test_a_node_that_does_not_answer_is_said_so_after_a_second() -> None:
    async with one("a") as first, one("b", "a") as second, one("c", "a") as third:
        third.spawn(Holder, name="there")

        async def wait(*_: Any) -> None:
            await asyncio.Event().wait()

        inside(second).answers["busiest"] = wait
        clock = asyncio.get_running_loop().time
        begin = clock()
        found = await first.busiest()
        assert clock() - begin == pytest.approx(1.0, abs=0.01)
        assert ([row["name"] for row in found.agents], found.silent) == (["there"], ["b"])


async def test_an_answer_that_cannot_travel_is_told_as_what_failed() -> None:
    async with one("a") as first, one("b", "a") as second:

        async def give(*_: Any) -> Any:
            return object()

        inside(second).answers["busiest"] = give
        assert (await first.busiest()).silent == ["b"]
