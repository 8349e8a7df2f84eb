"""A graph on each of two nodes that are processes, and who writes to it, reads and watches there."""

from typing import Any

from cybernetic import Agent, Supervisor, child
from cybernetic.state import Changed, Fact, Graph, Var

NODES = ("main", "worker-1")


class Scribe(Agent):
    """Has the graph of its node at hand."""

    def __init__(self, node: str) -> None:
        self.node = node
        self.news: list[Any] = []

    async def say(self, subject: str, predicate: str, object: Any) -> None:
        """Assert a fact."""
        await self._graph().call(Graph.add, subject, predicate, object, who=self.node)

    async def take_back(self, subject: str, predicate: str, object: Any) -> None:
        """Take back whatever anybody asserts of a fact."""
        await self._graph().call(Graph.remove, subject, predicate, object, by=self.node)

    async def found(self) -> list[Any]:
        """Who knows somebody of what age, by facts of both nodes together."""
        answers = await self._graph().call(
            Graph.query, (Var("who"), "knows", Var("whom")), (Var("whom"), "age", Var("age"))
        )
        return [[row["who"], row["whom"], row["age"]] for row in answers.rows]

    async def said(self, subject: str, predicate: str, object: Any) -> list[str]:
        """Who asserts a fact, as is known here."""
        said = await self._graph().call(Graph.assertions, subject, predicate, object)
        return [one.who for one in said]

    async def chain(self, start: str, goal: str) -> list[Fact] | None:
        """The facts that lead from one thing to another."""
        found = await self._graph().call(Graph.path, start, goal)
        return None if found is None else list(found)

    async def watch(self) -> int:
        """Watch who knows whom; how many there are."""
        watching = await self._graph().call(Graph.watch, (Var("who"), "knows", Var("whom")))
        return len(watching.rows)

    def heard(self) -> list[Any]:
        """What the graph has told since then."""
        return self.news

    def receive(self, message: Any) -> None:
        """News of what is watched."""
        assert isinstance(message, Changed)
        self.news += [["+", row["who"], row["whom"]] for row in message.added]
        self.news += [["-", row["who"], row["whom"]] for row in message.removed]

    def _graph(self) -> Any:
        return self.system.named(f"graph.{self.node}", Graph).within(60)


class Archives(Supervisor):
    """A graph and a scribe on each node; the stores are in a folder."""

    max_restarts = 100

    def __init__(self, folder: str) -> None:
        self.folder = folder

    def children(self) -> Any:
        """The graphs first."""
        for node in NODES:
            graph, place = f"graph.{node}", f"{self.folder}/{node}"
            yield child(Graph, "world", place, id=graph, name=graph, node=node, start_timeout=60.0)
            yield child(Scribe, node, id=f"scribe.{node}", name=f"scribe.{node}", node=node)
