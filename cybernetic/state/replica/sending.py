"""Sending one peer what it lacks, a piece at a time: so much on its way, and again what is not heard."""

import asyncio
from collections.abc import Callable, Iterator
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
        value = self._copy.value
        try:
            await self._stream(value, peer, talk, what, known, spared, news)
        finally:
            self._copy.letting.drop(value)

    async def _stream(
        self, value: L, peer: Peer, talk: Talk, what: Due, known: Context, spared: Context, news: int
    ) -> None:
        floor, left_out, whole = self._copy.floor, Context(), what is Due.WHOLE

        def oversized(place: L) -> None:
            nonlocal left_out
            self._counts.oversized += 1
            left_out = left_out.join(Context.of(place.store.seen))

        self._streams += 1
        talk.stream = f"{self._replica}/{self._streams}"
        talk.unheard.clear()
        parts = value.slices(self._leaves) if whole else value.split(self._leaves, known)
        number, sent = 0, Context()
        for part in parts:
            if tuple(part.store.seen):  # what the whole knows goes with its end, lest it overtakes the rest
                sent = sent.join(part.context) if talk.refused else sent
                for frame in self._pieces(part, talk.stream, number, whole, oversized):
                    if not await self._pass(peer, talk, number, frame, WINDOW):
                        return
                    number += 1
            await asyncio.sleep(0)
        lacks = value.context if whole else value.context.minus(known)
        rest = told(what, lacks, spared, left_out)
        if number or rest:
            end = self._frames.write(End(talk.stream, number, whole, rest, floor))
            if not (
                await self._room(peer, talk, 1)
                and await self._pass(peer, talk, number, end, 1)
                and await self._room(peer, talk, 1)
            ):
                return
        talk.heard, talk.behind = max(talk.heard, news), False
        if talk.refused and not (number or spared):
            talk.accepts()  # nothing that it could refuse is left
        # what it was sent is not withheld from it: it may not have had room for it
        talk.withheld = talk.withheld.join(left_out).join(lacks.minus(rest).minus(sent))
        if whole:
            talk.left_out = talk.left_out.join(left_out)
        if left_out:  # it lacks them still, and says so: they are tried again, less and less often
            talk.wait(self._clock())

    def _pieces(
        self, part: L, stream: str, first: int, whole: bool, oversized: Callable[[L], object]
    ) -> Iterator[bytes]:
        """The frames of a part, numbered from `first`: each is made when the one before is on its way."""
        number = first

        def write(delta: L) -> bytes:
            nonlocal number
            frame = self._frames.write(Piece(stream, number, whole, delta))
            number += 1
            return frame

        return packed(part, self._leaves, write, oversized)

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
