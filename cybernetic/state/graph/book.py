"""What the state of a graph shows, kept up to date from its changes: facts and their sources, past, and expiry.

A fact shows while any source's assertion of it stands and has not expired. An expired assertion is no longer
answered, everywhere from the same moment on as far as clocks agree; it is taken out of the state later, by a removal
of that write alone: a renewal made meanwhile survives it, and so does what the source said elsewhere at the same time,
which shows again. A clock that is set back brings back what it let expire too early, if it was not taken out
meanwhile.
"""

import heapq
from collections.abc import Iterable, Iterator
from itertools import count
from typing import TypeAlias

from cybernetic.crdt import Stamp, slot_of
from cybernetic.state.graph.entries import (
    ASSERTED,
    Key,
    Spot,
    State,
    Write,
    expired,
    key_at,
    leaf_of,
    period,
    standing,
)
from cybernetic.state.graph.facts import Assertion, Fact, Period
from cybernetic.state.graph.outliving import Outliving
from cybernetic.state.graph.solve import STRIDE
from cybernetic.state.graph.triples import Triple, Triples

WRITER_GRACE = 60.0
"""Seconds after which an expired assertion is removed by the replica that wrote it: clocks may differ so much."""

GRACE = 600.0
"""Seconds after which any replica removes it, as its writer may be gone."""

AGAIN = 60.0
"""Seconds after which it is tried again to take out what should be gone by then."""

MOST_PAST = 16
"""Ended assertions kept of a fact: a writer takes out the oldest beyond."""

SLACK = 100
"""Entries of a heap that may be out of date beyond as many as are not."""

Change: TypeAlias = tuple[Triple, bool]
"""A fact that shows from now on (True), or is about to show no more (False)."""


class Book:
    """Indexes of one graph. `state` is the value they are of; `now` the moment told last, seconds since 1970.

    All work is in proportion to what has changed.

    Args:
        replica: whose book it is, so that it knows which expired assertions are its own.
    """

    def __init__(self, replica: str = "") -> None:
        self._replica = replica
        self.state: State = State()
        self.now = 0.0
        self.triples = Triples()
        self._sources: dict[Triple, str | set[str]] = {}  # whose assertions hold
        self._coming: dict[Triple, set[str]] = {}  # and whose are on their way
        self._past: dict[Triple, tuple[Key, ...]] = {}
        self._ended = 0  # how many keys these are
        self._until: dict[Spot, float] = {}  # of assertions that are to expire
        self._over: dict[Spot, float] = {}  # of assertions that have expired and are still in the state
        self._outliving = Outliving(self.ended)
        self._turn = count()
        # heaps by time, of what is above and of some that is no longer there
        self._ends: list[tuple[float, int, Spot]] = []
        self._passed: list[tuple[float, int, Spot]] = []  # the latest first, by time before 1970
        self._removals: list[tuple[float, int, Spot]] = []
        self._ages: list[tuple[float, int, Key]] = []

    # changes

    def follow(self, state: State, keys: Iterable[Key], now: float) -> Iterator[Change | None]:
        """Take over `state`, which differs from the last one at `keys` alone; tells what that changes.

        A change is told in between: before a fact goes, and after one has come. None is a breath. To be drawn to its
        end.
        """
        self.state = state
        yield from self.expire(now)
        for key in keys:
            triple: Triple = (key[0], key[1], slot_of(key[2]))
            if len(key) == ASSERTED:
                self._note(triple, key)
                yield from self._settle(triple)
            else:
                self._note_past(triple, key)

    def expire(self, now: float) -> Iterator[Change | None]:
        """Let pass what expires by `now`; tells of facts that are about to show no more, as `follow` does.

        Where `now` is before the last moment, what expires later than that shows again.
        """
        self.now = now
        yield from self._again()
        passed = 0
        while self._ends and self._ends[0][0] <= now:
            until, _, spot = heapq.heappop(self._ends)
            passed += 1
            if passed % STRIDE == 0:
                yield None
            if self._until.get(spot) == until:
                yield from self._moved(spot)

    def due(self) -> float | None:
        """When something expires next, seconds since 1970; None: nothing does."""
        return self._ends[0][0] if self._ends else None

    def foresee(self, fact: Fact, who: str) -> bool:
        """An assertion is on its way: `keys` has it from now on, so that who removes what was just said finds it.

        Whether it had not; then `dismiss` has to be called for one that does not come after all.
        """
        triple = _triple(fact)
        if who in self._named(triple) or who in self._coming.get(triple, ()):
            return False
        self._coming.setdefault(triple, set()).add(who)
        return True

    def dismiss(self, fact: Fact, who: str) -> None:
        """An assertion that was foreseen does not come."""
        triple = _triple(fact)
        if triple in self._coming:
            self._arrived(triple, who)

    # what is to be taken out of the state

    def spent(self, latest: float | None = None) -> Iterator[Key]:
        """Expired assertions that are for this replica to remove now; those that stay all the same, again later.

        `latest`: the moment up to which it is; default: `now`.
        """
        latest = self.now if latest is None else latest
        while self._removals and self._removals[0][0] <= latest:
            spot = heapq.heappop(self._removals)[2]
            if spot in self._over:
                heapq.heappush(self._removals, (self.now + AGAIN, next(self._turn), spot))
                yield key_at(spot)

    def look(self) -> Iterator[None]:
        """Look whether what was put in had ended, where more is known by now; a step is a breath. To be drawn out."""
        return self._outliving.look(self.state)

    def outlived(self) -> Iterator[Key]:
        """Where something was put in that had ended elsewhere by then, as far as known; until it is gone."""
        return iter(self._outliving)

    def ended(self, key: Key) -> Stamp | None:
        """The latest stamp of what has ended under a key of four; None if nothing has, as far as is kept."""
        past = self._past.get((key[0], key[1], slot_of(key[2])), ())
        return next((Stamp(*one[4:]) for one in reversed(past) if one[3] == key[3]), None)

    def outdated(self, keep: float, latest: float | None = None) -> Iterator[Key]:
        """Ended assertions whose end is more than `keep` seconds before `latest`; those that stay, again later."""
        latest = self.now if latest is None else latest
        while self._ages and self._ages[0][0] + keep <= latest:
            key = heapq.heappop(self._ages)[2]
            if key in self._past.get((key[0], key[1], slot_of(key[2])), ()):
                heapq.heappush(self._ages, (self.now - keep + AGAIN, next(self._turn), key))
                yield key

    def surplus(self, fact: Fact) -> tuple[Key, ...]:
        """Ended assertions of a fact that are too many: the oldest."""
        return self._past.get(_triple(fact), ())[:-MOST_PAST]

    # reading

    def keys(self, fact: Fact, who: str | None = None) -> list[Key]:
        """Where the assertions of a fact are that hold or are on their way; of one source, if `who` is given."""
        triple = _triple(fact)
        named = {*self._named(triple), *self._coming.get(triple, ())}
        return [(*fact, one) for one in sorted(named) if who is None or who == one]

    def assertions(self, fact: Fact) -> list[Assertion]:
        """Who asserts a fact now, the first first."""
        found = [standing(self.state, (*fact, who), self.now) for who in self._named(_triple(fact))]
        return sorted((one for one in found if one is not None), key=lambda one: one.at)

    def history(self, fact: Fact) -> list[Period]:
        """The assertions of a fact, ended ones and those that stand, by their beginning."""
        past = [period(self.state, key) for key in self._past.get(_triple(fact), ())]
        found = [one for one in past if one is not None]
        found += [Period(one) for one in self.assertions(fact)]
        return sorted(found, key=lambda one: one.assertion.at)

    def __len__(self) -> int:
        """How many facts show."""
        return len(self.triples)

    # inside

    def _named(self, triple: Triple) -> Iterable[str]:
        found = self._sources.get(triple, ())
        return (found,) if isinstance(found, str) else found

    def _note(self, triple: Triple, key: Key) -> None:
        """What is written under a key has changed."""
        self._outliving.note(self.state, key, triple in self._past)
        if triple in self._coming and standing(self.state, key) is not None:
            self._arrived(triple, key[3])
        self._follow(triple, key)

    def _follow(self, triple: Triple, key: Key) -> None:
        """Know whether an assertion under a key holds, and until when, and what has expired there."""
        found, spot = standing(self.state, key, self.now), (*triple, key[3])
        self._over.pop(spot, None)
        self._until.pop(spot, None)
        self._source(triple, key[3], found is not None)
        leaf = leaf_of(self.state, key)
        if leaf is not None and (found is None or len(leaf.live) > 1):
            self._expired(spot, expired(leaf, key, self.now))
        if found is None or found.until is None:
            return
        self._until[spot] = found.until
        heapq.heappush(self._ends, (found.until, next(self._turn), spot))
        if len(self._ends) > 2 * len(self._until) + SLACK:
            self._ends = [(until, next(self._turn), spot) for spot, until in self._until.items()]
            heapq.heapify(self._ends)

    def _again(self) -> Iterator[Change | None]:
        """Let show again what has expired by a clock that was ahead."""
        passed = 0
        while self._passed and -self._passed[0][0] > self.now:
            until, _, spot = heapq.heappop(self._passed)
            passed += 1
            if passed % STRIDE == 0:
                yield None
            if self._over.get(spot) == -until:
                yield from self._moved(spot)

    def _moved(self, spot: Spot) -> Iterator[Change]:
        """The time has come at which something begins or ends to hold there."""
        triple: Triple = (spot[0], spot[1], spot[2])
        self._follow(triple, key_at(spot))
        yield from self._settle(triple)

    def _expired(self, spot: Spot, found: list[tuple[Assertion, Write]]) -> None:
        """Keep in mind what has expired and is to be removed, and when this replica is to do it."""
        if not found:
            return
        (last, (by, *_)) = max(found, key=lambda one: one[0].until or 0.0)
        until = last.until or 0.0
        self._over[spot] = until
        heapq.heappush(self._passed, (-until, next(self._turn), spot))
        if len(self._passed) > 2 * len(self._over) + SLACK:
            self._passed = [(-until, next(self._turn), spot) for spot, until in self._over.items()]
            heapq.heapify(self._passed)
        grace = WRITER_GRACE if by == self._replica else GRACE
        heapq.heappush(self._removals, (until + grace, next(self._turn), spot))
        if len(self._removals) > 2 * len(self._over) + SLACK:
            self._removals = list({one[2]: one for one in self._removals if one[2] in self._over}.values())
            heapq.heapify(self._removals)

    def _arrived(self, triple: Triple, who: str) -> None:
        coming = self._coming[triple]
        coming.discard(who)
        if not coming:
            del self._coming[triple]

    def _source(self, triple: Triple, who: str, holds: bool) -> None:
        before = self._sources.get(triple)
        if holds and before is None:
            self._sources[triple] = who
        elif isinstance(before, set):
            (before.add if holds else before.discard)(who)
            if len(before) == 1:
                (self._sources[triple],) = before
        elif holds and before is not None and before != who:
            self._sources[triple] = {before, who}
        elif not holds and before == who:
            del self._sources[triple]

    def _note_past(self, triple: Triple, key: Key) -> None:
        found = period(self.state, key)
        before = self._past.get(triple, ())
        after = [one for one in before if one != key]
        if found is not None and found.end is not None:
            after.append(key)
            after.sort(key=lambda one: one[4:])
            heapq.heappush(self._ages, (found.end.millis / 1000, next(self._turn), key))
        self._ended += len(after) - len(before)
        if after:
            self._past[triple] = tuple(after)
        else:
            self._past.pop(triple, None)
        self._outliving.note(self.state, key[:ASSERTED], bool(after))
        if len(self._ages) > 2 * self._ended + SLACK:
            there = {key for keys in self._past.values() for key in keys}
            self._ages = [one for one in self._ages if one[2] in there]
            heapq.heapify(self._ages)

    def _settle(self, triple: Triple) -> Iterator[Change]:
        """Let a fact show, or no more, as its sources say."""
        shows = triple in self.triples
        if shows == (triple in self._sources):
            return
        if shows:
            yield triple, False
            self.triples.remove(triple)
        else:
            self.triples.add(triple)
            yield triple, True


def _triple(fact: Fact) -> Triple:
    return fact.subject, fact.predicate, slot_of(fact.object)
