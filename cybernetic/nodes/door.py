"""The nodes of this host, as the process that wants them sees it: made, linked, made anew when they end."""

import asyncio
import logging
from collections.abc import Iterable

from cybernetic.core import NoNode, StartFailed
from cybernetic.nodes.cluster import Cluster
from cybernetic.nodes.errors import HostFailed
from cybernetic.nodes.events import STOPPED, NodeStopped
from cybernetic.nodes.membership import Member
from cybernetic.nodes.port import Host, HostEnded, News, NodeEnded, NodeOrder, NodeUp
from cybernetic.nodes.worker import PROGRAM, Orders
from cybernetic.supervision import Backoff, Limits

_log = logging.getLogger("cybernetic.nodes")

UP_SECONDS = 30.0  # how long a new node may take to be linked
AGAIN = Backoff(0.05, 5.0, reset_after=5.0)  # between two attempts to make a node of one name
GRACE = (
    1.0  # seconds between the end of a process and giving up its link, whose last messages may still be read
)


class Child:
    """One name of a node of this host.

    Attributes:
        number: the incarnation running or being made.
        pid: its process; None while there is none.
        row: how many ends it has had in a row.
        failed: what is told of its end before it was ever up.
    """

    def __init__(self, name: str, kind: str, limits: Limits) -> None:
        self.name, self.kind, self.limits = name, kind, limits
        self.number = self.row = 0
        self.pid: int | None = None
        self.since = 0.0
        self.failed: asyncio.Future[str] | None = None


class Door:
    """Keeps the nodes of this host.

    Args:
        cluster: the node that this process is.
        host: what makes processes.

    Attributes:
        orders: what every node of this host is told; known once this one listens.
    """

    def __init__(self, cluster: Cluster, host: Host) -> None:
        self._cluster, self._host = cluster, host
        self.orders: Orders | None = None
        self._children: dict[str, Child] = {}
        self._isolated = 0
        self._closing = False
        cluster.answers["isolate"] = self.isolate

    @property
    def pids(self) -> dict[str, int]:
        """The processes of the nodes that are up."""
        return {child.name: child.pid for child in self._children.values() if child.pid is not None}

    async def open(self, names: Iterable[str]) -> None:
        """Make nodes of these names, and wait until each is linked. Raises `HostFailed`."""
        names = tuple(names)
        for name in names:
            self._children[name] = Child(name, "node", Limits())
            self._make(self._children[name])
        await self._linked(names)

    async def isolate(self, id: str, limits: Limits) -> str:
        """Make a node for one agent; returns its name once it is linked. Raises `StartFailed`."""
        self._isolated += 1
        safe = "".join(c if c.isalnum() or c in "-_." else "-" for c in id)[:24]
        child = Child(f"{self._cluster.name}.{safe}.{self._isolated}", "isolated", limits)
        child.failed = self._cluster.engine.loop.create_future()
        self._children[child.name] = child
        self._make(child)
        up = self._cluster.when(lambda: self._cluster.is_linked(child.name))
        try:
            async with asyncio.timeout(UP_SECONDS):
                await asyncio.wait([up, child.failed], return_when=asyncio.FIRST_COMPLETED)
        except TimeoutError:
            self._host.kill(child.name, child.number)
            raise StartFailed(id, NoNode(f"isolate: its process was not up in {UP_SECONDS:g} s")) from None
        finally:
            up.cancel()
        if child.failed.done():
            raise StartFailed(id, NoNode(f"isolate: {child.failed.result()}"))
        return child.name

    def peer_lost(self, member: Member) -> None:
        """A node is out of reach: if it is of this host, and a process is left, that ends."""
        child = self._children.get(member.name)
        if child is not None and member.incarnation.startswith(f"{child.number}."):
            self._host.kill(child.name, child.number)

    def closing(self) -> None:
        """From now on no node is made anew."""
        self._closing = True

    async def close(self) -> None:
        """End every node."""
        self._closing = True
        await self._host.close()

    def told(self, news: News) -> None:
        """What the host tells."""
        if isinstance(news, HostEnded):
            if not self._closing:
                _log.error("what makes the nodes of this host has failed, and is started anew: %s", news.how)
                self._cluster._task(self._reopen())
            return
        child = self._children.get(news.name)
        if child is None or child.number != news.incarnation:
            return
        if isinstance(news, NodeUp):
            child.pid, child.since = news.pid, self._cluster.engine.clock()
            self._cluster.look()
        else:
            self._ended(child, news)

    # Inside.

    def _make(self, child: Child) -> None:
        child.number += 1
        assert self.orders is not None
        settings = self.orders.for_node(child.kind, child.name, child.number)
        self._host.create(NodeOrder(child.name, child.number, PROGRAM, settings, child.limits))

    def _ended(self, child: Child, news: NodeEnded) -> None:
        child.pid = None
        if not self._closing:
            _log.log(
                logging.INFO if child.kind == "isolated" else logging.WARNING,
                "the process of %s has ended: %s",
                child.name,
                news.how,
            )
        if STOPPED.listeners:
            STOPPED.emit(NodeStopped(child.name, news.how))
        peer = self._cluster.peers.get(child.name)
        if peer is not None and peer.incarnation.startswith(f"{child.number}."):
            self._cluster.engine.loop.call_later(GRACE, self._cluster._lose, peer, news.how)
        if child.failed is not None and not child.failed.done():
            child.failed.set_result(news.how)
        if self._closing or child.kind == "isolated":
            self._children.pop(child.name, None)
            return
        lived = self._cluster.engine.clock() - child.since if child.since else 0.0
        child.row, child.since = AGAIN.attempt(child.row, lived), 0.0
        delay = AGAIN.delay(child.row) if child.row else 0.0
        child.row += 1
        self._cluster.engine.loop.call_later(delay, self._again, child, child.number)

    def _again(self, child: Child, number: int) -> None:
        if not self._closing and child.number == number and self._children.get(child.name) is child:
            self._make(child)

    async def _reopen(self) -> None:
        """The host has failed; its nodes have ended. Once it is there again, they are made as after any end."""
        attempt = 0
        while not self._closing:
            try:
                await self._host.open(self.told)
                break
            except HostFailed as error:
                _log.error("%s", error)
                await asyncio.sleep(AGAIN.delay(attempt))
                attempt += 1

    def _is_up(self, name: str) -> bool:
        return self._cluster.is_linked(name) and name in self.pids

    async def _linked(self, names: tuple[str, ...]) -> None:
        up = self._cluster.when(lambda: all(self._is_up(name) for name in names))
        try:
            async with asyncio.timeout(UP_SECONDS):
                await up
        except TimeoutError:
            missing = [name for name in names if not self._is_up(name)]
            raise HostFailed(f"expected all nodes to be up in {UP_SECONDS:g} s, missing: {missing}") from None
