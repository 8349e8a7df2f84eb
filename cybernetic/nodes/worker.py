"""What runs in the process of a node: a system of its own, linked with the one that wanted it."""

import asyncio
import contextlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cybernetic.nodes.cluster import Cluster, describe
from cybernetic.nodes.link import LinkSettings, MemoryAddress, Secret, UnixAddress, parse_address
from cybernetic.nodes.port import NodeContext
from cybernetic.runtime import LocalSystem
from cybernetic.wire import Codec

PROGRAM = "cybernetic.nodes.worker:serve"
IDLE_SECONDS = 10.0  # how long a process made for one agent waits for it


@dataclass(frozen=True)
class Orders:
    """What a node of this host is told by the one that wants it, besides its name.

    Attributes:
        door: the address where that one listens.
        secret: the cluster's.
        host: the name of this host.
        capabilities: what the nodes offer.
        links: the settings of links.
        modules: modules to import before anything else, for the types in them that travel.
        options: for `LocalSystem`.
    """

    door: str
    secret: Secret
    host: str
    capabilities: dict[str, Any]
    links: LinkSettings
    modules: tuple[str, ...] = ()
    options: dict[str, Any] = field(default_factory=dict)

    def for_node(self, kind: str, name: str, number: int) -> bytes:
        """The settings of one node, as bytes."""
        door = parse_address(self.door)
        if isinstance(door, MemoryAddress):
            listen = f"memory:{door.name}/{name}.{number}"
        elif isinstance(door, UnixAddress):
            listen = f"unix:{Path(door.path).parent}/{name[-40:]}.{number}"
        else:
            listen = "tcp:127.0.0.1:0"
        return Codec().encode(
            {
                "kind": kind,
                "door": self.door,
                "listen": listen,
                "secret": self.secret._key,
                "host": self.host,
                "capabilities": self.capabilities,
                "dead_after": self.links.dead_after,
                "lag": self.links.lag,
                "modules": list(self.modules),
                "options": self.options,
            }
        )


class Worker(LocalSystem):
    """The system of a node that another process wanted."""

    def __init__(self, context: NodeContext) -> None:
        self._settings: dict[str, Any] = Codec().decode(context.settings)
        super().__init__(**self._settings["options"])
        self._context = context
        self._over = asyncio.Event()
        self._door = ""

    async def run(self) -> None:
        """Be a node until asked to end, or the one that wanted it is out of reach, or its one agent has ended."""
        settings, context = self._settings, self._context
        links = LinkSettings(dead_after=settings["dead_after"], lag=settings["lag"])
        me = describe(
            context.name,
            number=context.incarnation,
            host=settings["host"],
            kind=settings["kind"],
            capabilities=settings["capabilities"],
        )
        async with self:
            cluster = self._cluster = Cluster(
                self._running(), me, Secret(settings["secret"]), links, told=self._told
            )
            try:
                await cluster.listen(parse_address(settings["listen"]))
                self._door = (await cluster.join(parse_address(settings["door"]))).name
                context.ready(str(cluster.me.address))
                await self._until_over()
            finally:
                if not context.ending.is_set():
                    self._running().closing = True

    async def _left(self) -> None:
        await self._cluster.close()

    async def _until_over(self) -> None:
        signs: list[Any] = [self._context.ending.wait(), self._over.wait()]
        if self._settings["kind"] == "isolated":
            signs.append(self._one_agent())
        waits = [asyncio.ensure_future(sign) for sign in signs]
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.gather(*waits, return_exceptions=True)

    async def _one_agent(self) -> None:
        """Until the agent this process was made for has ended."""
        engine = self._running()
        first = await self._first(engine)
        if first is not None:
            await self.wait(first)

    async def _first(self, engine: Any) -> Any:
        until = engine.clock() + IDLE_SECONDS
        while not engine.agents:
            if engine.clock() >= until:
                return None
            await asyncio.sleep(0.02)
        return next(iter(engine.agents.values()))

    def _told(self, what: str, member: Any, why: str) -> None:
        if what == "lost" and member.name == self._door:
            self._over.set()


async def serve(context: NodeContext) -> None:
    """The program of a node."""
    await Worker(context).run()
