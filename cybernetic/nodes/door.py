"""The nodes of this host, as the process that wants them sees it: made, linked, made anew when they end."""

import asyncio
import itertools
import logging
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from cybernetic.core import Crash, NoNode, OptionError, StartFailed, token
from cybernetic.nodes.cluster import Cluster
from cybernetic.nodes.errors import HostFailed, LinkRefused
from cybernetic.nodes.events import STOPPED, NodeStopped
from cybernetic.nodes.host.port import (
    BY_ITSELF,
    ON_REQUEST,
    Host,
    HostEnded,
    News,
    NodeEnded,
    NodeOrder,
    NodeUp,
)
from cybernetic.nodes.link import Address, MemoryAddress, UnixAddress
from cybernetic.nodes.plan.membership import Member
from cybernetic.nodes.worker import PROGRAM, Orders
from cybernetic.supervision import Backoff, Limits

_log = logging.getLogger("cybernetic.nodes")

UP_SECONDS = 30.0  # how long a new node may take to be linked
AGAIN = Backoff(0.05, 5.0, reset_after=1.0)  # between two attempts to make a node of one name
GRACE = (
    1.0  # seconds between the end of a process and giving up its link, whose last messages may still be read
)


class Child:
    """A node of this host, by name.

    Attributes:
        number: the incarnation running or being made.
        pid: its process; None while there is none.
        since: when it was up, in seconds of the loop's clock; 0: never.
        row: how many times in a row it has ended soon.
        failed: of an isolated one: how it has ended.
        modules: what it imports before it is linked.
        ticket: of an isolated one: by what who wanted it calls it.
        socket: the path where its latest process listens, if it does so at one.
        asked: whether its process is to end.
    """

    def __init__(self, name: str, kind: str, limits: Limits) -> None:
        self.name, self.kind, self.limits = name, kind, limits
        self.number = self.row = 0
        self.pid: int | None = None
        self.since = 0.0
        self.failed: asyncio.Future[str] | None = None
        self.modules: tuple[str, ...] = ()
        self.ticket = ""
        self.socket: Path | None = None
        self.asked = False


class Door:
    """Keeps the nodes of this host.

    Args:
        cluster: the node that this process is.
        host: what makes processes; it is opened when first needed.
        orders: what every node is told; `door` is filled in.
    """

    def __init__(self, cluster: Cluster, host: Host, orders: Orders) -> None:
        self._cluster, self._host, self._orders = cluster, host, orders
        self._children: dict[str, Child] = {}
        self._isolated = 0
        self._places = itertools.count(1)
        self._closing = False
        self._failed = False  # the host is not there, and is about to be opened anew
        self._opened: asyncio.Task[None] | None = None
        self._reopening: asyncio.Task[None] | None = None
        cluster.answers["isolate"] = self.isolate
        cluster.answers["unmake"] = self.unmake

    @property
    def pids(self) -> dict[str, int]:
        """The processes of the nodes that are up."""
        return {child.name: child.pid for child in self._children.values() if child.pid is not None}

    async def open(self, names: Iterable[str]) -> None:
        """Make nodes of these names, and wait until each is linked. Raises `HostFailed`, `LinkRefused`."""
        await self._ready()
        children = [Child(name, "node", Limits()) for name in names]
        for child in children:
            self._children[child.name] = child
            self._make(child)
        up = self._cluster.when(lambda: all(self._is_up(child) for child in children))
        try:
            async with asyncio.timeout(UP_SECONDS):
                await up
        except TimeoutError:
            missing = [child.name for child in children if not self._is_up(child)]
            raise HostFailed(f"expected all nodes to be up in {UP_SECONDS:g} s, missing: {missing}") from None

    async def isolate(self, id: str, limits: Limits, module: str, ticket: str) -> str:
        """Make a node for one agent; returns its name once it is linked.

        Raises `StartFailed`, with `NoNode` while what makes the processes is started anew; `HostFailed` if it cannot
        be started at all; `OptionError`.

        It imports `module`, where the agent's class is, before it is linked: that may take longer than silence may.
        `ticket` is what `unmake` calls it by.
        """
        if not isinstance(limits, Limits) or not all(isinstance(each, str) for each in (id, module, ticket)):
            raise OptionError("isolate", "three texts and limits", (id, limits, module, ticket))
        await self._ready()
        if self._failed:
            raise StartFailed(
                id, NoNode("isolate: what makes processes here has failed, and is started anew")
            )
        self._isolated += 1
        safe = "".join(c if c.isascii() and c.isalnum() else "-" for c in id)[:12]
        child = Child(f"{self._cluster.name}.{safe}.{self._isolated}", "isolated", limits)
        child.failed, child.modules = self._cluster.engine.loop.create_future(), (module,)
        child.ticket = ticket
        self._make(child)
        self._children[child.name] = child  # now that its end will be told
        up = self._cluster.when(lambda: self._is_up(child))
        try:
            async with asyncio.timeout(UP_SECONDS):
                await asyncio.wait([up, child.failed], return_when=asyncio.FIRST_COMPLETED)
        except TimeoutError:
            self._end_now(child)
            raise StartFailed(id, _failed(f"its process was not up in {UP_SECONDS:g} s")) from None
        finally:
            up.cancel()
        if child.failed.done():
            raise StartFailed(id, _failed(child.failed.result()))
        return child.name

    async def unmake(self, ticket: str) -> None:
        """End the node that was made for a ticket, or is being made: its agent is not wanted any more."""
        for child in self._children.values():
            if child.ticket and child.ticket == ticket:
                self._end_now(child)

    def peer_lost(self, member: Member, left: bool) -> None:
        """A node is out of reach: if it is of this host, its process ends; one that `left` gets time to do so."""
        child = self._children.get(member.name)
        if self._closing or child is None or not member.incarnation.startswith(f"{child.number}."):
            return
        if left:
            self._cluster.engine.loop.call_later(GRACE, self._kill, child, child.number)
        else:
            self._host.kill(child.name, child.number)

    def closing(self) -> None:
        """From now on no node is made anew."""
        self._closing = True

    async def close(self) -> None:
        """End every node."""
        self._closing = True
        if self._opened is not None:
            await self._host.close()

    def told(self, news: News) -> None:
        """What the host tells."""
        if isinstance(news, HostEnded):
            if not self._closing:
                _log.error("what makes the nodes of this host has failed, and is started anew: %s", news.how)
                self._failed = True
                if self._reopening is not None:  # it has failed while it was
                    self._reopening.cancel()
                self._reopening = self._cluster.task(self._reopen())
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

    async def _ready(self) -> None:
        """Open the host, and listen where its nodes will call. Raises `HostFailed`, `LinkRefused`."""
        if self._opened is None or (self._opened.done() and self._opened.exception() is not None):
            self._opened = asyncio.ensure_future(self._open_host())
        await asyncio.shield(self._opened)

    async def _open_host(self) -> None:
        await self._host.open(self.told)
        here: Address = UnixAddress(str(self._host.directory / "door"))
        if getattr(self._host, "in_memory", False):
            here = MemoryAddress(f"{self._cluster.name}-{token(4)}")
        self._orders = replace(self._orders, door=str(await self._cluster.listen(here)))

    async def _reopen(self) -> None:
        """The host has failed, and its nodes have ended. Once it is there again they are made anew."""
        attempt = 0
        while not self._closing:
            try:
                await self._open_host()
            except (HostFailed, LinkRefused) as error:
                _log.error("%s", error)
                await asyncio.sleep(AGAIN.delay(attempt))
                attempt += 1
                continue
            self._failed = False
            for child in self._children.values():
                self._make(child)
            return

    def _make(self, child: Child) -> None:
        child.number += 1
        place = self._orders.place(next(self._places))
        child.socket = Path(place.path) if isinstance(place, UnixAddress) else None
        settings = self._orders.for_node(child.kind, place, child.modules)
        self._host.create(NodeOrder(child.name, child.number, PROGRAM, settings, child.limits))

    def _is_up(self, child: Child) -> bool:
        return child.pid is not None and self._cluster.is_linked(child.name)

    def _ended(self, child: Child, news: NodeEnded) -> None:
        """The process of a node has ended, or could not be made."""
        child.pid = None
        for_good = self._closing or child.kind == "isolated"
        quiet = for_good and (self._closing or child.asked or news.how in (BY_ITSELF, ON_REQUEST))
        level = logging.INFO if quiet else logging.WARNING
        _log.log(level, "the process of %s has ended: %s", child.name, news.how)
        if child.socket is not None:  # one that was killed has left it
            child.socket.unlink(missing_ok=True)
        if STOPPED.listeners:
            STOPPED.emit(NodeStopped(child.name, news.how))
        engine, peer = self._cluster.engine, self._cluster.peers.get(child.name)
        if peer is not None and peer.incarnation.startswith(f"{child.number}."):
            engine.loop.call_later(GRACE, self._cluster.lose, peer, news.how)
        if child.failed is not None and not child.failed.done():
            child.failed.set_result(news.how)
        if for_good:
            self._children.pop(child.name, None)
            return
        lived = engine.clock() - child.since if child.since else 0.0
        child.row, child.since = AGAIN.attempt(child.row, lived), 0.0
        delay = AGAIN.delay(child.row) if child.row else 0.0
        child.row += 1
        engine.loop.call_later(delay, self._again, child, child.number)

    def _end_now(self, child: Child) -> None:
        """End a node that is not to be made anew."""
        child.asked = True
        self._host.kill(child.name, child.number)

    def _kill(self, child: Child, number: int) -> None:
        """End what should have ended by itself."""
        if child.number == number and self._children.get(child.name) is child:
            self._host.kill(child.name, number)

    def _again(self, child: Child, number: int) -> None:
        """Make a node anew."""
        known = child.number == number and self._children.get(child.name) is child
        if known and not self._closing and not self._failed:
            self._make(child)


def _failed(why: str) -> Crash:
    """The reason of a start for which no process could be made."""
    return Crash("HostFailed", f"isolate: {why}")
