"""What tests of the graph's agent share: an agent that watches, and sorted answers."""

from typing import Any

from cybernetic import Agent
from cybernetic.runtime import Ref
from cybernetic.state import Changed, Graph, GraphRefused


class Watcher(Agent):
    """Watches a query of a graph, and keeps what it is told."""

    def __init__(self, graph: Ref[Graph], *patterns: Any) -> None:
        self.graph, self.patterns = graph, patterns
        self.told: list[Changed] = []

    async def begin(self) -> Any:
        return await self.graph.call(Graph.watch, *self.patterns)

    async def begin_with(self, *patterns: Any) -> Any:
        self.patterns = patterns
        try:
            return await self.begin()
        except GraphRefused as refused:
            raise GraphRefused(refused.why) from None

    async def end(self, token: str) -> bool:
        return await self.graph.call(Graph.unwatch, token)

    def receive(self, message: Any) -> None:
        self.told.append(message)

    def heard(self) -> list[Changed]:
        return self.told


async def rows(graph: Ref[Graph], *patterns: Any) -> list[Any]:
    return sorted((await graph.call(Graph.query, *patterns)).rows, key=str)
