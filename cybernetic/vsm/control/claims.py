"""What each unit of a level may claim of what the level lends."""

from collections.abc import Collection, Mapping
from dataclasses import replace
from math import fsum, inf

from cybernetic.vsm.bargain.allocate import Claim
from cybernetic.vsm.bargain.vector import Vector
from cybernetic.vsm.control.messages import Charge

ROUNDING = 1e-9  # parts of a whole are rounded down


def claims_on(
    pool: Vector,
    held: Collection[str],
    auditing: Mapping[str, float],
    charges: Mapping[str, Charge],
    weights: Mapping[str, float],
    owed: Mapping[str, Vector],
) -> dict[str, Claim]:
    """What each of those that have an account (`held`) may claim of a `pool`; who took more than he was lent (`owed`)
    claims that first, where there is as much. `auditing` are parts of 1 that are set aside for audits.
    """
    claims = {path: Claim(0.0, part, part) for path, part in auditing.items() if path in held}
    for path, charge in charges.items():
        if path in held:
            claims[path] = Claim(weights[path], charge.floor_share, charge.cap_share)
    taken = {path: _part(spent, pool) for path, spent in owed.items() if path in claims}
    floors = {path: max(claim.floor, taken.get(path, 0.0)) for path, claim in claims.items()}
    if not taken or fsum(floors.values()) > 1.0:
        return claims
    return {path: _at_least(claim, floors[path]) for path, claim in claims.items()}


def _part(spent: Vector, pool: Vector) -> float:
    """The part of a pool that covers what was spent, of each resource; infinite where there is nothing of one."""
    parts = [spent.amount(name) / pool.amount(name) if pool.amount(name) else inf for name in spent.resources]
    return max(parts, default=0.0) * (1 + ROUNDING)


def _at_least(claim: Claim, floor: float) -> Claim:
    return replace(claim, floor=floor, cap=None if claim.cap is None else max(claim.cap, floor))
