"""What the state of a graph shows, kept up to date from its changes: facts and their sources, past, and expiry.

A fact shows while any source's assertion of it stands and has not expired. An expired assertion is no longer
answered, everywhere from the same moment on as far as clocks agree; it is taken out of the state later, by a removal
of that write alone: a renewal made meanwhile survives it, and so does what the source said elsewhere at the same time,
which shows again. A clock that is set back brings back what it let expire too early, if it was not taken out
meanwhile.
"""

from collections.abc import Iterable, Iterator
from itertools import chain
from typing import TypeAlias

from cybernetic.crdt import Stamp, slot_of
from cybernetic.state.graph.due import Due
from cybernetic.state.graph.entries import (
    ASSERTED,
    Key,
    Spot,
    State,
    Write,
    closed,
    coming,
    expired,
    key_at,
    leaf_of,
    period,
    shown,
    spot_of,
    standing,
)
from cybernetic.state.graph.facts import Assertion, Fact, Period
from cybernetic.state.graph.lapsed import Lapsed
from cybernetic.state.graph.outliving import Outliving
from cybernetic.state.graph.past import Past, stamp_of
from cybernetic.state.graph.triples import Triple, Triples

WRITER_GRACE = 60.0
"""Seconds after which an expired assertion is removed by the replica that wrote it: clocks may differ so much."""

GRACE = 600.0
"""Seconds after which any replica removes it, as its writer may be gone."""

AGAIN = 60.0
"""Seconds after which it is tried again to take out what should be gone by then."""

EXPIRING = 25
"""Assertions that expire between two breaths: a few milliseconds."""

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
        self._heard = (
            -1
        )  # the latest stamp of what has come from others, milliseconds since 1970; -1: nothing
        self.triples = Triples()
        self._sources: dict[Triple, str | set[str]] = {}  # whose assertions hold
        # and whose are on their way: True once they are made, None where something else of that source came meanwhile
        self._coming: dict[Triple, dict[str, bool | None]] = {}
        self._past = Past()
        self._outliving = Outliving(self.ended)
        self._lapsed = Lapsed()
        self._ends = Due[Spot](EXPIRING)  # what is said and is to expire
        self._passed = Due[Spot](
            EXPIRING
        )  # what has expired and is still in the state, the latest first: by time before 1970
        self._removals = Due[Spot]()  # when it is to be taken out
        self._ages = Due[Spot]()  # when what is past was written, so that it is kept from then on

    # changes

    def follow(self, state: State, keys: Iterable[Key], now: float) -> Iterator[Change | None]:
        """Take over `state`, which differs from the last one at `keys` alone; tells what that changes.

        A change is told in between: before a fact goes, and after one has come. None is a breath. To be drawn to its
        end.
        """
        self.state = state
        yield from self.expire(now)
        for key in keys:
            self._listen(key)
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
        let_expire_too_early = self._passed.due(-now, beyond=False)
        for spot in chain(let_expire_too_early, self._ends.due(now)):
            if spot is None:
                yield None
            else:
                yield from self._moved(spot)

    def due(self) -> float | None:
        """Nothing expires before, seconds since 1970; None: nothing does at all."""
        return self._ends.next

    def foresee(self, fact: Fact, who: str) -> bool:
        """An assertion is on its way: `keys` has it from now on, so that who removes what was just said finds it.

        Whether it had not; then `landed` has to be called once it is made, or `dismiss` for one that is not.
        """
        triple = _triple(fact)
        if who in self._named(triple) or who in self._coming.get(triple, ()):
            return False
        self._coming.setdefault(triple, {})[who] = False
        return True

    def landed(self, fact: Fact, who: str) -> None:
        """An assertion that was foreseen is made: what is heard of it next is that, or what became of it."""
        triple = _triple(fact)
        made = self._coming.get(triple, {})
        if who in made and made[who] is None:
            self._arrived(triple, who)
        elif who in made:
            made[who] = True

    def dismiss(self, fact: Fact, who: str) -> None:
        """An assertion that was foreseen does not come."""
        triple = _triple(fact)
        if triple in self._coming:
            self._arrived(triple, who)

    def hear(self) -> float | None:
        """The latest stamp of what others have said, of all that came since this was asked last, seconds since 1970;
        None if nothing came of them.
        """
        heard, self._heard = self._heard, -1
        return None if heard < 0 else heard / 1000

    # what is to be taken out of the state

    def spent(self, latest: float | None = None) -> Iterator[Key | None]:
        """Expired assertions that are for this replica to remove now; those that stay all the same, again later; None
        is a breath.

        `latest`: the moment up to which it is; default: `now`.
        """
        for spot in self._removals.due(self.now if latest is None else latest):
            if spot is not None:
                self._removals.put(spot, self.now + AGAIN)
            yield None if spot is None else key_at(spot)

    def look(self) -> Iterator[None]:
        """Look whether what was put in had ended, where more is known by now; a step is a breath. To be drawn out."""
        return self._outliving.look(self.state)

    def outlived(self) -> Iterator[Key]:
        """Where something was put in that had ended elsewhere by then, as far as known; until it is gone."""
        return iter(self._outliving)

    def ended(self, key: Key) -> Stamp | None:
        """The latest stamp of what has ended under a key of four; None if nothing has, as far as is kept."""
        return self._past.latest((key[0], key[1], slot_of(key[2])), key[3])

    def outdated(self, keep: float, latest: float | None = None) -> Iterator[Key | None]:
        """Ended assertions that came to the past more than `keep` seconds before `latest`: as they ended, or what has
        expired as it was taken out. Those that stay, again later. None is a breath.
        """
        for spot in self._ages.due((self.now if latest is None else latest) - keep):
            if spot is not None:
                self._ages.put(spot, self.now - keep + AGAIN)
            yield None if spot is None else key_at(spot)

    def surplus(self, fact: Fact) -> tuple[Key, ...]:
        """Ended assertions of a fact that are too many: those that ended first, as many as one edit may take out."""
        return self._past.surplus(_triple(fact))

    def crowding(self) -> Iterator[Key]:
        """Ended assertions that are too many, of all facts; until they are gone."""
        return self._past.crowding()

    # reading

    def keys(self, fact: Fact, who: str | None = None) -> list[Key]:
        """Where the assertions of a fact are that hold or are on their way; of one source, if `who` is given."""
        triple = _triple(fact)
        named = {*self._named(triple), *self._coming.get(triple, ())}
        return [(*fact, one) for one in sorted(named) if who is None or who == one]

    def said(self, fact: Fact) -> Iterator[Assertion | None]:
        """What sources say of a fact now, in any order; None is a breath, or one of whom nothing stands."""
        for who in self._named(_triple(fact)):
            yield standing(self.state, (*fact, who), self.now)
            yield None

    def ended_of(self, fact: Fact) -> Iterator[Period | None]:
        """The periods of a fact that have ended, as far as they are kept; None is a breath.

        What has expired is among them from then on, and stays as it is when it is taken out of the state. Until then it
        is not counted among those that are too many: a clock that is wrong would push out what had ended.
        """
        triple = _triple(fact)
        told: set[Key] = set()
        latest: dict[str, Stamp] = {}  # by source: to look for each in all of the past would be a long turn
        for key in self._past.keys(triple):
            told.add(key)
            latest[key[3]] = stamp_of(key)
            yield period(self.state, key)
            yield None
        periods = self._lapsed.periods
        yield from periods(self.state, triple, fact, self.now, told, lambda key: latest.get(key[3]))

    def assertions(self, fact: Fact) -> list[Assertion]:
        """Who asserts a fact now, the first first."""
        return sorted((one for one in self.said(fact) if one is not None), key=lambda one: one.at)

    def history(self, fact: Fact) -> list[Period]:
        """The assertions of a fact, ended ones and those that stand, by their beginning."""
        found = [one for one in self.ended_of(fact) if one is not None]
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
        made = self._coming.get(triple)
        if made is not None and key[3] in made:
            if made[key[3]] or standing(self.state, key) is not None:
                self._arrived(triple, key[3])
            else:
                made[key[3]] = None
        self._follow(triple, key)

    def _follow(self, triple: Triple, key: Key) -> None:
        """Know whether an assertion under a key holds, and until when, and what has expired there."""
        leaf, spot = leaf_of(self.state, key), (*triple, key[3])
        read = shown(leaf, key, self.now)
        self._passed.drop(spot)
        self._removals.drop(spot)
        self._ends.drop(spot)
        self._lapsed.drop(spot)
        self._source(triple, key[3], read is not None)
        if leaf is None or not leaf.live:
            return
        several = len(leaf.live) > 1
        if read is None or several:
            self._expired(spot, expired(leaf, key, self.now))
        until = coming(leaf, key, self.now) if read is None or several else read[0].until
        if until is not None:
            self._ends.put(spot, until)

    def _listen(self, key: Key) -> None:
        """What came under a key tells when others said it, by their clocks."""
        leaf = leaf_of(self.state, key)
        for by, _, (stamp, _) in () if leaf is None else leaf.live:
            if by != self._replica and stamp.millis > self._heard:
                self._heard = stamp.millis

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
        self._lapsed.put(spot, tuple(dict.fromkeys([one.at for one, _ in found])))
        self._passed.put(spot, -until)
        self._removals.put(spot, until + (WRITER_GRACE if by == self._replica else GRACE))

    def _arrived(self, triple: Triple, who: str) -> None:
        made = self._coming[triple]
        made.pop(who, None)
        if not made:
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
        elif not holds and before is not None and before == who:
            del self._sources[triple]

    def _note_past(self, triple: Triple, key: Key) -> None:
        found = closed(self.state, key)
        if found is not None:
            made, at = found
            self._ages.put(spot_of(key), at.millis / 1000)
            self._past.put(triple, key, made.end or at)
        elif self._past.drop(triple, key):
            self._ages.drop(spot_of(key))
        self._outliving.note(self.state, key[:ASSERTED], triple in self._past)

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
