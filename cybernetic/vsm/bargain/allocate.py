"""Who gets how much: proportional fairness with floors and caps, solved exactly."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import fsum, inf
from sys import float_info

from cybernetic.core import OptionError, number
from cybernetic.vsm.bargain.vector import NOTHING, Vector, total, vector
from cybernetic.vsm.checks import entry, instance, mapping


@dataclass(frozen=True, slots=True)
class Claim:
    """One unit's claim on what is shared out.

    Arguments:
        weight: >= 0; beyond its floor a unit of weight 0 gets nothing.
        floor: the least it gets, >= 0.
        cap: the most it gets, at least the floor; None: no cap.

    Floor and cap are in the unit of what `allocate` shares out, and parts of 1 for `divide`. Raises
    `OptionError`.
    """

    weight: float
    floor: float = 0.0
    cap: float | None = None

    def __post_init__(self) -> None:
        number("weight", self.weight, least=0.0)
        number("floor", self.floor, least=0.0)
        if self.cap is not None:
            number("cap", self.cap, least=self.floor)

    def at(self, level: float) -> float:
        """What it gets at a `level` (amount for each unit of weight, >= 0, may be infinite):
        `clamp(weight * level, floor, cap)`; finite where the level is. Raises `OptionError`.
        """
        most = inf if level == inf else float_info.max
        if level != inf:
            number("level", level, least=0.0)
        raised = max(self.floor, min(self.weight * level, most) if self.weight else 0.0)
        return raised if self.cap is None else min(raised, self.cap)


def allocate(amount: float, claims: Mapping[str, Claim]) -> dict[str, float]:
    """Share out `amount` >= 0: maximise `sum of w_i log x_i` with `sum of x_i <= amount` between floors and
    caps.

    The solution is `x_i = clamp(w_i * level, floor_i, cap_i)` with one level for all. The sum is piecewise
    linear in it, so it is found exactly, by walking its corners, in O(n log n). What all the caps together
    cannot take is left over.

    Shares are floats, each rounded for itself: together they may exceed the amount in its last digits, by some 2e-16
    of it, and floors that together exceed it by up to 1e-12 of it are taken for rounding, and given. Where nothing
    may be overspent use `divide`, which counts exactly.

    Raises `OptionError` for an amount that cannot be, weights that sum to nothing, or floors that together
    exceed it.
    """
    number("amount", amount, least=0.0)
    for name, claim in mapping("claims", claims).items():
        instance(entry("claims", name), claim, Claim)
    if not claims or _sum("weights", [claim.weight for claim in claims.values()]) <= 0:
        raise OptionError("weights", "a sum > 0", {name: claim.weight for name, claim in claims.items()})
    floors = _sum("floors", [claim.floor for claim in claims.values()])
    _sum("caps", [floors, *[claim.cap for claim in claims.values() if claim.cap is not None]])
    if floors > amount * (1 + 1e-12):
        raise OptionError("floors", f"a sum of at most the amount ({amount!r})", floors)
    level = _level(amount, list(claims.values()))
    shares = {name: claim.at(level) for name, claim in claims.items()}
    if inf in shares.values():
        raise OptionError("weights", "numbers by which the amount can be divided", amount)
    return shares


def _sum(name: str, values: Sequence[float]) -> float:
    """The exact sum of what is >= 0. Raises `OptionError` when no float can hold it."""
    try:
        return fsum(values)
    except OverflowError:
        raise OptionError(name, "a sum that is finite", values) from None


def divide(grant: Vector, claims: Mapping[str, Claim]) -> dict[str, Vector]:
    """Share out a vector; floors and caps are parts of 1. Together at most `grant`, by exact count: what the floats
    of `allocate` round up by, the largest part gives back.

    Raises `OptionError` as `allocate` does, and for a `grant` that is no `Vector`.
    """
    shares = allocate(1.0, claims)
    parts = {name: vector("grant", grant).times(share) for name, share in shares.items()}
    excess = total(parts.values()).less(grant)
    if (
        excess != NOTHING
    ):  # shares that sum to 1 + 2e-16 of many tokens: the largest part gives up the odd billionth
        largest = max(shares, key=lambda name: (shares[name], name))
        parts[largest] = parts[largest].less(excess)
    return parts


def _level(amount: float, claims: list[Claim]) -> float:
    """The level at which the claims take `amount` together; `inf` if even their caps do not."""
    slope: list[float] = []
    fixed: list[float] = []
    corners = []  # (level, change of slope, change of what is fixed)
    for claim in claims:
        _add(claim.floor, fixed)
        if claim.weight > 0:
            corners.append((claim.floor / claim.weight, claim.weight, -claim.floor))
            if claim.cap is not None:
                corners.append((claim.cap / claim.weight, -claim.weight, claim.cap))
    corners.sort(key=lambda corner: corner[0])
    for place, (_, more, held) in enumerate(corners):
        _add(more, slope)
        _add(held, fixed)
        ends = corners[place + 1][0] if place + 1 < len(corners) else inf
        rise, rest = fsum(slope), amount - fsum(fixed)
        if rise > 0 and rest <= rise * ends:
            return max(0.0, rest) / rise  # floors that take all may sum to a float's last digit more
    return inf


def _add(value: float, parts: list[float]) -> None:
    """Add to a sum that is kept exactly, as few floats that do not overlap, so that `fsum` of them is quick.

    After Shewchuk, "Adaptive precision floating-point arithmetic and fast robust geometric predicates" (1997).
    """
    kept = 0
    for part in parts:
        large, small = (value, part) if abs(value) >= abs(part) else (part, value)
        value = large + small
        rest = small - (value - large)
        if rest:
            parts[kept] = rest
            kept += 1
    parts[kept:] = [value]
