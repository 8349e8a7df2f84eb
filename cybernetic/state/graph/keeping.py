"""The part of a graph's agent that keeps it: its replica, the indexes, what expires, and who is told."""

import asyncio
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain, islice
from typing import Any

from cybernetic.core import CyberneticError, Down, Reason, loop_clock, number, real_time, wall
from cybernetic.crdt import AWMap
from cybernetic.runtime import Agent, Deferred, Ref
from cybernetic.state.graph.belief import Belief
from cybernetic.state.graph.book import Book, Change
from cybernetic.state.graph.edits import Edit, dropping, steps, sweeping
from cybernetic.state.graph.entries import Key, State, keys_among, touched
from cybernetic.state.graph.exports import Exports
from cybernetic.state.graph.lookout import Lookout
from cybernetic.state.replica.diff import Diff
from cybernetic.state.replica.group_peers import GroupPeers
from cybernetic.state.replica.options import ReplicaOptions
from cybernetic.state.replica.pace import Pace
from cybernetic.state.replica.peers import Peers
from cybernetic.state.replica.replica import Replica
from cybernetic.state.store.store import Store

WEEK = 7 * 86_400.0
STEP = 25  # assertions of one edit: a few milliseconds
_KEYS = 100  # places followed before the loop is given back
_PACE = 50  # of `Pace`: messages of one turn count three each
_PULSE = 0.5  # seconds between two looks for what has expired
_SWEPT = 2000  # places taken out at once, at most
_MET = 60.0  # seconds between two looks for others, and of silence after which one is not there
_TICK = object()


def clock() -> float:
    """Seconds since 1970; on a loop whose time is simulated, of that, so that facts expire there as all else does."""
    loop = asyncio.get_running_loop()
    return wall() if real_time(loop) else loop.time()


class Keeping(Agent):
    """What `Graph` is made on; its arguments are described there."""

    def __init__(
        self,
        name: str,
        store: Store | str | os.PathLike[str] | None = None,
        options: ReplicaOptions | None = None,
        peers: Callable[[], Peers] = GroupPeers,
        now: Callable[[], float] = clock,
        keep: float = WEEK,
    ) -> None:
        self._settings = (AWMap, name, store, options, peers, now)
        self._now, self._keep = now, number("keep", keep, above=0.0)
        self._book, self._lookout, self._exports = Book(), Lookout(self), Exports()
        self._replica: Ref[Replica[State]] | None = None
        self._sweep: asyncio.Task[None] | None = None

    async def setup(self) -> None:
        """Start the replica, and index what it knows."""
        self._clock = loop_clock(asyncio.get_running_loop())
        replica: Any = await self.start(Replica, *self._settings, link=True)
        self._replica = replica
        self._id = (await replica.call(Replica.status)).replica
        self._book, self._pace = Book(self._id), Pace(_PACE)
        state = await replica.within(None).call(Replica.subscribe)
        await self._follow(state, touched(state))
        self._met = self._clock()
        self._belief = Belief(self._clock(), self._now(), self._book.hear())
        self.ref.every(_PULSE).send(_TICK)

    async def receive(self, message: Any) -> None:
        """What the replica tells, the end of watchers, and the pulse."""
        match message:
            case Diff():
                keys = [*[key for key, _ in message.put], *message.gone]
                await self._follow(await self._value(), keys_among(keys))
            case Down(token=ended):
                self._lookout.ended(ended)
            case _ if message is _TICK:
                await self._tend()
            case _:
                super().receive(message)

    async def terminate(self, reason: Reason) -> None:
        """End the replica too, whatever the reason."""
        if self._replica is not None:
            try:
                await self._replica.stop()
            except CyberneticError:
                pass  # it has ended first, which may be the reason

    # for those that build on it

    def _kept(self) -> Ref[Replica[State]]:
        assert self._replica is not None
        return self._replica

    def _change(
        self,
        edits: Sequence[Edit],
        answer: Callable[[list[Any]], Any],
        ended: Callable[[bool], None] = lambda made: None,
    ) -> Deferred[Any]:
        """Have edits made, in the order of calls; answers with what `answer` makes of what they have made. `ended` is
        told whether they are.
        """
        made: list[Any] = []
        replica = self._kept().within(None)
        parts = [replica.request(Replica.change, edit, made) for edit in edits]
        reply = self.defer()

        async def tell() -> None:
            try:
                for part in parts:
                    await part
            except CyberneticError as error:
                ended(False)
                reply.fail(error)
            else:
                ended(True)
                reply.reply(answer(made))

        self.task(tell())
        return reply

    async def _steps(self, edits: Iterable[Edit], made: list[Any]) -> None:
        """Have edits made one after another, so that none waits long for the loop; what they make is put in `made`."""
        for edit in edits:
            await self._kept().within(None).call(Replica.change, edit, made)

    async def _follow(self, state: State, keys: Iterator[Key]) -> None:
        """Bring the indexes up to date with `state`, which has changed at `keys`, and tell those who watch."""
        while some := list(islice(keys, _KEYS)):
            await self._react(self._book.follow(state, some, self._now()))
            await asyncio.sleep(0)
        await self._tell()

    async def _expire(self) -> None:
        """Let expire what does by now, and tell those who watch; in a turn of the loop that has room for more."""
        await self._pace.turn()
        if await self._react(self._book.expire(self._now())):
            await self._tell()

    async def _tell(self) -> None:
        for _ in self._lookout.tell():
            await asyncio.sleep(0)

    async def _react(self, changes: Iterator[Change | None]) -> bool:
        """Draw changes, and what they do to the answers that are watched, with breaths; whether there were any."""
        any_came = False
        for change in changes:
            any_came = True
            if change is None:
                await asyncio.sleep(0)
                continue
            for _ in self._lookout.react(self._book.triples, change):
                await asyncio.sleep(0)
        return any_came

    async def _value(self) -> State:
        return await self._kept().within(None).call(Replica.value)

    async def _tend(self) -> None:
        """Let expire what does, and take out of the value what is to be."""
        await self._expire()
        await self._meet()
        self._book.state, latest = await self._value(), self._sure()
        if self._sweep is None or self._sweep.done():
            for _ in self._book.look():
                await asyncio.sleep(0)
            spent = await _some(self._book.spent(latest))
            outdated = await _some(chain(self._book.outdated(self._keep, latest), self._book.crowding()))
            outlived = await _some(self._book.outlived())
            edits = [
                *steps(lambda keys: dropping(keys, self._book.ended), outlived, STEP),
                *steps(lambda keys: sweeping(keys, (), latest), spent, STEP),
                *steps(lambda keys: sweeping((), keys, latest), outdated, STEP),
            ]
            self._sweep = self.task(self._swept(edits)) if edits else None

    async def _meet(self) -> None:
        """See now and then whether others are there."""
        at = self._clock()
        if at - self._met >= _MET:
            self._met = at
            status = await self._kept().within(None).call(Replica.status)
            if any(peer.silent is not None and peer.silent < _MET for peer in status.peers):
                self._belief.present(at)

    def _sure(self) -> float:
        """The wall clock, as far as it is believed.

        What shows follows the wall clock at once, and comes back with it; what is taken out does not come back.
        """
        at, latest = self._clock(), self._book.hear()
        if latest is not None:
            self._belief.hear(at, latest)
        return self._belief.sure(at, self._now())

    async def _swept(self, edits: Sequence[Edit]) -> None:
        try:
            await self._steps(edits, [])
        except CyberneticError:
            pass  # there is no room on the disk: what is still there is told again


async def _some(keys: Iterable[Key | None]) -> list[Key]:
    """As many of the keys as are taken out at once, at most; None is a breath."""
    found: list[Key] = []
    for key in keys:
        if key is None:
            await asyncio.sleep(0)
        else:
            found.append(key)
            if len(found) == _SWEPT:
                break
    return found
