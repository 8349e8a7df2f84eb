"""System 4's model of its own organisation: its units, their weights, and what a shift between them would do."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Self

from cybernetic.core import OptionError, number
from cybernetic.wire import travels

KEEP = 0.5  # of a unit's share that one shift leaves it at least


@travels(name="vsm.SelfModel")
@dataclass(frozen=True, slots=True)
class SelfModel:
    """The units by path with their weights, and the `capacity` of all of them together, tasks a tick (>= 0).

    A unit can do its share of the capacity by its weight: what more comes to it is not met. Raises `OptionError`.
    """

    weights: Mapping[str, float]
    capacity: float = 0.0

    def __post_init__(self) -> None:
        for path, weight in self.weights.items():
            number(f"weights[{path!r}]", weight, above=0)
        number("capacity", self.capacity, least=0)

    @property
    def units(self) -> tuple[str, ...]:
        """Their paths."""
        return tuple(self.weights)

    @property
    def shares(self) -> dict[str, float]:
        """The part of each (0 to 1)."""
        whole = sum(self.weights.values())
        return {path: weight / whole for path, weight in self.weights.items()}

    def unmet(self, demand: Mapping[str, float]) -> float:
        """How much of a tick's demand, by unit, is not met. Raises `OptionError` for a unit that it does not know."""
        if not demand.keys() <= self.weights.keys():
            raise OptionError("demand", f"units of {sorted(self.weights)}", sorted(demand))
        shares = self.shares
        return sum(max(0.0, much - self.capacity * shares[path]) for path, much in demand.items())

    def shifted(self, weights: Mapping[str, float]) -> Self:
        """The same with other weights. Raises `OptionError`."""
        if weights.keys() != self.weights.keys():
            raise OptionError("weights", f"one for each of {sorted(self.weights)}", sorted(weights))
        return replace(self, weights=dict(weights))

    def fitted(self, demand: Mapping[str, float]) -> Self:
        """With weights as the demand is, the sum unchanged; no unit is left less than `KEEP` of what it has."""
        total, asked = sum(self.weights.values()), sum(demand.values())
        if not asked:
            return self
        least = {path: weight * KEEP for path, weight in self.weights.items()}
        free = total - sum(least.values())
        over = {path: max(0.0, demand.get(path, 0.0) / asked * total - least[path]) for path in self.weights}
        spread = sum(over.values())
        return self.shifted({path: least[path] + free * over[path] / spread for path in self.weights})
