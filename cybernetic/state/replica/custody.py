"""Who keeps rights to spend for whom (`Escrow`): what a guardian and its wards do without being asked.

A ward spends under leases of its guardian, each of a slice of its rights, or of as much as it asked for. One that is
silent beyond the end of its lease is given up on: its epoch is void, and what it cannot have spent is the guardian's.
When it returns it finds its rights void, and says what it spent. A replica that is started again is another one: its
next start from the same store says for it that it is over, so the rest is the guardian's too. Where it had no guardian,
as a guardian has none, that start is in its place, with its rights and its wards. Of the dead that have nothing left
who has a right to it takes over the rows (`Escrow.absorb`), so that a year of restarts leaves one.
"""

from collections.abc import Callable, Collection, Iterator
from itertools import islice
from math import ceil
from typing import Any, Literal

from cybernetic.crdt import Escrow, LeaseHolds

Custody = Literal["none", "guardian", "ward"]

MARGIN = 1.0  # seconds that clocks may differ by
_FEW = 4
_TOGETHER = 50  # wards whose leases are extended at once
_SOME = 7  # and where so many are too many
_TRIES = 8  # deltas weighed in one step at most: each may take long

Weighed = tuple[Escrow, Escrow]
"""A delta, and what has to be small enough that it may be made."""

Fits = Callable[[Escrow], bool]
"""Says of a delta whether others can be told it: whether it is small enough for a frame."""


def step(
    value: Escrow,
    me: str,
    role: Custody,
    guardians: Collection[str],
    live: Collection[str],
    now: float,
    lease: float,
    slice_: float,
    fits: Fits = lambda delta: True,
) -> Escrow | None:
    """The delta of the next thing that `me` has to do for custody or the rows of the dead; None if there is nothing.

    One that is too large, which only a guardian of very many makes, is returned when there is nothing else to do, and
    is not to be joined. A guardian begins to lease only where there is room for all that it will have to do for those
    it leases to: so its row may be full, and they go on.

    Args:
        value: the value; join what is returned before asking again.
        me: the replica that asks, and its role.
        role: "guardian", "ward", or "none": then there is nothing to do but for the rows of starts before it.
        guardians: replicas that are guardians and were heard of late.
        live: all replicas that were heard of late.
        now: seconds since 1970.
        lease: seconds that a lease lasts; it is extended when half of that is over.
        slice_: the part of a ward's rights that a lease lets it spend; extended when half of that is spent.
        fits: says of a delta whether it is small enough. Default: any is.
    """
    if value.absorbed(me):
        return None
    due: Iterator[Weighed] = iter(())
    if role == "ward":
        due = ((delta, delta) for delta in _as_ward(value, me, guardians))
    if role == "guardian":
        due = _as_guardian(value, me, live, now, lease, slice_)
    late = None
    for delta, most in islice(due, _TRIES):
        if fits(most):
            return delta
        late = most
    return value.absorb(me, fits) or late


def parting(value: Escrow, me: str, live: Collection[str], now: float) -> Escrow | None:
    """The delta by which one who ends in order leaves what it may still spend to who lives on; None if it cannot.

    A ward says that it is over, a guardian gives it to one of its wards.
    """
    if guardian_of(value, me):
        return value.settle_for(me, me) if value.rights(me) > 0 else None
    heirs = [ward for ward in wards_of(value, me) if ward in live and not value.ended(ward)]
    amount = value.spendable(me, now)
    return value.give(me, min(heirs), amount, now) if heirs and amount else None


def following(value: Escrow, me: str, former: Collection[str]) -> Escrow | None:
    """The delta by which `me` does what is due for the next of those who never act again; None if it is done for all.

    It is in the place of those who had no guardian, and says of the others that they are over, to whom their guardian
    then takes what they had. Join what is returned before asking again.
    """
    if value.absorbed(me):  # somebody has said that it is over
        return None
    for one in former:
        if value.store.trie.get(one) is None and not value.rights(one):
            continue
        if value.keeper(one) not in ("", one):
            if delta := value.settle_for(me, one):
                return delta
        elif value.successor(one) in (one, me) and (delta := value.succeed(me, one)):
            return delta
    return None


def left_by(value: Escrow, former: Collection[str]) -> list[str]:
    """Those of former starts of one store that the next start has to follow, or that have anything left.

    Of one that wrote nothing it may not be known yet that it was given something: the latest few are kept in mind.
    """
    few = list(former)[-_FEW:]
    return [one for one in former if not value.absorbed(one) and _left(value, one, one in few)]


def _left(value: Escrow, one: str, latest: bool) -> bool:
    if value.store.trie.get(one) is None:
        return latest or value.rights(one) > 0
    if value.keeper(one) not in ("", one):
        return not value.ended(one)
    return value.successor(one) == one or value.rights(one) > 0


def over(value: Escrow, me: str) -> bool:
    """Whether it was said that `me` never acts again, or another is in its place."""
    return value.successor(me) != me or value.ended(me)


def guardian_of(value: Escrow, replica: str) -> str:
    """Who guards a replica now; "" for nobody."""
    return value.keeper(replica)


def wards_of(value: Escrow, guardian: str) -> list[str]:
    """Those whom a replica guards, by their choice or in another's place, in order."""
    rows: Any = [(ward, row.guardian) for ward, row in value.store.trie.items() if row.guardian]
    keepers = {chosen: value.successor(chosen) for chosen in {chosen for _, chosen in rows}}
    return sorted([ward for ward, chosen in rows if keepers[chosen] == guardian])


def _as_ward(value: Escrow, me: str, guardians: Collection[str]) -> Iterator[Escrow]:
    if guardian_of(value, me):
        if delta := value.settle(me):
            yield delta
    elif guardians:
        yield value.entrust(me, min(guardians))


def _as_guardian(
    value: Escrow, me: str, live: Collection[str], now: float, lease: float, slice_: float
) -> Iterator[Weighed]:
    """What is to be done, as one delta of which one is to be joined: each next is for who cannot use those before."""
    rights, alive = value.balances(), set(live)
    longer: dict[str, int] = {}
    first: dict[str, int] = {}
    silent: list[str] = []
    for ward in wards_of(value, me):
        if ward not in rights:
            continue  # there is nothing to lease or to take: the dead, who become many, cost no more than this
        if ward not in alive or value.ended(ward):
            silent.append(ward)
        elif amount := _leased(value, ward, rights[ward], now, lease, slice_):
            some = first if value.lease_of(ward) is None else longer
            if len(some) < _TOGETHER:
                some[ward] = amount
    for leases, begun in _batches(longer, first):
        given = value.leases(me, leases, now + lease)
        yield given, value.fullest(me, begun) if begun else given
    for ward in silent:
        if delta := _reclaimed(value, me, ward, now):
            yield delta, delta


def _batches(
    longer: dict[str, int], first: dict[str, int]
) -> Iterator[tuple[dict[str, int], dict[str, int]]]:
    """Leases to be given at once, and which of them are first ones: each next for who cannot use those before."""
    one = _few(first, 1)
    if first:
        yield longer | first, first
    if len(first) > 1:
        yield longer | one, one
    for most in _TOGETHER, _SOME, 1:
        if longer and (most == _TOGETHER or len(longer) > most):
            yield _few(longer, most), {}


def _few(leases: dict[str, int], most: int) -> dict[str, int]:
    return dict(islice(leases.items(), most))


def _leased(value: Escrow, ward: str, rights: int, now: float, lease: float, slice_: float) -> int:
    """By how much more than it has used a ward is to be leased now; 0 if it is not due."""
    if rights < 1:
        return 0
    held = value.lease_of(ward)
    due, asked = ceil(rights * slice_), min(rights, value.asked(ward))
    if held is None:
        return max(due, asked)
    row: Any = value.store.trie.get(ward)
    left = held.ceiling - row.outgo
    if held.until - now > lease / 2 and 2 * left >= due and left >= asked:
        return 0
    return max(due, asked)


def _reclaimed(value: Escrow, me: str, ward: str, now: float) -> Escrow | None:
    try:
        return value.reclaim(me, ward, now, MARGIN)
    except LeaseHolds:
        return None
