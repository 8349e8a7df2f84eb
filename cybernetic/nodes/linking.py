"""How a node is linked with others: it listens, calls, hears of more, takes leave; and when one is lost."""

import asyncio
import contextlib
import logging
from collections.abc import Callable, Sequence
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
    connect_any,
)
from cybernetic.nodes.plan.membership import MOST, Member, Members, Refused, dials, taken
from cybernetic.nodes.plan.reach import apart, in_order, seen_at, stranded, way_to, ways_to
from cybernetic.nodes.remote import ops
from cybernetic.nodes.remote.inbound import Inbound
from cybernetic.nodes.remote.peer import Peer
from cybernetic.nodes.waiting import Waiting
from cybernetic.wire import DamagedMessage

_log = logging.getLogger("cybernetic.nodes")

DIAL_SECONDS = 10.0  # how long a node that is known of may take to be linked
TELL_SECONDS = 5.0  # between two times that another node is told who is linked
LEAVE_SECONDS = 2.0  # how long taking leave may take
ISOLATED_DEAD = 1.0  # seconds of silence after which the process of an isolated agent is lost

LEFT = "the peer closed the link"  # how a link's end reads where the other end took leave

Told = Callable[[str, Member, str], object]


class Linking(Waiting):
    """The part of a cluster that makes and loses peers. `names` and `spread` are what new ones are told of.

    Attributes:
        me: what others are told of this node.
        members: what the nodes linked or about to be said of themselves.
        unreached: of nodes it was told of, and could not be linked with: name -> why.
    """

    codec: Any
    names: Any
    spread: Any
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
        self._closing = self._retelling = False

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
        )
        self._listeners.append(listener)
        shown = actual = listener.address
        if isinstance(actual, TcpAddress) and announced:
            shown = TcpAddress(announced, actual.port)
        addresses = [str(shown), *self.me.address.split()]
        self.me = self.me._replace(address=in_order(addresses))
        return actual

    async def join(self, address: Address) -> Member:
        """Link with the node at an address; through it those it knows. Raises `LinkRefused`."""
        link = await self._call(address)
        member = self._met(link)
        why = self._refusal(member)
        if why is not None:
            link.abort(why)
            raise LinkRefused(f"{address}: {why}")
        self._up(member, link)
        return member

    async def leave(self) -> None:
        """Tell the others, and take no more."""
        self._closing = True
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

    # Hearing of others.

    def told_of_members(self, members: Sequence[Any], teller: Peer) -> None:
        """Another node has told whom it knows: of two that are not linked yet, one calls the other.

        Raises `DamagedMessage` if there are more than a cluster has.
        """
        if self._closing:
            return
        if len(members) > MOST:
            raise DamagedMessage(f"a cluster of at most {MOST} nodes", f"{len(members)} of them in a message")
        told = self._as_told(members, teller)
        for member in told:
            known = self.members.get(member.name)
            if member.name == self.name or (known is not None and known.incarnation != member.incarnation):
                if member.incarnation != self.incarnation:
                    _log.warning(
                        "there are two nodes called %r: this one has no link with %s",
                        member.name,
                        member.host,
                    )
            else:  # if it has left, it was for this node only: it lives, as is told here
                self.members = self.members.returned(member.name, member.incarnation)
        new = self.members.merge(told, me=self.name)
        if len(self.members) + len(new) > MOST:
            raise DamagedMessage(
                f"a cluster of at most {MOST} nodes", f"{len(self.members) + len(new)} of them"
            )
        for member in new:
            why = apart(self.me, member)
            if why is not None:
                _log.warning("%s", why)
                continue
            self._put_out(member)
            peer = self._expect(member)
            if self._calls(member):
                self.task(self._dial(member, peer, teller.dials))
            else:
                self.engine.loop.call_later(DIAL_SECONDS, self._never_came, peer)

    def told_again(self, members: Sequence[Any], teller: Peer) -> None:
        """Another node has said whom it is linked with: those that are lost to this one, it tries to reach."""
        for member in self._as_told(members[:MOST], teller):
            away = member.name not in self.peers and member.name != self.name
            if away and self._calls(member) and not self._closing:
                self.task(self._try(member, teller.dials))

    def _as_told(self, members: Sequence[Any], teller: Peer) -> list[Member]:
        """What another node has told of; those of its own host may be where that one was reached."""
        place = teller.link.place if teller.link is not None else None
        host = self.members[teller.name].host if teller.name in self.members else None
        told = [Member(*fields) for fields in members]
        return [seen_at(member, place) if member.host == host else member for member in told]

    async def _tell_again(self) -> None:
        """Say whom one is linked with, to one after another: a cut between two of many is mended thereby."""
        turn = 0
        while True:
            await asyncio.sleep(TELL_SECONDS)
            peers = self.linked()
            if len(peers) > 1:
                turn += 1
                peer = peers[turn % len(peers)]
                others = [tuple(self.members[each.name]) for each in peers if each is not peer]
                peer.post((ops.LINKED, others))

    async def _try(self, member: Member, turns: asyncio.Semaphore) -> None:
        """Link with a node that was lost, if it can be reached by now."""
        async with turns:
            await self._join_again(member)

    async def _join_again(self, member: Member) -> None:
        """Link with a node that was lost, at the first of its addresses where one of its name is, if there is one."""
        for address in ways_to(member, self.me):
            if member.name in self.peers:
                return
            with contextlib.suppress(LinkRefused):
                await self.join(address)

    def _put_out(self, member: Member) -> None:
        """Of two that cannot reach each other, and came at different nodes, the one of the greater name goes."""
        for peer in self.linked():
            why = apart(member, self.members[peer.name])
            if why is not None and dials(member.name, peer.name):
                peer.link.close(why)

    def _calls(self, member: Member) -> bool:
        """Whether this node calls another that it has a way to, rather than the other way round."""
        there = way_to(member, self.me) is not None
        return there and (dials(self.name, member.name) or way_to(self.me, member) is None)

    async def _dial(self, member: Member, peer: Peer, turns: asyncio.Semaphore) -> None:
        """Link with a node that another has told of."""
        until, pause, why = self.engine.clock() + DIAL_SECONDS, 0.02, "others took too long"
        while peer.link is None and not peer.lost and self.engine.clock() < until:
            try:
                async with turns:
                    if self.engine.clock() >= until:
                        break
                    link = await self._reach(member)
            except LinkRefused as error:
                why = str(error)
                await asyncio.sleep(pause)
                pause = min(1.0, pause * 2)
                continue
            if peer.lost or link is None:
                why = "who is there is not the node that was meant"
                if link is not None:
                    link.abort(why)
                break
            self._up(member, link)
        if peer.link is None:
            self.lose(peer, f"it could not be linked: {why}")

    async def _reach(self, member: Member) -> Link | None:
        """Call a node wherever it may be; None if that is where others are. Raises `LinkRefused`."""
        return await connect_any(
            ways_to(member, self.me),
            self._call,
            lambda hello: self._read(hello).incarnation == member.incarnation,
        )

    async def _dial_again(self, member: Member) -> None:
        """A link broke: if the node lives it is linked anew, and all about it here begins anew."""
        until, pause = self.engine.clock() + DIAL_SECONDS, 0.05
        while self.engine.clock() < until and member.name not in self.peers:
            await asyncio.sleep(pause)
            pause = min(1.0, pause * 2)
            await self._join_again(member)

    def _never_came(self, peer: Peer) -> None:
        if peer.link is None:
            self.lose(peer, "it was told of, and never linked")

    # Links that come and go.

    async def _call(self, address: Address) -> Link:
        tls = Tls() if isinstance(address, TcpAddress) else None
        return await connect(address, self._hello(), self._secret, settings=self._settings, tls=tls)

    def _hello(self) -> bytes:
        data: bytes = self.codec.encode(tuple(self.me))
        return data

    def _read(self, hello: bytes) -> Member:
        """What a peer says of itself. Raises `LinkRefused`."""
        try:
            return Member(*self.codec.decode(hello))
        except Exception as error:
            raise LinkRefused(f"expected a node to say what it is, got: {error}") from error

    def _met(self, link: Link) -> Member:
        """Who is at the other end of a link, reached where it is seen from here too. Raises `LinkRefused`."""
        return seen_at(self._read(link.hello), link.place)

    def _judge(self, hello: bytes) -> str | None:
        try:
            return self._refusal(self._read(hello))
        except LinkRefused as error:
            return str(error)

    def _refusal(self, member: Member) -> str | None:
        """Why a node cannot be linked; None if it can."""
        if self._closing:
            return f"{self.name} is leaving"
        if member.name == self.name:
            return f"name: expected one that no living node has, got that of the node called: {member.name!r}"
        peer = self.peers.get(member.name)
        if peer is not None and peer.incarnation != member.incarnation:
            joined = self.members.joined(member)
            return joined.why if isinstance(joined, Refused) else None
        others = [self.members[peer.name] for peer in self.linked() if peer.name != member.name]
        return taken(member, (self.me, *others)) or stranded(member, others)

    def _accepted(self, link: Link) -> None:
        self._up(self._met(link), link)

    def _up(self, member: Member, link: Link) -> None:
        """A link is there."""
        known = self.peers.get(member.name)
        if known is not None and known.link is not None:
            self.lose(known, "it has linked itself anew")
        self.members = self.members.returned(member.name, member.incarnation)
        peer = self.peers.get(member.name) or self._expect(member)
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
        if not self._retelling:
            self._retelling = True
            self.task(self._tell_again())
        _log.info("%s is linked with %s (%s)", self.name, member.name, member.kind)
        if JOINED.listeners:
            JOINED.emit(NodeJoined(member.name, member.incarnation))
        for other in self.linked():
            if other is not peer:
                other.post((ops.MEMBERS, [tuple(member)]))
        self._told("joined", member, "")
        if member.kind == "node":
            self.starts.node_came()
        self.look()

    def _expect(self, member: Member) -> Peer:
        """Note a node that is about to be linked: what is sent to it waits."""
        joined = self.members.joined(member)
        if isinstance(joined, Refused):
            raise LinkRefused(joined.why)
        self.members = joined
        peer = self.peers[member.name] = Peer(self, member.name, member.incarnation)
        return peer

    def greet(self, peer: Peer) -> None:
        """Tell a node that is linked now what it must know; from now on it is told what is new."""
        others = [tuple(self.members[each.name]) for each in self.linked() if each is not peer]
        peer.post((ops.MEMBERS, others))
        self.names.tell_all(peer)
        self.spread.tell_all(peer)

    def _lagging(self, peer: Peer, seconds: float) -> None:
        """Nothing was heard from a node for a while; 0: it is heard again."""
        if seconds and not self._closing:
            level = logging.WARNING if self._concerns(peer) else logging.INFO
            _log.log(level, "%s has not been heard of for %.1f s", peer.name, seconds)
        if LAGGING.listeners:
            LAGGING.emit(NodeLagging(peer.name, seconds))

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
        left = self._closing or why.startswith(LEFT)
        quiet = left or not self._concerns(peer)
        _log.log(logging.INFO if quiet else logging.WARNING, "%s has lost %s: %s", self.name, peer.name, why)
        self.names.lost(peer)
        self.spread.lost(peer)
        peer.lose()
        if LOST.listeners:
            LOST.emit(NodeLost(peer.name, peer.incarnation, why))
        if member is not None:
            self._told("lost", member, why)
            if link is None:
                self.unreached[member.name] = why
            elif not left and self._calls(member):
                self.task(self._dial_again(member))
        self.look()
