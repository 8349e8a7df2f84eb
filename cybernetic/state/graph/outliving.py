"""What was put in and is over: it had ended elsewhere by then, and nobody may have known where it was put in.

A write that was put in is over when something as late or later of its source has ended, as its past says, or when one
of the changes it was elsewhere is known here and stands no more; one that was said is when its past says that it ended
where it had been put in. Nodes that have heard of the same changes agree on that, and what is over stays so. So each
of them may take out what is over, exactly that, and nobody writes the rest anew.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import Any, TypeAlias

from cybernetic.crdt import Context, Leaf, Stamp
from cybernetic.state.graph.entries import (
    Dot,
    Dots,
    Key,
    Place,
    Spot,
    State,
    before,
    ends_all,
    is_put_in,
    key_at,
    leaf_of,
    place_of,
    spot_of,
)
from cybernetic.state.graph.solve import STRIDE

SLACK = 100
"""Changes waited for by nobody that are kept, beyond as many as are waited for."""

Find: TypeAlias = Callable[[Place], Leaf[Any] | None]

Ended: TypeAlias = Callable[[Key], Stamp | None]
"""The latest stamp of what has ended under a key of four; None if nothing has, as far as is kept."""


def none_ended(key: Key) -> None:
    """Nothing has ended under any key."""


def over(key: Key, leaf: Leaf[Any], context: Context, find: Find, ended: Ended = none_ended) -> Dots:
    """The writes that are over of the leaf under a key of four, in a state that knows `context`.

    `find` gives what is at a place of it, such as the past; `ended` is asked only where something was put in.
    """
    latest = ended(key) if any(is_put_in(value) for _, _, (_, value) in leaf.live) else None
    live = [write[:2] for write in leaf.live]
    gone = []
    for dot, (_, _, (at, value)) in zip(live, leaf.live, strict=True):
        past, copy = find(place_of((*key, *at))), is_put_in(value)
        is_over = past is not None and past.alive and (copy or ends_all(past))
        if copy and latest is not None:
            is_over = is_over or at <= latest
        if is_over or (copy and any(context.knows(*one) and one not in live for one in before(value))):
            gone.append(dot)
    return tuple(gone)


def outlived(state: State, key: Key, ended: Ended = none_ended) -> Dots:
    """The writes under a key of four that are over, as far as `state` knows."""
    leaf = leaf_of(state, key)
    return () if leaf is None else over(key, leaf, state.context, state.store.trie.get, ended)


class Outliving:
    """The keys under which something is over, kept up to date: what a change costs is in proportion to it."""

    def __init__(self, ended: Ended = none_ended) -> None:
        self._ended = ended
        self._over: set[Spot] = set()
        # where to look when a change is known; a set where that is in several places
        self._awaited: dict[Dot, Spot | set[Spot]] = {}
        self._heard = Context()  # what was known at the last look
        self._count = self._kept = 0  # how many spots these are, and were after they were last gone through

    def __iter__(self) -> Iterator[Key]:
        return map(key_at, self._over)

    def note(self, state: State, key: Key, past: bool) -> None:
        """What is written under a key of four has changed, or its past has; `past`: whether its fact has any."""
        spot, leaf = spot_of(key), leaf_of(state, key)
        self._over.discard(spot)
        if leaf is None or not (past or any(is_put_in(write[2][1]) for write in leaf.live)):
            return
        if over(key, leaf, state.context, state.store.trie.get, self._ended):
            self._over.add(spot)
        for dot in _unknown(leaf, state.context):
            self._await(dot, spot)

    def look(self, state: State) -> Iterator[None]:
        """Look whether more is over, where more changes are known by now; a step is a breath.

        To be drawn to its end before anything else is noted. A look when nothing more is known costs next to nothing.
        """
        pace = _Pace()
        known = []
        for dot in self._new(state.context):
            if pace.due():
                yield
            if dot in self._awaited and state.context.knows(*dot):
                known.append(dot)
        for dot in known:
            # from now on what becomes of that change shows at its keys
            for spot in _spots(self._awaited[dot]):
                if pace.due():
                    yield
                self._count -= 1
                if outlived(state, key_at(spot), self._ended):
                    self._over.add(spot)
            del self._awaited[dot]
        self._heard = state.context
        yield from self._tidy(state, pace)

    def _new(self, context: Context) -> Iterable[Dot]:
        """Changes that may have become known since the last look and be awaited: all that did, or fewer."""
        if context == self._heard:
            return ()
        new = context.minus(self._heard)
        return new if len(new) < len(self._awaited) else self._awaited

    def _await(self, dot: Dot, spot: Spot) -> None:
        packed = self._awaited.get(dot)
        if packed is None:
            self._awaited[dot] = spot
        elif not isinstance(packed, set):
            if packed == spot:
                return
            self._awaited[dot] = {packed, spot}
        elif spot in packed:
            return
        else:
            packed.add(spot)
        self._count += 1

    def _tidy(self, state: State, pace: "_Pace") -> Iterator[None]:
        """Wait no more for what nobody asks for, once that may be the most."""
        if self._count <= 2 * self._kept + SLACK:
            return
        idle = []
        for dot, packed in self._awaited.items():
            for spot in _spots(packed):
                if pace.due():
                    yield
                if dot not in _unknown(leaf_of(state, key_at(spot)), state.context):
                    idle.append((dot, spot))
        for dot, spot in idle:
            if pace.due():
                yield
            self._release(dot, spot)
        self._kept = self._count

    def _release(self, dot: Dot, spot: Spot) -> None:
        packed = self._awaited[dot]
        if isinstance(packed, set):
            packed.discard(spot)
        if not isinstance(packed, set) or not packed:
            del self._awaited[dot]
        self._count -= 1


class _Pace:
    """Tells when it is time for a breath: at every `STRIDE`th of what is looked at, whatever loop it is in."""

    def __init__(self) -> None:
        self._looked = 0

    def due(self) -> bool:
        """One more is looked at; whether a breath comes first."""
        self._looked += 1
        return self._looked % STRIDE == 0


def _spots(packed: Spot | set[Spot]) -> Iterable[Spot]:
    """Those that are kept together: most often it is one, which stands there itself, for memory's sake."""
    return packed if isinstance(packed, set) else (packed,)


def _unknown(leaf: Leaf[Any] | None, context: Context) -> Dots:
    """The changes that the writes of a leaf were elsewhere and that are not known here."""
    if leaf is None:
        return ()
    return tuple([dot for write in leaf.live for dot in before(write[2][1]) if not context.knows(*dot)])
