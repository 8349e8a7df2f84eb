"""A counter that no partition can overspend: what replicates is not the balance but the rights to spend from it."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Self

from cybernetic.core import OptionError, number, whole
from cybernetic.crdt.book import Book
from cybernetic.crdt.context import Context
from cybernetic.crdt.counters import MOST
from cybernetic.crdt.keys import replica_name
from cybernetic.crdt.lattice import Lattice
from cybernetic.crdt.refusals import LeaseHolds, NotGuardian, RightsLacking
from cybernetic.crdt.row import Lease, Row, estate_slot
from cybernetic.crdt.rows import Rows, renamed, summed


class Escrow(Lattice):
    """Rights to spend, granted once, divided among replicas, each of which spends its own without asking.

    Balegas et al. 2015, the bounded counter: each replica writes its own row, and knows of the rights given to it
    at most less than is true. So whatever is lost, late or cut off, no more is spent than was granted.

    A replica whose rights shall not be lost when it dies chooses a guardian (`entrust`). From then on it spends
    only under leases, each of which says how much it may have spent and given away in all (`ceiling`) and until
    when: a slice of its rights, and more of them where it asks (`ask`). Once a lease has lapsed the guardian may give
    up on the replica (`reclaim`): the lease's epoch is void, and all rights beyond the ceiling are the guardian's.
    What lies below may have been spent without word, and waits until the replica returns: it finds its rights void,
    reports what it spent (`settle`), and a second `reclaim` takes the rest. One that died cannot; its next start from
    the same store says for it that it is over (`settle_for`). Safety rests on ceilings and epochs, not on clocks: a
    wrong clock only makes a guardian give up early.

    A replica that nobody guards, as a guardian is, is only followed by one that knows for certain that it never acts
    again, and all that it ever wrote: its next start from the same store, or a person who says so (`succeed`). The
    successor has its rights, its office and its leases, each of which holds as long as it was to hold.

    A row is a replica's until it has no rights left and never acts again: then who is in its place, or was its
    guardian, takes the row over (`absorb`), and only its name is kept. Amounts are whole numbers, in all at most
    2**63 - 1.
    """

    __slots__ = ()

    kind = "escrow"

    @classmethod
    def _empty(cls) -> Rows:
        return Rows()

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
        return 0 if self.absorbed(replica) else self._book.balances.get(replica, 0)

    def balances(self) -> dict[str, int]:
        """The rights of all who have any, as far as known here."""
        return dict(self._book.balances)

    def spendable(self, replica: str, now: float | None = None) -> int:
        """What `replica` may spend or give away at `now`, seconds since 1970 on its clock.

        One that has no guardian needs no time. Raises `OptionError` where one is needed and none is given.
        """
        row = self._row(replica)
        rights = max(0, self.rights(replica))
        if not row.guardian or self.keeper(replica) == replica:
            return rights
        lease = self.lease_of(replica)
        time = number("now", now)
        if lease is None or time >= lease.until or self.ended(replica):
            return 0
        return max(0, min(rights, lease.ceiling - row.outgo))

    def lease_of(self, replica: str) -> Lease | None:
        """The lease of `replica` from its guardian, lapsed or not; None where there is none, or it is void."""
        lease, void = self._held(replica)
        return None if lease is None or lease.epoch <= void else lease

    def keeper(self, replica: str) -> str:
        """Who leases its rights to `replica` now: the guardian it chose, or who is in the place of that; "": nobody."""
        line = self._book.line(self._row(replica).guardian)
        return line[-1] if line else ""

    def successor(self, replica: str) -> str:
        """Who is in the place of `replica` now: itself, if nobody is."""
        return self._book.line(replica)[-1]

    def asked(self, replica: str) -> int:
        """How much more than it has used `replica` has asked its guardian to lease it."""
        row = self._row(replica)
        return int(max(0, row.asks - row.outgo))

    def ended(self, replica: str) -> bool:
        """Whether it was said for `replica` that it never acts again, and all that it ever wrote is known here."""
        last = self._book.over.get(replica, 0)
        return (last > 0 and self._context.knows_up_to(replica, last)) or self.absorbed(replica)

    def absorbed(self, replica: str) -> bool:
        """Whether its row was taken over: it never acts again, and has and gets no rights."""
        return self._book.owner(replica) != replica

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
        _, void = self._held(replica)
        return self._wrote(replica, settled=void) if void > self._row(replica).settled else type(self)()

    def succeed(self, replica: str, former: str) -> Self:
        """The delta by which `replica` is in the place of `former` from now on, with all rights that it has.

        `former` must never act again, and all that it wrote must be known here: else the same rights are spent twice.
        A replica that keeps its value in a store does this by itself for the start before it, see
        `ReplicaOptions.custody`; for one whose store is lost a person may, who takes that upon himself. Again, it
        brings what has come to `former` since. Raises `NotGuardian` if `former` chose a guardian, who takes back its
        rights after its lease, or if another is in its place.
        """
        guardian, last = self.keeper(former), self.successor(former)
        if replica == former or guardian not in ("", former) or last not in (former, replica):
            raise NotGuardian(former, guardian if last == former else last, replica)
        mine, takes = self._row(replica), max(0, self.rights(former))
        if not takes and last == replica:
            return type(self)()
        return self._wrote(
            replica,
            former=mine.former if last == replica else tuple(sorted((*mine.former, former))),
            taken=_put(mine.taken, former, _of(mine.taken, former) + takes),
        )

    def settle_for(self, replica: str, former: str) -> Self:
        """The delta by which `replica` says that `former`, which has a guardian, never acts again.

        All that `former` wrote must be known here: what it has not spent is then its guardian's at once. A replica
        that keeps its value in a store says so by itself for the starts before it, see `ReplicaOptions.custody`; of one
        whose store is lost a person may, who takes that upon himself; `replica` may say it of itself. Empty if it has
        been said. Raises `NotGuardian`
        if `former` has no guardian: then `succeed` is due.
        """
        if self.ended(former):
            return type(self)()
        if not self.keeper(former):
            raise NotGuardian(former, "", replica)
        # an estate is older than the choice of a guardian, and so than the row
        last = self._next(replica) if former == replica else self._row(former).seen[0][1]
        ended = self._row(replica).ended
        return self._wrote(replica, ended=_put(ended, former, last))

    def ask(self, replica: str, amount: int) -> Self:
        """The delta by which `replica` asks its guardian to lease it `amount` (>= 1) more than it has used.

        Empty if it has asked for as much. Raises `RightsLacking` beyond what it has, leased to it or not.
        """
        row, has = self._row(replica), max(0, self.rights(replica))
        if _amount(amount) > has:
            raise RightsLacking(replica, amount, has)
        wants = row.outgo + amount
        return self._wrote(replica, asks=wants) if wants > row.asks else type(self)()

    def absorb(self, replica: str, fits: Callable[[Self], bool] | None = None) -> Self:
        """The delta by which `replica` takes over the rows of the dead who have no rights left: only names are kept.

        Of those in whose place it is, and of wards of it that are over (`ended`): all that they wrote is known here.
        Who was before a ward, without a guardian, keeps its row. Empty where there are none, and where `replica` has a
        guardian itself: that one absorbs them with it, when it is over.

        Who returns though it was said to be over finds that it has no rights, nor gets any: what comes of it is dropped
        by whoever knows the estate. So nobody has to wait for anybody before a row is dropped.

        Args:
            replica: who takes over.
            fits: says of a delta whether it is small enough to be told to others. Of the dead as many are taken over as
                it lets pass, a hundred at most; the rest keep their rows. Default: any is.
        """
        if self._row(replica).guardian or self.absorbed(replica):
            return type(self)()
        dead = self._dead(replica)[:_TOGETHER]
        if dead and self._estate(replica, dead[:1], fits) is None:
            return type(self)()  # there is no room for the smallest
        while dead:
            if (delta := self._estate(replica, dead, fits)) is not None:
                return delta
            dead = dead[: len(dead) // 2]
        return type(self)()

    def _estate(self, replica: str, dead: list[str], fits: Callable[[Self], bool] | None) -> Self | None:
        """The delta by which `replica` takes over the rows of `dead`; None if it is too large."""
        slots = [estate_slot(replica), *[slot for one in dead for slot in (one, estate_slot(one))]]
        rows = [row for slot in slots if (row := self._store.trie.get(slot)) is not None]
        dot = replica, self._next(replica)
        estate = summed(rows, dead, self._book.owner, dot)
        if estate is None:
            return None
        delta = self.from_store(Rows.of({estate_slot(replica): estate}), Context.of([dot]))
        return delta if fits is None or fits(delta) else None

    # what a guardian does for those entrusted to it

    def lease(self, guardian: str, replica: str, amount: int, until: float) -> Self:
        """The delta by which `replica` may spend up to `amount` (>= 1) more than is known here, before `until`.

        Extends a lease that is not void: a ceiling and an end, once given, are never taken back. Raises
        `NotGuardian`, `OptionError`.
        """
        return self.leases(guardian, {replica: amount}, until)

    def leases(self, guardian: str, amounts: Mapping[str, int], until: float) -> Self:
        """`lease` for several replicas at once, each with an amount of its own."""
        end, granted = number("until", until), {}
        for replica, amount in amounts.items():
            row, _ = self._entrusted(guardian, replica)
            held, void = self._held(replica)
            old = held or Lease(0, 0, 0.0)
            epoch = max(old.epoch, void + 1)
            ceiling = max(old.ceiling, row.outgo + _amount(amount))
            granted[replica] = Lease(epoch, ceiling, max(old.until, end) if epoch == old.epoch else end)
        leases = dict(self._row(guardian).leases) | granted
        return self._wrote(guardian, leases=tuple(sorted(leases.items())))

    def fullest(self, guardian: str, replicas: Iterable[str]) -> Self:
        """The largest that the guardian's row becomes by what it does for those it leased to and for `replicas`.

        To be weighed before a first lease, and never joined: all leases extended, given up on, and taken from.
        """
        row = self._row(guardian)
        names = sorted({*[one for one, _ in row.leases], *replicas})
        most = row._replace(
            seen=((guardian, MOST),),
            used=MOST,
            leases=tuple([(one, Lease(_EPOCHS, MOST, 0.0)) for one in names]),
            void=tuple(sorted((dict(row.void) | dict.fromkeys(names, _EPOCHS)).items())),
            taken=tuple(sorted((dict(row.taken) | dict.fromkeys(names, MOST)).items())),
        )
        return self.from_store(Rows.of({guardian: most}), Context.of([(guardian, MOST)]))

    def reclaim(self, guardian: str, replica: str, now: float, margin: float = 1.0) -> Self:
        """The delta by which the guardian gives up on `replica`, and takes what that cannot have spent.

        Voids the epoch of its lease. Takes all rights beyond the lease's ceiling; all there are, once the replica has
        settled, or somebody for it: then also before its lease has lapsed. Empty where there is nothing to do.

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
        lease, (given, known) = self.lease_of(replica), self._held(replica)
        end = 0.0 if lease is None else lease.until + number("margin", margin, least=0.0)
        over = self.ended(replica)
        if lease is not None and not over and number("now", now) < end:
            raise LeaseHolds(replica, end, now)
        void = known if lease is None else lease.epoch
        told = over or row.settled >= void
        hidden = 0 if given is None or told else max(0, given.ceiling - row.outgo)
        takes = max(0, self.rights(replica) - hidden) if self._whole(replica) else 0
        if not takes and void == known:
            return type(self)()
        return self._wrote(
            guardian,
            void=_put(keeper.void, replica, void),
            taken=_put(keeper.taken, replica, _of(keeper.taken, replica) + takes),
        )

    def _entrusted(self, guardian: str, replica: str) -> tuple[Row, Row]:
        keeper = self.keeper(replica)
        if keeper != guardian or not guardian:
            raise NotGuardian(replica, keeper, guardian)
        return self._row(replica), self._row(guardian)

    def _dead(self, replica: str) -> list[str]:
        """Those whom `replica` may absorb now, those first who have the fewest names with them."""
        book = self._book
        found = []
        for one in book.everybody():
            if one == replica or one in book.balances or book.owner(one) != one:
                continue
            last, guardian = book.over.get(one, 0), self._row(one).guardian
            theirs = book.last_start(one) == replica  # by starts that each knew all of the one before
            if last and guardian and self._context.knows_up_to(one, last):
                theirs |= book.line(guardian)[-1] == replica
            if theirs:
                found.append(one)
        return sorted(found, key=lambda one: (len(self._row(estate_slot(one)).absorbed), one))

    def _whole(self, replica: str) -> bool:
        """Whether all that `replica` wrote up to its row is known, its estate too."""
        return all(self._context.knows_up_to(one, n) for one, n in self._row(replica).seen)

    def _held(self, replica: str) -> tuple[Lease | None, int]:
        """The latest lease of a replica, void or not, and the epoch up to which it was given up on."""
        return self._book.held(replica, self._row(replica).guardian)

    def _may(self, replica: str, amount: int, now: float | None) -> None:
        has = self.spendable(replica, now)
        if _amount(amount) > has:
            error = RightsLacking(replica, amount, has)
            error.seen = self._row(replica).seen
            raise error

    @property
    def _book(self) -> Book:
        book: Book = self._store.book
        return book

    def _row(self, slot: object) -> Row:
        row: Row | None = self._store.trie.get(slot)
        return _BLANK if row is None else row

    def _wrote(self, replica: str, **changes: Any) -> Self:
        heir, n = self._book.owner, self._next(replica)
        if heir(replica) != replica:
            raise OptionError("replica", "one that was not said to be over", replica)
        row = self._row(replica)._replace(seen=((replica, n),), **changes)
        row = renamed(row, heir)
        most = max([row.granted, row.outgo, *[lease.ceiling for _, lease in row.leases]])
        if most > MOST:
            raise OptionError("amount", f"at most {MOST} in all", most)
        return self.from_store(Rows.of({replica: row}), Context.of([(replica, n)]))

    def _shown(self) -> str:
        return f"{self.left} of {self.granted}"


_BLANK = Row(())
_EPOCHS = 2**31  # of one replica: one is over in a lease and a margin at the soonest
_TOGETHER = 100  # rows taken over at once at most: more would hold the loop for long


def _amount(amount: object) -> int:
    return whole("amount", amount, least=1)


def _of(pairs: Any, replica: str, default: Any = 0) -> Any:
    return next((value for other, value in pairs if other == replica), default)


def _put(pairs: tuple[tuple[str, Any], ...], replica: str, value: Any) -> tuple[tuple[str, Any], ...]:
    return tuple(sorted((dict(pairs) | {replica: value}).items()))
