"""Exclusive leases on artefacts (files, tickets, customers): one holder a key, fencing tokens, waiting with
ageing.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from math import inf
from typing import Self, TypeVar

from cybernetic.core import OptionError, number, whole
from cybernetic.vsm.changed import changed
from cybernetic.vsm.checks import entries, entry, instance, mapping, tuple_of, word
from cybernetic.vsm.damping.fence import LeaseLost, told

V = TypeVar("V")

SERIALS = 2**32  # tokens of one epoch; those of a later epoch are all higher


@dataclass(frozen=True, slots=True)
class Lease:
    """The exclusive right to `key` for `holder` before `until`, by the table's clock.

    Show `token` to the resource, whose `Fence` checks it. `ttl`, seconds: as long, from when it asked, a holder on
    another clock may believe in what it was handed. What a table keeps has that of the grant, for renewals.

    Raises `OptionError` for an empty key or holder, a token < 1, a `ttl` that is not > 0, or an `until` that is not
    finite.
    """

    key: str
    holder: str
    token: int
    until: float
    ttl: float

    def __post_init__(self) -> None:
        word("key", self.key)
        word("holder", self.holder)
        whole("token", self.token, least=1, most=inf)
        number("until", self.until)
        number("until", self.until - 2.0 * number("ttl", self.ttl, above=0.0))

    @property
    def renew_at(self) -> float:
        """When the holder should renew: a third of the lease's life after it was granted or renewed."""
        return self.until - self.ttl * 2.0 / 3.0


@dataclass(frozen=True, slots=True)
class Waiter:
    """One that waits for a key since a time, with a priority that grows as it waits.

    `ttl`: seconds of the lease it wants; None: as long as the table gives. Raises `OptionError` for what is no number.
    """

    holder: str
    since: float
    priority: float
    ttl: float | None = None

    def __post_init__(self) -> None:
        word("holder", self.holder)
        number("since", self.since)
        number("priority", self.priority)
        if self.ttl is not None:
            number("ttl", self.ttl, above=0.0)


@dataclass(frozen=True, slots=True)
class LeaseTable:
    """Who holds what, and who waits for it: a value; each operation returns the table after it.

    The table is soft state. One that replaces a dead one is made with a higher `epoch` and is `quiet` for as long as
    the longest lease that any predecessor gave: it grants nothing, while holders of old leases report them (`adopt`)
    or let them lapse. So at any time at most one unexpired lease exists for a key, and tokens grow for ever. Times are
    the table's; a holder on another clock counts `ttl` from when it asked, so what is handed out has no longer a `ttl`
    than is left of it, also when it is asked for again.

    Arguments:
        ttl: seconds > 0 a lease lasts, at most, unless renewed; a request may want a shorter one.
        epoch: number of this table among its predecessors and successors, >= 0.
        quiet: nothing is granted before this time, seconds; for a successor: its birth + the longest ttl that any
            predecessor gave, for leases are handed on.
        ageing: seconds of waiting that weigh as much as one step of priority, > 0.
    """

    ttl: float
    epoch: int = 0
    quiet: float = 0.0
    ageing: float = 10.0
    serial: int = 0
    leases: Mapping[str, Lease] = field(default_factory=dict)
    waiting: Mapping[str, tuple[Waiter, ...]] = field(default_factory=dict)
    seen: float | None = None

    def __post_init__(self) -> None:
        number("ttl", self.ttl, above=0.0)
        number("ageing", self.ageing, above=0.0)
        number("quiet", self.quiet)
        whole("epoch", self.epoch)
        whole("serial", self.serial)
        entries("leases", self.leases, Lease)
        for key, queue in mapping("waiting", self.waiting).items():
            tuple_of(entry("waiting", key), queue, Waiter)
        if self.seen is not None:
            number("seen", self.seen)

    def holding(self, key: str, now: float) -> Lease | None:
        """The lease on `key` that is valid at `now`, as it is kept; None where there is none."""
        number("now", now, least=self.seen)
        lease = self.leases.get(instance("key", key, str))
        return lease if lease and now < lease.until else None

    def request(
        self, key: str, holder: str, now: float, *, priority: float = 0.0, ttl: float | None = None
    ) -> tuple[Self, Lease | None]:
        """Ask for `key`: the table, and the lease if `holder` has it now; else it waits until granted or
        `forget`ten.

        Asking again changes nothing: a holder gets the lease it has, unrenewed, for what is left of it; one that waits
        keeps its place. `ttl`: seconds > 0 it is to last; those beyond the table's are not granted.
        """
        number("priority", priority)
        if ttl is not None:
            number("ttl", ttl, above=0.0)
        lease = self.holding(key, now)
        if lease and lease.holder == word("holder", holder):
            return changed(self, seen=now), _handed(lease, now)
        queue = self.waiting.get(key, ())
        if all(waiter.holder != holder for waiter in queue):
            queue = (*queue, Waiter(holder, now, priority, ttl))
        asked = changed(self, waiting=_with(self.waiting, key, queue), seen=now)
        table, granted = asked._granted((key,), now)
        return table, next((lease for lease in granted if lease.holder == holder), None)

    def renew(self, key: str, token: int, now: float) -> tuple[Self, Lease]:
        """Prolong a lease by the `ttl` it was granted with, from now on, or by the table's if that is shorter; it never
        ends earlier.

        Raises `LeaseLost` if it has lapsed or `token` is not the one that holds.
        """
        lease = self._held(key, token, now)
        longer = replace(lease, until=max(lease.until, _ends(now, min(lease.ttl, self.ttl))))
        return changed(self, leases=_with(self.leases, key, longer), seen=now), _handed(longer, now)

    def release(self, key: str, token: int, now: float) -> tuple[Self, Lease | None]:
        """Give a key back: the table, and the lease of who waited longest for it.

        A token that lost changes nothing.
        """
        lease = self.holding(key, now)
        if lease and lease.token == token:
            free = changed(self, leases=_with(self.leases, key, None), seen=now)
            table, granted = free._granted((key,), now)
            return table, next(iter(granted), None)
        return changed(self, seen=now), None

    def withdraw(self, holder: str, now: float, key: str | None = None) -> Self:
        """`holder` does not wait any more, for `key` or (None) for anything. What it holds it holds."""
        number("now", now, least=self.seen)
        word("holder", holder)
        if key is not None:
            instance("key", key, str)
        waiting = dict(self.waiting)
        for waited in self.waiting if key is None else self.waiting.keys() & {key}:
            waiting[waited] = tuple(one for one in waiting[waited] if one.holder != holder)
            if not waiting[waited]:
                del waiting[waited]
        return changed(self, waiting=waiting, seen=now)

    def forget(self, holder: str, now: float) -> tuple[Self, tuple[Lease, ...]]:
        """After the death of `holder`: it waits no more and its leases are free; the leases that others got
        by it.

        Only for a holder that is known dead: one that is merely silent keeps its leases until they lapse.
        """
        table = self.withdraw(holder, now)
        leases = {key: lease for key, lease in self.leases.items() if lease.holder != holder}
        return changed(table, leases=leases).turn(now)

    def turn(self, now: float) -> tuple[Self, tuple[Lease, ...]]:
        """Let lapse what is over and grant what is free to who waits: the table, and the leases granted by
        it.
        """
        number("now", now, least=self.seen)
        live = {key: lease for key, lease in self.leases.items() if now < lease.until}
        return changed(self, leases=live, seen=now)._granted(self.waiting, now)

    def adopt(self, lease: Lease, now: float) -> Self:
        """Take in a lease that a predecessor granted, told by its holder: to its end, also where the predecessor gave
        longer ones than this table does; but none lasts longer than its own `ttl` from now. One that is known, and
        was renewed since, is not shortened by a report that comes late or again. It is renewed for the `ttl` reported:
        who was handed what was left of a lease may report the `ttl` that it wants. A holder that asked before it
        reported waits no more: it has what it asked for. The words of one holder come in order: what it gave back it
        does not report after that.

        Raises `LeaseLost` if it has lapsed, is not of an earlier epoch, comes after the quiet time, or if a
        lease with a higher token is known for its key.
        """
        known = self.holding(instance("lease", lease, Lease).key, now)
        if now >= min(lease.until, self.quiet):
            raise LeaseLost(lease.key, lease.token, "it is over, or reported after the quiet time")
        if lease.token >= self.epoch * SERIALS or (known and known.token > lease.token):
            raise LeaseLost(lease.key, lease.token, "a newer lease is known")
        kept = replace(lease, until=min(lease.until, now + lease.ttl))
        if known and known.token == lease.token:
            kept = replace(known, until=max(known.until, kept.until))
        queue = tuple(one for one in self.waiting.get(lease.key, ()) if one.holder != lease.holder)
        waiting = _with(self.waiting, lease.key, queue)
        return changed(self, leases=_with(self.leases, lease.key, kept), waiting=waiting, seen=now)

    def _held(self, key: str, token: int, now: float) -> Lease:
        lease = self.holding(key, now)
        if lease is None or lease.token != token:
            why = (
                "nobody holds it"
                if lease is None
                else f"{lease.holder!r} holds it with token {told(lease.token)}"
            )
            raise LeaseLost(key, token, why)
        return lease

    def _granted(self, keys: Iterable[str], now: float) -> tuple[Self, tuple[Lease, ...]]:
        """Grant each of these keys that is free to the waiter whose priority has grown highest; the first of equal
        ones.
        """
        if now < self.quiet:
            return self, ()
        free = [key for key in keys if self.waiting.get(key) and not self.holding(key, now)]
        leases, waiting, granted = dict(self.leases), dict(self.waiting), list[Lease]()
        for token, key in enumerate(free, self.epoch * SERIALS + self.serial + 1):
            queue = waiting.pop(key)
            first = max(queue, key=lambda waiter: waiter.priority + (now - waiter.since) / self.ageing)
            if rest := tuple(waiter for waiter in queue if waiter is not first):
                waiting[key] = rest
            ttl = self.ttl if first.ttl is None else min(first.ttl, self.ttl)
            leases[key] = Lease(key, first.holder, token, _ends(now, ttl), ttl)
            granted.append(leases[key])
        after = changed(self, serial=self.serial + len(free), leases=leases, waiting=waiting)
        return (after, tuple(granted)) if granted else (self, ())


def _ends(now: float, ttl: float) -> float:
    """When a lease ends that is granted at `now`. Raises `OptionError` where no float says that."""
    until = float(now) + ttl
    if not (until < inf and until - 2.0 * ttl > -inf):
        raise OptionError("now", f"a time from which on {ttl:g} s are a finite one", now)
    return until


def _handed(lease: Lease, now: float) -> Lease:
    """What a holder is told of a lease at `now`: it may count no more than is left of it."""
    return lease if now + lease.ttl <= lease.until else replace(lease, ttl=lease.until - now)


def _with(table: Mapping[str, V], key: str, value: V | None) -> Mapping[str, V]:
    """A copy of `table` with `key` set, or without it where the value is None or empty."""
    after = dict(table)
    after.pop(key, None)
    if value:
        after[key] = value
    return after
