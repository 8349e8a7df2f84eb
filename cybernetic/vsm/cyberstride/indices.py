"""The indices by which a unit is known: what it achieves, against what it could, against what it might."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import fsum

from cybernetic.core import OptionError, flag, number
from cybernetic.vsm.checks import instance
from cybernetic.vsm.cyberstride.transforms import Transform, transform


@dataclass(frozen=True, slots=True)
class Achievement:
    """Actuality: achieved now. Capability: achievable now. Potentiality: achievable if constraints were
    lifted.

    All are >= 0, in one unit, and in order: actuality <= capability <= potentiality; the other way round
    where less is better (`cost`). What a ratio divides by is > 0. Use `achieve` for figures that may be out
    of order. Raises `OptionError` for anything else. Stafford Beer, *Brain of the Firm*, chapter 11.
    """

    actuality: float
    capability: float
    potentiality: float
    cost: bool = False
    news: tuple[str, ...] = ()
    """What an actuality beyond it has moved: "capability", "potentiality"."""

    def __post_init__(self) -> None:
        flag("cost", self.cost)
        instance("news", self.news, tuple)
        number("actuality", self.actuality, **_bound(self.cost))
        number("capability", self.capability, above=0.0)
        number("potentiality", self.potentiality, **_bound(not self.cost))
        low, high = self.actuality, self.potentiality
        if self.cost:
            low, high = high, low
        if not low <= self.capability <= high:
            expected = f"a number between actuality {self.actuality:g} and potentiality {self.potentiality:g}"
            raise OptionError("capability", expected, self.capability)

    @property
    def productivity(self) -> float:
        """What is achieved of what could be now. Low: look at systems 1, 2 and 3."""
        return _share(self.actuality, self.capability, self.cost)

    @property
    def latency(self) -> float:
        """What could be now of what might be: a ratio, not a delay. Low: look at systems 4 and 5."""
        return _share(self.capability, self.potentiality, self.cost)

    @property
    def performance(self) -> float:
        """What is achieved of what might be: productivity times latency."""
        return _share(self.actuality, self.potentiality, self.cost)


def achieve(actuality: float, capability: float, potentiality: float, *, cost: bool = False) -> Achievement:
    """The achievement, with capability and potentiality moved out to an actuality that passes them.

    An actuality is a fact and never clipped: that it passes what was thought possible is news, and named in
    `Achievement.news`. Raises `OptionError` as `Achievement` does.
    """
    number("actuality", actuality, **_bound(cost))
    number("capability", capability, above=0.0)
    number("potentiality", potentiality, **_bound(not cost))
    better = min if cost else max
    could = better(actuality, capability)
    might = better(could, potentiality)
    moved = (("capability", could != capability), ("potentiality", might != potentiality))
    return Achievement(actuality, could, might, cost, tuple(name for name, news in moved if news))


def weighted_performance(achievements: Sequence[Achievement], weights: Sequence[float]) -> float:
    """The performance of a whole: that of its parts, weighted. Raises `OptionError` when the weights are
    not as many as the achievements, not >= 0, or sum to nothing.
    """
    for part in instance("achievements", achievements, Sequence):  # type: ignore[type-abstract]
        instance("achievements", part, Achievement)
    instance("weights", weights, Sequence)  # type: ignore[type-abstract]
    if len(weights) != len(achievements):
        raise OptionError("weights", f"{len(achievements)} numbers, one an achievement", weights)
    largest = max([number("weights", weight, least=0.0) for weight in weights], default=0.0)
    if largest <= 0.0:
        raise OptionError("weights", "numbers that sum to more than 0", weights)
    scaled = [weight / largest for weight in weights]  # first: a sum could overflow
    parts = zip(achievements, scaled, strict=True)
    return fsum(part.performance * weight for part, weight in parts) / fsum(scaled)


@dataclass(frozen=True, slots=True)
class Index:
    """An index of a unit, as it is declared.

    `name`: what reports call it. `limits`: the lowest and the highest value that are physiological, None
    for none. `cost`: less is better. `plan`: the value that is planned, in the unit of the index; None for
    none. `transform`: the scale on which it is filtered, one of `TRANSFORMS`. `every`: seconds within which
    it is expected again, > 0; None: it comes with tasks, whenever these do. Raises `OptionError` for anything
    else.
    """

    name: str
    limits: tuple[float, float] | None = None
    cost: bool = False
    plan: float | None = None
    transform: str = "plain"
    every: float | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.name, str) or not self.name:
            raise OptionError("name", "a name", self.name)
        flag("cost", self.cost)
        if self.every is not None:
            number("every", self.every, above=0.0)
        scale = self.scale
        if self.limits is not None:
            if not isinstance(self.limits, tuple) or len(self.limits) != 2:
                raise OptionError("limits", "the lowest and the highest value", self.limits)
            low, high = self.limits
            if not number("limits", low) < number("limits", high):
                raise OptionError("limits", "the lowest below the highest value", self.limits)
        if self.plan is not None:
            try:
                scale.forward(number("plan", self.plan))
            except OptionError as error:
                raise OptionError("plan", error.expected, self.plan) from None

    @property
    def scale(self) -> Transform:
        """The transform itself."""
        return transform(self.transform)

    def breach(self, value: float) -> str | None:
        """Which limit `value` passes: "low", "high", or None. Raises `OptionError` when it is not finite."""
        number("value", value)
        if self.limits is None:
            return None
        low, high = self.limits
        return "low" if value < low else "high" if value > high else None


def _bound(divides: bool) -> dict[str, float]:
    """How `number` is to check a figure: > 0 where something is divided by it, else >= 0."""
    return {"above": 0.0} if divides else {"least": 0.0}


def _share(less: float, more: float, cost: bool) -> float:
    return more / less if cost else less / more
