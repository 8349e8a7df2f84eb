"""`System`, as programs use it."""

import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Self

from cybernetic.core import OptionError, flag, number, token, whole
from cybernetic.nodes.cluster import Cluster, describe
from cybernetic.nodes.door import Door
from cybernetic.nodes.host import ProcessHost
from cybernetic.nodes.link import LinkSettings, MemoryAddress, Secret, Tls, UnixAddress, parse_address
from cybernetic.nodes.membership import Member
from cybernetic.nodes.port import Host
from cybernetic.nodes.transfer import Transfer
from cybernetic.nodes.worker import Orders
from cybernetic.runtime import LocalSystem


@dataclass(frozen=True, slots=True)
class Node:
    """What a system knows of one node.

    Attributes:
        name: what it is called.
        incarnation: which of the nodes of that name it is.
        kind: "node", where children may be placed; "door", a process that only makes nodes; "isolated", the process
            of one agent.
        host: the host it runs on.
        capabilities: what it offers.
        pid: its process, if this system made it.
        here: whether it is this one.
    """

    name: str
    incarnation: str
    kind: str
    host: str
    capabilities: Mapping[str, Any]
    pid: int | None
    here: bool


class System(LocalSystem):
    """Runs agents on the running event loop, from `async with System() as system:` to the end of the block.

    At the end everything is stopped: trees in reverse order of their start, then what else still runs. With `nodes`,
    `listen` or `join` it is one node of several: the same program runs across processes and hosts, and `child(...,
    node="worker-1")`, `requires=` and `isolate=` say where.

    Args:
        check_transfer: encode and decode every message, also between agents of one process, so that a program that
            works is ready for many: values arrive as copies, and one that could not travel raises `CannotTravel` at
            the line that sends it. It costs time; meant for tests. Default False.
        watchdog: seconds a handler may hold the event loop before a warning names it; None: no watchdog. Left
            out: 0.1 on a loop with real time, none on one with virtual time.
        seed: where the chance of this run begins (back-off jitter); None: the loop's `seed`, if it is a virtual-time
            loop, else one from the operating system. Readable afterwards as `system.chance.seed`.
        tune_gc: let the garbage collector run less often while the system runs: programs with very many agents
            are faster, and their garbage is collected later. Default False.
        inline: take the first step of async handlers without a task of their own, where this Python allows it.
            Default True; False is slower and uses no private names of asyncio.
        nodes: how many more processes to run agents in, "worker-1" and so on, or their names. Default 0. One that
            ends is made anew. The program's main file must be importable: guard what starts it by
            `if __name__ == "__main__":`.
        node: the name of this process as a node. Default "main".
        host: the name of this host. Default: what the machine is called.
        capabilities: what the nodes made by this system offer to children that require something; what this process
            itself does, if it makes none.
        listen: addresses where nodes of other hosts may link: "tcp:HOST:PORT".
        join: addresses of nodes of other hosts to link with, now.
        secret: what all nodes of the cluster know: text or bytes, at least 16; needed for `listen` and `join`. Default:
            the variable CYBERNETIC_SECRET, or a fresh one for the nodes of this host.
        tls: the certificate for links to other hosts. Default: one made for this run.
        node_dead_after: seconds of silence after which a node is lost, and ended if it is of this host. Default 10.
        lag_after: seconds of silence after which a node is reported to lag. Default 1.
        modules: modules that every node of this host imports when it starts, for the types in them that travel.
        host_port: what makes the processes; None: Thespian.

    Raises:
        SystemStopped: from the block, when a permanent tree has ended by itself; it carries the tree's reason.
        HostFailed: the nodes could not be made.
        LinkRefused: a node to join turned this one away, or could not be reached.
    """

    def __init__(
        self,
        *,
        check_transfer: bool = False,
        watchdog: float | Literal["auto"] | None = "auto",
        seed: int | None = None,
        tune_gc: bool = False,
        inline: bool = True,
        nodes: int | Sequence[str] = 0,
        node: str = "main",
        host: str | None = None,
        capabilities: Mapping[str, Any] | None = None,
        listen: Sequence[str] = (),
        join: Sequence[str] = (),
        secret: str | bytes | Secret | None = None,
        tls: Tls | None = None,
        node_dead_after: float = 10.0,
        lag_after: float = 1.0,
        modules: Sequence[str] = (),
        host_port: Host | None = None,
        only_door: bool = False,
    ) -> None:
        transfer = Transfer().copy if flag("check_transfer", check_transfer) else None
        super().__init__(transfer=transfer, watchdog=watchdog, seed=seed, tune_gc=tune_gc, inline=inline)
        self._names = _node_names(nodes)
        self._listen = [parse_address(address) for address in listen]
        self._join = [parse_address(address) for address in join]
        lag = number("lag_after", lag_after, above=0)
        self._links = LinkSettings(dead_after=number("node_dead_after", node_dead_after, above=lag), lag=lag)
        given = Secret.from_environment() if secret is None else secret
        if given is None and (self._listen or self._join):
            raise OptionError(
                "secret", "one that all nodes of the cluster know, to listen or to join", "none"
            )
        self._secret = given if isinstance(given, Secret) else Secret.of(given) if given else Secret.fresh()
        self._me = describe(
            node,
            host=host or platform.node() or "host",
            kind="door" if only_door else "node",
            capabilities={} if self._names else dict(capabilities or {}),
        )
        self._capabilities = dict(capabilities or {})
        self._tls, self._modules, self._host = tls, tuple(modules), host_port
        self._cluster: Cluster | None = None
        self._door: Door | None = None

    async def __aenter__(self) -> Self:
        await super().__aenter__()
        if self._names or self._listen or self._join:
            try:
                await self._open()
            except BaseException:
                await self.stop()
                raise
        return self

    @property
    def nodes(self) -> list[Node]:
        """The nodes that can be reached now, this one first; empty in a system of a single process."""
        cluster = self._cluster
        if cluster is None:
            return []
        pids = self._door.pids if self._door is not None else {}
        linked = [member for member in cluster.members if cluster.is_linked(member.name)]
        return [_node(cluster.me, None, True), *(_node(m, pids.get(m.name), False) for m in linked)]

    async def _open(self) -> None:
        """Become one of many."""
        engine = self._running()
        cluster = self._cluster = Cluster(
            engine, self._me, self._secret, self._links, self._tls, told=self._peer_news
        )
        host = self._host or ProcessHost(self._me.name)
        door = self._door = Door(cluster, host)
        await host.open(door.told)
        if getattr(host, "in_memory", False):
            here: Any = MemoryAddress(f"{self._me.name}-{token(4)}")
        else:
            here = UnixAddress(str(host.directory / "door"))
        await cluster.listen(*self._listen, here)
        door.orders = Orders(
            str(here),
            self._secret,
            self._me.host,
            self._capabilities,
            self._links,
            self._modules,
            {"watchdog": self._limit, "tune_gc": self._tune_gc, "inline": self._inline},
        )
        await door.open(self._names)
        for address in self._join:
            await cluster.join(address)
        await cluster.settled()

    def _peer_news(self, what: str, member: Member, why: str) -> None:
        if what == "lost" and self._door is not None:
            self._door.peer_lost(member)

    async def _left(self) -> None:
        if self._cluster is not None:
            if self._door is not None:
                self._door.closing()
            await self._cluster.close()
            if self._door is not None:
                await self._door.close()


def _node(member: Member, pid: int | None, here: bool) -> Node:
    return Node(member.name, member.incarnation, member.kind, member.host, member.capabilities, pid, here)


def _node_names(nodes: int | Sequence[str]) -> tuple[str, ...]:
    """The names of the nodes to be made. Raises `OptionError`."""
    if isinstance(nodes, int):
        return tuple(f"worker-{n + 1}" for n in range(whole("nodes", nodes)))
    names = tuple(nodes)
    if isinstance(nodes, str) or not all(isinstance(name, str) and name for name in names):
        raise OptionError("nodes", "how many, or their names", nodes)
    if len(set(names)) != len(names):
        raise OptionError("nodes", "a name of its own for every node", nodes)
    return names
