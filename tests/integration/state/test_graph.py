"""A graph on two nodes that are processes: what one is told, the other answers, and tells those who watch there."""

import asyncio
import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

from cybernetic import CallError, System
from cybernetic.state import Fact
from tests.integration.state.archive import Archives, Scribe


async def until(wanted: Any, ask: Callable[[], Any], seconds: float = 60.0) -> None:
    """Until an answer is as it should be."""
    found = None
    try:
        async with asyncio.timeout(seconds):
            while found != wanted:
                try:
                    found = await ask()
                except CallError as error:
                    found = error
                await asyncio.sleep(0.02)
    except TimeoutError:
        raise AssertionError(f"expected {wanted}, got: {found}") from None


async def test_each_of_two_nodes_answers_and_tells_what_the_other_was_told(tmp_path: Path) -> None:
    async with System(nodes=1) as system:
        await system.start(Archives, str(tmp_path))
        near, far = (system.named(f"scribe.{node}", Scribe).within(60) for node in ("main", "worker-1"))
        assert await near.call(Scribe.watch) == 0
        assert await far.call(Scribe.watch) == 0
        await near.call(Scribe.say, "ann", "knows", "bob")
        await far.call(Scribe.say, "bob", "age", 42)
        await far.call(Scribe.say, "bob", "knows", "cay")
        for scribe in near, far:
            await until([["ann", "bob", 42]], lambda scribe=scribe: scribe.call(Scribe.found))
            way = [Fact("ann", "knows", "bob"), Fact("bob", "knows", "cay")]
            await until(way, lambda scribe=scribe: scribe.call(Scribe.chain, "ann", "cay"))
        await near.call(Scribe.take_back, "bob", "knows", "cay")
        for scribe in near, far:
            told = [["+", "ann", "bob"], ["+", "bob", "cay"], ["-", "bob", "cay"]]
            await until(told, lambda scribe=scribe: _sorted(scribe.call(Scribe.heard)))
            assert await scribe.call(Scribe.said, "ann", "knows", "bob") == ["main"]


async def test_a_node_that_is_killed_comes_back_with_its_facts_and_those_told_meanwhile(
    tmp_path: Path,
) -> None:
    async with System(nodes=1) as system:
        await system.start(Archives, str(tmp_path))
        near, far = (system.named(f"scribe.{node}", Scribe) for node in ("main", "worker-1"))
        await far.within(60).call(Scribe.say, "bob", "age", 42)
        victim = next(node for node in system.nodes if node.name == "worker-1")
        assert victim.pid is not None
        os.kill(victim.pid, signal.SIGKILL)
        await near.within(60).call(Scribe.say, "ann", "knows", "bob")
        for scribe in near, far:
            await until([["ann", "bob", 42]], lambda scribe=scribe: scribe.call(Scribe.found))


async def _sorted(call: Any) -> list[Any]:
    return sorted(await call)
