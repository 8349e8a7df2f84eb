"""How a node is linked with others: it listens, calls, takes leave; and what happens when a link comes or goes."""

import asyncio
import contextlib
import logging
from collections.abc import Callable
from functools import partial
from typing import Any

from cybernetic.nodes.errors import LinkRefused
from cybernetic.nodes.events import JOINED, LAGGING, LOST, NodeJoined, NodeLagging, NodeLost
from cybernetic.nodes.link import (
    Address,
    Link,
    LinkSettings,
    Listener,
    Secret,
    TcpAddress,
    Tls,
    connect,
)
from cybernetic.nodes.mesh import NOT_MEANT, Mesh
from cybernetic.nodes.plan.membership import Member, Members, Refused, taken
from cybernetic.nodes.plan.reach import in_order, seen_at, stranded
from cybernetic.nodes.remote import ops
from cybernetic.nodes.remote.inbound import Inbound
from cybernetic.nodes.remote.peer import Peer
from cybernetic.nodes.waiting import Waiting

_log = logging.getLogger("cybernetic.nodes")

LEAVE_SECONDS = 2.0  # how long taking leave may take
ISOLATED_DEAD = 1.0  # seconds of silence after which the process of an isolated agent is lost

LEFT = "the peer closed the link"  # how a link's end reads where the other end took leave

Told = Callable[[str, Member, str], object]


class Linking(Waiting):
    """The part of a cluster that makes and loses peers. `exchange` tells new ones of names and groups.

    Attributes:
        me: what others are told of this node.
        members: what the nodes linked or about to be said of themselves.
        leaving: whether it takes leave, or has.
        unreached: of nodes it was told of, and could not be linked with: name -> why.
    """

    codec: Any
    exchange: Any
    starts: Any

    def __init__(
        self, me: Member, secret: Secret, settings: LinkSettings, tls: Tls | None, told: Told
    ) -> None:
        super().__init__()
        self.me, self.name, self.incarnation = me, me.name, me.incarnation
        self.unreached: dict[str, str] = {}
        self.members = Members()
        self._secret, self._settings, self._tls, self._told = secret, settings, tls, told
        self._listeners: list[Listener] = []
        self.leaving = False
        self.mesh = Mesh(self)

    @property
    def maker(self) -> str:
        """The name of the node that makes the processes of this host; empty if it is this one."""
        return self.me.maker

    @maker.setter
    def maker(self, name: str) -> None:
        self.me = self.me._replace(maker=name)

    # Listening, calling, leaving.

    async def listen(self, address: Address, announced: str | None = None) -> Address:
        """Accept links at an address and tell others of it; returns the actual one. Raises `LinkRefused`.

        `announced` is the host by which other hosts reach a TCP address, where that is another than it listens at.
        """
        listener = await Listener.open(
            address,
            hello=self._hello,
            secret=self._secret,
            judge=self._judge,
            accepted=self._accepted,
            settings=self._settings,
            tls=self._tls if isinstance(address, TcpAddress) else None,
            refused=partial(self._turned_away, address),
        )
        self._listeners.append(listener)
        shown = actual = listener.address
        if isinstance(actual, TcpAddress) and announced:
            shown = TcpAddress(announced, actual.port)
        addresses = [str(shown), *self.me.address.split()]
        self.me = self.me._replace(address=in_order(addresses))
        return actual

    async def join(self, address: Address, meant: str = "") -> Member:
        """Link with the node at an address; through it those it knows. Raises `LinkRefused`.

        `meant` is the name of the node that is expected there; empty: any.
        """
        link = await self.call(address, meant)
        member = self._met(link)
        why = self._refusal(member)
        if why is not None:
            link.abort(why)
            raise LinkRefused(f"{address}: {why}")
        self.up(member, link)
        return member

    async def leave(self) -> None:
        """Tell the others, and take no more."""
        self.leaving = True
        for listener in self._listeners:
            listener.close()
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for peer in list(self.peers.values()):
            if peer.link is not None:
                peer.link.close(f"{self.name} leaves")
            else:
                self.lose(peer, "not linked yet")
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(LEAVE_SECONDS):
                await self.when(lambda: not self.peers)
        for peer in list(self.peers.values()):
            self.lose(peer, "it did not take leave")

    # Links that come and go.

    async def call(self, address: Address, meant: str = "") -> Link:
        """A link with the node at an address, not yet started. Raises `LinkRefused`.

        `meant` is the node that is expected there, by its name, or its name, "#" and incarnation: another says so
        instead, for it may be linked with this one already. Empty: any.
        """
        tls = Tls() if isinstance(address, TcpAddress) else None
        return await connect(address, self._hello(meant), self._secret, settings=self._settings, tls=tls)

    def _hello(self, meant: str = "") -> bytes:
        data: bytes = self.codec.encode((*self.me, meant))
        return data

    def _read(self, hello: bytes) -> tuple[Member, str]:
        """What a peer says of itself, and whom it means. Raises `LinkRefused`."""
        try:
            *fields, meant = self.codec.decode(hello)
            return Member(*fields), str(meant)
        except Exception as error:
            raise LinkRefused(f"expected a node to say what it is, got: {error}") from error

    def _met(self, link: Link) -> Member:
        """Who is at the other end of a link, reached where it is seen from here too. Raises `LinkRefused`."""
        return seen_at(self._read(link.hello)[0], link.place)

    def _judge(self, hello: bytes) -> str | None:
        try:
            member, meant = self._read(hello)
        except LinkRefused as error:
            return str(error)
        if meant not in ("", self.name, f"{self.name}#{self.incarnation}"):
            return f"{self.name} {NOT_MEANT}: {meant}"
        return self._refusal(member)

    def _turned_away(self, address: Address, why: str) -> None:
        """A caller was: said aloud unless it was led astray, has ended and is of this host, or this node leaves."""
        ended = not isinstance(address, TcpAddress) and why.startswith("the peer ended")
        quiet = self.leaving or ended or NOT_MEANT in why
        level = self._aside if quiet else logging.WARNING
        _log.log(level, "%s: a connection was refused: %s", address, why)

    def _refusal(self, member: Member) -> str | None:
        """Why a node cannot be linked; None if it can."""
        if self.leaving:
            return f"{self.name} is leaving"
        if member.name == self.name:
            return f"name: expected one that no living node has, got: {member.called}, which is this node's"
        peer = self.peers.get(member.name)
        if peer is not None and peer.incarnation != member.incarnation:
            joined = self.members.joined(member)
            return joined.why if isinstance(joined, Refused) else None
        others = [self.members[peer.name] for peer in self.linked() if peer.name != member.name]
        return taken(member, (self.me, *others)) or stranded(member, others)

    def _accepted(self, link: Link) -> None:
        self.up(self._met(link), link)

    def up(self, member: Member, link: Link) -> None:
        """A link is there."""
        known = self.peers.get(member.name)
        if known is not None and known.link is not None:
            self.lose(known, "it has linked itself anew")
        self.members = self.members.returned(member.name, member.incarnation)
        peer = self.peers.get(member.name) or self.expect(member)
        if member.kind == "isolated":
            link.hurry(ISOLATED_DEAD)
        link.start(
            Inbound(self, peer).received,
            lambda why: self.lose(peer, why),
            drained=peer.drained,
            lagging=lambda seconds: self._lagging(peer, seconds),
        )
        peer.linked(link)
        self.unreached.pop(member.name, None)
        self.mesh.keep_telling()
        _log.log(self._aside, "%s is linked with %s (%s)", self.name, member.name, member.kind)
        if JOINED.listeners:
            JOINED.emit(NodeJoined(member.name, member.incarnation))
        for other in self.linked():
            if other is not peer:
                other.post((ops.MEMBERS, [tuple(member)]))
        self._told("joined", member, "")
        if member.kind == "node":
            self.starts.node_came()
        self.look()

    def expect(self, member: Member) -> Peer:
        """Note a node that is about to be linked: what is sent to it waits. Raises `LinkRefused`."""
        joined = self.members.joined(member)
        if isinstance(joined, Refused):
            raise LinkRefused(joined.why)
        self.members = joined
        peer = self.peers[member.name] = Peer(self, member.name, member.incarnation)
        return peer

    def greet(self, peer: Peer) -> None:
        """Tell a node that is linked now what it must know; from now on it is told what is new."""
        others = [tuple(self.members[each.name]) for each in self.linked() if each is not peer]
        self.exchange.greet(peer)
        peer.post((ops.MEMBERS, others))

    def _lagging(self, peer: Peer, seconds: float) -> None:
        """Nothing was heard from a node for a while; 0: it is heard again."""
        if seconds and not self.leaving:
            level = logging.WARNING if self._concerns(peer) else self._aside
            _log.log(level, "%s has not been heard of for %.1f s", peer.name, seconds)
        if LAGGING.listeners:
            LAGGING.emit(NodeLagging(peer.name, seconds))

    @property
    def _aside(self) -> int:
        """The level of what goes its way: aloud at the first node of a host, which all the others there have too."""
        return logging.DEBUG if self.maker else logging.INFO

    def _concerns(self, peer: Peer) -> bool:
        """Whether it is for this node to say aloud what becomes of a peer, rather than for the one that made both."""
        return self.maker in ("", peer.name)

    def lose(self, peer: Peer, why: str) -> None:
        """A node is out of reach: its agents have ended with `NoConnection`, its names are free."""
        if peer.lost:
            return
        member = self.members.get(peer.name)
        if self.peers.get(peer.name) is peer:
            del self.peers[peer.name]
            self.members = self.members.left(peer.name, peer.incarnation)
        link = peer.link
        if link is not None:
            link.abort(why)
        left = self.leaving or why.startswith(LEFT)
        level = self._aside if left or not self._concerns(peer) else logging.WARNING
        _log.log(level, "%s has lost %s: %s", self.name, peer.name, why)
        self.exchange.lost(peer)
        peer.lose()
        if LOST.listeners:
            LOST.emit(NodeLost(peer.name, peer.incarnation, why))
        if member is not None:
            self._told("lost", member, why)
            if link is None:
                self.unreached[member.name] = why
            elif not left:
                self.mesh.lost(member)
        self.look()
