"""Sending one peer what it lacks, a piece at a time: so much on its way, and again what is not heard."""

import asyncio
from collections.abc import Iterator
from typing import Generic, TypeVar

from cybernetic.core import loop_clock
from cybernetic.crdt import Context, Lattice
from cybernetic.state.replica.copy import Copy
from cybernetic.state.replica.frames import End, Frames, Piece
from cybernetic.state.replica.packing import packed
from cybernetic.state.replica.peers import Peer, Peers
from cybernetic.state.replica.plan import Due, told
from cybernetic.state.replica.status import ReplicaCounts
from cybernetic.state.replica.talk import TRIES, WINDOW, Talk

L = TypeVar("L", bound=Lattice)


class Sending(Generic[L]):
    """Sends streams of pieces of `copy` to `peers`, `leaves` places at a time, in the name of `replica`."""

    def __init__(
        self,
        replica: str,
        copy: Copy[L],
        peers: Peers,
        frames: Frames,
        leaves: int,
        counts: ReplicaCounts,
    ) -> None:
        self._replica, self._streams = replica, 0
        self._copy, self._peers, self._frames, self._leaves = copy, peers, frames, leaves
        self._counts = counts
        self._clock = loop_clock(asyncio.get_running_loop())

    async def stream(
        self, peer: Peer, talk: Talk, what: Due, known: Context, spared: Context, news: int
    ) -> None:
        """Send `peer` what it is due beyond `known`: it has then all news up to `news`.

        `spared` of what is known it only refuses. A place too large for a frame is left out, and the peer is not told
        that it knows it.
        """
        self._counts.streams += 1
        self._counts.wholes += what is Due.WHOLE
        self._streams += 1
        talk.stream = f"{self._replica}/{self._streams}"
        talk.unheard.clear()
        stream = _Stream(self._copy.value, self._copy.floor, what, known, spared)
        try:
            if not await self._parts(stream, peer, talk):
                return
            rest = stream.rest()
            if await self._end(stream, rest, peer, talk):
                talk.heard, talk.behind = max(talk.heard, news), False
                self._note(stream, rest, talk)
        finally:
            self._copy.letting.drop(stream.value)

    async def _parts(self, stream: "_Stream[L]", peer: Peer, talk: Talk) -> bool:
        """Send all pieces; False if the peer does not answer."""
        for part in stream.parts(self._leaves):
            if tuple(part.store.seen):  # what the whole knows goes with its end, lest it overtakes the rest
                stream.sent = stream.sent.join(part.context) if talk.refused else stream.sent
                for frame in self._pieces(stream, part, talk.stream):
                    if not await self._pass(peer, talk, stream.number, frame, WINDOW):
                        return False
                    stream.number += 1
            await asyncio.sleep(0)
        return True

    def _pieces(self, stream: "_Stream[L]", part: L, name: str) -> Iterator[bytes]:
        """The frames of a part: each is made, with the number that is next, when the one before is on its way."""

        def write(delta: L) -> bytes:
            return self._frames.write(Piece(name, stream.number, stream.whole, delta))

        def oversized(place: L) -> None:
            self._counts.oversized += 1
            stream.left_out = stream.left_out.join(Context.of(place.store.seen))

        return packed(part, self._leaves, write, oversized)

    async def _end(self, stream: "_Stream[L]", rest: Context, peer: Peer, talk: Talk) -> bool:
        """Say what the peer knows with all pieces, if there is anything to say; False if it does not answer."""
        if not (stream.number or rest):
            return True
        end = self._frames.write(End(talk.stream, stream.number, stream.whole, rest, stream.floor))
        return (
            await self._room(peer, talk, 1)
            and await self._pass(peer, talk, stream.number, end, 1)
            and await self._room(peer, talk, 1)
        )

    def _note(self, stream: "_Stream[L]", rest: Context, talk: Talk) -> None:
        """Note what the peer, who has heard all that it was sent, and knows `rest` if it took that, cannot know."""
        if talk.refused and not (stream.number or stream.spared):
            talk.accepts()  # nothing that it could refuse is left
        # what it was sent is not withheld from it: it may not have had room for it
        untold = stream.lacks.minus(rest).minus(stream.sent)
        talk.withheld = talk.withheld.join(stream.left_out).join(untold)
        if stream.whole:
            talk.left_out = talk.left_out.join(stream.left_out)
        if stream.left_out:  # it lacks them still, and says so: they are tried again, less and less often
            talk.wait(self._clock())

    async def _pass(self, peer: Peer, talk: Talk, number: int, frame: bytes, window: int) -> bool:
        """Send a frame as soon as fewer than `window` are on their way; False if the peer does not answer."""
        if not await self._room(peer, talk, window):
            return False
        talk.unheard[number] = frame
        self._peers.send(peer, frame)
        return True

    async def _room(self, peer: Peer, talk: Talk, window: int) -> bool:
        """Wait until fewer than `window` pieces are unheard, sending them again now and then."""
        silent = 0
        while len(talk.unheard) >= window:
            if await talk.changed():
                silent = 0
                continue
            silent += 1
            if silent == TRIES:
                talk.unheard.clear()
                return False
            for frame in talk.unheard.values():
                self._peers.send(peer, frame)
        return True


class _Stream(Generic[L]):
    """What a stream is of: `what` is due of `value`, whose floor is `floor`, to one that knows `known` of it.

    Attributes:
        spared: what of `known` it only refuses.
        lacks: what it does not know.
        number: pieces made so far; `sent`: what came with them; `left_out`: what no frame could carry.
    """

    __slots__ = (
        "_known",
        "_what",
        "floor",
        "lacks",
        "left_out",
        "number",
        "sent",
        "spared",
        "value",
        "whole",
    )

    def __init__(self, value: L, floor: Context, what: Due, known: Context, spared: Context) -> None:
        self.value, self.floor, self._what, self._known, self.spared = value, floor, what, known, spared
        self.whole = what is Due.WHOLE
        self.lacks = value.context if self.whole else value.context.minus(known)
        self.number, self.sent, self.left_out = 0, Context(), Context()

    def parts(self, leaves: int) -> Iterator[L]:
        """The value, or what of it the peer lacks, so many places at a time."""
        return self.value.slices(leaves) if self.whole else self.value.split(leaves, self._known)

    def rest(self) -> Context:
        """What the peer is told that it knows at the end."""
        return told(self._what, self.lacks, self.spared, self.left_out)
