"""Who keeps rights to spend for whom (`Escrow`): what a guardian and its wards do without being asked.

A ward spends under leases of its guardian. One that is silent beyond the end of its lease is given up on: its epoch
is void, and what it cannot have spent is the guardian's. When it returns it finds its rights void, and says what it
spent. A replica that is started again is another one: what the former had comes back through its guardian. Where it
had none, as a guardian has, the next start from the same store is in its place, with its rights and its wards.
"""

from collections.abc import Collection
from typing import Any, Literal

from cybernetic.crdt import Escrow, LeaseHolds

Custody = Literal["none", "guardian", "ward"]

MARGIN = 1.0  # seconds that clocks may differ by


def step(
    value: Escrow,
    me: str,
    role: Custody,
    guardians: Collection[str],
    live: Collection[str],
    now: float,
    lease: float,
) -> Escrow | None:
    """The delta of the next thing that `me` has to do for custody; None if there is nothing to do.

    Args:
        value: the value; join what is returned before asking again.
        me: the replica that asks, and its role.
        role: "guardian", "ward", or "none": then there is never anything to do.
        guardians: replicas that are guardians and were heard of late.
        live: all replicas that were heard of late.
        now: seconds since 1970.
        lease: seconds that a lease lasts; it is extended when half of that is over.
    """
    if role == "ward":
        return _as_ward(value, me, guardians)
    if role == "guardian":
        return _as_guardian(value, me, live, now, lease)
    return None


def parting(value: Escrow, me: str, live: Collection[str], now: float) -> Escrow | None:
    """The delta by which one who ends in order gives what it may still spend to who lives on; None if it cannot.

    A ward gives it to its guardian, a guardian to one of its wards.
    """
    guardian = guardian_of(value, me)
    heirs = [guardian] if guardian else [ward for ward in wards_of(value, me) if ward in live]
    amount = value.spendable(me, now)
    return value.give(me, min(heirs), amount, now) if heirs and amount else None


def following(value: Escrow, me: str, former: Collection[str]) -> Escrow | None:
    """The delta by which `me` is in the place of the next of those who never act again; None if it is of all.

    Those who had a guardian are left to that. Join what is returned before asking again.
    """
    for one in former:
        if value.store.trie.get(one) is None or value.keeper(one) not in ("", one):
            continue
        if value.successor(one) in (one, me) and (delta := value.succeed(me, one)):
            return delta
    return None


def left_by(value: Escrow, former: Collection[str]) -> list[str]:
    """Those of former starts of one store that the next start has to follow, or that have anything left."""
    return [
        one
        for one in former
        if value.store.trie.get(one) is not None and (value.successor(one) == one or value.rights(one) > 0)
    ]


def guardian_of(value: Escrow, replica: str) -> str:
    """Who guards a replica now; "" for nobody."""
    return value.keeper(replica)


def wards_of(value: Escrow, guardian: str) -> list[str]:
    """Those whom a replica guards, by their choice or in another's place, in order."""
    wards: Any = value.store.trie.items()
    return sorted([ward for ward, row in wards if row.guardian and value.keeper(ward) == guardian])


def _as_ward(value: Escrow, me: str, guardians: Collection[str]) -> Escrow | None:
    if guardian_of(value, me):
        return value.settle(me) or None
    return value.entrust(me, min(guardians)) if guardians else None


def _as_guardian(value: Escrow, me: str, live: Collection[str], now: float, lease: float) -> Escrow | None:
    for ward in wards_of(value, me):
        delta = _extended(value, me, ward, now, lease) if ward in live else _reclaimed(value, me, ward, now)
        if delta:
            return delta
    return None


def _extended(value: Escrow, me: str, ward: str, now: float, lease: float) -> Escrow | None:
    rights = value.rights(ward)
    if rights < 1:
        return None
    held = value.lease_of(ward)
    row: Any = value.store.trie.get(ward)
    if held is not None and held.until - now > lease / 2 and held.ceiling - row.outgo >= rights:
        return None
    return value.lease(me, ward, rights, now + lease)


def _reclaimed(value: Escrow, me: str, ward: str, now: float) -> Escrow | None:
    try:
        return value.reclaim(me, ward, now, MARGIN)
    except LeaseHolds:
        return None
