"""The directory between nodes: changes are told at once, all there is at first, and compared until others agree."""

import asyncio
import logging
from collections.abc import Iterator
from typing import Any

from cybernetic.core import CannotTravel, real_time, wall
from cybernetic.crdt import FutureStamp, Hlc, Stamp, latest_stamp
from cybernetic.nodes.directory.directory import AT_ONCE, Directory
from cybernetic.nodes.directory.entries import Changed, Effect, Lost, Part, Source, Tell
from cybernetic.nodes.directory.form import pack, unpack
from cybernetic.nodes.directory.names import Names
from cybernetic.nodes.directory.news import News
from cybernetic.nodes.directory.parts import Digest, paths, writer
from cybernetic.nodes.directory.spread import Spread
from cybernetic.nodes.remote import ops
from cybernetic.nodes.remote.light import ENOUGH
from cybernetic.wire import BeyondLimit

_log = logging.getLogger("cybernetic.nodes")

COMPARE_SECONDS = 1.0  # after a change, until it is seen whether others know of it
SELDOM_SECONDS = 30.0  # the longest between two times, where one does not
LARGEST_KEY = 1 << 20  # bytes of a group's key
_STEPS = 300  # places of a digest that are looked at before others have their turn


class Exchange:
    """Keeps the directory of one node, and does what follows from what is in it.

    Between two nodes changes go along with everything else, in order: who has heard of an end knows that the names are
    free. What gets lost all the same is found by comparing: after a change, the number of the last one and the digest
    of the whole are sent to each node that has not said yet that it has the same; it asks for what it lacks.

    Attributes:
        names: the runtime's table of names.
        spread: what groups and topics share.
    """

    def __init__(self, cluster: Any) -> None:
        self._cluster = cluster
        loop = cluster.engine.loop
        self.directory = Directory(cluster.name, cluster.incarnation)
        self._clock = Hlc(writer(self.directory.me), wall if real_time(loop) else loop.time)
        self._digests = Digest()
        self._agreed: dict[Any, int] = {}  # the change up to which a peer has all of this node's part
        self._comparing: asyncio.Task[Any] | None = None
        self._ahead: set[Source] = set()  # nodes whose clock is wrong, and that it was said of
        self._sending: set[Any] = set()  # peers that are being told what they lack
        self._going_on = False  # with what is left to be done in the directory
        self.names = Names(self)
        self.spread = Spread(self)
        self.names.begin()
        self.spread.begin()

    @property
    def engine(self) -> Any:
        """The runtime's."""
        return self._cluster.engine

    def path(self, ref: Any) -> str:
        """The class of an agent, by path."""
        return str(self._cluster.classes.path(ref._protocol))

    def encode(self, key: object) -> bytes:
        """A key of a group, which is the same bytes each time. Raises `CannotTravel`."""
        data: bytes = self._cluster.codec.encode(key, "key")
        if len(data) > LARGEST_KEY:
            raise BeyondLimit("key", f"at most {LARGEST_KEY} bytes", LARGEST_KEY, f"{len(data)} bytes")
        return data

    def decode(self, key: bytes) -> Any:
        """The key of a group. Raises `WireError` for one of a type not known here."""
        return self._cluster.codec.decode(key)

    def stamp(self) -> Stamp:
        """The time of something that happens here now."""
        return self._clock.tick()

    def ref(self, source: Source, serial: int, path: str) -> Any:
        """The address here of an agent of another node."""
        return self._cluster.peers[source[0]].proxy(serial, self._cluster.classes.known(path))

    def seen(self, source: Source, serial: int) -> Any:
        """That address if somebody here has it already; else None."""
        return self._cluster.peers[source[0]].proxies.get(serial)

    def name(self, peer: Any, serial: int) -> str | None:
        """The name that an agent of another node claims."""
        return self.directory.name((peer.name, peer.incarnation), serial)

    # Nodes come and go.

    def greet(self, peer: Any) -> ops.Words:
        """What tells a node that is linked now all of this one's part."""
        self._agreed[peer] = 0
        yield from self._words(self.directory.own.in_order(AT_ONCE))
        self._compare()

    def lost(self, peer: Any) -> None:
        """A node is out of reach. Whoever sees a member of a group hears of that one's end."""
        self._agreed.pop(peer, None)
        source = peer.name, peer.incarnation
        self._ahead.discard(source)
        self._sending.discard(peer)
        self.follow(self.directory.lost(source))
        self._go_on()

    # What nodes tell.

    def told(self, peer: Any, data: bytes) -> None:
        """A piece of another node's part. Raises `WireError`."""
        if peer.lost or peer.link.broken:  # then it counts no more
            return
        source = peer.name, peer.incarnation
        delta = unpack(self._cluster.codec.decode(data), source)
        for path in paths(delta):
            self._cluster.classes.known(path)  # raises `ValueError` for what is none
        effects = self.directory.learn(source, delta)
        stamp = latest_stamp(delta)
        if stamp is not None:
            self._heed(source, stamp)
        self.follow(effects)
        self._go_on()

    def compared(self, peer: Any, version: int, digest: bytes) -> None:
        """Another node says how far its part is, and its digest; that is empty where much changes."""
        source = peer.name, peer.incarnation
        missing = self.directory.missing(source, version)
        if missing is not None:
            peer.post((ops.LACKING, list(missing)))
        elif not digest:
            peer.post((ops.AGREED, version))
        else:
            self._cluster.task(self._examine(peer, version, digest, self.directory.part(source)))

    def lacks(self, peer: Any, known: list[int]) -> None:
        """Another node does not know all of this one's part. Raises `DamagedMessage`."""
        pieces = self.directory.since(tuple(known), AT_ONCE)
        if peer not in self._sending:
            self._sending.add(peer)
            peer.inform(self._lacked(peer, pieces))

    def agrees(self, peer: Any, version: int) -> None:
        """Another node knows all of this one's part, up to this change."""
        if peer in self._agreed:
            self._agreed[peer] = max(self._agreed[peer], min(version, self.directory.version))
            self.directory.agreed(min(self._agreed.values()))

    # What follows from changes.

    def follow(self, effects: list[Effect]) -> None:
        """Do what follows from a change, in order."""
        for effect in effects:
            if isinstance(effect, Tell):
                self._tell(effect.delta)
            elif isinstance(effect, Lost):
                self.names.concede(effect)
            elif isinstance(effect, Changed):
                self.names.show(effect)
            else:
                self.spread.follow(effect)

    # Inside.

    def _tell(self, delta: Part) -> None:
        """Tell every node that is linked of a change here."""
        peers = self._cluster.linked()
        if not peers:
            self.directory.agreed(self.directory.version)
            return
        message = None  # made once, for all that are told at once
        for peer in peers:
            if delta.store.trie.size == 1 and peer.line.ready(peer.link):
                message = message or self._message(delta)
                peer.say(message)
            elif isinstance(peer.line.last, News):
                peer.line.last.add(delta)
            else:
                peer.inform(News(delta, self._words))
        self._compare()

    def _lacked(self, peer: Any, pieces: Iterator[Part]) -> ops.Words:
        """What tells a node all that it lacks."""
        yield from self._words(pieces)
        self._sending.discard(peer)

    def _words(self, pieces: Iterator[Part]) -> ops.Words:
        """What tells of pieces of this node's part."""
        for piece in pieces:
            if piece:
                yield from self._messages(piece)
            else:
                yield None

    def _messages(self, delta: Part) -> Iterator[tuple[bytes, int]]:
        """A part of the directory in messages, and the keys of each: in several if one would be too large."""
        keys = delta.store.trie.size
        try:
            yield self._message(delta), keys
        except CannotTravel:
            if keys < 2:
                raise
            for piece in delta.slices(1):
                yield self._message(piece), 1

    def _message(self, delta: Part) -> bytes:
        """A part of the directory in one message. Raises `CannotTravel` if that would be too large."""
        encode = self._cluster.codec.encode
        data = encode(tuple(pack(delta, self.directory.me)), light=delta.store.trie.size == 1)
        message: bytes = encode((ops.PART, data), light=len(data) <= ENOUGH)
        return message

    def _go_on(self) -> None:
        """Do in later turns what is left to be done in the directory."""
        if self.directory.busy and not self._going_on:
            self._going_on = True
            self.engine.loop.call_soon(self._do_some)

    def _do_some(self) -> None:
        self._going_on = False
        self.follow(self.directory.go_on())
        self._go_on()

    def _heed(self, source: Source, stamp: Stamp) -> None:
        """Let the clock here be past what others have stamped."""
        try:
            self._clock.merge(stamp)
        except FutureStamp as error:
            if source not in self._ahead:
                self._ahead.add(source)
                _log.warning("the clock of %s is ahead, so that names go to its agents: %s", source[0], error)

    def _compare(self) -> None:
        if not self._cluster.leaving and (self._comparing is None or self._comparing.done()):
            self._comparing = self._cluster.task(self._until_agreed())

    async def _until_agreed(self) -> None:
        """Say how far this node's part is, until all nodes that are linked have the same."""
        pause, before = COMPARE_SECONDS, 0
        while True:
            await asyncio.sleep(pause)
            version, own = self.directory.version, self.directory.own
            if not self._behind(version):
                return
            digest = await self._digest(own)
            if version < self.directory.version:
                digest = b""  # what has changed meanwhile was told before this, so the number must do
            for peer in self._behind(version):
                peer.post((ops.COMPARE, version, digest))
            pause = COMPARE_SECONDS if version > before else min(SELDOM_SECONDS, 2 * pause)
            before = version

    def _behind(self, version: int) -> list[Any]:
        return [peer for peer in self._cluster.linked() if self._agreed.get(peer, 0) < version]

    async def _examine(self, peer: Any, version: int, digest: bytes, part: Part) -> None:
        """See whether a part is here as it is on its own node."""
        same = await self._digest(part) == digest
        del part
        if peer.lost:
            return
        if same:
            peer.post((ops.AGREED, version))
        else:
            source = peer.name, peer.incarnation
            _log.warning(
                "what is known here of the names and groups of %s is not so: it is asked again", peer.name
            )
            self.directory.doubt(source, version)
            peer.post((ops.LACKING, []))

    async def _digest(self, part: Part) -> bytes:
        for step, _ in enumerate(self._digests.steps(part)):
            if step % _STEPS == 0:
                await asyncio.sleep(0)
        return self._digests.of(part).to_bytes(8, "big")
