"""Weights that are earned, and allocations that are published only when they have moved."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from math import exp
from sys import float_info
from typing import Self

from cybernetic.core import number
from cybernetic.vsm.checks import entry, mapping, share


@dataclass(frozen=True, slots=True)
class Productivity:
    """An exponentially weighted mean of accounted value for each unit of resource.

    Arguments:
        horizon: resource after whose spending a report has faded to 1/e, in units of the resource, > 0.
        value: what has been accounted, faded.
        spent: what it took, faded.
    """

    horizon: float
    value: float = 0.0
    spent: float = 0.0

    def __post_init__(self) -> None:
        number("horizon", self.horizon, above=0.0)
        number("value", self.value, least=0.0)
        number("spent", self.spent, least=0.0)

    def after(self, value: float, spent: float) -> Self:
        """After a report of `value` >= 0 accounted for `spent` >= 0 of the resource. Raises `OptionError`, also where
        a sum would be more than a float holds.
        """
        fade = exp(-number("spent", spent, least=0.0) / self.horizon)
        return replace(
            self,
            value=self.value * fade + number("value", value, least=0.0),
            spent=self.spent * fade + spent,
        )

    @property
    def ratio(self) -> float:
        """Value for each unit of resource, finite; 0.0 before anything was spent."""
        return min(self.value / self.spent, float_info.max) if self.spent else 0.0


def earned_weights(
    base: Mapping[str, float], productivity: Mapping[str, float], *, epsilon: float = 0.2
) -> dict[str, float]:
    """`base * (epsilon + (1 - epsilon) * productivity)`: what policy gives, bent by what is earned.

    Arguments:
        base: the weights policy (S5) gave, >= 0, by unit.
        productivity: by unit, >= 0, in any one unit: taken relative to the highest. A unit not named has none
            yet, and counts as the highest: a newcomer is not punished for having no past.
        epsilon: the part of a weight that nothing can take away, in [0, 1].
    """
    share("epsilon", epsilon)
    mapping("base", base)
    best = max(
        (
            number(entry("productivity", unit), value, least=0.0)
            for unit, value in mapping("productivity", productivity).items()
        ),
        default=0,
    )
    return {
        unit: number(entry("base", unit), weight, least=0.0)
        * (epsilon + (1 - epsilon) * (productivity.get(unit, best) / best if best else 1.0))
        for unit, weight in base.items()
    }


def worth_publishing(old: Mapping[str, float], new: Mapping[str, float], *, change: float = 0.1) -> bool:
    """Whether an allocation differs enough from the published one: some `|new - old| / old > change`
    (hysteresis).

    A unit that came, went, or had nothing and gets something always does. `change` >= 0. Raises `OptionError` for an
    amount that is negative or not finite.
    """
    number("change", change, least=0.0)
    for name, amounts in (("old", old), ("new", new)):
        for unit, amount in mapping(name, amounts).items():
            number(entry(name, unit), amount, least=0.0)
    return old.keys() != new.keys() or any(abs(new[unit] - old[unit]) > change * old[unit] for unit in old)
