"""What was put in and is over: it had ended elsewhere by then, and nobody may have known where it was put in.

A write that was put in is over when its past says so, or when one of the changes it was elsewhere is known here and
stands no more; one that was said is when its past says that it ended where it had been put in. Nodes that have heard of
the same changes agree on that, and what is over stays so. So each of them may take out what is over, exactly that, and
nobody writes the rest anew.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import Any, TypeAlias

from cybernetic.crdt import Context, Leaf
from cybernetic.state.graph.entries import (
    Dots,
    Key,
    Place,
    State,
    before,
    ends_all,
    is_put_in,
    leaf_of,
    place_of,
)
from cybernetic.state.graph.solve import STRIDE

SLACK = 100
"""Changes waited for by nobody that are kept, beyond as many as are waited for."""

Find: TypeAlias = Callable[[Place], Leaf[Any] | None]


def over(key: Key, leaf: Leaf[Any], context: Context, find: Find) -> Dots:
    """The writes that are over of the leaf under a key of four, in a state that knows `context`.

    `find` gives what is at a place of it, such as the past.
    """
    live = [write[:2] for write in leaf.live]
    gone = []
    for dot, (_, _, (at, value)) in zip(live, leaf.live, strict=True):
        past, copy = find(place_of((*key, *at))), is_put_in(value)
        ended = past is not None and past.alive and (copy or ends_all(past))
        if ended or (copy and any(context.knows(*one) and one not in live for one in before(value))):
            gone.append(dot)
    return tuple(gone)


def outlived(state: State, key: Key) -> Dots:
    """The writes under a key of four that are over, as far as `state` knows."""
    leaf = leaf_of(state, key)
    return () if leaf is None else over(key, leaf, state.context, state.store.trie.get)


class Outliving:
    """The keys under which something is over, kept up to date: what a change costs is in proportion to it."""

    def __init__(self) -> None:
        self._over: set[Key] = set()
        # where changes that are not known would be, by replica and number; a set where those are several keys
        self._awaited: dict[str, dict[int, Key | set[Key]]] = {}
        self._heard: dict[str, tuple[int, ...]] = {}  # the changes of these that were known at the last look
        self._count = self._kept = 0  # how many are awaited, and were after they were last gone through

    def __iter__(self) -> Iterator[Key]:
        return iter(self._over)

    def note(self, state: State, key: Key, past: bool) -> None:
        """What is written under a key of four has changed, or its past has; `past`: whether its fact has any."""
        self._over.discard(key)
        leaf = leaf_of(state, key)
        if leaf is None or not (past or any(is_put_in(write[2][1]) for write in leaf.live)):
            return
        if over(key, leaf, state.context, state.store.trie.get):
            self._over.add(key)
        for dot in _unknown(leaf, state.context):
            awaited = self._awaited.setdefault(dot[0], {})
            self._count += dot[1] not in awaited
            awaited[dot[1]] = _with(awaited.get(dot[1]), key)

    def look(self, state: State) -> Iterator[None]:
        """Look whether more is over, where more changes are known by now; a step is a breath. To be drawn out."""
        for replica, awaited in list(self._awaited.items()):
            heard, known = self._heard.get(replica, ()), state.context.runs.get(replica, ())
            if heard == known:
                continue
            new = Context({replica: known}).minus(Context({replica: heard}))
            numbers = [n for _, n in new] if len(new) < len(awaited) else list(awaited)
            for looked, n in enumerate(numbers, 1):
                if looked % STRIDE == 0:
                    yield
                if n in awaited and state.context.knows(replica, n):
                    self._count -= 1
                    # from now on what becomes of that change shows at its key
                    self._over.update([key for key in _keys(awaited.pop(n)) if outlived(state, key)])
            self._heard[replica] = known
        yield from self._tidy(state)

    def _tidy(self, state: State) -> Iterator[None]:
        """Wait no more for what nobody asks for, once that may be the most."""
        if self._count <= 2 * self._kept + SLACK:
            return
        for replica, awaited in list(self._awaited.items()):
            for looked, (n, keys) in enumerate(list(awaited.items()), 1):
                if looked % STRIDE == 0:
                    yield
                if not any(
                    (replica, n) in _unknown(leaf_of(state, key), state.context) for key in _keys(keys)
                ):
                    del awaited[n]
                    self._count -= 1
            if not awaited:
                del self._awaited[replica]
                self._heard.pop(replica, None)
        self._kept = self._count


def _keys(packed: Key | set[Key]) -> Iterable[Key]:
    """The keys in one place: most often it is one, which stands there itself, for memory's sake."""
    return packed if isinstance(packed, set) else (packed,)


def _with(packed: Key | set[Key] | None, key: Key) -> Key | set[Key]:
    if packed is None or packed == key:
        return key
    if not isinstance(packed, set):
        return {packed, key}
    packed.add(key)
    return packed


def _unknown(leaf: Leaf[Any] | None, context: Context) -> Dots:
    """The changes that the writes of a leaf were elsewhere and that are not known here."""
    if leaf is None:
        return ()
    return tuple([dot for write in leaf.live for dot in before(write[2][1]) if not context.knows(*dot)])
