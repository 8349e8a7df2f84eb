"""Writes into a graph: each change as the delta of a replica, what it ends kept as the past of the fact."""

from collections.abc import Callable, Collection, Iterable, Sequence
from math import inf
from typing import Any, Literal, TypeAlias

from cybernetic.crdt import MOST_TICKS, Branch, Context, Leaf, Stamp
from cybernetic.state.graph.entries import (
    Dot,
    Dots,
    Key,
    Place,
    State,
    Write,
    content,
    ending,
    expired,
    has_expired,
    is_put_in,
    key_for,
    latest,
    past_key,
    place_of,
    put_in,
    shown,
    written,
)
from cybernetic.state.graph.facts import Assertion, Fact
from cybernetic.state.graph.outliving import Ended, none_ended, over

Restored: TypeAlias = Literal["new", "known", "ended"]
"""What came of an assertion that was to be put in."""

_BLANK: Leaf[Any] = Leaf()


class Pen:
    """Writes into `state` as a replica, a change after another; `delta` is all of it.

    What it writes lies beside the state until it is asked for: a state of many facts is copied once, not fact by fact.

    `changes` is how many writes that are.

    Arguments:
        state: what is written into; the pen's own goes on from it.
        replica: as which replica.
        tick: gives the stamps, such as `Hlc.tick`. Where what is replaced has a later one, its successor is taken.
        now: seconds since 1970, by which is told what has expired. Default: nothing has.
        ended: gives the latest stamp of what has ended under a key, as `Book.ended`. Default: nothing has.
    """

    __slots__ = (
        "_delta",
        "_ended",
        "_first",
        "_fresh",
        "_next",
        "_now",
        "_replica",
        "_state",
        "_tick",
        "changes",
    )

    def __init__(
        self,
        state: State,
        replica: str,
        tick: Callable[[], Stamp],
        now: float = -inf,
        ended: Ended = none_ended,
    ) -> None:
        self._state, self._replica, self._tick, self._now = state, replica, tick, now
        self._ended = ended
        self._delta: State = State()
        # what lies beside it: changes `_first` up to `_next`
        self._fresh: dict[object, Leaf[Any]] = {}
        self._first = self._next = self.changes = 0

    @property
    def state(self) -> State:
        """The state as it is after what was written."""
        self._settle()
        return self._state

    @property
    def delta(self) -> State:
        """What was written."""
        self._settle()
        return self._delta

    def add(
        self,
        fact: Fact,
        who: str,
        cause: str | None = None,
        confidence: float = 1.0,
        until: float | None = None,
    ) -> Assertion:
        """Assert a fact, all parts of which are checked already.

        Saying again what stands changes nothing, and saying it with another `until` alone renews it: the past keeps
        neither. So where nothing is changed, a removal made elsewhere ends it also where that is heard of later. What
        was put in is said anew, and what is said differently ends what the same source said before. What has expired by
        then ended so.
        """
        key = key_for(fact, who)
        leaf = self._standing(key)
        old = written(leaf, key)
        write = latest(leaf)
        from_here = write is not None and not is_put_in(write[2][1])
        for one, copy in old.items():
            same = len(old) == 1 and (one.cause, one.confidence) == (cause, confidence)
            if same and from_here and one.until == until:
                return one
            if copy or not same or has_expired(one, self._now):
                self._end(one, copy, "replaced", who, cause)
        at = self._write(key, content(cause, confidence, until))
        return Assertion(fact, who, at, cause, confidence, until)

    def restore(self, assertion: Assertion, dots: Dots = ()) -> Restored:
        """Put in an assertion as it was made elsewhere or earlier, with its stamp, unless there is nothing to do.

        "known": one as late or later stands. "ended": one as late or later did stand here, and does no more: the past
        says so, or it came with one of `dots` that the state knows, which is never forgotten. Where that is learned
        later, `drop_outlived` is due. So what was said here is not ended: it stands beside it. What was put in before
        is replaced.
        """
        key = key_for(assertion.fact, assertion.who)
        leaf = self._standing(key)
        write = latest(leaf)
        if write is not None and write[2][0] >= assertion.at:
            return "known"
        ended = self._ended(key)
        if ended is not None and assertion.at <= ended:
            return "ended"
        if self._has_ended(assertion) or any(self._state.context.knows(*dot) for dot in dots):
            return "ended"
        said = [write for write in (leaf or _BLANK).live if not is_put_in(write[2][1])]
        for one in written(leaf, key):
            if one.at not in [at for _, _, (at, _) in said]:
                self._end(one, False, "replaced", assertion.who, assertion.cause)
        value = put_in(assertion.cause, assertion.confidence, assertion.until, dots)
        self._put(place_of(key), self._leaf(place_of(key)), assertion.at, value, said)
        return "new"

    def say(self, assertion: Assertion) -> Restored:
        """Assert it as something said here and now; "known" where that changes nothing, or "new"."""
        changes = self.changes
        self.add(assertion.fact, assertion.who, assertion.cause, assertion.confidence, assertion.until)
        return "new" if self.changes > changes else "known"

    def say_again(self, assertion: Assertion) -> Restored:
        """Say here and now what was made elsewhere or earlier, whether it has ended or not.

        "known": the source says it here, or what is as late or later. Where that was put in, that is what is said.
        What has expired is neither.
        """
        key = key_for(assertion.fact, assertion.who)
        found = shown(self._standing(key), key, self._now)
        if found is None or found[0].at < assertion.at:
            return self.say(assertion)
        return self.say(found[0]) if is_put_in(found[1][2][1]) else "known"

    def drop_outlived(self, keys: Iterable[Key]) -> None:
        """Take out what was put in under keys of four and had ended elsewhere by then, as is known now.

        Whatever else stands there stays as it is.
        """
        for key in keys:
            place = place_of(key)
            leaf = self._leaf(place)
            if leaf is not None and (gone := self._over(key, leaf)):
                self._drop(place, leaf, gone)

    def drop_expired(self, keys: Iterable[Key], latest: float) -> None:
        """End what has expired under keys of four by `latest`, seconds since 1970, each write for itself.

        Whatever else stands there stays as it is, and what was put in does not end where it was said.
        """
        for key in keys:
            leaf = self._leaf(place_of(key))
            found = expired(leaf, key, latest)
            for one, _ in found:
                self._end(one, False, "expired", None, None)
            if leaf is not None and found:
                self._drop(place_of(key), leaf, [_dot(write) for _, write in found])

    def remove(
        self, keys: Iterable[Key], how: str, by: str | None = None, why: str | None = None
    ) -> list[Assertion]:
        """End all assertions under keys of four, such as "removed"; returns the latest of each key."""
        ended = []
        gone = []
        for key in keys:
            found = written(self._leaf(place_of(key)), key)
            if found:
                for one, copy in written(self._standing(key), key).items():
                    self._end(one, copy, how, by, why)
                ended.append(max(found, key=lambda one: one.at))
                gone.append(key)
        self.erase(gone)
        return ended

    def erase(self, keys: Iterable[Key]) -> None:
        """Take keys out, with nothing kept of them."""
        gone = tuple(keys)
        if gone:
            self._settle()
            self._take(self._state.remove(self._replica, *gone))

    def _drop(self, place: Place, leaf: Leaf[Any], gone: Collection[Dot]) -> None:
        """Take writes out of the leaf at a place, and leave the others as they are."""
        left = tuple([write for write in leaf.live if _dot(write) not in gone])
        self._put_leaf(place, Leaf(leaf.bury(self._replica, self._number()).seen, left))

    def _over(self, key: Key, leaf: Leaf[Any]) -> Dots:
        return over(key, leaf, self._state.context, self._leaf, self._ended)

    def _standing(self, key: Key) -> Leaf[Any] | None:
        """What is under a key of four, without the writes that are over."""
        leaf = self._leaf(place_of(key))
        if leaf is None or not (gone := self._over(key, leaf)):
            return leaf
        return Leaf(leaf.seen, tuple([write for write in leaf.live if write[:2] not in gone]))

    def _has_ended(self, assertion: Assertion) -> bool:
        past = self._leaf(place_of(past_key(assertion)))
        return past is not None and past.alive

    def _end(self, assertion: Assertion, copy: bool, how: str, by: str | None, why: str | None) -> None:
        """Keep an assertion as past, unless the past has it already; what has expired by then ended so, by itself."""
        if not self._has_ended(assertion):
            if has_expired(assertion, self._now):
                how, by, why = "expired", None, None
                copy = False  # where it was said, it may have another time
            self._write(past_key(assertion), ending(assertion, how, by, why, copy), assertion.at)

    def _write(self, key: Key, value: object, after: Stamp | None = None) -> Stamp:
        """Write a value under a key, with a stamp later than what is there and than `after`."""
        place = place_of(key)
        leaf, at = self._leaf(place), self._tick()
        for seen in (_latest(leaf), after):
            if seen is not None and at <= seen:  # a clock that is behind
                at = _next(seen, at.node)
        self._put(place, leaf, at, value)
        return at

    def _leaf(self, place: Place) -> Leaf[Any] | None:
        """What is at a place now."""
        return self._fresh.get(place) or self._state.store.trie.get(place)

    def _put(
        self, place: Place, leaf: Leaf[Any] | None, at: Stamp, value: object, beside: Sequence[Write] = ()
    ) -> None:
        """Write into the leaf at a place, beside those of its writes that are to stay."""
        made = (leaf or _BLANK).write(self._replica, self._number(), (at, value))
        self._put_leaf(
            place, Leaf(made.seen, tuple(sorted([*made.live, *beside], key=_dot))) if beside else made
        )

    def _put_leaf(self, place: Place, leaf: Leaf[Any]) -> None:
        """Put a leaf in a place, which came with the change of the number that was given last."""
        self._fresh[place] = leaf
        self._next += 1
        self.changes += 1

    def _number(self) -> int:
        """The number of the next change."""
        if not self._fresh:
            self._first = self._next = self._state.context.next(self._replica)
        return self._next

    def _settle(self) -> None:
        """Put what lies beside the state into it."""
        if self._fresh:
            context = Context({self._replica: (self._first, self._next)})
            fresh, self._fresh = self._fresh, {}
            self._take(self._state.from_store(Branch.of(fresh), context))

    def _take(self, delta: State) -> None:
        self._state = self._state.join(delta)
        self._delta = self._delta.join(delta) if self._delta else delta


def _latest(leaf: Leaf[Any] | None) -> Stamp | None:
    """The latest stamp at a place."""
    return max([at for _, _, (at, _) in leaf.live], default=None) if leaf is not None else None


def _dot(write: Write) -> Dot:
    return write[:2]


def _next(stamp: Stamp, node: str) -> Stamp:
    if stamp.counter < MOST_TICKS:
        return Stamp(stamp.millis, stamp.counter + 1, node)
    return Stamp(stamp.millis + 1, 0, node)
