"""The agent that feels: the ladder of one level, the deadmen of its loops, and the way to a human."""

from collections.abc import Collection, Iterable, Sequence
from math import inf
from typing import Any

from cybernetic.core import CallError, Down, Kill
from cybernetic.runtime import Agent, Deferred, Named, Timer
from cybernetic.vsm.algedonic.calling import Calling
from cybernetic.vsm.algedonic.deadmen import Deadmen, silence, silences
from cybernetic.vsm.algedonic.ends import Ends
from cybernetic.vsm.algedonic.gone import declared, gone
from cybernetic.vsm.algedonic.humans import Page
from cybernetic.vsm.algedonic.messages import Ack, Felt, Glad, Held, Relief, Told
from cybernetic.vsm.algedonic.nerves import Nerves
from cybernetic.vsm.algedonic.origins import Origins
from cybernetic.vsm.algedonic.pager import HOP, Pager
from cybernetic.vsm.algedonic.resort import OVER, LastResort
from cybernetic.vsm.algedonic.starting import Starting
from cybernetic.vsm.algedonic.watcher import VIGIL, Watcher
from cybernetic.vsm.books.books import Books
from cybernetic.vsm.channels.channel import Channel, Role
from cybernetic.vsm.channels.ear import hears, level_of, line_role
from cybernetic.vsm.channels.messages import AtWork, Beat
from cybernetic.vsm.channels.note import Note, Why
from cybernetic.vsm.decisions.question import Reception
from cybernetic.vsm.decisions.verdicts import Allow, Deny
from cybernetic.vsm.ladder.arousal import Feeling, Sensitivity, arouse
from cybernetic.vsm.ladder.climb import Climb
from cybernetic.vsm.ladder.clocks import Clocks, Paging, Rungs, time_to_human
from cybernetic.vsm.ladder.effects import (
    AckRefused,
    Cleared,
    Effect,
    Folded,
    Owned,
    Paged,
    Pleased,
    Raised,
    Unanswered,
)
from cybernetic.vsm.ladder.ladder import Ladder, Move
from cybernetic.vsm.ladder.signals import Cause, Pain, PainKey, Severity
from cybernetic.vsm.recursion.reach import downward, reached, rung_at, upward
from cybernetic.vsm.timing import now

LOOK = 0.1  # seconds after which what ended may be back


class Algedonode(Calling):
    """Where pain of one level is felt, and from where it climbs. It needs nothing of systems 2 to 5.

    Args:
        path: of the level.
        clocks: of the rungs: this level's, by which it looks, then those above it.
        human: sinks for pages, tried in order: the top's, or, for when nobody above takes a page, of a level elsewhere.
        loops: what should beat: (role, path, period).
        paging: how the human is called. Default: `Paging()`, with that many sinks.
        elsewhere: paths of units of another system: who hangs there is not here to be ended.
    """

    role = Role.ALGEDONODE
    period: float | None = Clocks().look

    def __init__(
        self,
        path: str,
        clocks: Sequence[Clocks],
        human: Sequence[Any] = (),
        loops: Iterable[tuple[str, str, float]] = (),
        paging: Paging | None = None,
        elsewhere: Collection[str] = (),
    ) -> None:
        super().__init__(path)
        self._elsewhere = frozenset(elsewhere)
        self._within = clocks[0].beat
        if self.period is not None:
            self.period = clocks[0].look
        self._pager = Pager(self, path, human, self.jot, "owed")
        rungs = Rungs((clocks[0], *clocks), paging or Paging(sinks=max(1, len(human))))
        self._ladder = Ladder(path, rungs)
        self._loops = tuple(loops)
        self._pains: dict[PainKey, Pain] = {}
        self._origins = Origins(path)
        self._arousal = Sensitivity()
        self._turned = 0.0
        self._timer: Timer | None = None
        above = level_of(path)
        self._above = self.system.named(f"{above}:algedonode", Algedonode) if above else None
        self._vigil = self.system.named(f"{path}:{VIGIL}", Watcher)

    async def setup(self) -> None:
        """Go on from the books: a pain does not end because who felt it did."""
        known = await self._books.call(Books.load, "ladder")
        if known is not None:
            ladder, self._pains, origins, arousal, *why = known
            self._reasons.update(*why)  # nothing of that where an older version wrote it
            self._ladder = ladder.reopened(now()).under(self._ladder.rungs)
            self._arousal, self._origins = arousal.reopened(now()), Origins(self.path, origins)
        await self._pager.begin(self._ladder, declared(self._loops))
        at = self._turned = now()
        levels = tuple(path for role, path, _ in self._loops if role == Role.ALGEDONODE.value)
        self._starting = Starting(self.system, self.path, levels, at)
        denied = self._ladder.rungs.paging.denied
        self._resort = LastResort(self, self.path, self._loops, self._elsewhere, denied)
        await self._resort.begin()
        for key in gone(self.path, self._loops, (*self._ladder.climbs, *self._ladder.folded)):
            self._move(self._ladder.clear(key, self._at()))
        self._ends = Ends(self, self.path, self._loops, Nerves(self._pains, at))
        silent = silences(pain for key, pain in self._pains.items() if self._is_open(key))
        voice = line_role(Channel.ALGEDONIC), self.path
        self._deadmen = Deadmen(self._loops, at, silent, voice)
        self._wind()
        super().setup()

    # What is felt.

    @hears(Felt)
    def _felt(self, felt: Felt, note: Note) -> None:
        self.feel(felt.signal, note)

    def feel(self, signal: Any, note: Note | None = None) -> None:
        """Something hurts, or goes well. Of what is read off an index only what is strong enough begins to hurt."""
        if isinstance(signal, Pain):
            if signal.cause is Cause.REGIME and not self._is_open(signal.key):
                feeling, self._arousal = arouse(False, self._arousal, signal.intensity, self._at())
                if feeling is Feeling.QUIET:
                    return
            self._pains[signal.key] = signal
        self._because(signal.key, note)
        self._move(self._ladder.feel(signal, self._at()))

    @hears(Relief)
    def _relieved(self, relief: Relief, note: Note) -> None:
        self._move(self._ladder.clear(relief.key, self._at()))

    # Who takes it over.

    @hears(Ack)
    def _acked(self, ack: Ack, note: Note) -> None:
        """Of a unit's management for its unit, or of who is at this level for what has come up to it."""
        origin = self._origin(ack.key)
        if note.sender is Role.MANAGEMENT:
            rung = 0 if note.path_from == ack.key.path else None
        else:
            rung = rung_at(self.path, origin)
        if rung != ack.level:
            refused = AckRefused(ack.key, ack.level, ack.by, Reception.UNAUTHORISED, self._at())
            self._log(refused)
        else:
            self.ack(ack.key, ack.level, ack.by)

    def ack(self, key: PainKey, level: int, by: str) -> Reception:
        """Somebody takes a pain over; what does not count is in the log. What was felt below is answered there."""
        origin = self._origin(key)
        if origin != self.path:
            self._toward(downward(self.path, origin)).cast(Algedonode.ack, key, level, by)
            return Reception.TAKEN
        ladder, effects = self._ladder.ack(key, level, by, self._at())
        self._move((ladder, effects))
        return next((effect.why for effect in effects if isinstance(effect, AckRefused)), Reception.TAKEN)

    def answered(self, key: PainKey, by: str) -> Deferred[Reception]:
        """A human takes a pain over, however high it has come and wherever it was felt; what became of that."""
        answer = self.defer()
        origin = self._origin(key)
        if origin == self.path:
            climb = self._ladder.climbs.get(self._ladder.folded.get(key, key))
            answer.reply(self.ack(key, 0 if climb is None else climb.level, by))
        else:
            self.task(self._answered_below(origin, key, by, answer))
        return answer

    async def _answered_below(self, origin: str, key: PainKey, by: str, answer: Deferred[Any]) -> None:
        try:
            below = self._toward(downward(self.path, origin)).within(HOP)
            answer.reply(await below.call(Algedonode.answered, key, by))
        except CallError as error:
            self.jot("pain", {"what": "AckLost", "key": repr(key), "by": by, "origin": origin})
            answer.fail(error)

    def _origin(self, key: PainKey) -> str:
        """The level where a pain was felt: here, or below."""
        return self.path if self._is_open(key) else self._origins.of(key)

    def _toward(self, levels: Sequence[str]) -> "Named[Algedonode]":
        return reached(self.system, levels, Role.ALGEDONODE, Algedonode)

    def bound(self) -> float:
        """Seconds from a pain that is an event to the page, at the most."""
        return time_to_human(self._ladder.rungs.levels)

    def alarms(self) -> tuple[Climb, ...]:
        """The pains that are open."""
        return tuple(self._ladder.climbs.values())

    # What holds when no human answers.

    def deny(self, key: PainKey, reason: str) -> None:
        """Nobody answered for the level as a whole: it may not go on."""
        self._resort.deny(key, reason)

    def let_go(self, key: PainKey, reason: str) -> None:
        """The level may go on, as far as that pain is concerned."""
        self._resort.let_go(key, reason)

    def resumed(self, unit: str) -> bool:
        """A human lets a unit, or (its path) the whole level, go on, whatever nobody answered for; whether the level
        above holds it even so.
        """
        return self._resort.resumed(unit)

    def held(self, path: str, keys: tuple[PainKey, ...]) -> None:
        """A level within is held for pains of which this one has told it."""
        self._resort.held(path, keys)

    @hears(Held)
    def _is_held(self, held: Held, note: Note) -> None:
        self._resort.held(held.path)

    # The deadmen.

    @hears(Beat)
    def _beaten(self, beat: Beat, note: Note) -> None:
        self.shows(beat.role, beat.path, beat.period)

    def shows(self, role: str, path: str, period: float) -> None:
        """A loop shows that it lives; within `period` seconds it will again."""
        key = role, path
        if self._deadmen.beat(key, period, now()):
            self._move(self._ladder.clear(silence(key, now()).key, self._at()))

    @hears(AtWork)
    def _works(self, word: AtWork, note: Note) -> None:
        self._deadmen.works((word.role, word.path))

    def alive(self, path: str, period: float) -> None:
        """The algedonode of a level below shows that it lives."""
        self.shows(Role.ALGEDONODE.value, path, period)

    def cycle(self) -> None:
        """Feel what has gone silent, and tell the level above, or the vigil, that this one is alive."""
        at, period = now(), self._within
        starts = self._starting.goes_on
        if starts or at - self._turned > period:  # or it was away, and has not heard what was said
            self._deadmen.forgive(at)
        self._turned = at
        if late := self._starting.late(at):
            self.feel(late)
        elif not starts and self._is_open(self._starting.key):
            self._move(self._ladder.clear(self._starting.key, self._at()))
        for key in self._deadmen.missed(at):
            self.feel(silence(key, now()))
        for key in self._deadmen.silent:
            self._look_at(key, at)
        for pain in self._ends.orderly(at):
            self.feel(pain)
        self.look()
        self._pager.again()
        if self._above is not None:
            self._above.cast(Algedonode.alive, self.path, period)
        if (VIGIL, self.path) in self._deadmen:
            self._vigil.cast(Watcher.shows, Role.ALGEDONODE.value, self.path, period)

    # Ends.

    def look(self) -> None:
        """Watch what is not watched because it was not there, and feel what is back."""
        self._resort.again()  # what is back does not know
        for key in self._ends.look(now()):
            self._move(self._ladder.clear(key, self._at()))

    def receive(self, message: Any) -> None:
        """The end of something watched."""
        if isinstance(message, Down) and self._ends.down(message):
            for pain in self._ends.abrupt(now()):
                self.feel(pain)
            self.ref.after(LOOK).cast(Algedonode.look)

    def _look_at(self, key: tuple[str, str], at: float) -> None:
        """Who hangs is ended, and its supervisor puts another in its place."""
        role, path = key
        who = None if path in self._elsewhere else self.system.whereis(f"{path}:{role}", Agent)
        if self._deadmen.hangs(key, who, at) and who is not None:
            self.exit(who, Kill())
            self.jot("hang", {"path": path, "role": role, "times": self._deadmen.ended(key, at)})

    # What is done about it.

    def _move(self, move: Move) -> None:
        self._ladder, effects = move
        for effect in effects:
            self._carry_out(effect)
        self._save()
        self._wind()

    def _save(self) -> None:
        known = self._pains, self._origins.known, self._arousal, self._kept()
        self._books.cast(Books.save, "ladder", (self._ladder, *known))

    def _carry_out(self, effect: Effect) -> None:
        match effect:
            case Raised(key=key, level=level, severity=severity):
                self._raise(key, level, severity)
            case Paged(key=key, sink=sink, attempt=attempt):
                self.task(self._paged(key, sink, attempt))
            case Pleased(key=key, level=level):
                if level:
                    self._say(Glad(key, level), self.path)
            case Cleared(key=key, level=level):
                self._pains.pop(key, None)
                if level >= self._ladder.rungs.top:  # who was not called has nothing to be told
                    self.task(self._pager.resolve(key))
                self._resort.over(key, OVER)
            case Unanswered(key=key, verdict=Allow() | Deny() as verdict):
                members = [one for one, storm in self._ladder.folded.items() if storm == key]
                self._resort.unanswered(key, members, verdict)
            case Owned() | AckRefused() | Folded():
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
                self.tell(Channel.ALGEDONIC, Role.MANAGEMENT, told, key.path, cause=self.why(key))
            return
        self._say(told, self.path)

    def _say(self, word: Told | Glad, origin: str) -> None:
        """Say something at its rung of the ladder at `origin`: here, to system 3 or 5, or to who is further up."""
        further = max(0, word.level - rung_at(self.path, origin))
        why = self.why(word.key)
        if above := upward(self.path, self.path.rsplit("/", further)[0]):
            self._toward(above).cast(Algedonode.from_below, word, origin, why)
        else:
            role = Role.POLICY if isinstance(word, Glad) else Role.CONTROL
            self.tell(Channel.ALGEDONIC, role, word, cause=why)

    def from_below(self, told: Told | Glad, origin: str, why: Why | None = None) -> None:
        """A pain of a level below has come up to this one, or is for one above it: system 3 is told, and answers where
        it is felt. What goes well there is told to system 5.
        """
        if isinstance(told, Told):
            self._comes_from(origin, told.pain.key)
        self._because(told.key, why)
        self._say(told, origin)

    async def _paged(self, key: PainKey, sink: int, attempt: int) -> None:
        pain = self._pains.get(key) or Pain(key.path, key.index, Cause(key.cause))
        if not await self._pager.page(Page(pain, attempt, self.path), sink):
            self._move(self._ladder.sink_failed(key, sink, attempt, self._at()))

    # Time.

    def tick(self, due: float = -inf) -> None:
        """A clock has lapsed that was to at `due`: a timer may come earlier by less than a loop tells apart."""
        self._timer = None
        self._move(self._ladder.tick(max(due, self._at())))

    def _wind(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        due = self._ladder.due
        if due < inf:
            self._timer = self.ref.after(max(0.0, due - now())).cast(Algedonode.tick, due)

    def _at(self) -> float:
        return max(now(), self._ladder.at)
