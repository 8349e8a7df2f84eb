"""What is lent to whom in the course of an epoch: fair parts first, then what lies idle to those who can use it."""

from collections.abc import Collection, Mapping
from dataclasses import replace
from math import inf

from cybernetic.core import number
from cybernetic.vsm.bargain.allocate import Claim, allocate
from cybernetic.vsm.bargain.vector import GRAIN, NOTHING, Vector, total, vector
from cybernetic.vsm.checks import entry, instance, mapping, share

DUST = 0.002  # part of what there is: less is not worth a contract


def lend(
    pool: Vector,
    claims: Mapping[str, Claim],
    used: Mapping[str, Vector],
    gone: float,
    bounds: Mapping[str, Vector] | None = None,
    apart: Collection[str] = (),
) -> dict[str, Vector]:
    """What each unit is to hold when the part `gone` (0 to 1) of the epoch is over; together at most `pool`, exactly.

    Each resource is shared out by itself, as `allocate` does. A lease is meant to be used evenly. What a unit has left
    idle of its part so far goes to those that have used more than theirs by now, by their weights and up to their
    caps; what it needs for the rest of the epoch at its full rate it keeps. Where nobody is ahead nothing moves.

    Args:
        pool: all that is lent or could be.
        claims: by unit, floors and caps as parts of 1.
        used: by unit, what it has spent or set aside in this epoch. One that is not named keeps its part.
        gone: how much of the epoch is over.
        bounds: by unit, the most it is to get, if that is less than its cap; its floor it gets in any case.
        apart: units that get nothing of what lies idle, however much they use.

    Where no unit has a weight each gets its floor. Raises `OptionError` as `allocate` does else, and for what is no
    `Vector`.
    """
    share("gone", gone)
    mapping("used", used)
    mapping("bounds", {} if bounds is None else bounds)
    for unit in instance("apart", apart, Collection):  # type: ignore[type-abstract]
        instance("apart", unit, str)
    for unit, claim in mapping("claims", claims).items():
        instance(entry("claims", instance("claims", unit, str)), claim, Claim)
    grains: dict[str, dict[str, int]] = {unit: {} for unit in claims}
    for name in vector("pool", pool).resources:
        amount = pool.amount(name)
        limits = {
            unit: vector(entry("bounds", unit), most).amount(name) for unit, most in (bounds or {}).items()
        }
        wanted = {unit: _claim(claim, amount, limits.get(unit, inf)) for unit, claim in claims.items()}
        so_far = {
            unit: vector(entry("used", unit), spent).amount(name)
            for unit, spent in used.items()
            if unit in claims
        }
        for unit, part in _lent(amount, wanted, so_far, gone, apart).items():
            grains[unit][name] = int(part * GRAIN)
    return _exactly({unit: Vector.of_grains(counts) for unit, counts in grains.items()}, pool)


def moved(old: Vector, new: Vector, used: Vector, pool: Vector, change: float = 0.1) -> bool:
    """Whether a lease of `new` differs from one of `old` by enough to be worth a contract (hysteresis).

    It does where what is left of it after what is `used` differs by more than the part `change` (>= 0) of what is left
    now, and by more than dust of the `pool`. Raises `OptionError`.
    """
    number("change", change, least=0.0)
    for name, given in (("old", old), ("new", new), ("used", used), ("pool", pool)):
        vector(name, given)
    for name in {*old.resources, *new.resources}:
        before, after = old.less(used).amount(name), new.less(used).amount(name)
        if abs(after - before) > max(change * before, DUST * pool.amount(name)):
            return True
    return False


def _lent(
    amount: float,
    claims: Mapping[str, Claim],
    used: Mapping[str, float],
    gone: float,
    apart: Collection[str],
) -> dict[str, float]:
    """Of one resource, with claims in its unit: the fair parts, but for what is idle where somebody is ahead."""
    fair = _fair(amount, claims)
    ahead = {unit for unit, spent in used.items() if spent > gone * fair[unit] and unit not in apart}
    if not ahead:
        return fair
    limits = {
        unit: min(part, used[unit] + (1.0 - gone) * part) if unit in used else part
        for unit, part in fair.items()
    }
    taken = {unit: _capped(claim, inf if unit in ahead else limits[unit]) for unit, claim in claims.items()}
    return _fair(amount, taken)


def _fair(amount: float, claims: Mapping[str, Claim]) -> dict[str, float]:
    """The fair parts; where nobody has a weight, as when all that have one have accounted for the epoch, the floors."""
    if any(claim.weight for claim in claims.values()):
        return allocate(amount, claims)
    nobody = max(claims, key=len, default="") + "'"  # a name that none of them has: who takes the rest
    parts = allocate(amount, {**claims, nobody: Claim(1.0)})
    return {unit: parts[unit] for unit in claims}


def _claim(claim: Claim, amount: float, bound: float) -> Claim:
    """A claim in parts of 1 as one in the unit of `amount`, and no higher than its bound."""
    cap = inf if claim.cap is None else claim.cap * amount
    return _capped(Claim(claim.weight, claim.floor * amount), min(cap, bound))


def _capped(claim: Claim, most: float) -> Claim:
    """The claim with a cap of at most that, but no less than its floor."""
    cap = min(most, inf if claim.cap is None else claim.cap)
    return claim if cap == inf else replace(claim, cap=max(claim.floor, cap))


def _exactly(parts: dict[str, Vector], pool: Vector) -> dict[str, Vector]:
    """The parts, which may sum to a float's last digit more than there is: then the largest gives that up."""
    excess = total(parts.values()).less(pool)
    for name in excess.resources:
        largest = max(parts, key=lambda unit: (parts[unit].amount(name), unit))
        parts[largest] = parts[largest].less(Vector.of_grains({name: excess.grains[name]}))
    return parts if excess == NOTHING else _exactly(parts, pool)
