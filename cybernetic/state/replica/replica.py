"""`Replica`: the agent that keeps one value, which is the same on all nodes as soon as they hear of each other."""

import asyncio
import os
from collections.abc import Callable, Coroutine
from dataclasses import replace
from functools import partial
from typing import Any, Generic, TypeVar

from cybernetic.core import (
    Down,
    NotRunning,
    OptionError,
    Reason,
    Refusal,
    loop_clock,
    token,
    wall,
)
from cybernetic.crdt import KINDS, Hlc, Lattice
from cybernetic.naming import Joined, Left
from cybernetic.runtime import Agent, Deferred, on_death
from cybernetic.state.replica.archive import Archive, Record
from cybernetic.state.replica.copy import Copy
from cybernetic.state.replica.diff import difference
from cybernetic.state.replica.editing import Editing
from cybernetic.state.replica.ending import ReplicaEnding
from cybernetic.state.replica.escrows import Escrows
from cybernetic.state.replica.exchange import Exchange
from cybernetic.state.replica.frames import Frames
from cybernetic.state.replica.group_peers import GroupPeers
from cybernetic.state.replica.opening import Opening
from cybernetic.state.replica.options import ReplicaOptions
from cybernetic.state.replica.pace import Pace
from cybernetic.state.replica.peers import Peers
from cybernetic.state.replica.redating import Redating
from cybernetic.state.replica.rights import Rights, left_in
from cybernetic.state.replica.roll import Roll
from cybernetic.state.replica.status import ReplicaCounts, ReplicaStatus
from cybernetic.state.replica.subscribers import Subscribers
from cybernetic.state.replica.taking import Taking
from cybernetic.state.replica.upkeep import Upkeep
from cybernetic.state.replica.writer import Writer
from cybernetic.state.store.store import Store
from cybernetic.wire import travels

L = TypeVar("L", bound=Lattice)

_LONGEST = 180  # characters of a name


@travels(name="state.NoSubscriber")
class NoSubscriber(Refusal):
    """Diffs are sent to agents, and the call came from outside of any."""

    def __init__(self) -> None:
        super().__init__("subscribe: expected a call by an agent, got: one from outside")


class Replica(Agent, Generic[L]):
    """Keeps one value that agents on every node read and change at any time, also while nodes are cut off.

        child(Replica, AWSet, "facts", "data/facts.sqlite", name="facts")        # on each node
        await facts.call(Replica.change, lambda value, by: value.add(by.replica, "sky is blue"))
        value = await facts.call(Replica.value)

    Replicas with the same `name` find each other, on all nodes of the system by default, and are the same seconds after
    they can talk. A change is told to the peers within 0.1 s, and contexts are exchanged every second, so
    that whoever lacks something is sent it, in pieces. Each start has an id of its own.

    Args:
        kind: the type of the value: `AWMap`, `AWSet`, `GCounter`, `PNCounter`, `Escrow`, `LWW`, `MV`; or its name,
            `AWMap.kind`, which travels to where another node starts the replica.
        name: what it is called among replicas, 1 to 180 characters.
        store: where it lasts: an open `Store`, or the path of one that is its own. None: it lasts as long as the
            agent; what others have comes back from them.
        options: see `ReplicaOptions`.
        peers: makes the port through which the others are met. Default: groups of the system.
        now: the wall clock, seconds since 1970.

    Raises `OptionError`; at its start `StoreError`, and `OptionError` where another type is kept under the name.
    """

    def __init__(
        self,
        kind: type[L] | str,
        name: str,
        store: Store | str | os.PathLike[str] | None = None,
        options: ReplicaOptions | None = None,
        peers: Callable[[], Peers] = GroupPeers,
        now: Callable[[], float] = wall,
    ) -> None:
        found = KINDS.get(kind if isinstance(kind, str) else getattr(kind, "kind", ""))
        if found is None or not (isinstance(kind, str) or kind is found):
            raise OptionError("kind", "a type of converging values such as AWMap, or its name", kind)
        if not isinstance(name, str) or not 0 < len(name) <= _LONGEST:
            raise OptionError("name", f"text of 1 to {_LONGEST} characters", name)
        self._kind: type[L] = found  # type: ignore[assignment] # that of the type's name
        self._name, self._now = name, now
        self._place = store
        self._options = options or ReplicaOptions()
        self._peers = peers()
        self._counts = ReplicaCounts()

    async def setup(self) -> None:
        """Load what is kept, meet the peers, begin to greet."""
        self._subscribers = Subscribers(self)
        self._opening = Opening(self.ref, self._place)
        try:
            await self._begin()
        except BaseException:
            await self._opening.close()
            raise
        self.task(self._pulse())
        self._tending = self.task(self._tend()), self.task(self._tidy())

    async def _begin(self) -> None:
        options, archive = self._options, None
        value, record = self._kind(), Record(self._kind.kind, token())
        store = await self._opening.open()
        if store is not None:
            archive = await Archive.open(store, self._name, self._kind, record.site)
            value, record = await archive.load(), archive.record
        self._archive: Archive[L] | None = archive
        clock, moved = loop_clock(asyncio.get_running_loop()), archive is not None and archive.moved
        self._roll = Roll(self._name, record, archive is not None, options, self._counts, clock, moved)
        self._copy: Copy[L] = Copy(value, archive, 0 if archive is None else archive.loaded)
        escrows = Escrows(self._kind)
        await escrows.find(value)
        self._roll.former = await left_in(value, escrows, self._roll.former)
        if archive is not None:
            await archive.note(**self._roll.recorded())
        on_death(self.ref, self._ended)
        self._pace = Pace(2 * options.leaves)
        latest = None if archive is None else archive.latest  # the wall clock may have gone back meanwhile
        self._clock = Hlc(self._roll.replica, self._now, options.ahead, after=latest)
        self._pen = Writer(self._roll.replica, self._clock, self._now)
        self._editing = Editing(self._kind, Frames(self._kind, options.largest), options.leaves)
        self._taking = taking = Taking(self._copy, self._clock, self._roll, self._counts, self._lasting)
        chance = self.system.chance.stream("replica", self._name, self._roll.replica)
        self._exchange = Exchange(
            self._copy, self._peers, self._roll, taking, options, self._counts, self._beside, chance
        )
        self._upkeep = Upkeep(self._copy, archive, self._roll, self._exchange, options)
        self._redating = Redating(
            self._copy, self._clock, self._roll, self._exchange, options, self._counts, self._now, self._write
        )
        self._rights = Rights(
            escrows,
            self._copy,
            self._roll,
            self._exchange,
            options,
            self._now,
            self._write,
            self._editing.fits,
            self._oversized,
        )
        await self._peers.open(self, self._name)

    # what others ask of it

    def change(self, edit: Callable[..., L], *args: Any) -> Deferred[L]:
        """Change the value: answers with the delta when that is on the disk, and the peers are about to be told.

        Args:
            edit: called as `edit(value, by, *args)` with the value now and a `Writer`; returns a delta, which it
                makes by the methods of the value in the name `by.replica`: `value.at(key, LWW).set(...)`, never
                `LWW().set(...)`. Of several changes each is made of the value joined with those before, and of many
                keys `value.writes(...)` makes one. It must be quick: it is one turn. A function does not travel: ask
                the replica of one's own node.
            *args: what the edit is given besides.

        Raises:
            EditRefused: the edit raised, gave something else, a delta that was not made of `value` in the name
                `by.replica`, so that it would be lost (`check_dots`), or one too large for a frame.
            Refusal: the edit raised one, such as `RightsLacking`; `JournalFull`.
            ReplicaEnding: the replica was said to be over: call again, its next start takes the change.
        """
        answer: Deferred[L] = self._pace.do(self._change, edit, args)
        return answer

    def value(self) -> L:
        """The value now, immutable, not copied. It may hold changes that are not acknowledged yet."""
        return self._copy.value

    async def status(self) -> ReplicaStatus:
        """Who it is, who its peers are and what they lack, and what it has counted."""
        peers = await self._exchange.peers()
        roll, copy, digest = self._roll, self._copy, self._exchange.digest
        shown = None if digest is None or digest[0] != copy.value.context else f"{digest[1]:032x}"
        return ReplicaStatus(
            self._name,
            self._kind.kind,
            roll.replica,
            roll.site,
            roll.starts,
            len(copy.value.context),
            len(copy.value.context) - len(copy.saved),
            shown,
            peers,
            tuple(sorted(member.replica for member in roll.members.values())),
            tuple(sorted(roll.absent)),
            replace(self._counts),
        )

    def subscribe(self) -> L:
        """Have a `Diff` sent to the caller, an agent, for every change of what shows, until it ends or unsubscribes.

        Returns the value that the first diff is about. A replica that is started again knows of no subscribers: monitor
        it before, and on `Down` subscribe anew, as on a `Diff` that says that it has `ended`. Raises `NoSubscriber`
        outside of an agent.
        """
        subscriber = self.sender
        if subscriber is None:
            raise NoSubscriber
        self._subscribers.add(subscriber)
        self._copy.on_join = self._tell
        return self._copy.value

    def unsubscribe(self) -> None:
        """Undo `subscribe`."""
        if self.sender is not None:
            self._subscribers.drop(self.sender)

    # what its peers and its port say

    def hear(self, frame: bytes, origin: Any) -> None:
        """A peer says something: for ports."""
        done: None = self._pace.do(self._hear, frame, origin)
        return done

    def meet(self) -> None:
        """Peers have come: for ports."""
        self._exchange.greet(new=True)

    def receive(self, message: Any) -> None:
        """News of the group, and of the end of subscribers."""
        match message:
            case Joined():
                self.meet()
            case Left():
                pass
            case Down(ref=ref) if self._subscribers.drop(ref):
                pass
            case Down():  # what the port rests on has ended
                self._beside(self._peers.open(self, self._name))
            case _:
                super().receive(message)

    async def terminate(self, reason: Reason) -> None:
        """Leave rights to who lives on, tell what was not told yet, and let go of the store."""
        await self._rights.part()
        await self._exchange.flush()
        for task in self._tending:
            task.cancel()  # they write into the store
        self._exchange.end()  # and so may this
        await self._peers.close()
        await self._opening.close()

    # inside

    def _change(self, edit: Callable[..., L], args: tuple[Any, ...]) -> Deferred[L]:
        if self._rights.ends:
            raise ReplicaEnding(self._roll.replica)
        delta, body = self._edited(edit, args)
        if delta:
            self._pace.did(body)
            answer = self.defer()
            self._copy.write(delta, partial(self._changed, delta, answer), body)
            self._redating.wrote(delta)
        else:  # it may rest on changes that are not on the disk yet
            answer = self.defer()
            self._copy.settled(partial(self._settled, delta, answer))
        return answer

    def _hear(self, frame: bytes, origin: Any) -> None:
        self._pace.did(frame)
        self._exchange.hear(frame, origin)

    def _edited(self, edit: Callable[..., L], args: tuple[Any, ...]) -> tuple[L, bytes]:
        try:
            return self._editing.made(edit, self._copy.value, self._pen, args)
        except Refusal as error:
            self._rights.refused(error)
            raise

    def _changed(self, delta: L, answer: Deferred[L], error: BaseException | None) -> None:
        if error is None:
            answer.reply(delta)
        self._done(delta, error)

    def _done(self, delta: L, error: BaseException | None) -> None:
        if error is None:
            self._exchange.tell(delta)
        self._lasting(error)

    def _settled(self, delta: L, answer: Deferred[L], error: BaseException | None) -> None:
        if error is None:
            answer.reply(delta)
        else:
            self._lasting(error)

    def _lasting(self, error: BaseException | None) -> None:
        """What is in memory is not on the disk: begin again from there."""
        if error is not None:
            self._beside(_raise(error))

    def _beside(self, coro: Coroutine[Any, Any, None]) -> "asyncio.Task[Any] | None":
        """Run a coroutine beside the mailbox, unless it is too late."""
        try:
            return self.task(coro)
        except NotRunning:
            coro.close()
            return None

    def _ended(self, _: Any) -> None:
        """It is dead, and may have been killed: what it held is let go of."""
        self._copy.end()

    async def _pulse(self) -> None:
        while True:
            await self._exchange.pulse()
            await asyncio.sleep(self._options.pulse)

    async def _tend(self) -> None:
        while True:
            await self._rights.keep()
            await self._redating.once()
            await self._upkeep.once()
            await asyncio.sleep(self._options.pulse / 2)

    def _write(self, delta: Any) -> None:
        self._copy.write(delta, partial(self._done, delta))

    def _oversized(self) -> None:
        self._counts.oversized += 1
        self._taking.refused("oversized", "a row of rights to spend that no frame can carry")

    async def _tidy(self) -> None:
        while True:
            await asyncio.sleep(self._options.tidy)
            await self._upkeep.tidy()

    def _tell(self, before: L, after: L, delta: L) -> None:
        if not self._subscribers:
            self._copy.on_join = None
            return
        diff = difference(self._name, before, after, delta, self._upkeep.digests)
        if diff:
            self._subscribers.tell(diff)


async def _raise(error: BaseException) -> None:
    raise error
