"""How a graph lies in a map that converges: what its keys and values are, and how they are read.

An assertion is an `LWW` under (subject, predicate, object, who), so a source that says something anew replaces what
it said before, and what is said while it is being removed elsewhere stays. An assertion that has ended is an `LWW`
under those and the three parts of its stamp, so that replicas that end it at once write the same place.

A stamp names what was said once: no two sayings of a source have the same. An assertion that was put in from elsewhere,
such as an export, keeps its stamp, so there may be several writes of it at once, by nodes that put it in apart. It
says that it was put in, and names the changes it was elsewhere (`before`).
"""

from collections.abc import Iterable, Iterator
from itertools import chain
from math import inf
from typing import Any, TypeAlias

from cybernetic.core import CyberneticError
from cybernetic.crdt import LWW, AWMap, Leaf, Stamp, checked_stamp, key_of, slot_of
from cybernetic.state.graph.facts import ENDINGS, Assertion, Fact, Period, assertion_of
from cybernetic.state.graph.solve import STRIDE

State: TypeAlias = AWMap[tuple[Any, ...]]
"""A graph as it is replicated."""

Key: TypeAlias = tuple[Any, ...]
"""Four parts for an assertion, seven for one that has ended."""

Spot: TypeAlias = tuple[Any, ...]
"""A key with the slot of its object: equal for equal keys alone, where 1, 1.0 and True are three."""

Place: TypeAlias = tuple[str, object]
"""The kind and the slot of a key: where it lies in the store of a state."""

Dot: TypeAlias = tuple[str, int]
"""The name of a change of the state: the replica that made it, and its number there."""

Write: TypeAlias = tuple[str, int, tuple[Stamp, Any]]
"""A write under a key of four: its dot, and when and what it says."""

Dots: TypeAlias = tuple[Dot, ...]
"""The changes that one assertion came with, the nearest first: here, where it was put in from, and so on."""

MOST_DOTS = 8
"""Changes of an assertion that are named: the nearest ones and the first."""

ASSERTED, ENDED = 4, 7
_ENDED_PARTS = 6  # of what is written of one that has ended
_CONTENT_PARTS = 3  # of what is written of an assertion; more follow of one from elsewhere


def key_for(fact: Fact, who: str) -> Key:
    """Where the assertion of a fact by a source is."""
    return (*fact, who)


def past_key(assertion: Assertion) -> Key:
    """Where an assertion is when it has ended."""
    return (*assertion.fact, assertion.who, *assertion.at)


def content(cause: str | None, confidence: float, until: float | None) -> Any:
    """What is written of an assertion; what most have is written as nothing."""
    return None if cause is None and confidence == 1.0 and until is None else (cause, confidence, until)


def put_in(cause: str | None, confidence: float, until: float | None, dots: Dots) -> Any:
    """What is written of an assertion from elsewhere, which came with `dots` there; none: it does not say."""
    return cause, confidence, until, *(chain.from_iterable(dots) if dots else (None,))


def is_put_in(value: object) -> bool:
    """Whether what is written of an assertion says that it is from elsewhere."""
    return isinstance(value, list | tuple) and len(value) > _CONTENT_PARTS


def before(value: object) -> Dots:
    """The changes that what is written of an assertion was elsewhere; none if it is from here, or does not say."""
    if not isinstance(value, list | tuple):
        return ()
    parts = value[_CONTENT_PARTS : _CONTENT_PARTS + 2 * MOST_DOTS]  # of whoever names more, no more count
    pairs = zip(parts[::2], parts[1::2], strict=False)
    return tuple([(one, n) for one, n in pairs if type(one) is str and type(n) is int])


def latest(leaf: Leaf[Any] | None) -> Write | None:
    """The latest write of a leaf; of those of one stamp the one that was said here, if any was."""
    if leaf is None or not leaf.live:
        return None
    return max(leaf.live, key=_rank)


def carried(write: Write) -> Dots:
    """The changes that a write is, here and elsewhere."""
    dots = (write[:2], *before(write[2][1]))
    return dots if len(dots) <= MOST_DOTS else (*dots[: MOST_DOTS - 1], dots[-1])


def leaf_of(state: State, key: Key) -> Leaf[Any] | None:
    """What is written under a key."""
    leaf: Leaf[Any] | None = state.store.trie.get(place_of(key))
    return leaf


def touched(delta: State) -> Iterator[Key]:
    """The keys of a graph that something was written to in `delta`."""
    slots: Iterator[tuple[Any, Any]] = delta.store.trie.items()
    return keys_among(key_of(slot) for (kind, slot), _ in slots if kind == LWW.kind)


def keys_among(keys: Iterable[Any]) -> Iterator[Key]:
    """Those that are keys of a graph, or might be: others are passed over."""
    return (key for key in keys if type(key) is tuple and len(key) in (ASSERTED, ENDED))


def place_of(key: Key) -> Place:
    """The place in the state's store that belongs to a key."""
    return LWW.kind, slot_of(key)


def spot_of(key: Key) -> Spot:
    """The spot of a key: where a dictionary or a set may keep it. It is the key itself, as long as that will do."""
    slot = slot_of(key[2])
    return key if slot is key[2] else (*key[:2], slot, *key[3:])


def key_at(spot: Spot) -> Key:
    """The key of a spot."""
    value = key_of(spot[2])
    return spot if value is spot[2] else (*spot[:2], value, *spot[3:])


def standing(state: State, key: Key, now: float = -inf) -> Assertion | None:
    """The assertion under a key of four, as `shown` has it; None if there is none, or it cannot be read."""
    found = shown(leaf_of(state, key), key, now)
    return None if found is None else found[0]


def shown(leaf: Leaf[Any] | None, key: Key, now: float = -inf) -> tuple[Assertion, Write] | None:
    """The assertion that shows of a leaf under a key of four at `now`, seconds since 1970, and its write.

    It is the latest that can be read. Where that has expired, what was said besides, elsewhere at the same time, shows;
    what was put in besides does not: its source has said something later.
    """
    later = False
    for write in () if leaf is None else sorted(leaf.live, key=_rank, reverse=True):
        if (made := _read(key, *write[2])) is not None:
            if not has_expired(made, now) and not (later and is_put_in(write[2][1])):
                return made, write
            later = True
    return None


def expired(leaf: Leaf[Any] | None, key: Key, now: float) -> list[tuple[Assertion, Write]]:
    """What has expired by `now` of a leaf under a key of four, each with its write."""
    told = () if leaf is None else leaf.live
    read = [(_read(key, *write[2]), write) for write in told]
    return [(made, write) for made, write in read if made is not None and has_expired(made, now)]


def coming(leaf: Leaf[Any] | None, key: Key, now: float) -> float | None:
    """When, after `now`, the first that is said under a key of four expires, seconds since 1970; None: nothing does."""
    read = [_read(key, *write[2]) for write in (() if leaf is None else leaf.live)]
    ends = [one.until for one in read if one is not None and one.until is not None and one.until > now]
    return min(ends, default=None)


def has_expired(assertion: Assertion, now: float) -> bool:
    """Whether its time is over at `now`, seconds since 1970."""
    return assertion.until is not None and assertion.until <= now


def expiry(assertion: Assertion) -> Stamp:
    """When the time of what has expired was over: a stamp that all agree on, and not before it was said."""
    at = assertion.at
    millis = max(
        float(at.millis), (assertion.until or 0.0) * 1000
    )  # a float may be beyond what can be rounded
    return max(at, Stamp(round(millis), 0, at.node))


def written(leaf: Leaf[Any] | None, key: Key) -> dict[Assertion, bool]:
    """All assertions written at once under a key of four, whose leaf that is, and whether they were put in.

    The next write ends them.
    """
    found: dict[Assertion, bool] = {}
    for _, _, (at, value) in () if leaf is None else leaf.live:
        if (made := _read(key, at, value)) is not None:
            found[made] = found.get(made, False) or is_put_in(value)
    return found


def period(state: State, key: Key) -> Period | None:
    """What has ended under a key of seven; None if there is nothing, or it cannot be read."""
    found = closed(state, key)
    return None if found is None else found[0]


def closed(state: State, key: Key) -> tuple[Period, Stamp] | None:
    """As `period`, and when that was written: of what has expired, when it was taken out, which may be much later."""
    register = state.at(key, LWW)
    at, value = register.stamp, register.value
    if at is None or value is None:
        return None
    try:
        cause, confidence, until, how, by, why = value[:_ENDED_PARTS]
        stamp = checked_stamp(*key[4:])
        assertion = assertion_of(Fact(*key[:3]), key[3], stamp, cause, confidence, until)
    except (CyberneticError, TypeError, ValueError):
        return None
    if how not in ENDINGS or not all(one is None or type(one) is str for one in (by, why)):
        return None
    end = at
    if how == "expired" and has_expired(assertion, at.millis / 1000):
        end = expiry(assertion)  # and not when it was taken out, or by whom
    return Period(assertion, end, how, by, why), at


def ending(assertion: Assertion, how: str, by: str | None, why: str | None, put_in: bool) -> Any:
    """What is written of an assertion that has ended; `put_in` ends it also where it was said."""
    said = assertion.cause, assertion.confidence, assertion.until, how, by, why
    return (*said, True) if put_in else said


def ends_all(past: Leaf[Any]) -> bool:
    """Whether what has ended, as its past tells, had been put in, so that it has ended where it was said, too."""
    return any(
        isinstance(value, list | tuple) and len(value) > _ENDED_PARTS for _, _, (_, value) in past.live
    )


def _read(key: Key, at: Stamp, value: Any) -> Assertion | None:
    """The assertion of what is written under a key, which may come from anywhere."""
    try:
        parts: Any = (None, 1.0, None) if value is None else value
        cause, confidence, until = parts[:_CONTENT_PARTS] if is_put_in(parts) else parts
        return assertion_of(Fact(*key[:3]), key[3], at, cause, confidence, until)
    except (CyberneticError, TypeError, ValueError):
        return None


def exported(state: State, now: float) -> Iterator[tuple[Assertion, Dots] | None]:
    """Every assertion that stands at `now`, seconds since 1970, and the changes it came with.

    None is a breath, every `STRIDE` places looked at.
    """
    slots: Iterator[tuple[Any, Any]] = state.store.trie.items()
    for looked, ((kind, slot), leaf) in enumerate(slots, 1):
        if looked % STRIDE == 0:
            yield None
        key = key_of(slot)
        if kind == LWW.kind and type(key) is tuple and len(key) == ASSERTED:
            found = shown(leaf, key, now)
            if found is not None:
                yield found[0], carried(found[1])


def _rank(write: Write) -> Any:
    """Later writes are higher; of those of one stamp what was said here is."""
    return write[2][0], not is_put_in(write[2][1]), write[:2]
