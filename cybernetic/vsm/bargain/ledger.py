"""Two-phase spending against a grant: reserve an upper bound before a call, settle what it took after it."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from math import inf
from typing import Self, TypeVar

from cybernetic.core import OptionError, flag, number
from cybernetic.vsm.bargain.refusals import BudgetExhausted
from cybernetic.vsm.bargain.vector import NOTHING, Vector, total, vector
from cybernetic.vsm.changed import changed
from cybernetic.vsm.checks import entries, instance, moment
from cybernetic.vsm.growing import Growing, added, layers_of

V = TypeVar("V")


@dataclass(frozen=True, slots=True)
class Reservation:
    """An amount set aside for one call, or lent to a level below, until its outcome is known or `until` has
    passed. One that is not `bounded` is of a call for which no upper bound is known: it may take all that is left.
    Where the call waits to be made again, refused tries `took` so much. Raises `OptionError` for what is no `Vector`,
    and an `until` that is no time.
    """

    upper: Vector
    until: float
    bounded: bool = True
    took: Vector = NOTHING

    def __post_init__(self) -> None:
        vector("upper", self.upper)
        moment("until", self.until)
        flag("bounded", self.bounded)
        if not vector("took", self.took):
            object.__setattr__(self, "took", NOTHING)  # `committed` knows it by that, also when it was read


@dataclass(frozen=True, slots=True)
class Settlement:
    """What a reservation came to: `actual`, of which `covered` was set aside for it; the rest is its overrun.

    It is `final` once told by who was paid; before that it stands at an upper bound, or, where it is not `bounded`, at
    what was assumed. `cleared` is the part of its overrun that was. It is `free` to take of what is left where it was
    reserved without a bound, or was told of as one of which none is known, whatever is told of it later.

    Raises `OptionError` for what is no `Vector`, and for more covered than it took.
    """

    actual: Vector
    covered: Vector
    final: bool
    bounded: bool = True
    cleared: Vector = NOTHING
    free: bool = False

    def __post_init__(self) -> None:
        vector("cleared", self.cleared)
        for name in ("final", "bounded", "free"):
            flag(name, getattr(self, name))
        if not vector("covered", self.covered) <= vector("actual", self.actual):
            raise OptionError("covered", f"at most the actual, {self.actual!r}", self.covered)

    @property
    def overrun(self) -> Vector:
        """What it took beyond what was set aside."""
        return self.actual.less(self.covered)


_UNKNOWN = Reservation(NOTHING, inf)  # of a key that was never reserved


@dataclass(frozen=True, slots=True)
class Ledger:
    """What was granted for one epoch, and what became of it: a value; each operation returns the ledger after
    it.

    At all times `spent + reserved <= grant + overrun`, exactly. Lending to a level below is reserving: its
    ledger has the reservation's upper bound for a grant, and its last report settles it. So what holds for
    one ledger holds for the whole tree.

    Every operation names a key, and doing it again changes nothing: messages may come twice, late, or after a
    crash. A ledger is durable if it is written down before the answer is sent.

    Arguments:
        grant: what may be spent in the epoch.
        until: nothing is reserved at or after this time, seconds.
        spent: settled, at the actual amounts where they are known.
        reserved: the sum of the open reservations.
        overrun: what final settlements took beyond what was reserved for them, summed.
        blocked: an overrun has not been cleared; nothing is reserved until it is.
        open: reservations by key.
        closed: settlements by key; kept as long as the ledger, so that a late word settles once.
        seen: the last time that it was told, seconds; None: none yet. An earlier one is refused.
        cleared: the part of the overrun that has been cleared.
    """

    grant: Vector
    until: float = inf
    spent: Vector = NOTHING
    reserved: Vector = NOTHING
    overrun: Vector = NOTHING
    blocked: bool = False
    open: Mapping[str, Reservation] = field(default_factory=dict)
    closed: Mapping[str, Settlement] = field(default_factory=Growing)
    seen: float | None = None
    cleared: Vector = NOTHING

    def __post_init__(self) -> None:
        for name in ("grant", "spent", "reserved", "overrun", "cleared"):
            vector(name, getattr(self, name))
        moment("until", self.until)
        entries("open", self.open, Reservation)
        entries("closed", self.closed, Settlement)
        flag("blocked", self.blocked)
        if self.seen is not None:
            number("seen", self.seen)

    @property
    def committed(self) -> Vector:
        """What is spent or set aside; of calls whose tries were refused what those took, where that is more."""
        known = self.spent + self.reserved
        beyond = [
            one.took.less(one.upper)
            for one in self.open.values()
            if one.took is not NOTHING  # cheap to see: a thousand may be open
        ]
        return total((known, *beyond)) if beyond else known

    @property
    def bound(self) -> Vector:
        """The most that it may come to have spent: all of the grant while what a call took is unknown of which no bound
        was.
        """
        unbounded = any(not one.bounded for one in self.open.values()) or any(
            not (one.bounded or one.final) for one in self.closed.values()
        )
        return self.committed.most(self.grant) if unbounded else self.committed

    @property
    def available(self) -> Vector:
        """What a reservation may still take; never negative."""
        return self.grant.less(self.committed)

    @property
    def settled(self) -> bool:
        """Whether everything that was reserved has come to a final settlement."""
        return not self.open and all(settlement.final for settlement in self.closed.values())

    def reserve(self, key: str, upper: Vector, now: float, until: float) -> Self:
        """Set `upper` aside under `key` until `until` (seconds, > now; when the outcome must be known).

        An `upper` of nothing is of a call for which none is known: it is refused where the ledger is over or blocked,
        or nothing is left of something that was granted, and is settled from what is left (`bounded=False`).

        A key that is reserved or was settled already: the ledger as it is. Raises `BudgetExhausted` if the
        ledger is over, blocked, or does not cover it; `OptionError` for a key whose open reservation has
        another upper bound, for an `upper` that is no `Vector`, and for a time that runs backwards.
        """
        number("now", now, least=self.seen)
        instance("key", key, str)
        if key in self.closed or (key in self.open and self.open[key].upper == vector("upper", upper)):
            return self
        if key in self.open:
            raise OptionError("upper", f"{self.open[key].upper!r}, as reserved for {key!r}", upper)
        if why := self._refuses(vector("upper", upper), now):
            there = NOTHING if now >= self.until or self.blocked else self.available
            raise BudgetExhausted(key, upper, there, why, max(0.0, self.until - now))
        if moment("until", until) <= now:
            raise OptionError("until", f"a time > now ({now!r})", until)
        opened = _with(self.open, key, Reservation(upper, until, bounded=bool(upper)))
        return changed(self, open=opened, reserved=self.reserved + upper, seen=now)

    def aside(self, key: str, most: Vector, until: float) -> Self:
        """Set aside under `key` as much of `most` as there is, also where the ledger is over or blocked: for one who
        takes it without asking. A key that is reserved or was settled already: the ledger as it is. Raises
        `OptionError` for a `most` that is no `Vector`.
        """
        if instance("key", key, str) in self.open or key in self.closed:
            return self
        upper = vector("most", most).least(self.available)
        opened = _with(self.open, key, Reservation(upper, moment("until", until)))
        return changed(self, open=opened, reserved=self.reserved + upper)

    def settle(self, key: str, actual: Vector, *, final: bool = True, bounded: bool | None = None) -> Self:
        """Close `key` at `actual`; the difference to what was reserved is available again.

        What is not final is an upper bound, which a final word replaces, and which another bound can only
        lower. After a final word nothing changes any more. An actual above what was reserved is an overrun:
        it is charged, and nothing more is reserved until `clear`. So is all of what was never reserved, unless
        it is not `bounded`: then it is taken from what is left, and only the rest is an overrun, as long as nothing is
        given back that covers it. None: as it was reserved.

        Raises `OptionError` for an `actual` that is no `Vector`.
        """
        vector("actual", actual)
        flag("final", final)
        if bounded is not None:
            flag("bounded", bounded)
        before = self.closed.get(instance("key", key, str))
        if before is None:
            opened = self.open.get(key, _UNKNOWN)
            upper, bounded = opened.upper, opened.bounded if bounded is None else bounded
            free = not (opened.bounded and bounded)
            closing = changed(self, open=_with(self.open, key, None), reserved=self.reserved - upper)
            most = upper.most(closing.available) if free else upper
            after = Settlement(actual, actual.least(most), final, bounded, free=free)
            return closing._booked(key, after)._covered()
        if before.final:
            return self
        bounded = before.bounded if bounded is None else bounded
        bound = before.bounded or not bounded  # what was only assumed is none
        told = actual.least(before.actual) if bound and not final else actual
        lifted = changed(
            self,
            spent=self.spent - before.actual,
            overrun=self.overrun - before.overrun,
            cleared=self.cleared - before.cleared,
        )
        free = before.free or not bounded
        most = before.covered.most(lifted.available) if free else before.covered
        after = Settlement(told, told.least(most), final, bounded, free=free)
        after = changed(after, cleared=before.cleared.least(after.overrun))
        return lifted._booked(key, after)._covered()

    def release(self, key: str) -> Self:
        """Close `key` with nothing spent: the call was not made."""
        return self.settle(key, NOTHING)

    def expire(self, now: float) -> tuple[Self, tuple[str, ...]]:
        """Settle at their upper bounds what is overdue at `now`, not finally: the ledger, and the keys. That of a call
        for which none was known is all that is left as well. None takes less than refused tries of it did.
        """
        number("now", now, least=self.seen)
        overdue = tuple(key for key, reservation in self.open.items() if reservation.until <= now)
        ledger = self if now == self.seen else changed(self, seen=now)
        for key in overdue:
            most = self.open[key].upper.most(self.open[key].took)
            if not self.open[key].bounded:
                most += ledger.available
            ledger = ledger.settle(key, most, final=False)
        return ledger, overdue

    def conclude(self) -> Self:
        """Let everything that was settled stand as it does: no later word changes it.

        But of calls of which no bound was known, nor what they took, it is not known that they left anything: what is
        left counts as taken by the first of them.
        """
        ledger, left = self, self.available
        for key, one in self.closed.items():
            if one.final:
                continue
            more = NOTHING if one.bounded else left
            left = left.less(more)
            last = replace(one, actual=one.actual + more, covered=one.covered + more, final=True)
            ledger = changed(ledger, spent=ledger.spent + more, closed=added(ledger.closed, key, last))
        return ledger

    def revise(self, key: str, upper: Vector) -> Self:
        """Change the upper bound of an open reservation; one that is closed or unknown: the ledger as it is.

        Raises `BudgetExhausted` for an increase that is not covered, `OptionError` for what is no `Vector`. Lower it
        only when who holds it has agreed.
        """
        if instance("key", key, str) not in self.open:
            return self
        before = self.open[key]
        more = vector("upper", upper).less(before.upper)
        if more and (self.blocked or not more <= self.available):
            raise BudgetExhausted(key, more, NOTHING if self.blocked else self.available, "an increase")
        opened = _with(self.open, key, replace(before, upper=upper))
        revised = changed(self, open=opened, reserved=self.reserved - before.upper + upper)
        return revised._covered()

    def regrant(self, grant: Vector) -> Self:
        """The ledger with another grant, but never less than is committed: read from `.grant` what it came
        to. A call of which no bound is known commits nothing: it takes of what is left at its end. Raises
        `OptionError` for what is no `Vector`.
        """
        return changed(self, grant=vector("grant", grant).most(self.committed.least(self.grant)))._covered()

    def clear(self) -> Self:
        """Lift the block of an overrun, by decision of who answers the pain."""
        closed = self.closed
        for key, one in self.closed.items():
            if one.overrun != one.cleared:
                closed = added(closed, key, changed(one, cleared=one.overrun))
        return changed(self, blocked=False, cleared=self.overrun, closed=closed)

    def _refuses(self, upper: Vector, now: float) -> str:
        if now >= self.until:
            return f"over since {self.until!r}"
        if self.blocked:
            return f"an overrun of {self.overrun!r} is not cleared"
        if not upper:
            return "" if self._left else "nothing is left"
        return "" if upper <= self.available else "not covered"

    @property
    def _left(self) -> bool:
        """Whether something is left of all that was granted."""
        there = self.available.resources
        return bool(self.grant) and all(name in there for name in self.grant.resources)

    def _covered(self) -> Self:
        """The ledger where what calls without a bound took beyond what was left then is covered by what has been given
        back since. It is blocked as long as more is overrun than was cleared.
        """
        ledger = self
        for key, one in self._uncovered():
            if not ledger._free:
                break
            ledger = ledger._covering(key, one, one.overrun.least(ledger._free))
        blocked = not ledger.overrun <= ledger.cleared
        return ledger if blocked is ledger.blocked else changed(ledger, blocked=blocked)

    def _uncovered(self) -> list[tuple[str, Settlement]]:
        """Calls without a bound that took more than was left, where that matters."""
        if self.overrun <= self.cleared or not self._free:
            return []
        pairs = ((key, one) for layer in layers_of(self.closed) for key, one in layer.items())
        found = [key for key, one in pairs if (one.free or not one.bounded) and one.overrun]
        return [(key, self.closed[key]) for key in dict.fromkeys(found) if self.closed[key].overrun]

    def _covering(self, key: str, one: Settlement, more: Vector) -> Self:
        left = one.overrun - more
        after = changed(one, covered=one.covered + more, cleared=one.cleared.least(left))
        return changed(
            self,
            overrun=self.overrun - more,
            cleared=self.cleared - one.cleared + after.cleared,
            closed=added(self.closed, key, after),
        )

    @property
    def _free(self) -> Vector:
        """What covers nothing yet."""
        return self.grant.less(self.committed.less(self.overrun))

    def _booked(self, key: str, settlement: Settlement) -> Self:
        """The ledger with a settlement."""
        return changed(
            self,
            spent=self.spent + settlement.actual,
            overrun=self.overrun + settlement.overrun,
            cleared=self.cleared + settlement.cleared,
            closed=added(self.closed, key, settlement),
        )


def _with(table: Mapping[str, V], key: str, value: V | None) -> Mapping[str, V]:
    """A copy of `table` with `key` set, or without it where the value is None."""
    rest = {other: kept for other, kept in table.items() if other != key}
    return rest if value is None else {**rest, key: value}
