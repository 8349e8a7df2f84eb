"""The agent that feels: the ladder of one level, the deadmen of its loops, and the way to a human."""

import asyncio
import inspect
from collections.abc import Iterable, Sequence
from math import inf
from typing import Any

from cybernetic.core import CallError
from cybernetic.runtime import Named, Timer
from cybernetic.vsm.algedonic.humans import Page
from cybernetic.vsm.algedonic.messages import Ack, Felt, Relief, Told
from cybernetic.vsm.books.books import Books
from cybernetic.vsm.books.entry import Entry
from cybernetic.vsm.channels.channel import Channel, Role
from cybernetic.vsm.channels.ear import hears, level_of
from cybernetic.vsm.channels.member import Member
from cybernetic.vsm.channels.messages import Beat
from cybernetic.vsm.channels.note import Note
from cybernetic.vsm.ladder.climb import Climb
from cybernetic.vsm.ladder.clocks import Clocks, Paging, Rungs, time_to_human
from cybernetic.vsm.ladder.deadman import Deadman
from cybernetic.vsm.ladder.effects import (
    AckRefused,
    Cleared,
    Effect,
    Folded,
    Owned,
    Paged,
    Raised,
    Unanswered,
)
from cybernetic.vsm.ladder.ladder import Ladder, Move
from cybernetic.vsm.ladder.signals import Cause, Pain, PainKey, Severity
from cybernetic.vsm.timing import now

HOP = 2.0  # seconds for a page to be taken by who is above


class Algedonode(Member):
    """Where pain of one level is felt, and from where it climbs. It needs nothing of systems 2 to 5.

    Args:
        path: of the level.
        clocks: of the rungs: this level's, then those above it.
        human: sinks for pages, tried in order; only the top's are used.
        loops: what should beat: (role, path, period).
    """

    role = Role.ALGEDONODE
    period: float | None = 0.5

    def __init__(
        self,
        path: str,
        clocks: Sequence[Clocks],
        human: Sequence[Any] = (),
        loops: Iterable[tuple[str, str, float]] = (),
    ) -> None:
        super().__init__(path)
        self._human = tuple(human)
        rungs = Rungs((clocks[0], *clocks), Paging(sinks=max(1, len(self._human))))
        self._ladder = Ladder(path, rungs)
        self._loops = tuple(loops)
        self._deadmen: dict[tuple[str, str], Deadman] = {}
        self._missed: set[tuple[str, str]] = set()
        self._pains: dict[PainKey, Pain] = {}
        self._timer: Timer | None = None
        self._books: Named[Books] = self.system.named(f"{self.path}:books", Books)

    async def setup(self) -> None:
        """Go on from the books: a pain does not end because who felt it did."""
        known = await self._books.call(Books.load, "ladder")
        if known is not None:
            self._ladder, self._pains = known
        at = now()
        self._deadmen = {(role, path): Deadman(period, at) for role, path, period in self._loops}
        self._wind()
        super().setup()

    # What is felt.

    @hears(Felt)
    def _felt(self, felt: Felt, note: Note) -> None:
        self.feel(felt.signal)

    def feel(self, signal: Any) -> None:
        """Something hurts, or goes well."""
        if isinstance(signal, Pain):
            self._pains[signal.key] = signal
        self._move(self._ladder.feel(signal, self._at()))

    @hears(Relief)
    def _relieved(self, relief: Relief, note: Note) -> None:
        self._move(self._ladder.clear(relief.key, self._at()))

    @hears(Ack)
    def _acked(self, ack: Ack, note: Note) -> None:
        self.ack(ack.key, ack.level, ack.by)

    def ack(self, key: PainKey, level: int, by: str) -> None:
        """Somebody takes a pain over; what does not count is in the log."""
        self._move(self._ladder.ack(key, level, by, self._at()))

    def bound(self) -> float:
        """Seconds from a pain that is an event to the page, at the most."""
        return time_to_human(self._ladder.rungs.levels)

    def alarms(self) -> tuple[Climb, ...]:
        """The pains that are open."""
        return tuple(self._ladder.climbs.values())

    # The deadmen.

    @hears(Beat)
    def _beaten(self, beat: Beat, note: Note) -> None:
        key, at = (beat.role, beat.path), now()
        self._deadmen[key] = Deadman(beat.period, at)
        if key in self._missed:
            self._missed.discard(key)
            self._move(self._ladder.clear(self._silence(key).key, self._at()))

    def cycle(self) -> None:
        """Feel what has gone silent, and tell the level above that this one is alive."""
        at = now()
        for key, deadman in self._deadmen.items():
            if key not in self._missed and deadman.missed(at):
                self._missed.add(key)
                self.feel(self._silence(key))
        above = level_of(self.path)
        if above:
            self.system.named(f"{above}:algedonode", Algedonode).cast(
                Algedonode.alive, self.path, self.period or 1.0
            )

    def alive(self, path: str, period: float) -> None:
        """The algedonode of a level below shows that it lives."""
        self._beaten(Beat(Role.ALGEDONODE.value, path, period), None)  # type: ignore[arg-type]

    def _silence(self, key: tuple[str, str]) -> Pain:
        role, path = key
        return Pain(path, f"{role} silent", Cause.HEARTBEAT, Severity.ALERT, 1.0, now())

    # What is done about it.

    def _move(self, move: Move) -> None:
        self._ladder, effects = move
        for effect in effects:
            self._carry_out(effect)
        self._books.cast(Books.save, "ladder", (self._ladder, self._pains))
        self._wind()

    def _carry_out(self, effect: Effect) -> None:
        match effect:
            case Raised(key=key, level=level, severity=severity):
                self._raise(key, level, severity)
            case Paged(key=key, sink=sink, attempt=attempt):
                self.task(self._page(key, sink, attempt))
            case Cleared(key=key):
                self._pains.pop(key, None)
                self.task(self._resolve(key))
            case Owned() | AckRefused() | Folded() | Unanswered():
                return self._log(effect)
            case _:
                return None
        return self._log(effect)

    def _raise(self, key: PainKey, level: int, severity: Severity) -> None:
        """Tell who is at that rung: the unit's management, the level's system 3, then those above."""
        pain = self._pains.get(key) or Pain(key.path, key.index, Cause(key.cause), severity)
        told = Told(pain, level, severity)
        if level == 0:
            if key.path != self.path:
                self.tell(Channel.ALGEDONIC, Role.MANAGEMENT, told, key.path)
            return
        above = self.path
        for _ in range(level - 1):
            above = level_of(above)
        if above == self.path:
            self.tell(Channel.ALGEDONIC, Role.CONTROL, told)
        else:
            self.system.named(f"{above}:algedonode", Algedonode).cast(Algedonode.from_below, told, self.path)

    def from_below(self, told: Told, origin: str) -> None:
        """A pain of a level below has come up to this one: system 3 is told, and answers where it is felt."""
        self._origins = {**getattr(self, "_origins", {}), told.pain.key: origin}
        self.tell(Channel.ALGEDONIC, Role.CONTROL, told)

    async def _page(self, key: PainKey, sink: int, attempt: int) -> None:
        pain = self._pains.get(key) or Pain(key.path, key.index, Cause(key.cause))
        page = Page(pain, attempt, self.path)
        top = self.path.partition("/")[0]
        try:
            if top == self.path:
                taken = await self.page(page, sink)
            else:
                node = self.system.named(f"{top}:algedonode", Algedonode)
                taken = await node.within(HOP).call(Algedonode.page, page, sink)
        except CallError:
            taken = await self.page(page, sink)
        if not taken:
            self._move(self._ladder.sink_failed(key, sink, attempt, self._at()))

    async def page(self, page: Page, sink: int) -> bool:
        """Page a human through a sink; whether it took the page."""
        if sink >= len(self._human):
            return False
        try:
            done = self._human[sink].page(page)
            if inspect.isawaitable(done):
                await asyncio.wait_for(done, HOP)
        except Exception as error:  # whatever a sink raises, it did not take the page
            self._jot("page", {"sink": sink, "failed": f"{type(error).__name__}: {error}"})
            return False
        return True

    async def _resolve(self, key: PainKey) -> None:
        for sink in self._human:
            try:
                done = sink.resolve(key)
                if inspect.isawaitable(done):
                    await asyncio.wait_for(done, HOP)
            except Exception as error:
                self._jot("page", {"failed": f"{type(error).__name__}: {error}"})

    # Time.

    def tick(self) -> None:
        """A clock has lapsed."""
        self._timer = None
        self._move(self._ladder.tick(self._at()))

    def _wind(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        due = self._ladder.due
        if due < inf:
            self._timer = self.ref.after(max(0.0, due - now())).cast(Algedonode.tick)

    def _at(self) -> float:
        return max(now(), self._ladder.at)

    def _log(self, effect: Effect) -> None:
        self._jot("pain", {"what": type(effect).__name__, "effect": repr(effect)})

    def _jot(self, kind: str, body: object) -> None:
        self._books.cast(Books.note, Entry(kind=kind, path=self.path, body=body, at=now()))
