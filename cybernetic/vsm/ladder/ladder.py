"""The ladder of one level: every open pain once, storms told as one, and what to do next, as a value."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from math import inf
from typing import TypeVar

from cybernetic.core import OptionError, number, whole
from cybernetic.vsm.changed import changed
from cybernetic.vsm.checks import entries, entry, instance, later, mapping, word
from cybernetic.vsm.decisions.question import Reception
from cybernetic.vsm.ladder import climb as climbing
from cybernetic.vsm.ladder.climb import Climb, Step
from cybernetic.vsm.ladder.clocks import Rungs
from cybernetic.vsm.ladder.effects import AckRefused, Effect, Folded, Noticed, Pleased
from cybernetic.vsm.ladder.signals import Cause, Pain, PainKey, Pleasure, Severity
from cybernetic.vsm.ladder.storm import StormRule, gathered, storm_pain

V = TypeVar("V")


@dataclass(frozen=True, slots=True)
class Ladder:
    """All open pains below `path`, and the rungs they climb. Values in, values out: every method returns the
    next ladder and the effects to carry out, in order; `now` (seconds) never runs backwards.

    `refractory` (seconds, >= 0) is how long after its end a statistical pain or a notice, and after it was felt
    last a pleasure, is not told again; an alert is, where only a notice was told before. `storm` says when many pains
    become one.

    The rest is state: `climbs` by key, `folded` (a pain to its storm, or to the first sign of the same cause), `quiet`
    (a key to when it may be told again), `noticed` (to when as a notice), `recent` (when and what began), `storms`
    counted so far, `at` the last moment. Raises `OptionError`.
    """

    path: str
    rungs: Rungs = field(default_factory=Rungs)
    refractory: float = 60.0
    storm: StormRule = field(default_factory=StormRule)
    climbs: Mapping[PainKey, Climb] = field(default_factory=dict)
    folded: Mapping[PainKey, PainKey] = field(default_factory=dict)
    quiet: Mapping[PainKey, float] = field(default_factory=dict)
    noticed: Mapping[PainKey, float] = field(default_factory=dict)
    recent: tuple[tuple[float, PainKey], ...] = ()
    storms: int = 0
    at: float = -inf

    def __post_init__(self) -> None:
        word("path", self.path)
        if not isinstance(self.rungs, Rungs):
            raise OptionError("rungs", "Rungs", self.rungs)
        instance("storm", self.storm, StormRule)
        number("refractory", self.refractory, least=0)
        for name, kind in (("climbs", Climb), ("folded", PainKey)):
            entries(name, getattr(self, name), kind)
        for name in ("quiet", "noticed"):
            for key, until in mapping(name, getattr(self, name)).items():
                number(entry(name, key), until)
        for one in instance("recent", self.recent, tuple):
            if not isinstance(one, tuple) or len(one) != 2:
                raise OptionError("recent", "pairs (when, what began)", one)
            number("recent", one[0])
            instance("recent", one[1], PainKey)
        whole("storms", self.storms)
        if self.at != -inf:
            number("at", self.at)

    @property
    def due(self) -> float:
        """When `tick` has something to do next (seconds); infinite if no clock runs."""
        return min((one.due for one in self.climbs.values()), default=inf)

    def under(self, rungs: Rungs) -> "Ladder":
        """The same with other rungs; while something climbs, those on which that began stay. Raises `OptionError`."""
        instance("rungs", rungs, Rungs)
        return self if self.climbs else changed(self, rungs=rungs)

    def reopened(self, now: float) -> "Ladder":
        """The ladder as it was written down in another life, whose clock may have been ahead: then it goes on from
        where it was, or what climbs would stand still until `now` is there again. Raises `OptionError`.
        """
        was = self.at
        if number("now", now) >= was:
            return self
        return changed(
            self,
            climbs={key: _rebased(one, was, now) for key, one in self.climbs.items()},
            quiet={key: now - (was - until) for key, until in self.quiet.items()},
            noticed={key: now - (was - until) for key, until in self.noticed.items()},
            recent=tuple((now - (was - at), key) for at, key in self.recent),
            at=now,
        )

    def feel(self, signal: Pain | Pleasure, now: float) -> "Move":
        """A pain or a pleasure was felt. Felt again while it is open it counts as a further datum, and no
        more.

        A source tells an alert at every datum at which it stands, and calls `clear` when it is over: so a
        pain that came during its refractory time is not lost. Raises `OptionError`.
        """
        ladder = self._now(now)
        match signal:
            case Pleasure():
                return ladder._please(signal)
            case Pain() if signal.key in self.folded:
                return ladder._again(self.folded[signal.key], signal, ladder._is_witness(signal.key))
            case Pain() if signal.key in self.climbs:
                return ladder._back(signal.key)._again(signal.key, signal)
            case Pain() if signal.severity is Severity.NOTICE:
                return ladder._notice(signal)
            case Pain():
                return ladder._open(signal)
        raise OptionError("signal", "a Pain or a Pleasure", signal)

    def ack(self, key: PainKey, level: int, by: str, now: float) -> "Move":
        """`by` at `level` (0: the owner; the number of levels: the human) takes the pain over. See
        `acknowledge`.

        For a pain that is not open it comes late. Raises `OptionError`.
        """
        ladder = self._now(now)
        key = ladder.folded.get(instance("key", key, PainKey), key)
        whole("level", level)
        if key not in ladder.climbs:
            return ladder, (AckRefused(key, level, word("by", by), Reception.LATE, now),)
        return ladder._changed(key, lambda c, r: climbing.acknowledge(c, r, level, by, now))

    def sink_failed(self, key: PainKey, sink: int, attempt: int, now: float) -> "Move":
        """A page could not be delivered. See `climb.sink_failed`. Raises `OptionError`."""
        ladder = self._now(now)
        instance("key", key, PainKey)
        whole("sink", sink)
        whole("attempt", attempt)
        return ladder._changed(key, lambda c, r: climbing.sink_failed(c, r, sink, attempt, now))

    def clear(self, key: PainKey, now: float) -> "Move":
        """The pain is gone. The last pain of a storm takes the storm with it. Raises `OptionError`."""
        ladder = self._now(now)
        if instance("key", key, PainKey) in ladder.folded:
            storm, folded = ladder.folded[key], _without(ladder.folded, key)
            ladder = changed(ladder, folded=folded)._hush(key)
            if storm in folded.values():
                return ladder._changed(storm, lambda c, _: climbing.relieve(c, key))
            key = storm
        elif ladder._is_over(key):
            return ladder, ()
        ladder = changed(ladder, folded={one: storm for one, storm in ladder.folded.items() if storm != key})
        ladder = ladder._hush(key) if key in ladder.climbs else ladder
        return ladder._changed(key, lambda c, _: climbing.clear(c, now))

    def tick(self, now: float) -> "Move":
        """Let time pass: every pain whose clock has lapsed takes one step. Raises `OptionError`."""
        ladder, effects = self._now(now), list[Effect]()
        for key in [key for key, one in sorted(self.climbs.items(), key=_by_due) if one.due <= now]:
            ladder, more = ladder._changed(key, lambda c, r: climbing.tick(c, r, now))
            effects += more
        return ladder, tuple(effects)

    def _open(self, pain: Pain) -> "Move":
        noise = pain.cause.statistical and pain.severity is not Severity.CRITICAL
        if noise and self.quiet.get(pain.key, -inf) > self.at:
            return self, ()
        known = self._absent(pain)
        if known is not None:
            return self._join(known, pain)
        ladder = changed(self, recent=(*self.storm.within(self.recent, self.at), (self.at, pain.key)))
        raging = ladder._raging()
        if raging is not None:
            return ladder._join(raging, pain)
        if len({key for _, key in ladder.recent}) >= self.storm.size:
            return ladder._gather(pain)
        return ladder._stepped(pain.key, climbing.begin(pain, self.rungs, self.at))

    def _raging(self) -> PainKey | None:
        """The storm that a pain beginning now belongs to, if there is one."""
        heads = (self.folded[key] for _, key in self.recent if key in self.folded)
        keys = [key for key in heads if Cause(key.cause) is Cause.STORM]
        return next((key for key in reversed(keys) if self.storm.takes(self.climbs[key])), None)

    def _absent(self, pain: Pain) -> PainKey | None:
        """What is open of it already, where a unit is not heard and that is known by another sign: one cause is one
        signal. Of the level itself each part is missed for itself.
        """
        if not pain.cause.absence or pain.path == self.path:
            return None
        near = (key for key in (*self.climbs, *self.folded) if key.path == pain.path)
        causes = ((key, {pain.cause, Cause(key.cause)}) for key in near)
        signs = (key for key, both in causes if Cause.HEARTBEAT in both and all(one.absence for one in both))
        heads = (self.folded.get(key, key) for key in signs)
        return next((key for key in heads if self.storm.takes(self.climbs[key])), None)

    def _join(self, first: PainKey, pain: Pain) -> "Move":
        """Fold a pain into one that is open: a storm, or the first sign of the same cause. Both must be over then."""
        alone = Cause(first.cause) is Cause.STORM or self._is_over(first)
        head = {} if alone else {first: first}
        ladder = changed(self, folded={**self.folded, **head, pain.key: first})
        ladder, effects = ladder._again(first, pain, datum=False)
        return ladder, (Folded((pain.key,), first, self.at), *effects)

    def _gather(self, pain: Pain) -> "Move":
        """Fold what began lately, and is not yet in anybody's hands, into a storm that stands where it has
        come to.
        """
        members = gathered(self.climbs, [key for _, key in self.recent], self.rungs.top)
        over = [one.pain.key for one in members if self._is_over(one.pain.key)]
        born = storm_pain(self.path, self.storms + 1, [*(one.pain for one in members), pain], self.at)
        keys = (*(one.pain.key for one in members), pain.key)
        ladder = changed(
            self,
            climbs={key: one for key, one in self.climbs.items() if key not in keys},
            folded=_without_all(self._moved(keys, born.key), over),
            storms=self.storms + 1,
        )
        ladder, effects = ladder._stepped(born.key, climbing.succeed(born, members, self.rungs, self.at))
        ladder, more = ladder._again(born.key, pain, datum=False)
        return ladder, (Folded(keys, born.key, self.at), *effects, *more)

    def _is_over(self, key: PainKey) -> bool:
        """Whether a pain has gone whose climb still stands for others that were folded into it."""
        return key in self.folded.values() and key not in self.folded and Cause(key.cause) is not Cause.STORM

    def _back(self, key: PainKey) -> "Ladder":
        """Such a pain has come again: it must go again as well."""
        return changed(self, folded={**self.folded, key: key}) if self._is_over(key) else self

    def _moved(self, keys: Sequence[PainKey], storm: PainKey) -> dict[PainKey, PainKey]:
        """What is folded when these go into a storm, each with what has been folded into it."""
        along = {one: storm for one, first in self.folded.items() if first in keys}
        return {**self.folded, **along, **dict.fromkeys(keys, storm)}

    def _again(self, key: PainKey, pain: Pain, datum: bool = True) -> "Move":
        return self._changed(key, lambda c, r: climbing.again(c, r, pain, self.at, datum=datum))

    def _is_witness(self, key: PainKey) -> bool:
        """Whether the data of a storm are counted by this member: one does, else each datum would count
        often.
        """
        return key == min(other for other, storm in self.folded.items() if storm == self.folded[key])

    def _notice(self, pain: Pain) -> "Move":
        if max(quiet.get(pain.key, -inf) for quiet in (self.quiet, self.noticed)) > self.at:
            return self, ()
        noticed = {**self.noticed, pain.key: self.at + self.refractory}
        return changed(self, noticed=noticed), (Noticed(pain.key, self.at),)

    def _please(self, pleasure: Pleasure) -> "Move":
        if self.quiet.get(pleasure.key, -inf) > self.at:
            return self._hush(pleasure.key), ()  # it lasts: news it is only once it has been away
        told = tuple(Pleased(pleasure.key, level, self.at) for level in range(self.rungs.top))
        return self._hush(pleasure.key), told

    def _now(self, now: float) -> "Ladder":
        later("now", now, self.at)
        quiet, noticed = (
            {key: until for key, until in hushed.items() if until > now}
            for hushed in (self.quiet, self.noticed)
        )
        return changed(self, at=now, quiet=quiet, noticed=noticed)

    def _hush(self, key: PainKey) -> "Ladder":
        return changed(self, quiet={**self.quiet, key: self.at + self.refractory})

    def _changed(self, key: PainKey, change: Callable[[Climb, Rungs], Step]) -> "Move":
        """The ladder after `change` of one climb; unchanged if there is none."""
        if key not in self.climbs:
            return self, ()
        return self._stepped(key, change(self.climbs[key], self.rungs))

    def _stepped(self, key: PainKey, step: Step) -> "Move":
        climb, effects = step
        climbs = {**self.climbs, key: climb} if climb.open else _without(self.climbs, key)
        return changed(self, climbs=climbs), effects


Move = tuple[Ladder, tuple[Effect, ...]]
"""The ladder after something happened, and what is to be done about it."""


def _rebased(climb: Climb, was: float, now: float) -> Climb:
    """The same by another clock, which says `now` where the one before said `was` (not before its last change)."""
    since, at, due, called = (
        now - (was - moment) for moment in (climb.since, climb.at, climb.due, climb.called)
    )
    return changed(climb, since=since, at=at, due=due, called=called)


def _by_due(item: tuple[PainKey, Climb]) -> tuple[float, PainKey]:
    return item[1].due, item[0]


def _without_all(values: Mapping[PainKey, V], keys: Sequence[PainKey]) -> dict[PainKey, V]:
    return {other: value for other, value in values.items() if other not in keys}


def _without(values: Mapping[PainKey, V], key: PainKey) -> dict[PainKey, V]:
    return {other: value for other, value in values.items() if other != key}
