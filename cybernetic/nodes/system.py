"""`System`, as programs use it."""

import platform
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Literal, Self

from cybernetic.core import OptionError, flag, number, whole
from cybernetic.nodes.busiest import Busiest, everywhere
from cybernetic.nodes.cluster import Cluster, describe
from cybernetic.nodes.door import Door
from cybernetic.nodes.errors import LinkRefused
from cybernetic.nodes.host import rundir
from cybernetic.nodes.host.port import Host
from cybernetic.nodes.host.process import ProcessHost
from cybernetic.nodes.joining import Joining, in_time
from cybernetic.nodes.link import (
    Address,
    LinkSettings,
    Secret,
    TcpAddress,
    Tls,
    UnixAddress,
    own_address,
    parse_address,
)
from cybernetic.nodes.linking import LEFT
from cybernetic.nodes.node import Node
from cybernetic.nodes.plan.capabilities import checked
from cybernetic.nodes.plan.membership import Member
from cybernetic.nodes.starts import Alone, Starts
from cybernetic.nodes.transfer import Transfer
from cybernetic.nodes.worker import Orders
from cybernetic.runtime import LocalSystem

WILDCARDS = ("0.0.0.0", "::")


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
        nodes: how many more processes to run agents in, "worker-1" and so on ("NODE.worker-1" where this system joins
            others), or their names. Default 0. One that ends is made anew. The program's main file must be importable:
            guard what starts it by `if __name__ == "__main__":`.
        node: the name of this process as a node. Default "main".
        host: the name of this host. Default: what the machine is called.
        capabilities: what the nodes made by this system offer to children that require something; what this process
            itself does, if it makes none.
        listen: addresses where nodes of other hosts may link: "tcp:HOST:PORT". Links over TCP are encrypted. The nodes
            this system makes listen as well: at free ports, or for "tcp:HOST:FIRST-LAST", where this process takes the
            first port, at those after it. Left out by one that joins: free ports at the address it joins from, so that
            those which join after it can link with it. False: nowhere; then it is turned away where another that
            listens nowhere has joined.
        announce: the host by which they reach them. Default: the one listened at, this host's name for "0.0.0.0".
            Those that have been linked with a node of this host also try the address at which they met it.
        join: addresses of nodes of other hosts to link with: now, and again when the link is lost.
        secret: what all nodes of the cluster know: text or bytes, at least 16; needed for `listen` and `join`. Default:
            the variable CYBERNETIC_SECRET, or a fresh one for the nodes of this host.
        tls: the certificate for links to other hosts. Default: one made for this run.
        node_dead_after: seconds of silence after which a node is lost, and ended if it is of this host. Default 10.
        lag_after: seconds of silence after which a node is reported to lag. Default 1.
        modules: modules that every node of this host imports when it starts, for the types in them that travel.
        host_port: what makes the processes. Default: Thespian.
        only_door: whether this process only makes nodes, and no child is placed on it. Default False.

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
        listen: Sequence[str] | Literal[False] = (),
        announce: str | None = None,
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
        self._node_names = _names(nodes, node, f"{node}." if join else "")
        self._listen, self._join = _addresses("listen", listen or ()), _addresses("join", join)
        if any(isinstance(each, TcpAddress) and each.last for each in self._join):
            raise OptionError("join", "one port of each address", join)
        self._unasked = listen is not False and not self._listen  # whether to listen so as to be in the mesh
        lag = number("lag_after", lag_after, above=0)
        self._links = LinkSettings(dead_after=number("node_dead_after", node_dead_after, above=lag), lag=lag)
        self._secret = _secret(secret, bool(self._listen or self._join))
        self._capabilities = checked(capabilities or {})
        self._me = describe(
            node,
            host=host or platform.node() or "localhost",
            kind="door" if flag("only_door", only_door) else "node",
            capabilities={} if self._node_names else self._capabilities,
            makes=self._node_names,
        )
        if announce is not None:
            TcpAddress(announce, 0)
        self._announce, self._tls, self._modules, self._host = announce, tls, tuple(modules), host_port
        self._scratch: rundir.RunDirectory | None = None
        self._cluster: Cluster | None = None
        self._door: Door | None = None

    async def __aenter__(self) -> Self:
        await super().__aenter__()
        if self._node_names or self._listen or self._join:
            try:
                await self._open()
            except BaseException:
                await self.stop()
                raise
        else:
            self._running().elsewhere = Alone(self._me, self._become_many)
        return self

    @property
    def nodes(self) -> list[Node]:
        """The nodes that can be reached now, this one first; empty in a system of a single process."""
        cluster = self._cluster
        if cluster is None:
            return []
        pids = self._door.pids if self._door is not None else {}
        linked = [member for member in cluster.members if cluster.is_linked(member.name)]
        return [Node.of(cluster.me, None, True), *(Node.of(m, pids.get(m.name), False) for m in linked)]

    async def busiest(self, by: str = "length", count: int = 20) -> Busiest:
        """The agents of all nodes that have most of `by`: "length" of the mailbox, or "reductions".

        A node that does not answer in a second is among `silent`. Raises `OptionError`.
        """
        return await everywhere(self, self._cluster, by, count)

    def _become_many(self, far: Sequence[TcpAddress] = ()) -> Starts:
        """Be a node from now on, be it the only one."""
        told = self._peer_news
        cluster = Cluster(self._running(), self._me, self._secret, self._links, self._tls, told=told)
        self._cluster = cluster
        self._door = Door(cluster, self._host or ProcessHost(self._me.name), self._orders(far))
        starts: Starts = cluster.starts
        return starts

    async def _open(self) -> None:
        """Become one of many."""
        if self._unasked and self._join:
            self._listen = await self._own_addresses()
        far = [address for address in self._listen if isinstance(address, TcpAddress)]
        if far and (self._tls is None or self._tls.cert is None):
            self._tls = self._make_tls()
        self._become_many(far)
        cluster, door = self._cluster, self._door
        assert cluster is not None
        assert door is not None
        if self._node_names:
            await door.open(self._node_names)
        for address in self._listen:  # now that there is something to be joined
            await cluster.listen(_first(address), self._announced(address))
        joining = Joining(cluster, self.chance)
        for address in self._join:
            await joining.join(address)
        await cluster.settled()
        if self._join and self._me.kind == "door":
            await joining.check_reached()

    async def _own_addresses(self) -> list[Address]:
        """Where to listen for those that join the same nodes. Raises `LinkUnreachable`."""
        clock = self._running().clock
        found = [await in_time(clock, partial(own_address, each, self._me.name)) for each in self._join]
        if None in found:
            found.append(UnixAddress(str(self._own_directory() / "links")))
        return list(dict.fromkeys(filter(None, found)))

    def _make_tls(self) -> Tls:
        """A certificate for this run. Raises `LinkRefused`."""
        try:
            return Tls.ephemeral(self._own_directory())
        except LinkRefused as error:
            raise LinkRefused(
                f"{error}; listen=False joins without" if self._unasked else str(error)
            ) from None

    def _own_directory(self) -> Path:
        """A private directory of this process, for its certificate and its socket."""
        if self._scratch is None:
            self._scratch = rundir.make(f"{self._me.name}.links")
        return self._scratch.path

    def _orders(self, far: Sequence[TcpAddress]) -> Orders:
        """What the nodes of this host are told."""
        there = None
        if far and self._tls is not None:
            announced = self._announced(far[0]) or far[0].host
            there = (str(_others(far[0])), announced, str(self._tls.cert), str(self._tls.key))
        return Orders(
            maker=self._me.name,
            door="",
            secret=self._secret,
            host=self._me.host,
            capabilities=dict(self._capabilities),
            links=self._links,
            far=there,
            modules=self._modules,
            options={"watchdog": self._limit, "tune_gc": self._tune_gc, "inline": self._inline},
        )

    def _announced(self, address: Address) -> str | None:
        """The host by which others reach an address, if not the one it says."""
        if not isinstance(address, TcpAddress):
            return None
        return self._announce or (platform.node() if address.host in WILDCARDS else None)

    def _peer_news(self, what: str, member: Member, why: str) -> None:
        if what == "lost" and self._door is not None:
            self._door.peer_lost(member, why.startswith(LEFT))

    async def stop(self) -> None:
        """Stop everything: trees in reverse order of their start, then what else still runs; the nodes come last."""
        if self._door is not None:  # a node that ends meanwhile is not needed any more
            self._door.closing()
        await super().stop()

    async def _left(self) -> None:
        if self._cluster is not None:
            await self._cluster.close()
        if self._door is not None:
            await self._door.close()
        if self._scratch is not None:
            self._scratch.remove()
            self._scratch.release()


def _names(nodes: int | Sequence[str], own: str, prefix: str) -> tuple[str, ...]:
    """The names of the nodes to be made. Raises `OptionError`."""
    if isinstance(nodes, int):
        names = tuple(f"{prefix}worker-{n + 1}" for n in range(whole("nodes", nodes)))
        if own in names:
            raise OptionError("node", f"another name than those of its {nodes} nodes", own)
        return names
    names = tuple(nodes)
    if isinstance(nodes, str) or not all(isinstance(name, str) and name for name in names):
        raise OptionError("nodes", "how many, or their names", nodes)
    if len({*names, own}) != len(names) + 1:
        raise OptionError("nodes", "a name of its own for every node", nodes)
    if any("/" in name or not name.isprintable() for name in names):
        raise OptionError("nodes", "names of printable text without a slash", nodes)
    return names


def _addresses(name: str, texts: Sequence[str]) -> list[Address]:
    if isinstance(texts, str):
        raise OptionError(name, "a list of addresses", texts)
    return [parse_address(text) for text in texts]


def _first(address: Address) -> Address:
    """Where this process listens, of several ports."""
    return TcpAddress(address.host, address.port) if isinstance(address, TcpAddress) else address


def _others(address: TcpAddress) -> TcpAddress:
    """Where the nodes it makes listen: at the ports after its own, if it was told of some, else at free ones."""
    several = len(address.ports) > 1
    return (
        TcpAddress(address.host, address.port + 1, address.last) if several else TcpAddress(address.host, 0)
    )


def _secret(given: str | bytes | Secret | None, needed: bool) -> Secret:
    """The cluster's secret. Raises `OptionError` if there must be one and is none."""
    found = Secret.from_environment() if given is None else given
    if found is None and needed:
        raise OptionError("secret", "what all nodes of the cluster know, to listen or to join", None)
    if found is None:
        return Secret.fresh()
    return found if isinstance(found, Secret) else Secret.of(found)
