"""The climb of one pain: raised, owned, raised one level higher, and in the end paged, until it is cleared.

    RAISED(k) --ack--> OWNED(k) --clear--> CLEARED
       | ack time         | recovery time
       v                  v
    RAISED(k+1) <---------+     above the last level: PAGED, repeated with back-off, then UNANSWERED

The clocks run where the pain was felt, so a level that is dead costs its time and nothing else.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from math import inf

from cybernetic.core import flag, number, whole
from cybernetic.vsm.changed import changed
from cybernetic.vsm.checks import instance, later, moment, word
from cybernetic.vsm.decisions.question import Reception
from cybernetic.vsm.ladder.clocks import Rungs
from cybernetic.vsm.ladder.effects import (
    AckRefused,
    Cleared,
    Effect,
    Heard,
    Owned,
    Paged,
    Raised,
    Unanswered,
)
from cybernetic.vsm.ladder.signals import Pain, PainKey, Severity


class Stage(Enum):
    """Where a climb stands."""

    RAISED = "raised"
    OWNED = "owned"
    PAGED = "paged"
    UNANSWERED = "unanswered"
    CLEARED = "cleared"


@dataclass(frozen=True, slots=True)
class Climb:
    """One open pain. `level` is how high it has come (the number of levels: the human), `due` when its clock
    lapses.

    `since` and `at` (seconds) are when it was opened and last changed, `owner` who took it over last,
    `attempt` and `sink` the present page. A pain read off an index is `filtered`: it is paged only after it
    stood long enough, and `stood` counts the further data for which it did. `critical` are the critical pains that it
    stands for, `called` is when a page was sent last. Raises `OptionError`.
    """

    pain: Pain
    level: int
    stage: Stage
    since: float
    at: float
    due: float
    owner: str | None = None
    attempt: int = 0
    sink: int = 0
    filtered: bool = False
    stood: int = 0
    critical: frozenset[PainKey] = frozenset()
    called: float = -inf

    def __post_init__(self) -> None:
        instance("pain", self.pain, Pain)
        for name in ("level", "attempt", "sink", "stood"):
            whole(name, getattr(self, name))
        instance("stage", self.stage, Stage)
        number("since", self.since)
        number("at", self.at)
        for name in ("due", "called"):
            moment(name, getattr(self, name))
        if self.owner is not None:
            word("owner", self.owner)
        flag("filtered", self.filtered)
        for key in instance("critical", self.critical, frozenset):
            instance("critical", key, PainKey)

    @property
    def open(self) -> bool:
        """Whether the pain is still there."""
        return self.stage is not Stage.CLEARED


Step = tuple[Climb, tuple[Effect, ...]]
"""A climb after something happened, and what is to be done about it."""


def begin(pain: Pain, rungs: Rungs, now: float) -> Step:
    """Open a climb for a pain felt at `now` (seconds). A critical one is at every level and with the human at
    once.
    """
    climb = Climb(pain, 0, Stage.RAISED, now, now, inf, filtered=pain.cause.statistical)
    if pain.severity is Severity.CRITICAL:
        return _everywhere(_critical(climb, pain.key), rungs, now, first=0)
    return _raise_to(climb, rungs, 0, now)


def tick(climb: Climb, rungs: Rungs, now: float) -> Step:
    """Let time pass: at most one step, taken at `now` if the clock has lapsed by then.

    A tick that comes late takes its one step late, so that each level still has its full time to answer.
    """
    if not climb.open or later("now", now, climb.at) < climb.due:
        return climb, ()
    match climb.stage:
        case Stage.PAGED:
            return _page_again(climb, rungs, now)
        case Stage.OWNED if climb.level == rungs.top:
            return _page(changed(climb, owner=None), rungs, now)
        case _:
            return _raise_to(changed(climb, owner=None), rungs, climb.level + 1, now)


def succeed(pain: Pain, members: Sequence[Climb], rungs: Rungs, now: float) -> Step:
    """Open a climb for a `pain` that takes the place of `members`, which are raised and not paged yet.

    It stands where the furthest of them stands: time that has run already is not given twice. One event among them
    ends the waiting for more data of the others.
    """
    if pain.severity is Severity.CRITICAL or not members:
        climb, effects = begin(pain, rungs, now)
        return changed(climb, filtered=pain.severity is not Severity.CRITICAL), effects
    ahead = min(members, key=lambda one: (-one.level, one.due))
    climb = changed(ahead, pain=pain, at=now, filtered=True)
    if not all(one.filtered for one in members):
        climb = _unfiltered(climb, rungs, now)
    return climb, (Raised(pain.key, ahead.level, pain.severity, now),)


def again(climb: Climb, rungs: Rungs, pain: Pain, now: float, *, datum: bool = True) -> Step:
    """The same pain was felt once more, perhaps worse: never a second signal.

    With `datum` it stood one datum more. An event among data read off an index ends the waiting for more of them. What
    turns critical is told to those who do not know of it yet, and to the human, at once, wherever the climb stands;
    each critical pain that a storm stands for is, unless the human is just being called for another one, within the
    time that a page is given first.
    """
    climb = changed(climb, stood=climb.stood + datum, at=later("now", now, climb.at))
    if pain.severity is Severity.CRITICAL and pain.key not in climb.critical:
        return _worse(climb, rungs, pain.key, now)
    if climb.filtered and not pain.cause.statistical:
        climb = _unfiltered(climb, rungs, now)
    if climb.stage is Stage.RAISED and climb.due == inf and climb.stood >= rungs.stand:
        return _raise_to(climb, rungs, climb.level + 1, now)
    return climb, ()


def acknowledge(climb: Climb, rungs: Rungs, level: int, by: str, now: float) -> Step:
    """`by` at `level` says that it takes the pain over. What does not come from who was asked, in time and
    once, changes nothing and is reported. A clock that has lapsed by `now` goes first.
    """
    whole("level", level)
    word("by", by)
    climb, effects = tick(climb, rungs, now)
    why = _refusal(climb, level)
    if why is not None:
        return climb, (*effects, AckRefused(climb.pain.key, level, by, why, now))
    if level < climb.level:
        return climb, (*effects, Heard(climb.pain.key, level, by, now))
    until = now + (rungs.paging.recovery if level == rungs.top else rungs.levels[level].recovery)
    owned = changed(climb, stage=Stage.OWNED, owner=by, at=now, due=until)
    return owned, (*effects, Owned(climb.pain.key, level, by, until, now))


def sink_failed(climb: Climb, rungs: Rungs, sink: int, attempt: int, now: float) -> Step:
    """Page number `attempt` could not be delivered through `sink`: the next sink is tried at once.

    When none is left the clock of the attempt runs on, and the next attempt begins with the first sink again.
    A failure of a page that is not the present one is ignored.
    """
    later("now", now, climb.at)
    if climb.stage is not Stage.PAGED or (climb.sink, climb.attempt) != (sink, attempt):
        return climb, ()
    if sink + 1 >= rungs.paging.sinks:
        return changed(climb, sink=rungs.paging.sinks, at=now), ()
    return changed(climb, sink=sink + 1, at=now), (Paged(climb.pain.key, sink + 1, attempt, now),)


def relieve(climb: Climb, key: PainKey) -> Step:
    """One of the pains it stands for is gone, others are not: should that one come again, it is news."""
    return changed(climb, critical=climb.critical - {key}), ()


def clear(climb: Climb, now: float) -> Step:
    """The pain is gone: everybody who was told of it is told so."""
    if not climb.open:
        return climb, ()
    gone = changed(climb, stage=Stage.CLEARED, at=later("now", now, climb.at), due=inf)
    return gone, (Cleared(climb.pain.key, climb.level, now),)


def _refusal(climb: Climb, level: int) -> Reception | None:
    """Why an acknowledgement does not count; None if it does."""
    if level > climb.level:
        return Reception.UNAUTHORISED
    if not climb.open or climb.stage is Stage.UNANSWERED:
        return Reception.LATE
    if level < climb.level:
        return None if climb.pain.severity is Severity.CRITICAL else Reception.LATE
    return Reception.DOUBLE if climb.stage is Stage.OWNED else None


def _worse(climb: Climb, rungs: Rungs, key: PainKey, now: float) -> Step:
    """Another critical pain is part of it. Pages that are under way keep their times: nothing puts off the last one."""
    paging, known = climb.stage is Stage.PAGED, climb.pain.severity is Severity.CRITICAL
    heard = climb.critical and climb.sink < rungs.paging.sinks and now < climb.called + rungs.paging.ack
    climb, first = _critical(climb, key), climb.level + 1 if key == climb.pain.key else 0
    if not (paging and known):
        return _everywhere(climb, rungs, now, first)
    if heard:
        return climb, ()
    return changed(climb, sink=0, called=now), (Paged(climb.pain.key, 0, climb.attempt, now),)


def _critical(climb: Climb, key: PainKey) -> Climb:
    """A critical pain is part of it now."""
    worst = changed(climb.pain, severity=Severity.CRITICAL)
    return changed(climb, pain=worst, filtered=False, critical=climb.critical | {key})


def _unfiltered(climb: Climb, rungs: Rungs, now: float) -> Climb:
    """An event is part of it now: who was told has the time to answer from here on at most."""
    climb = changed(climb, filtered=False)
    if climb.stage is not Stage.RAISED or climb.level >= rungs.top:
        return climb
    return changed(climb, due=min(climb.due, now + rungs.levels[climb.level].ack))


def _raise_to(climb: Climb, rungs: Rungs, level: int, now: float) -> Step:
    """Tell the next level; above the last one page, or wait until a statistical pain is ripe for it."""
    if level < rungs.top:
        due = now + rungs.levels[level].ack
        told = Raised(climb.pain.key, level, climb.pain.severity, now)
        return changed(climb, level=level, stage=Stage.RAISED, at=now, due=due), (told,)
    ripe = climb.since + rungs.patience
    if not climb.filtered or (now >= ripe and climb.stood >= rungs.stand):
        return _page(climb, rungs, now)
    waits = ripe if now < ripe else inf
    return changed(climb, level=max(0, rungs.top - 1), stage=Stage.RAISED, at=now, due=waits), ()


def _everywhere(climb: Climb, rungs: Rungs, now: float, first: int) -> Step:
    """Tell every level from `first` on, and the human, at once."""
    key, severity = climb.pain.key, climb.pain.severity
    told = tuple(Raised(key, level, severity, now) for level in range(first, rungs.top))
    climb, paged = _page(climb, rungs, now)
    return climb, (*told, *paged)


def _page(climb: Climb, rungs: Rungs, now: float, attempt: int = 1) -> Step:
    due = now + rungs.paging.given(attempt)
    paged = changed(
        climb,
        level=rungs.top,
        stage=Stage.PAGED,
        at=now,
        due=due,
        attempt=attempt,
        sink=0,
        owner=None,
        called=now,
    )
    return paged, (Paged(climb.pain.key, 0, attempt, now),)


def _page_again(climb: Climb, rungs: Rungs, now: float) -> Step:
    if climb.attempt < rungs.paging.calls:
        return _page(climb, rungs, now, climb.attempt + 1)
    given_up = changed(climb, stage=Stage.UNANSWERED, at=now, due=inf)
    return given_up, (Unanswered(climb.pain.key, rungs.paging.last_word, now),)
