"""What a replica and its peers tell each other: greetings at each pulse, news at once, and what one lacks."""

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from typing import Any, Generic, TypeVar

from cybernetic.core import loop_clock
from cybernetic.crdt import Context, Lattice
from cybernetic.state.replica.claims import Claims
from cybernetic.state.replica.copy import Copy
from cybernetic.state.replica.events import DIVERGED, ReplicaDiverged
from cybernetic.state.replica.frames import (
    Ahead,
    BadFrame,
    End,
    Frame,
    Frames,
    Heard,
    Hello,
    News,
    Piece,
    Stale,
)
from cybernetic.state.replica.options import ReplicaOptions
from cybernetic.state.replica.packing import packed
from cybernetic.state.replica.peers import Peer, Peers
from cybernetic.state.replica.plan import Due, diverged, due, portion
from cybernetic.state.replica.roll import Roll
from cybernetic.state.replica.sending import Sending
from cybernetic.state.replica.status import PeerStatus, ReplicaCounts
from cybernetic.state.replica.taking import Taking
from cybernetic.state.replica.talk import RESEND, Coming, Talk

L = TypeVar("L", bound=Lattice)

WARN_EVERY = 1.0  # seconds
SILENT = 3  # pulses without a word, after which one may have been cut off

Run = Callable[[Coroutine[Any, Any, None]], "asyncio.Task[Any] | None"]
"""Runs a coroutine beside the mailbox; its failure is the agent's. None once the agent has ended."""


class Exchange(Generic[L]):
    """The conversations of one replica. Lives on the agent's loop.

    `digest` is that of what shows, with the context it belongs to; None while it is not known. `on_ahead` is told of
    each peer that refuses writes for their stamps, and by how many seconds these are in the future for it.
    """

    def __init__(
        self,
        copy: Copy[L],
        peers: Peers,
        roll: Roll,
        taking: Taking[L],
        options: ReplicaOptions,
        counts: ReplicaCounts,
        run: Run,
        chance: Any,
    ) -> None:
        self._copy, self._peers, self._roll, self._taking = copy, peers, roll, taking
        self._options, self._counts, self._run, self._chance = options, counts, run, chance
        self._kind = type(copy.value)
        self._frames = Frames(self._kind, options.largest)
        self._sending = Sending(roll.replica, copy, peers, self._frames, options.leaves, counts)
        self._clock = loop_clock(asyncio.get_running_loop())
        self._talks: dict[Peer, Talk] = {}
        self._told = 0  # bytes of news told so far
        self._news: L | None = None
        self._gathering: Iterator[None] | None = None
        self._rejoin: asyncio.Task[Any] | None = None
        self.digest: tuple[Context, int] | None = None
        self.on_ahead: Callable[[str, float], object] = lambda peer, lead: None

    # what is said

    def greet(self, *, new: bool = False) -> None:
        """Say hello to the peers: to all, or some by lot where there are many; with `new` to those not met yet."""
        for peer in self._greeted(new):
            self.hello(peer)

    async def pulse(self) -> None:
        """`greet`, with the loop given back after each peer: what is known in many pieces is long to say."""
        for peer in self._greeted(False):
            self.hello(peer)
            await asyncio.sleep(0)

    def _greeted(self, new: bool) -> list[Peer]:
        others = list(self._peers.others())
        for peer in [peer for peer in self._talks if peer not in others]:
            self._forget(peer)
        if new:
            return [peer for peer in others if self._talk(peer).at is None]
        if len(others) > self._options.most_peers:
            others = self._chance.sample(others, self._options.most_peers)
        return others

    def hello(self, peer: Peer) -> None:
        """Say hello to one."""
        roll, saved, talk = self._roll, self._copy.saved, self._talk(peer)
        claimed, digest = talk.claims.next(saved, self._clock()), None
        whole = claimed is saved and not self._copy.rejoining  # there is no digest of a part of what is known
        if self.digest is not None and self.digest[0] == saved and whole:
            digest = self.digest[1].to_bytes(16, "big")
        self._send(
            peer,
            Hello(
                self._kind.kind,
                roll.site,
                roll.starts,
                roll.replica,
                roll.kept,
                self._options.custody == "guardian",
                claimed,
                digest,
                talk.arrived,
                roll.known(talk.site),
                roll.given_up(),
                roll.line,
                roll.noted(talk.site),
            ),
        )

    def tell(self, delta: L) -> None:
        """A change is on the disk: the peers will hear of it together with those of the next moment."""
        self._counts.changes += 1
        self._news = delta if self._news is None else self._news.join(delta)
        if self._gathering is None:
            self._gathering = self._gathered()
            self._run(self._gather(self._gathering))

    async def flush(self) -> None:
        """Tell the peers now what has been gathered for them, a frame a turn."""
        for _ in self._gathering or ():
            await asyncio.sleep(0)

    async def _gather(self, telling: Iterator[None]) -> None:
        await asyncio.sleep(self._options.gather)
        for _ in telling:
            await asyncio.sleep(0)

    def _gathered(self) -> Iterator[None]:
        """Tell the peers what has been gathered for them, frame by frame."""
        leaves = self._options.leaves
        while self._news is not None:
            news, self._news = self._news, None
            for part in [news] if news.few(leaves) else news.split(leaves):
                for frame in packed(part, leaves, self._written, self._oversized):
                    self._spread(frame)
                    yield
            self._copy.letting.drop(news)
        self._gathering = None

    def _written(self, delta: L) -> bytes:
        return self._frames.write(News(self._told, delta))

    def _oversized(self, _: L) -> None:
        self._counts.oversized += 1

    def _spread(self, frame: bytes) -> None:
        """Send news to all peers but those who have not heard what they were told before."""
        before, self._told = self._told, self._told + len(frame)
        for peer in self._peers.others():
            talk = self._talk(peer, before)
            if not talk.behind and self._told - talk.heard > self._options.buffer:
                talk.behind = True
                self._counts.behind += 1
            if not talk.behind:
                self._peers.send(peer, frame)
                self._counts.news += 1

    # what is heard

    def hear(self, data: object, peer: Peer) -> None:
        """A frame has come from a peer. One that is damaged is counted, and changes nothing."""
        if self._copy.rejoining and self._frames.brings(data):
            return  # to read it takes as long as to join it, and it comes again
        try:
            frame = self._frames.read(data)
            if isinstance(frame, Hello) and frame.kind != self._kind.kind:
                raise BadFrame(f"a greeting of a replica of a {frame.kind}")
        except BadFrame as error:
            self._counts.damaged += 1
            self._taking.refused("damaged", error)
            return
        if self._copy.rejoining and isinstance(frame, News | Piece | End):
            return  # what is dead in the whole that is being learned could come in beside it
        talk = self._talk(peer)
        match frame:
            case Hello():
                self._hello(frame, peer, talk)
            case News():
                assert isinstance(data, bytes)
                talk.arrived = max(talk.arrived, frame.before + len(data))
                self._taking.take(frame.delta)  # type: ignore[arg-type] # of the type that the frames have
                self._warn(peer, talk)
            case Piece():
                self._piece(frame, peer, talk)
            case End():
                self._end(frame, peer, talk)
            case Heard():
                talk.hear(frame.stream, frame.number)
            case Ahead():
                talk.refuses(frame.context, self._clock())
                self.on_ahead(talk.replica, frame.lead)
            case Stale():
                if self._roll.read(frame):
                    self.greet()

    def _hello(self, hello: Hello, peer: Peer, talk: Talk) -> None:
        stale = self._roll.meet(hello)
        if stale is not None:
            self._send(peer, stale)
            return
        if talk.replica not in ("", hello.replica):  # another start, which knows nothing of what was said
            self._forget(peer)
            talk = self._talk(peer)
        first = talk.at is None
        if talk.at is None or self._clock() - talk.at > self._silence():
            talk.claims = Claims()  # it may have heard nothing of what it was told meanwhile
        talk.site, talk.replica = hello.site, hello.replica
        talk.context = self._roll.members[hello.site].context  # greetings may overtake each other
        talk.at, talk.guards = self._clock(), hello.guards
        talk.heard = max(talk.heard, min(hello.heard, self._told))
        if first:
            self.hello(peer)
        self._compare(hello, talk)
        if talk.refused and talk.refused <= talk.context:
            talk.accepts()
        spared = talk.spared(talk.at)
        known = talk.context.join(spared)
        floor = self._copy.floor.minus(talk.left_out)
        what = due(known, self._copy.value.context, floor, bool(talk.refused))
        if what is Due.NOTHING:
            talk.heard, talk.behind = self._told, False
            if not spared:
                talk.accepts()
        elif not talk.busy and not self._copy.rejoining:
            if talk.refused and not spared:
                talk.wait(talk.at)
            talk.sending = self._run(self._sending.stream(peer, talk, what, known, spared, self._told))

    def _compare(self, hello: Hello, talk: Talk) -> None:
        """Look whether one who knows the same shows the same."""
        if self.digest is None or self._copy.rejoining:
            return
        context, number = self.digest
        ours = number.to_bytes(16, "big")
        if not diverged(context, ours, hello.context, hello.digest) or talk.doubts == (ours, hello.digest):
            return
        talk.doubts = (ours, hello.digest)
        self._counts.diverged += 1
        if DIVERGED.listeners:
            theirs = hello.digest.hex() if hello.digest else ""
            DIVERGED.emit(
                ReplicaDiverged(self._roll.name, self._roll.replica, hello.replica, ours.hex(), theirs)
            )

    def _piece(self, piece: Piece, peer: Peer, talk: Talk) -> None:
        coming = self._coming(piece, talk)
        if coming is None:
            return  # a whole value is being learned from another: this one is not answered, and tries again later
        if piece.number not in coming.numbers:
            coming.numbers.add(piece.number)
            part: Any = piece.delta
            if not (self._taking.timely(part) if piece.whole else self._taking.take(part)):
                coming.spoiled = True
                self._unstage(coming)  # a whole is learned with all its parts, or not at all
            elif piece.whole and not coming.spoiled:
                coming.stage(part)
            self._warn(peer, talk)
        self._send(peer, Heard(piece.stream, piece.number))

    def _end(self, end: End, peer: Peer, talk: Talk) -> None:
        coming = self._coming(end, talk)
        if coming is None:
            return
        self._send(peer, Heard(end.stream, end.count))
        if coming.complete(end.count):
            if end.whole and end.floor <= self._copy.saved:
                self._unstage(coming)  # the whole has come from another meanwhile
                talk.coming = None
            elif end.whole:
                whole = coming.staged.join(self._kind.from_store(None, end.context))
                coming.staged = self._kind()
                self._rejoin = self._run(self._learn(whole, end.floor, peer, talk))
            else:
                self._taking.knows(end.context)
        if end.count not in coming.numbers:
            coming.numbers.add(end.count)
            self.hello(peer)

    def _warn(self, peer: Peer, talk: Talk) -> None:
        """Tell a peer what of it is refused as its clock, or this one, is wrong; at most once a second."""
        context, lead = self._taking.future()
        talk.refusing, talk.lead = talk.refusing.join(context), max(talk.lead, lead)
        if talk.refusing and self._clock() - talk.warned >= WARN_EVERY:
            told, rest = portion(talk.refusing)
            self._send(peer, Ahead(talk.lead, told))
            talk.refusing, talk.warned = rest, self._clock()
            talk.lead = talk.lead if talk.refusing else 0.0

    def redated(self) -> None:
        """What peers refused has been written anew: send it."""
        for talk in self._talks.values():
            talk.accepts()

    def end(self) -> None:
        """Learn nothing more: the store is about to be closed."""
        if self._rejoin is not None:
            self._rejoin.cancel()

    async def _learn(self, whole: L, floor: Context, peer: Peer, talk: Talk) -> None:
        await self._taking.rejoin(whole, floor, self._options.leaves, talk.replica)
        talk.coming = None
        self.hello(peer)

    def _coming(self, frame: Piece | End, talk: Talk) -> Coming[L] | None:
        """The stream that a frame belongs to; None where it cannot be taken now."""
        coming = talk.coming
        if coming is None or coming.stream != frame.stream or coming.whole != frame.whole:
            if frame.whole and self._learning(talk):
                return None
            self._unstage(coming)
            coming = talk.coming = Coming(frame.stream, frame.whole, self._kind())
        coming.at = self._clock()
        return coming

    def _learning(self, talk: Talk) -> bool:
        """Whether a whole value is being learned, or put together, from another peer."""
        if self._rejoin is not None and not self._rejoin.done():
            return True
        since = self._clock() - 2 * RESEND
        return any(
            coming is not None
            and coming.whole
            and not coming.spoiled
            and other is not talk
            and coming.at > since
            for other in self._talks.values()
            for coming in [other.coming]
        )

    # who is there

    async def peers(self) -> tuple[PeerStatus, ...]:
        """What is known of each peer; in a turn for each, as what one lacks may be in many runs."""
        found: list[PeerStatus] = []
        for peer, talk in list(self._talks.items()):
            if found:
                await asyncio.sleep(0)
            lacks = len(self._copy.value.context.minus(talk.context))
            silent = None if talk.at is None else self._clock() - talk.at
            found.append(PeerStatus(str(peer), talk.replica, lacks, silent, talk.behind, talk.busy))
        return tuple(found)

    def heard_all(self) -> bool:
        """Whether any peer has said that it knows all that is known here."""
        ours = self._copy.value.context
        return any(talk.at is not None and ours <= talk.context for talk in self._talks.values())

    def live(self, within: float, *, guardians: bool = False) -> list[str]:
        """Ids of the replicas heard in the last `within` seconds; of the guardians among them."""
        since = self._clock() - within
        return [
            talk.replica
            for talk in self._talks.values()
            if talk.at is not None and talk.at >= since and (talk.guards or not guardians)
        ]

    def _talk(self, peer: Peer, heard: int | None = None) -> Talk:
        talk = self._talks.get(peer)
        if talk is None:
            talk = self._talks[peer] = Talk(self._told if heard is None else heard)
        return talk

    def _silence(self) -> float:
        """Seconds without a word after which a peer may have been cut off: of many, each greets only some, by lot."""
        lots = len(self._talks) / self._options.most_peers
        return SILENT * self._options.pulse * (2.0 * lots if lots > 1.0 else 1.0)

    def _forget(self, peer: Peer) -> None:
        talk = self._talks.pop(peer)
        talk.end()
        self._unstage(talk.coming)

    def _unstage(self, coming: Coming[L] | None) -> None:
        if coming is not None:
            self._copy.letting.drop(coming.staged)
            coming.staged = self._kind()

    def _send(self, peer: Peer, frame: Frame) -> None:
        self._peers.send(peer, self._frames.write(frame))
