"""Edits: what one makes, and whether it is a delta that its replica may take. A reused dot would be lost unseen."""

from collections.abc import Callable, Iterator
from inspect import iscoroutine
from typing import Any, Generic, TypeVar

from cybernetic.core import CannotTravel, Refusal
from cybernetic.crdt import Branch, Context, Lattice
from cybernetic.state.replica.frames import Frames, News
from cybernetic.state.replica.packing import packed
from cybernetic.state.replica.writer import Writer
from cybernetic.wire import travels

L = TypeVar("L", bound=Lattice)

_MOST_TOLD = 2**62  # a number of bytes as long as any

_RIGHT = (
    "a delta is made by the methods of the value given, each next one of the value joined with those before"
)


@travels(name="state.EditRefused")
class EditRefused(Refusal):
    """An edit could not be made: `why` says what it raised, or gave back instead of a delta."""

    def __init__(self, why: str) -> None:
        super().__init__(f"edit: expected a delta of the replica's type, got: {why}")
        self.why = why


class Editing(Generic[L]):
    """Has edits made of a value of type `kind`; `frames` and `leaves` say what can be told of it to others."""

    def __init__(self, kind: type[L], frames: Frames, leaves: int) -> None:
        self._kind, self._frames, self._leaves = kind, frames, leaves

    def made(self, edit: Callable[..., L], value: L, by: Writer, args: tuple[Any, ...]) -> tuple[L, bytes]:
        """The delta that `edit` makes of `value`, and its bytes, b"" where they would be too many for one frame.

        Raises `EditRefused`, and the `Refusal` that the edit raised.
        """
        asked = _Asked(value.context.runs)
        try:
            delta = edit(value.from_store(value.store, asked), by, *args)
        except Refusal:
            raise
        except Exception as error:
            raise EditRefused(f"{type(error).__name__}: {error}") from error
        if iscoroutine(delta):
            delta.close()  # or Python warns that nobody has waited for it
            raise EditRefused("a coroutine: an edit is a plain function, which makes it at once")
        if type(delta) is not self._kind:
            raise EditRefused(type(delta).__name__)
        check_dots(delta, value.context, by.replica)
        if asked.times > 1 and delta:
            raise EditRefused(f"what may be joined of {asked.times} changes of the same value: {_RIGHT}")
        return delta, self._checked_size(delta)

    def fits(self, delta: L) -> bool:
        """Whether others can be told a delta: whether each place of it fits into a frame."""
        try:
            self._checked_size(delta)
        except EditRefused:
            return False
        return True

    def _checked_size(self, delta: L) -> bytes:
        """The bytes of a delta; refuses what no frame could carry, or no frame of this program."""
        try:
            if (body := self._frames.body(delta)) is not None:
                return body
            for _ in packed(delta, self._leaves, self._weighed, _too_large):
                pass
        except CannotTravel as error:
            raise EditRefused(str(error)) from error
        return b""

    def _weighed(self, delta: L) -> bytes:
        return self._frames.write(News(_MOST_TOLD, delta))


class _Asked(Context):
    """A context that counts how often the number of a next change was asked for: once for each delta made of it."""

    __slots__ = ("times",)

    def __init__(self, runs: Any) -> None:
        super().__init__(runs)
        self.times = 0

    def next(self, replica: str) -> int:
        """The number of the next change of `replica`."""
        self.times += 1
        return super().next(replica)


def _too_large(_: Lattice) -> None:
    raise EditRefused("one with a place too large for a frame: see `ReplicaOptions.largest`")


def check_dots(delta: Lattice, known: Context, replica: str) -> None:
    """Refuse a delta, made in the name of `replica`, whose dots are not new, or do not name one change each.

    Who has a dot takes nothing more under it. So a delta that names its changes by dots of earlier ones, as one made
    of a fresh value does, would be acknowledged and lost. What cannot be seen here: of two deltas that were made of the
    same value and joined to each other, only the first is still there. `Editing` counts.

    Args:
        delta: what an edit made; an empty one is fine.
        known: the context of the value the edit was given.
        replica: in whose name it was made.

    Raises `EditRefused` unless the dots of `replica` are one run that begins at the next of `known`, no dot of
    another is new, and no dot of `replica` stands at two places.
    """
    if not delta:
        return
    first, runs = known.next(replica), delta.context.runs.get(replica, ())
    for other, n in delta.context.without((replica,)).minus(known):
        raise EditRefused(f"one in the name of {other!r}, whose change {n} is not known: use `by.replica`")
    if len(runs) != 2 or runs[0] != first:
        raise EditRefused(
            f"one with the changes {_shown(runs)} of {replica!r}, whose next is {first}: {_RIGHT}"
        )
    met: set[int] = set()
    for n in _numbers(delta.store, replica):
        if n in met or n >= runs[1]:
            what = "stands at two places" if n in met else "is not in its context"
            raise EditRefused(f"one whose change {n} of {replica!r} {what}: {_RIGHT}")
        if n >= first:
            met.add(n)


def _numbers(store: Any, replica: str) -> Iterator[int]:
    """The last change of a replica at each place."""
    if isinstance(store, Branch):
        for _, inner in store.trie.items():
            yield from _numbers(inner, replica)
    else:
        yield from [n for one, n in store.seen if one == replica]


def _shown(runs: tuple[int, ...]) -> str:
    """Runs of numbers, as "3", "3-5" or "3, 7"; "none"."""
    pairs = zip(runs[::2], runs[1::2], strict=True)
    return ", ".join([f"{a}" if b == a + 1 else f"{a}-{b - 1}" for a, b in pairs]) or "none"
