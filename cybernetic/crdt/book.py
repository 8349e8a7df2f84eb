"""What the rows of an escrow counter say together, gone through once: who has what rights, and who is in whose place.

Each question is then answered without another look at all rows, so that who looks after many wards needs a time in
proportion to their number for all of them together.
"""

from collections.abc import Iterator
from typing import Any

from cybernetic.crdt.row import Absorbed, Lease, Row, estate_slot, owner_of
from cybernetic.crdt.trie import Trie


class Book:
    """The rows of `trie`, counted up. Immutable, as they are.

    Attributes:
        balances: the rights of all who have any.
        over: of whom it was said that they never act again, and the number of the last change of each.
    """

    __slots__ = ("_estates", "_heirs", "_leases", "_starts", "_trie", "_void", "balances", "over")

    def __init__(self, trie: Trie[Any]) -> None:
        rows: list[tuple[Any, Row]] = list(trie.items())
        self._trie = trie
        self._estates: list[tuple[str, Absorbed]] = sorted(
            [(owner_of(slot), row.absorbed) for slot, row in rows if row.absorbed],
            key=lambda estate: estate[0],
        )
        self._heirs: dict[str, str] = {}
        self._starts: dict[str, str] = {}
        self._leases: dict[Any, dict[str, Lease]] = {}
        self._void: dict[Any, dict[str, int]] = {}
        self.over: dict[str, int] = {}
        for slot, row in rows:
            heir = owner_of(slot)
            for former in row.former:
                self._heirs[former] = min(heir, self._heirs.get(former, heir))
                if not row.absorbed:
                    self._starts[former] = min(heir, self._starts.get(former, heir))
            for one, last in row.ended:
                self.over[one] = max(last, self.over.get(one, 0))
            if row.leases:
                self._leases[slot] = dict(row.leases)
            if row.void:
                self._void[slot] = dict(row.void)
        self.balances = self._balances(rows)

    def _balances(self, rows: list[tuple[Any, Row]]) -> dict[str, int]:
        found: dict[str, int] = {}
        for slot, row in rows:
            replica = owner_of(slot)
            found[replica] = found.get(replica, 0) + row.granted - row.outgo
            for name, amount in row.given:
                other = self.owner(name)
                found[other] = found.get(other, 0) + amount
            for name, amount in row.taken:
                other = self.owner(name)
                found[other] = found.get(other, 0) - amount
                found[replica] += amount
        return {replica: amount for replica, amount in found.items() if amount}

    def owner(self, one: str) -> str:
        """Who has absorbed `one`; itself, if nobody has."""
        for owner, names in self._estates:
            if one in names:
                return owner
        return one

    def everybody(self) -> Iterator[str]:
        """All who have a row, and those in whose place somebody is: each once."""
        return iter(dict.fromkeys([*[owner_of(slot) for slot, _ in self._trie.items()], *self._heirs]))

    def line(self, one: str) -> list[str]:
        """`one`, who is in its place, who is in the place of that, and so on; nobody for ""."""
        line = [one] if one else []
        while line:
            last = line[-1]
            owner = self.owner(last)
            later = owner if owner != last else self._heirs.get(last, last)
            if later in line:
                break
            line.append(later)
        return line

    def last_start(self, one: str) -> str:
        """The last of those of which each has said itself that it is in the place of the one before."""
        line = [one]
        while (later := self._starts.get(line[-1], one)) not in line:
            line.append(later)
        return line[-1]

    def held(self, one: str, guardian: str) -> tuple[Lease | None, int]:
        """The latest lease of `one`, void or not, and the epoch up to which it was given up on.

        By the guardian it chose, and by whoever is in the place of that.
        """
        slots = [slot for keeper in self.line(guardian) for slot in (keeper, estate_slot(keeper))]
        leases = [row[one] for slot in slots if (row := self._leases.get(slot)) is not None and one in row]
        void = [given_up.get(one, 0) for slot in slots if (given_up := self._void.get(slot)) is not None]
        return max(leases, default=None), max(void, default=0)
