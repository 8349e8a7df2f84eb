"""The rows of an escrow counter, and the estates that take the place of the rows of the dead.

An estate is a row in a slot of its own, written by one replica: the sum of the rows of replicas that never act again
and have no rights left. It holds their names for ever, so wherever it is known, their rows are not needed: they are
dropped there, and again whenever they arrive late, without anybody waiting for anybody. A name stands for the estate's
owner from then on. The names are few bytes more than nothing, as the context has them anyway, and no other row
travels with them.
"""

from collections.abc import Callable, Iterable
from typing import Any

from cybernetic.crdt.book import Book
from cybernetic.crdt.branch import Branch
from cybernetic.crdt.context import Context, Dot
from cybernetic.crdt.counters import MOST
from cybernetic.crdt.row import Absorbed, Lease, Row, estate_slot, owner_of
from cybernetic.crdt.trie import Trie

MOST_ABSORBED = 10_000  # names in one estate: what comes after that stays as rows

Pairs = tuple[tuple[str, Any], ...]
"""Values by replica, in order."""

Rename = Callable[[str], str]
"""Gives who a name stands for."""


def slot_for(row: Row) -> object:
    """Where a row belongs."""
    writer = row.seen[0][0]
    return estate_slot(writer) if row.absorbed else writer


class Rows(Branch):
    """The rows by slot: without those that an estate among them has absorbed."""

    __slots__ = ("_book",)

    def __init__(self, trie: Trie[Any] | None = None, shown: int = 0) -> None:
        super().__init__(trie, shown)
        self._book: Book | None = None

    @property
    def book(self) -> Book:
        """What the rows say together; made when it is asked for."""
        if self._book is None:
            self._book = Book(self.trie)
        return self._book

    def join(self, other: Branch, ours: Context, theirs: Context) -> "Rows":
        """Both in one."""
        both = super().join(other, ours, theirs)
        assert isinstance(both, Rows)
        for slot, row in other.trie.items():
            if row.absorbed or self.trie.get(slot) is None:
                return both._without_absorbed()
        return both

    def _without_absorbed(self) -> "Rows":
        estates = [row.absorbed for _, row in self.trie.items() if row.absorbed]
        if not estates:
            return self
        gone = [slot for slot, _ in self.trie.items() if any(owner_of(slot) in names for names in estates)]
        if not gone:
            return self
        edit = self.trie.edit()
        for slot in gone:
            edit.remove(slot)
        return Rows(edit.done(), self.shown - len(gone))


def summed(rows: Iterable[Row], names: Iterable[str], rename: Rename, dot: Dot) -> Row | None:
    """The estate for the replicas `names`, whose rows and estates are `rows`; None if it grew too large.

    Its owner is who makes the change `dot`. Of what they gave each other or the owner nothing is left: all of them are
    the owner now.
    """
    rows, owner = list(rows), dot[0]
    absorbed = Absorbed(names).union(*[row.absorbed for row in rows])
    made = Row(
        (dot,),
        granted=sum([row.granted for row in rows]),
        used=sum([row.used for row in rows]),
        given=tuple([pair for row in rows for pair in row.given]),
        leases=tuple([pair for row in rows for pair in row.leases]),
        void=tuple([pair for row in rows for pair in row.void]),
        taken=tuple([pair for row in rows for pair in row.taken]),
        former=tuple([one for row in rows for one in row.former]),
        ended=tuple([pair for row in rows for pair in row.ended]),
        absorbed=Absorbed(absorbed),
    )
    made = renamed(made, lambda one: owner if one in absorbed else rename(one))
    made = made._replace(given=_without(made.given, owner), taken=_without(made.taken, owner))
    most = max(made.granted, made.outgo, sum([amount for _, amount in made.taken]))
    return None if most > MOST or len(absorbed) > MOST_ABSORBED else made


def renamed(row: Row, rename: Rename) -> Row:
    """A row in which who was absorbed is not named any more: what it was given or lost is who it stands for's."""

    def here(one: str) -> bool:
        return rename(one) == one

    writer = row.seen[0][0]
    return row._replace(
        given=_totals(row.given, rename),
        leases=_latest([pair for pair in row.leases if here(pair[0])], Lease(0, 0, 0.0)),
        void=_latest([pair for pair in row.void if here(pair[0])], 0),
        taken=_without(_totals(row.taken, rename), writer),
        former=tuple(sorted({one for one in row.former if here(one) and one != writer})),
        ended=_latest([pair for pair in row.ended if here(pair[0])], 0),
    )


def _totals(pairs: Pairs, rename: Rename) -> Pairs:
    found: dict[str, int] = {}
    for one, amount in pairs:
        heir = rename(one)
        found[heir] = found.get(heir, 0) + amount
    return tuple(sorted(found.items()))


def _latest(pairs: Iterable[tuple[str, Any]], least: Any) -> Pairs:
    found: dict[str, Any] = {}
    for one, value in pairs:
        found[one] = max(value, found.get(one, least))
    return tuple(sorted(found.items()))


def _without(pairs: Pairs, name: str) -> Pairs:
    return tuple([pair for pair in pairs if pair[0] != name])
