"""A counter that no partition can overspend: what replicates is not the balance but the rights to spend from it."""

from typing import Any, Self

from cybernetic.core import OptionError, Refusal, number, whole
from cybernetic.state.crdt.branch import Branch
from cybernetic.state.crdt.context import Context
from cybernetic.state.crdt.counters import MOST
from cybernetic.state.crdt.keys import replica_name
from cybernetic.state.crdt.lattice import Lattice
from cybernetic.state.crdt.row import Lease, Row


class RightsLacking(Refusal):
    """A replica wanted to spend or give more than it may. `replica`, `wanted` and `has` say who and how much."""

    def __init__(self, replica: str, wanted: int, has: int) -> None:
        super().__init__(f"{replica!r} wanted rights to {wanted}: expected at most {has}")
        self.replica, self.wanted, self.has = replica, wanted, has


class LeaseHolds(Refusal):
    """A replica's rights cannot be taken back yet. `replica` and `until` (seconds since 1970) say whose and when."""

    def __init__(self, replica: str, until: float, now: float) -> None:
        super().__init__(f"the lease of {replica!r} holds: expected a time after {until:g}, got: {now:g}")
        self.replica, self.until = replica, until


class NotGuardian(Refusal):
    """A replica's rights were to be leased or taken back by another than the guardian it chose."""

    def __init__(self, replica: str, guardian: str, by: str) -> None:
        super().__init__(f"the guardian of {replica!r} is {guardian!r} ('': none), got: {by!r}")
        self.replica, self.guardian, self.by = replica, guardian, by


class Escrow(Lattice):
    """Rights to spend, granted once, divided among replicas, each of which spends its own without asking.

    Balegas et al. 2015, the bounded counter: each replica writes its own row, and knows of the rights given to it
    at most less than is true. So whatever is lost, late or cut off, no more is spent than was granted.

    A replica whose rights shall not be lost when it dies chooses a guardian (`entrust`). From then on it spends
    only under leases, each of which says how much it may have spent and given away in all (`ceiling`) and until
    when. Once a lease has lapsed the guardian may give up on the replica (`reclaim`): the lease's epoch is void,
    and all rights beyond the ceiling are the guardian's. What lies below may have been spent without word, and waits
    until the replica returns: it finds its rights void, reports what it spent (`settle`), and a second `reclaim`
    takes the rest. Safety rests on ceilings and epochs, not on clocks: a wrong clock only makes a
    guardian give up early. A guardian that never returns keeps what it has, and so do those entrusted to it.

    A row is a replica's for ever; amounts are whole numbers, in all at most 2**63 - 1.
    """

    __slots__ = ()

    kind = "escrow"

    @property
    def granted(self) -> int:
        """All rights ever created, as far as known here."""
        return sum([row.granted for _, row in self._store.trie.items()])

    @property
    def used(self) -> int:
        """All that was spent, as far as known here."""
        return sum([row.used for _, row in self._store.trie.items()])

    @property
    def left(self) -> int:
        """What is not spent yet: never more than `granted`, and less the more is known of others' spending."""
        return max(0, self.granted - self.used)

    def rights(self, replica: str) -> int:
        """The rights that `replica` has, as far as known here; whether it may use them now, `spendable` says."""
        row = self._row(replica)
        taken = _of(self._row(row.guardian).taken, replica) if row.guardian else 0
        income = sum([_of(other.given, replica) for _, other in self._store.trie.items()])
        return int(row.granted + income + sum([amount for _, amount in row.taken]) - row.outgo - taken)

    def spendable(self, replica: str, now: float | None = None) -> int:
        """What `replica` may spend or give away at `now`, seconds since 1970 on its clock.

        One that has no guardian needs no time. Raises `OptionError` where one is needed and none is given.
        """
        row = self._row(replica)
        rights = max(0, self.rights(replica))
        if not row.guardian:
            return rights
        lease = self.lease_of(replica)
        time = number("now", now)
        if lease is None or time >= lease.until:
            return 0
        return max(0, min(rights, lease.ceiling - row.outgo))

    def lease_of(self, replica: str) -> Lease | None:
        """The lease of `replica` from its guardian, lapsed or not; None where there is none, or it is void."""
        row = self._row(replica)
        keeper = self._row(row.guardian)
        lease = _of(keeper.leases, replica, None)
        return None if lease is None or lease.epoch <= _of(keeper.void, replica) else lease

    # what any replica does with its own row

    def grant(self, replica: str, amount: int) -> Self:
        """The delta that creates rights to `amount` (>= 1) in the hands of `replica`. Raises `OptionError`."""
        row = self._row(replica)
        return self._wrote(replica, granted=row.granted + _amount(amount))

    def spend(self, replica: str, amount: int, now: float | None = None) -> Self:
        """The delta that spends `amount` (>= 1) of the rights of `replica`; `now` as in `spendable`.

        Join and keep it before what is paid for is done. Raises `RightsLacking`, `OptionError`.
        """
        self._may(replica, amount, now)
        return self._wrote(replica, used=self._row(replica).used + amount)

    def give(self, replica: str, to: str, amount: int, now: float | None = None) -> Self:
        """The delta that gives rights to `amount` from `replica` to another. Raises as `spend` does."""
        self._may(replica, amount, now)
        given = self._row(replica).given
        return self._wrote(replica, given=_put(given, replica_name(to), _of(given, to) + amount))

    def entrust(self, replica: str, guardian: str) -> Self:
        """The delta by which `replica` chooses its guardian, once and for ever; it spends nothing until leased to.

        Raises `NotGuardian` if it has another one already or means itself.
        """
        row = self._row(replica)
        if row.guardian not in ("", guardian) or guardian == replica:
            raise NotGuardian(replica, row.guardian, guardian)
        return type(self)() if row.guardian else self._wrote(replica, guardian=replica_name(guardian))

    def settle(self, replica: str) -> Self:
        """The delta by which a replica that finds its epoch void says that all it spent in it is told."""
        row = self._row(replica)
        void = _of(self._row(row.guardian).void, replica)
        return self._wrote(replica, settled=void) if void > row.settled else type(self)()

    # what a guardian does for those entrusted to it

    def lease(self, guardian: str, replica: str, amount: int, until: float) -> Self:
        """The delta by which `replica` may spend up to `amount` (>= 1) more than is known here, before `until`.

        Extends a lease that is not void: a ceiling and an end, once given, are never taken back. Raises
        `NotGuardian`, `OptionError`.
        """
        row, keeper = self._entrusted(guardian, replica)
        old = _of(keeper.leases, replica, Lease(0, 0, 0.0))
        epoch = max(old.epoch, _of(keeper.void, replica) + 1)
        ceiling = max(old.ceiling, row.outgo + _amount(amount))
        end = number("until", until)
        new = Lease(epoch, ceiling, max(old.until, end) if epoch == old.epoch else end)
        return self._wrote(guardian, leases=_put(keeper.leases, replica, new))

    def reclaim(self, guardian: str, replica: str, now: float, margin: float = 1.0) -> Self:
        """The delta by which the guardian gives up on `replica`, and takes what that cannot have spent.

        Voids the epoch of its lease. Takes all rights beyond the lease's ceiling; all there are, once the replica has
        settled. Empty where there is nothing to take or void.

        Arguments:
            guardian: who gives up.
            replica: who is given up, a replica that chose this guardian.
            now: seconds since 1970 on the guardian's clock.
            margin: seconds >= 0 after the lease's end that clocks may differ by.

        Raises:
            LeaseHolds: the lease has not lapsed.
            NotGuardian: `replica` has another guardian, or none.
            OptionError: a time is none.
        """
        row, keeper = self._entrusted(guardian, replica)
        lease, void = self.lease_of(replica), _of(keeper.void, replica)
        end = 0.0 if lease is None else lease.until + number("margin", margin, least=0.0)
        if lease is not None and number("now", now) < end:
            raise LeaseHolds(replica, end, now)
        void = void if lease is None else lease.epoch
        given = _of(keeper.leases, replica, None)
        hidden = 0 if given is None or row.settled >= void else max(0, given.ceiling - row.outgo)
        takes = max(0, self.rights(replica) - hidden)
        if not takes and void == _of(keeper.void, replica):
            return type(self)()
        return self._wrote(
            guardian,
            void=_put(keeper.void, replica, void),
            taken=_put(keeper.taken, replica, _of(keeper.taken, replica) + takes),
        )

    def _entrusted(self, guardian: str, replica: str) -> tuple[Row, Row]:
        row = self._row(replica)
        if row.guardian != guardian or not guardian:
            raise NotGuardian(replica, row.guardian, guardian)
        return row, self._row(guardian)

    def _may(self, replica: str, amount: int, now: float | None) -> None:
        has = self.spendable(replica, now)
        if _amount(amount) > has:
            raise RightsLacking(replica, amount, has)

    def _row(self, replica: str) -> Row:
        row: Row | None = self._store.trie.get(replica)
        return _BLANK if row is None else row

    def _wrote(self, replica: str, **changes: Any) -> Self:
        n = self._next(replica)
        row = self._row(replica)._replace(seen=((replica, n),), **changes)
        most = max([row.granted, row.outgo, *[lease.ceiling for _, lease in row.leases]])
        if most > MOST:
            raise OptionError("amount", f"at most {MOST} in all", most)
        return self.from_store(Branch.of({replica: row}), Context.of([(replica, n)]))

    def _shown(self) -> str:
        return f"{self.left} of {self.granted}"


_BLANK = Row(())


def _amount(amount: object) -> int:
    return whole("amount", amount, least=1)


def _of(pairs: Any, replica: str, default: Any = 0) -> Any:
    return next((value for other, value in pairs if other == replica), default)


def _put(pairs: tuple[tuple[str, Any], ...], replica: str, value: Any) -> tuple[tuple[str, Any], ...]:
    return tuple(sorted((dict(pairs) | {replica: value}).items()))
