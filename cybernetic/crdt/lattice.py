"""What all converging values are: a store, and the context of the changes in it. A delta is a small one."""

from collections.abc import Iterator
from typing import Any, ClassVar, Self

from cybernetic.core import OptionError, whole
from cybernetic.crdt.branch import Branch
from cybernetic.crdt.context import Context
from cybernetic.crdt.keys import replica_name
from cybernetic.crdt.pieces import cut, lacking, leaves_of

KINDS: dict[str, type["Lattice"]] = {}
"""The types of converging values by the names that stand for them where one is inside another."""

_NOTHING = Context()


class Lattice:
    """A value that many replicas change at once and that is the same for all once they know of all changes.

    Immutable. A method that changes returns a *delta*: a value of the same type that holds little but the
    change. `join` it into the own state, before the next change is made, and send it to others, who `join` it
    too: in any order, as often as you like. A delta made by a replica carries a number that no other delta of
    that replica may carry; so a replica's name is for one owner that joins each delta at once, and never for a
    state restored from an old copy.

    Joining costs in proportion to the value joined in, however large the one that takes it. What a state lacks
    is found by its `context`: `theirs.since(ours.context)` is a delta that brings `ours` up to date.

    What was removed leaves a small mark where it was, which `forget` drops once every replica knows of it.
    """

    __slots__ = ("_context", "_store")

    kind: ClassVar[str] = ""
    """The name of the type where one value is inside another."""

    _context: Context
    _store: Any

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        if cls.kind:
            KINDS[cls.kind] = cls

    def __init__(self) -> None:
        self._store = self._empty()
        self._context = _NOTHING

    @classmethod
    def _empty(cls) -> Any:
        """The store of a value that nothing has happened to."""
        return Branch()

    @classmethod
    def from_store(cls, store: Any, context: Context) -> Self:
        """The value of a store (None: the empty one) and a context, which must belong together."""
        made = cls.__new__(cls)
        made._store = cls._empty() if store is None else store
        made._context = context
        return made

    @property
    def context(self) -> Context:
        """The changes that this value is the result of."""
        return self._context

    @property
    def store(self) -> Any:
        """What it is made of."""
        return self._store

    @property
    def alive(self) -> bool:
        """Whether there is anything to see."""
        return bool(self._store.alive)

    def join(self, other: Self) -> Self:
        """What both know: commutative, associative, idempotent. Raises `OptionError` for another type's value."""
        if type(other) is not type(self):
            raise OptionError("other", f"a value of type {type(self).__name__}", other)
        store = self._store.join(other._store, self._context, other._context)
        return self.from_store(store, self._context.join(other._context))

    def since(self, context: Context) -> Self:
        """The delta that gives all of this to whoever knows `context`."""
        return self.from_store(lacking(self._store, context), self._context.minus(context))

    def split(self, leaves: int = 1000, context: Context | None = None) -> Iterator[Self]:
        """What `since` gives, in deltas of at most so many leaves, lazily; each may be lost, or come twice or late.

        A leaf in which much was written counts as several, and may be a delta of its own.

        Together they bring all that shows. They do not tell of changes long replaced, which a `since` afterwards
        does in a few bytes. A delta may be empty, where none was due in a long search: then it is falsy.
        """
        for store, dots in cut(self._store, whole("leaves", leaves, least=1), context):
            yield self.from_store(store, Context.of([dot for dot in dots if dot[0]]))

    def few(self, leaves: int) -> bool:
        """Whether it is made of at most so many leaves."""
        return leaves_of(self._store, leaves) <= leaves

    def slices(self, leaves: int = 500) -> Iterator[Self]:
        """All of this in order, for work in steps: joined to nothing one after another they are the whole.

        For one who has all of it: unlike `split`, the last slice says what all of them know. Joined to a value that
        shows what is gone from this one, and whose mark was dropped here (`forget`), each has to be joined as by one
        who knows all that this one does (`store.join` with its context), or what is gone stays beside it.
        """
        for store, _ in cut(self._store, whole("leaves", leaves, least=1)):
            yield self.from_store(store, _NOTHING)
        yield self.from_store(None, self._context)

    def forget(self, stable: Context, part: Self | None = None) -> Self:
        """This value, without the marks of what was removed or replaced by changes in `stable`.

        `stable` must be known to every replica whose state may ever be joined again: the `meet` of their
        contexts. One that was away too long may be left out of it, if `stable` is taken `without` its own changes
        and it has to `retire` when it returns. With `part`, a slice of this value (`slices`), only what is there is
        looked at.

        `stable` must have no gaps, of each replica the changes from the first on: the mark of a removal names the last
        change at its place and stands for all before it, so one that somebody lacks would come up again. Raises
        `OptionError` for one that has.
        """
        if not stable.unbroken:
            raise OptionError("stable", "of each replica the changes from the first on, without gaps", stable)
        store = self._store
        if isinstance(store, Branch):
            store = store.forget(stable, None if part is None else part._store)
        elif part is None or part._store.seen:
            store = store.forget(stable)
        return self.from_store(store, self._context)

    def retire(self, whole: Self, part: Self | None = None) -> Self:
        """What is left of this value once it learns from `whole`, a whole state that may have forgotten removals.

        For a replica that was away so long that others did not wait for it: what they have removed and
        forgotten is taken out, what only this one has written stays. Join `whole` afterwards. `part` as in `forget`.
        """
        store = self._store
        if isinstance(store, Branch):
            store = store.without(whole._store, whole._context, None if part is None else part._store)
        elif not whole._store.seen:
            store = store.retire(whole._context)
        return self.from_store(store, self._context)

    def __bool__(self) -> bool:
        """Whether it tells anything: False for a value that nothing has happened to, and for an empty delta."""
        return bool(self._context) or bool(tuple(self._store.seen))

    def __eq__(self, other: object) -> bool:
        """Whether both are the result of the same changes."""
        if not isinstance(other, Lattice) or type(other) is not type(self):
            return NotImplemented
        return self._context == other._context and bool(self._store == other._store)

    __hash__ = None  # type: ignore[assignment] # what it holds may have none

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self._shown()}>"

    def _shown(self) -> str:
        raise NotImplementedError

    def _next(self, replica: str) -> int:
        """The number of the next change of `replica`. Raises `OptionError` for what is no name."""
        return self._context.next(replica_name(replica))
