"""One node's part in a system of many: whom it is linked with, what they share, and what follows when one is lost."""

import asyncio
import contextlib
import logging
from collections.abc import Callable, Iterable
from typing import Any
from weakref import WeakValueDictionary

from cybernetic.core import NoNode, OptionError, StartFailed, token
from cybernetic.nodes.errors import LinkRefused
from cybernetic.nodes.events import JOINED, LAGGING, LOST, NodeJoined, NodeLagging, NodeLost
from cybernetic.nodes.link import Link, LinkSettings, Listener, Secret, Tls, connect
from cybernetic.nodes.membership import Member, Members, Refused, dials
from cybernetic.nodes.names import Names
from cybernetic.nodes.placement import Candidate
from cybernetic.nodes.remote import ops
from cybernetic.nodes.remote.classes import Classes
from cybernetic.nodes.remote.inbound import Inbound
from cybernetic.nodes.remote.peer import Peer
from cybernetic.nodes.remote.travel import codec_for, own_address
from cybernetic.nodes.spread import Spread
from cybernetic.nodes.starts import Starts
from cybernetic.supervision import Limits

_log = logging.getLogger("cybernetic.nodes")

DIAL_SECONDS = 10.0  # how long a node that is known of may take to be linked
LEAVE_SECONDS = 2.0  # how long taking leave may take
ISOLATED_DEAD = 1.0  # seconds of silence after which the process of an isolated agent is lost


class Cluster:
    """The node that this process, or this system in it, is.

    Args:
        engine: the runtime's.
        me: what others are told of this node; its `address` is where it listens.
        secret: what every node of the cluster knows.
        settings: of its links.
        tls: for links to other hosts.
        told: called with news of peers, ("joined" or "lost", the peer's `Member`, why).
    """

    def __init__(
        self,
        engine: Any,
        me: Member,
        secret: Secret,
        settings: LinkSettings,
        tls: Tls | None = None,
        told: Callable[[str, Member, str], object] = lambda *_: None,
    ) -> None:
        self.engine, self.me = engine, me
        self.name, self.incarnation = me.name, me.incarnation
        self.exported: WeakValueDictionary[int, Any] = WeakValueDictionary()
        self.classes = Classes()
        self.codec = codec_for(self)
        self.peers: dict[str, Peer] = {}
        self.members = Members()
        self.names = Names(self)
        self.spread = Spread(self)
        self.starts = Starts(self)
        self.answers: dict[str, Callable[..., Any]] = {}  # what other nodes may ask of this one, by word
        engine.node, engine.elsewhere, engine.names = me.name, self.starts, self.names
        engine.spread = self.spread
        self._secret, self._settings, self._tls, self._told = secret, settings, tls, told
        self._listeners: list[Listener] = []
        self._tasks: set[asyncio.Task[Any]] = set()
        self._waits: list[tuple[Callable[[], bool], asyncio.Future[None]]] = []
        self._closing = False

    # Opening and closing.

    async def listen(self, *addresses: Any) -> None:
        """Accept links at these addresses; the first is what others are told. Raises `LinkRefused`, `OSError`."""
        for address in addresses:
            listener = await Listener.open(
                address,
                hello=self._hello,
                secret=self._secret,
                judge=self._judge,
                accepted=self._accepted,
                settings=self._settings,
                tls=self._tls,
            )
            self._listeners.append(listener)
        if self._listeners:
            self.me = self.me._replace(address=str(self._listeners[-1].address))

    async def join(self, address: Any) -> Member:
        """Link with the node at an address; through it those it knows. Raises `LinkRefused`."""
        link = await connect(address, self._hello(), self._secret, settings=self._settings, tls=self._tls)
        member = self._read(link.hello)
        why = self._refusal(member)
        if why is not None:
            link.abort(why)
            raise LinkRefused(why)
        self._up(member, link)
        return member

    async def close(self) -> None:
        """Leave: tell the others, and take no more."""
        self._closing = True
        self.starts.close()
        for listener in self._listeners:
            listener.close()
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for peer in list(self.peers.values()):
            if peer.link is not None:
                peer.link.close(f"{self.name} leaves")
            else:
                self._lose(peer, "not linked yet")
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(LEAVE_SECONDS):
                await self.when(lambda: not self.peers)
        for peer in list(self.peers.values()):
            self._lose(peer, "it did not take leave")

    def settled(self) -> "asyncio.Future[None]":
        """A future that is done when every node known of is linked."""
        return self.when(lambda: all(peer.link is not None for peer in self.peers.values()))

    def is_linked(self, name: str) -> bool:
        """Whether a node of that name is linked with this one."""
        peer = self.peers.get(name)
        return peer is not None and peer.link is not None

    def when(self, true: Callable[[], bool]) -> "asyncio.Future[None]":
        """A future that is done when `true()` is, looked at whenever a node is linked or lost."""
        future: asyncio.Future[None] = self.engine.loop.create_future()
        self._waits.append((true, future))
        self.look()
        return future

    # What the parts ask for.

    def candidates(self) -> list[Candidate]:
        """The nodes a child may be placed on."""
        own = [Candidate(self.name, self.me.host, self.me.capabilities, 0)] if self.me.kind == "node" else []
        return own + [
            Candidate(member.name, member.host, member.capabilities, len(self.peers[member.name].watching))
            for member in self.members
            if member.kind == "node" and member.name in self.peers
        ]

    async def make_isolated(self, id: str, limits: Limits) -> str:
        """Have a process made for one agent; returns the node's name. Raises `StartFailed`, `CallFailed`."""
        make = self.answers.get("isolate")
        if make is not None:
            return str(await make(id, limits))
        door = next((m for m in self.members if m.kind == "door" and m.host == self.me.host), None)
        if door is None or door.name not in self.peers:
            raise StartFailed(
                id, NoNode(f"isolate: expected a node of {self.me.host} that can make processes")
            )
        told: asyncio.Future[Any] = self.engine.loop.create_future()
        self.peers[door.name].ask("isolate", (id, limits), told)
        return str(await told)

    def address(self, serial: int) -> Any:
        """The address of an agent of this node, dead or alive."""
        return own_address(self, serial)

    def everyone(self, message: tuple[Any, ...]) -> None:
        """Send a message to every other node."""
        for peer in self.peers.values():
            peer.post(message)

    def asked(self, peer: Peer, id: int, what: str, arguments: tuple[Any, ...]) -> None:
        """Another node asks something of this one; the answer may take its time."""
        answer = self.answers.get(what)
        if answer is None:
            peer.post((ops.REPLY, id, False, f"expected one of {sorted(self.answers)}, got: {what!r}"))
            return
        self._task(self._answer(peer, id, answer, arguments))

    async def _answer(
        self, peer: Peer, id: int, answer: Callable[..., Any], arguments: tuple[Any, ...]
    ) -> None:
        try:
            reply = (ops.REPLY, id, True, await answer(*arguments))
        except Exception as error:
            reply = (ops.REPLY, id, False, f"{type(error).__name__}: {error}")
        if not peer.lost:
            peer.post(reply)

    def told_of_members(self, members: Iterable[Any]) -> None:
        """Another node has told whom it knows: those not linked yet are dialled, or will dial."""
        if not self._closing:
            for member in self.members.merge([Member(*fields) for fields in members], me=self.name):
                self._await(member)

    # Links.

    def _await(self, member: Member) -> None:
        """A node is there that is not linked yet: one of the two calls the other."""
        peer = self._expect(member)
        if dials(self.name, member.name):
            self._task(self._dial(member, peer))
        else:
            self.engine.loop.call_later(DIAL_SECONDS, self._never_came, peer)

    def _hello(self) -> bytes:
        return self.codec.encode(tuple(self.me))

    def _read(self, hello: bytes) -> Member:
        """What a peer says of itself. Raises `LinkRefused`."""
        try:
            return Member(*self.codec.decode(hello))
        except Exception as error:
            raise LinkRefused(f"expected a node to say what it is, got: {error}") from error

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
            return f"name: expected one of its own, got that of this node: {member.name!r}"
        peer = self.peers.get(member.name)
        if peer is None or peer.incarnation == member.incarnation:
            return None
        joined = self.members.joined(member)
        return joined.why if isinstance(joined, Refused) else None

    def _accepted(self, link: Link) -> None:
        self._up(self._read(link.hello), link)

    def _up(self, member: Member, link: Link) -> None:
        """A link is there."""
        peer = self.peers.get(member.name)
        if peer is not None and peer.link is not None:
            self._lose(peer, "it has linked anew")
            peer = None
        self.members = self.members.returned(member.name, member.incarnation)
        peer = peer or self._expect(member)
        if member.kind == "isolated":
            link.hurry(ISOLATED_DEAD)
        link.start(
            Inbound(self, peer).received,
            lambda why: self._lose(peer, why),
            drained=peer.drained,
            lagging=lambda seconds: self._lagging(peer, seconds),
        )
        peer.linked(link)
        _log.info("%s is linked with %s (%s)", self.name, member.name, member.kind)
        if JOINED.listeners:
            JOINED.emit(NodeJoined(member.name, member.incarnation))
        for other in self.peers.values():
            if other is not peer:
                other.post((ops.MEMBERS, [tuple(member)]))
        self._told("joined", member, "")
        self.look()

    def _expect(self, member: Member) -> Peer:
        """Note a node that is about to be linked; what is sent to it meanwhile waits, after what it must know first."""
        joined = self.members.joined(member)
        if isinstance(joined, Refused):
            raise LinkRefused(joined.why)
        known = [tuple(m) for m in self.members]
        self.members = joined
        peer = Peer(self, member.name, member.incarnation)
        peer.post((ops.MEMBERS, known))
        self.names.tell_all(peer)
        self.spread.tell_all(peer)
        self.peers[member.name] = peer
        return peer

    async def _dial(self, member: Member, peer: Peer) -> None:
        """Link with a node that another has told of, while it lasts."""
        until = self.engine.clock() + DIAL_SECONDS
        why, pause = "", 0.02
        while peer.link is None and not peer.lost and self.engine.clock() < until:
            try:
                link = await connect(
                    member.address, self._hello(), self._secret, settings=self._settings, tls=self._tls
                )
            except (LinkRefused, OSError) as error:
                why = str(error)
                await asyncio.sleep(pause)
                pause = min(1.0, pause * 2)
                continue
            if peer.lost or self._read(link.hello).incarnation != member.incarnation:
                link.abort("not the node that was meant")
                break
            self._up(member, link)
        if peer.link is None and not peer.lost:
            self._lose(peer, f"it could not be linked: {why}")

    async def _dial_again(self, member: Member) -> None:
        """A link broke: if the node lives it is linked anew, and all about it here begins anew."""
        until, pause = self.engine.clock() + DIAL_SECONDS, 0.05
        while self.engine.clock() < until and member.name not in self.peers:
            await asyncio.sleep(pause)
            pause = min(1.0, pause * 2)
            try:
                await self.join(member.address)
            except (LinkRefused, OSError):
                continue

    def _never_came(self, peer: Peer) -> None:
        if peer.link is None and not peer.lost:
            self._lose(peer, "it was told of, and never linked")

    def _lagging(self, peer: Peer, seconds: float) -> None:
        if seconds:
            _log.warning("%s has not been heard of for %.1f s", peer.name, seconds)
        if LAGGING.listeners:
            LAGGING.emit(NodeLagging(peer.name, seconds))

    def _lose(self, peer: Peer, why: str) -> None:
        """A node is out of reach: its agents have ended with `NoConnection`, its names are free."""
        if peer.lost:
            return
        member = self.members.get(peer.name)
        if self.peers.get(peer.name) is peer:
            del self.peers[peer.name]
            self.members = self.members.left(peer.name, peer.incarnation)
        if peer.link is not None:
            peer.link.abort(why)
        left = self._closing or why.startswith("the peer closed the link")
        _log.log(logging.INFO if left else logging.WARNING, "%s has lost %s: %s", self.name, peer.name, why)
        self.names.lost(peer)
        self.spread.lost(peer)
        peer.lose()
        if LOST.listeners:
            LOST.emit(NodeLost(peer.name, peer.incarnation, why))
        if member is not None:
            self._told("lost", member, why)
            if not left and member.address and dials(self.name, member.name):
                self._task(self._dial_again(member))
        self.look()

    def look(self) -> None:
        """See whether what somebody waits for is so now."""
        for wait in tuple(self._waits):
            true, future = wait
            if future.done():
                self._waits.remove(wait)
            elif true():
                self._waits.remove(wait)
                future.set_result(None)

    def _task(self, work: Any) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def describe(
    name: str, *, number: int = 0, host: str, kind: str, capabilities: dict[str, object] | None = None
) -> Member:
    """What a new node says of itself; its incarnation is unlike any before."""
    if not name or not name.isprintable() or "/" in name:
        raise OptionError("name", "printable text without a slash", name)
    return Member(name, f"{number}.{token(6)}", "", host, capabilities or {}, kind)
