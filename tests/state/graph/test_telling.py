"""Watchers that are told more than can travel to them at once."""

import asyncio
from typing import Any

from cybernetic.runtime import LocalSystem
from cybernetic.state import Changed, Graph, Var
from cybernetic.wire import BeyondLimit
from tests.state.graph.agents import Watcher

X, Y, Z = Var("x"), Var("y"), Var("z")
MOST = 100  # characters of answers that can travel at once


def narrow(value: Any, what: str) -> Any:
    """As a way on which no news travel that are longer."""
    for one in value if isinstance(value, tuple) else ():
        if isinstance(one, Changed) and len(repr((one.added, one.removed))) > MOST:
            raise BeyondLimit("message", f"at most {MOST}", MOST, "more")
    return value


async def test_answers_too_many_to_travel_are_told_in_parts_and_one_too_large_ends_the_watch_alone() -> None:
    async with LocalSystem(transfer=narrow) as system:
        graph = await system.start(Graph, "world")
        things = [f"thing{n}" for n in range(30)]
        for thing in things:
            await graph.call(Graph.add, thing, "in", "hall", who="clerk")
        watcher = await system.start(Watcher, graph, (X, "in", Y), (Y, "is", Z))
        watch = await watcher.call(Watcher.begin)
        await graph.call(Graph.add, "hall", "is", "dark", who="clerk")
        await asyncio.sleep(1.0)
        told = await watcher.call(Watcher.heard)
        assert sorted(row["x"] for news in told for row in news.added) == sorted(things)
        await graph.call(Graph.add, "hall", "is", "long " * MOST, who="clerk")
        await graph.call(Graph.add, "hall", "is", "open", who="clerk")
        await asyncio.sleep(1.0)
        *_, last = await watcher.call(Watcher.heard)
        assert last == Changed(watch.token, (), (), f"message: expected at most {MOST}, got: more")
        status = await graph.call(Graph.status)
        assert (status.facts, status.watches) == (33, 0)
        await graph.stop()
        await watcher.stop()
