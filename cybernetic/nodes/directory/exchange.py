"""The directory between nodes: changes are told at once, all there is at first, and compared until others agree."""

import asyncio
import logging
from collections.abc import Iterator
from typing import Any

from cybernetic.core import CannotTravel, real_time, wall
from cybernetic.crdt import FutureStamp, Hlc, Stamp, latest_stamp
from cybernetic.nodes.directory.directory import Directory
from cybernetic.nodes.directory.entries import Changed, Effect, Left, Lost, Part, Source, Tell
from cybernetic.nodes.directory.form import pack, unpack
from cybernetic.nodes.directory.names import Names
from cybernetic.nodes.directory.parts import Digest, writer
from cybernetic.nodes.directory.spread import Spread
from cybernetic.nodes.remote import ops
from cybernetic.wire import BeyondLimit

_log = logging.getLogger("cybernetic.nodes")

COMPARE_SECONDS = 1.0  # after a change, until it is seen whether others know of it
SELDOM_SECONDS = 30.0  # the longest between two times, where one does not
LARGEST_KEY = 1 << 20  # bytes of a group's key
PIECE = 500  # keys that are told in one message
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

    # Nodes come and go.

    def greet(self, peer: Any) -> None:
        """Tell a node that is linked now all of this one's part."""
        self._agreed[peer] = 0
        self._send(peer, self.directory.own)
        self._compare()

    def lost(self, peer: Any) -> None:
        """A node is out of reach."""
        self._agreed.pop(peer, None)
        self._ahead.discard((peer.name, peer.incarnation))
        effects = self.directory.lost((peer.name, peer.incarnation))
        self.follow([each for each in effects if not isinstance(each, Left)])  # hosts hear of each one's end

    # What nodes tell.

    def told(self, peer: Any, data: bytes) -> None:
        """A piece of another node's part. Raises `WireError`."""
        if peer.lost:
            return
        source = peer.name, peer.incarnation
        delta = unpack(self._cluster.codec.decode(data), source)
        effects = self.directory.learn(source, delta)
        stamp = latest_stamp(delta)
        if stamp is not None:
            self._heed(source, stamp)
        self.follow(effects)

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
        self._send(peer, self.directory.since(tuple(known)))

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
        for data in self._encoded(delta):
            for peer in peers:
                peer.post((ops.PART, data))
        self._compare()

    def _send(self, peer: Any, part: Part) -> None:
        for piece in part.in_order(PIECE):
            for data in self._encoded(piece):
                peer.post((ops.PART, data))

    def _encoded(self, delta: Part) -> Iterator[bytes]:
        """A part of the directory in messages: in several if one would be too large."""
        one = delta.store.trie.size == 1
        try:
            yield self._cluster.codec.encode(tuple(pack(delta, self.directory.me)), light=one)
        except CannotTravel:
            if delta.store.trie.size < 2:
                raise
            for piece in delta.slices(1):
                yield self._cluster.codec.encode(pack(piece, self.directory.me))

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
        if peer.lost:
            return
        if same:
            peer.post((ops.AGREED, version))
        else:
            source = peer.name, peer.incarnation
            _log.warning(
                "what is known here of the names and groups of %s is not so: it is asked again", peer.name
            )
            self.follow(self.directory.lost(source))
            peer.post((ops.LACKING, []))

    async def _digest(self, part: Part) -> bytes:
        for step, _ in enumerate(self._digests.steps(part)):
            if step % _STEPS == 0:
                await asyncio.sleep(0)
        return self._digests.of(part).to_bytes(8, "big")
