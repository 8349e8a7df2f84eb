"""How a part of a viable system tells the others what it knows, and learns what they do."""

import asyncio
from typing import Any

from cybernetic.core import CallFailed, CallTimeout, Refusal
from cybernetic.runtime import Ref
from cybernetic.state import Answers, Assertion, Changed, Graph, Watching
from cybernetic.vsm.timing import now
from cybernetic.vsm.world.keeper import world_of
from cybernetic.wire import travels

PATIENCE = 5.0  # seconds in which a graph that has died is back, or is given up
PAUSE = 0.1  # seconds between two tries

ANEW = "expected a graph that goes on, got: one that has ended"
"""Why a watch has `ended` where the graph did."""

AWAY = "one that is away"


@travels(name="vsm.NoWorld")
class NoWorld(Refusal):
    """Something was to be told to the world, or asked of it, and there is none at `path`, or none that answers."""

    def __init__(self, path: str, why: str) -> None:
        super().__init__(f"{path}: expected a world that answers, got: {why}")
        self.path, self.why = path, why


class Knowing:
    """The world as one part sees it.

    All of it raises `NoWorld` where none is declared, or it stays away, and `GraphRefused` for bad arguments.

    Args:
        agent: who asks, and is told of what it watches.
        path: of its unit or level.
        who: the source of what it tells. Default: the path.
    """

    def __init__(self, agent: Any, path: str, who: str | None = None) -> None:
        self._agent, self._path, self._who = agent, path, who or path

    @property
    def declared(self) -> bool:
        """Whether there is a world."""
        return world_of(self._agent.system, self._path) is not None

    async def tell(
        self,
        subject: str,
        predicate: str,
        object: Any,
        *,
        confidence: float = 1.0,
        ttl: float | None = None,
        cause: str | None = None,
    ) -> Assertion:
        """Assert a fact; see `Graph.add`."""
        said: Assertion = await self._call(
            Graph.add,
            subject,
            predicate,
            object,
            who=self._who,
            cause=cause,
            confidence=confidence,
            ttl=ttl,
        )
        return said

    async def take_back(self, subject: str, predicate: str, object: Any, *, cause: str | None = None) -> bool:
        """Assert it no more; whether it did."""
        return bool(
            await self._call(Graph.remove, subject, predicate, object, by=self._who, who=self._who, why=cause)
        )

    async def ask(self, *patterns: Any, limit: int = 1000) -> Answers:
        """What makes all patterns true; see `Graph.query`."""
        answers: Answers = await self._call(Graph.query, *patterns, limit=limit)
        return answers

    async def watch(self, *patterns: Any) -> Watching:
        """Have a `Changed` sent to the agent when answers come or go; see `Graph.watch`.

        One with `ended` comes when the graph ends, too: it is soon there anew, and knows of no watches.
        """
        graph = await self._here()
        try:
            watching: Watching = await graph.within(PATIENCE).call(Graph.watch, *patterns)
        except (CallFailed, CallTimeout) as error:
            raise NoWorld(self._path, AWAY) from error
        self._agent.task(self._mourn(graph, watching.token))
        return watching

    async def _mourn(self, graph: Ref[Graph], token: str) -> None:
        await self._agent.system.wait(graph)
        self._agent.ref.send(Changed(token, (), (), ANEW))

    async def _call(self, method: Any, *args: Any, **keywords: Any) -> Any:
        until = now() + PATIENCE
        while True:
            graph = await self._here()
            try:
                return await graph.within(PATIENCE).call(method, *args, **keywords)
            except (CallFailed, CallTimeout) as error:  # it has died over it, or meanwhile
                if now() >= until:
                    raise NoWorld(self._path, AWAY) from error
                await asyncio.sleep(PAUSE)

    async def _here(self) -> Ref[Graph]:
        """The graph, as soon as it is there."""
        name, until = world_of(self._agent.system, self._path), now() + PATIENCE
        if name is None:
            raise NoWorld(self._path, "a level that declares none")
        while True:
            graph: Ref[Graph] | None = self._agent.system.whereis(name, Graph)
            if graph is not None:
                return graph
            if now() >= until:
                raise NoWorld(self._path, AWAY)
            await asyncio.sleep(PAUSE)
