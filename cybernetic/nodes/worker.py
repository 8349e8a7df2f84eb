"""What runs in the process of a node: a system of its own, linked with the one that wanted it."""

import asyncio
import importlib
import logging
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from cybernetic.nodes.cluster import Cluster, describe
from cybernetic.nodes.errors import HostFailed, LinkRefused
from cybernetic.nodes.host.port import NodeContext
from cybernetic.nodes.link import (
    Address,
    LinkSettings,
    MemoryAddress,
    Secret,
    Tls,
    UnixAddress,
    parse_address,
)
from cybernetic.runtime import LocalSystem
from cybernetic.wire import Codec

_log = logging.getLogger("cybernetic.nodes")

FORMAT = "%(asctime)s NODE %(levelname)s %(name)s: %(message)s"
PROGRAM = "cybernetic.nodes.worker:serve"
IDLE_SECONDS = 30.0  # how long a process made for one agent waits for it


@dataclass(frozen=True)
class Orders:
    """What a node of this host is told by the one that wants it, besides its name.

    Attributes:
        maker: the name of that one.
        door: the address where that one listens.
        secret: the cluster's.
        host: the name of this host.
        capabilities: what the nodes offer.
        links: the settings of links.
        far: where to listen for other hosts, the host by which they reach it, certificate and key; None: not at all.
        modules: modules to import before anything else, for the types in them that travel.
        options: for `LocalSystem`.
    """

    maker: str
    door: str
    secret: Secret
    host: str
    capabilities: dict[str, Any]
    links: LinkSettings
    far: tuple[str, str, str, str] | None = None
    modules: tuple[str, ...] = ()
    options: dict[str, Any] = field(default_factory=dict)

    def place(self, number: int) -> Address:
        """Where a node listens for those of its host; `number` is one that no other has."""
        door = parse_address(self.door)
        if isinstance(door, MemoryAddress):
            return MemoryAddress(f"{door.name}/{number}")
        assert isinstance(door, UnixAddress)
        return UnixAddress(str(Path(door.path).with_name(f"node.{number}")))

    def for_node(self, kind: str, listen: Address, modules: tuple[str, ...] = ()) -> bytes:
        """The settings of one node, as bytes; `modules` are further ones that it imports."""
        settings = {
            "kind": kind,
            "listen": str(listen),
            "maker": self.maker,
            "door": self.door,
            "secret": self.secret.reveal(),
            "host": self.host,
            "capabilities": self.capabilities if kind == "node" else {},
            "dead_after": self.links.dead_after,
            "lag": self.links.lag,
            "far": self.far,
            "modules": [*self.modules, *modules],
            "options": self.options,
            "log": logging.root.getEffectiveLevel(),
        }
        return Codec().encode(settings)


class Worker(LocalSystem):
    """The system of a node that another process wanted."""

    def __init__(self, context: NodeContext) -> None:
        self._settings: dict[str, Any] = Codec().decode(context.settings)
        super().__init__(**self._settings["options"])
        self._context = context
        self._over = asyncio.Event()

    async def run(self) -> None:
        """Be a node until asked to end, or the one that wanted it is out of reach, or its one agent has ended."""
        if self._settings["listen"].startswith("unix:"):
            form = FORMAT.replace("NODE", self._context.name)
            logging.basicConfig(level=self._settings["log"], format=form, force=True)
        for module in self._settings["modules"]:
            importlib.import_module(module)
        async with self:
            cluster = self._make_cluster()
            try:
                await self._listen(cluster)
                await cluster.join(parse_address(self._settings["door"]))
                self._context.ready(cluster.me.address)
                await self._until_over()
            except LinkRefused as error:
                _log.info("%s: there is nobody to be a node of: %s", self._context.name, error)
            finally:  # first, so that supervisors elsewhere lose the node, rather than each of its agents
                await cluster.close()

    def _make_cluster(self) -> Cluster:
        settings, context = self._settings, self._context
        me = describe(
            context.name,
            number=context.incarnation,
            host=settings["host"],
            kind=settings["kind"],
            capabilities=settings["capabilities"],
        )
        links = LinkSettings(dead_after=settings["dead_after"], lag=settings["lag"])
        far = settings["far"]
        tls = Tls(Path(far[2]), Path(far[3])) if far else None
        cluster = Cluster(self._running(), me, Secret(settings["secret"]), links, tls, told=self._told)
        cluster.maker = settings["maker"]
        if settings["kind"] == "node":  # where a child of another host may be placed, and isolated
            cluster.answers["isolate"] = partial(_ask_maker, cluster, "isolate")
            cluster.answers["unmake"] = partial(_ask_maker, cluster, "unmake")
        return cluster

    async def _listen(self, cluster: Cluster) -> None:
        await cluster.listen(parse_address(self._settings["listen"]))
        far = self._settings["far"]
        if far:
            await cluster.listen(parse_address(far[0]), far[1])

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
            await asyncio.gather(*waits, return_exceptions=True)

    async def _one_agent(self) -> None:
        """Until the agent this process was made for has ended."""
        engine, pause = self._running(), 0.005
        until = engine.clock() + IDLE_SECONDS
        while not engine.agents and not engine.started and engine.clock() < until:
            await asyncio.sleep(pause)
            pause = min(0.1, pause * 2)
        for first in tuple(engine.agents.values())[:1]:
            await self.wait(first)

    def _told(self, what: str, member: Any, why: str) -> None:
        if what == "lost" and member.name == self._settings["maker"]:
            self._over.set()


async def _ask_maker(cluster: Cluster, what: str, *arguments: Any) -> Any:
    """Have the one that makes the processes of this host do something. Raises `HostFailed`, `CallFailed`."""
    maker = cluster.peers.get(cluster.maker)
    if maker is None:
        raise HostFailed(f"{what}: expected a node that makes the processes of this host, got none")
    return await cluster.ask(maker, what, *arguments)


async def serve(context: NodeContext) -> None:
    """The program of a node."""
    await Worker(context).run()
