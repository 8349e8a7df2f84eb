"""One replica's row of an escrow counter: what it alone has written of grants, transfers, spending and leases."""

from typing import Any, NamedTuple

from cybernetic.core import OptionError
from cybernetic.crdt.context import Context, Dot


class Lease(NamedTuple):
    """A replica's permission to spend, from its guardian.

    `epoch` numbers the leases of one replica from 1: giving up on a replica voids its epoch. `ceiling` is what it may
    have spent and given away in all; `until` (seconds since 1970) when it stops.
    """

    epoch: int
    ceiling: int
    until: float


def estate_slot(owner: str) -> object:
    """Where the estate of `owner` is."""
    return "estate", owner


def owner_of(slot: Any) -> str:
    """The replica that has written the row in a slot."""
    return str(slot[1] if type(slot) is tuple else slot)


class Absorbed(frozenset[str]):
    """Names of replicas whose rows are in another's now. Shown in order, so that all show it the same."""

    __slots__ = ()

    def __repr__(self) -> str:
        return f"Absorbed({sorted(self)})"


class Row(NamedTuple):
    """A row. All amounts only grow; of two rows of one writer the later says more, and counts.

    Arguments:
        seen: the writer's last change here.
        granted: rights it has created.
        used: what it has spent.
        given: what it gave away, by receiver.
        guardian: who leases it its rights, "" for nobody.
        settled: the epoch up to which it has stopped spending for good.
        leases: the latest lease of each replica it is guardian of.
        void: the epoch up to which it has given up on a replica.
        taken: the rights it has taken from a replica, as its guardian or in its place.
        former: the replicas in whose place it is, which never act again.
        ended: replicas with a guardian that never act again, and the number of the last change of each.
        asks: what it wants to have spent and given away in all, of rights that are its own and not leased.
        absorbed: of an estate, the replicas whose rows are summed up in it; of a replica's own row none.
    """

    seen: tuple[Dot, ...]
    granted: int = 0
    used: int = 0
    given: tuple[tuple[str, int], ...] = ()
    guardian: str = ""
    settled: int = 0
    leases: tuple[tuple[str, Lease], ...] = ()
    void: tuple[tuple[str, int], ...] = ()
    taken: tuple[tuple[str, int], ...] = ()
    former: tuple[str, ...] = ()
    ended: tuple[tuple[str, int], ...] = ()
    asks: int = 0
    absorbed: Absorbed = Absorbed()

    @property
    def alive(self) -> bool:
        """A row is not removed, though an estate may take its place: what was spent stays spent."""
        return True

    @property
    def outgo(self) -> int:
        """What its writer has spent and given away in all."""
        return self.used + sum([amount for _, amount in self.given])

    def bury(self, replica: str, n: int) -> "Row":
        """Refused with `OptionError`: rights that are removed here may be spent elsewhere meanwhile."""
        raise OptionError("key", "one without an Escrow under it, which cannot be removed", self.seen[0][0])

    def join(self, other: "Row", ours: Context, theirs: Context) -> "Row":
        """The later of both."""
        return other if other.seen[0][1] > self.seen[0][1] else self

    def arriving(self, ours: Context) -> "Row":
        """It: no row is ever forgotten."""
        return self

    def forget(self, stable: Context) -> "Row":
        """It: no row is ever forgotten."""
        return self

    def retire(self, whole: Context) -> "Row":
        """It: no row is ever forgotten."""
        return self
