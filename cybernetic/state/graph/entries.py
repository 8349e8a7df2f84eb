"""How a graph lies in a map that converges: what its keys and values are, and how they are read.

An assertion is an `LWW` under (subject, predicate, object, who), so a source that says something anew replaces what
it said before, and what is said while it is being removed elsewhere stays. An assertion that has ended is an `LWW`
under those and the three parts of its stamp, so that replicas that end it at once write the same place.

An assertion that was put in from elsewhere, such as an export, says so, and names the change it was there. Nobody may
have known where it was put in that it had ended: it is `outlived` as soon as that is known.
"""

from collections.abc import Iterable, Iterator
from typing import Any, TypeAlias

from cybernetic.core import CyberneticError
from cybernetic.crdt import LWW, AWMap, Leaf, Stamp, checked_stamp, key_of, slot_of
from cybernetic.state.graph.facts import ENDINGS, Assertion, Fact, Period, assertion_of
from cybernetic.state.graph.solve import STRIDE

State: TypeAlias = AWMap[tuple[Any, ...]]
"""A graph as it is replicated."""

Key: TypeAlias = tuple[Any, ...]
"""Four parts for an assertion, seven for one that has ended."""

Place: TypeAlias = tuple[str, object]
"""The kind and the slot of a key: where it lies in the store of a state."""

Dot: TypeAlias = tuple[str, int]
"""The name of a change of the state: the replica that made it, and its number there."""

ASSERTED, ENDED = 4, 7
_PUT_IN = 4  # parts of what is written of an assertion from elsewhere


def key_for(fact: Fact, who: str) -> Key:
    """Where the assertion of a fact by a source is."""
    return (*fact, who)


def past_key(assertion: Assertion) -> Key:
    """Where an assertion is when it has ended."""
    return (*assertion.fact, assertion.who, *assertion.at)


def content(cause: str | None, confidence: float, until: float | None) -> Any:
    """What is written of an assertion; what most have is written as nothing."""
    return None if cause is None and confidence == 1.0 and until is None else (cause, confidence, until)


def put_in(cause: str | None, confidence: float, until: float | None, dot: Dot | None) -> Any:
    """What is written of an assertion from elsewhere, which came with `dot` there; None: it does not say."""
    return cause, confidence, until, dot


def is_put_in(value: object) -> bool:
    """Whether what is written of an assertion says that it is from elsewhere."""
    return isinstance(value, list | tuple) and len(value) == _PUT_IN


def latest(state: State, key: Key) -> tuple[str, int, Any] | None:
    """The latest write that stands under a key of four."""
    leaf: Leaf[Any] | None = state.store.trie.get(place_of(key))
    if leaf is None or len(leaf.live) < 2:
        return leaf.live[0] if leaf is not None and leaf.live else None
    return max(leaf.live, key=lambda write: write[2][0])


def origin(state: State, key: Key) -> Dot | None:
    """The change that what stands under a key of four was elsewhere; None if it is not from there, or does not say."""
    write = latest(state, key)
    if write is None or not is_put_in(write[2][1]):
        return None
    match write[2][1][-1]:
        case str() as replica, int() as number:
            return replica, number
    return None


def outlived(state: State, key: Key) -> bool:
    """Whether what stands under a key of four is from elsewhere and had ended: its past, or its change, says so."""
    write = latest(state, key)
    if write is None or not is_put_in(write[2][1]):
        return False
    past: Leaf[Any] | None = state.store.trie.get(place_of((*key, *write[2][0])))
    if past is not None and past.alive:
        return True
    dot = origin(state, key)
    leaf: Leaf[Any] = state.store.trie.get(place_of(key))
    return dot is not None and state.context.knows(*dot) and dot not in [one[:2] for one in leaf.live]


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


def standing(state: State, key: Key) -> Assertion | None:
    """The assertion under a key of four: that of the latest stamp; None if there is none, or it cannot be read."""
    writes = written(state.store.trie.get(place_of(key)), key)
    return max(writes, key=lambda one: one.at) if len(writes) > 1 else writes[0] if writes else None


def written(leaf: Leaf[Any] | None, key: Key) -> list[Assertion]:
    """All assertions written at once under a key of four, whose leaf that is: the next write ends them."""
    if leaf is None:
        return []
    return [made for _, _, (at, value) in leaf.live if (made := _read(key, at, value)) is not None]


def period(state: State, key: Key) -> Period | None:
    """What has ended under a key of seven; None if there is nothing, or it cannot be read."""
    register = state.at(key, LWW)
    end, value = register.stamp, register.value
    if end is None or value is None:
        return None
    try:
        cause, confidence, until, how, by, why = value
        stamp = checked_stamp(*key[4:])
        assertion = assertion_of(Fact(*key[:3]), key[3], stamp, cause, confidence, until)
    except (CyberneticError, TypeError, ValueError):
        return None
    if how not in ENDINGS or not all(one is None or type(one) is str for one in (by, why)):
        return None
    return Period(assertion, end, how, by, why)


def ending(assertion: Assertion, how: str, by: str | None, why: str | None) -> Any:
    """What is written of an assertion that has ended."""
    return assertion.cause, assertion.confidence, assertion.until, how, by, why


def _read(key: Key, at: Stamp, value: Any) -> Assertion | None:
    """The assertion of what is written under a key, which may come from anywhere."""
    try:
        parts: Any = (None, 1.0, None) if value is None else value
        cause, confidence, until = parts[:-1] if is_put_in(parts) else parts
        return assertion_of(Fact(*key[:3]), key[3], at, cause, confidence, until)
    except (CyberneticError, TypeError, ValueError):
        return None


def writer(state: State, key: Key) -> str | None:
    """The replica that wrote what stands under a key of four; None if nothing does."""
    write = latest(state, key)
    return None if write is None else write[0]


def exported(state: State, now: float) -> Iterator[tuple[Assertion, Dot] | None]:
    """Every assertion that stands at `now`, seconds since 1970, and the change it came with.

    None is a breath, every `STRIDE` places looked at.
    """
    slots: Iterator[tuple[Any, Any]] = state.store.trie.items()
    for looked, ((kind, slot), leaf) in enumerate(slots, 1):
        if looked % STRIDE == 0:
            yield None
        key = key_of(slot)
        if kind == LWW.kind and type(key) is tuple and len(key) == ASSERTED:
            found = standing(state, key)
            if found is not None and (found.until is None or found.until > now):
                yield found, next((one, n) for one, n, (at, _) in leaf.live if at == found.at)
