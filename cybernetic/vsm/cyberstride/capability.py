"""Capability where nobody declared it: a high quantile of what was achieved lately."""

from collections import deque
from collections.abc import Sequence
from itertools import accumulate
from math import inf
from sys import maxsize

from cybernetic.core import OptionError, flag, number, whole
from cybernetic.vsm.checks import instance

_MEMORY = 8  # half-lives kept: what is older weighs less than 0.4 %
_LONGEST = maxsize // _MEMORY  # no queue holds more


def weighted_quantile(values: Sequence[float], weights: Sequence[float], q: float) -> float:
    """The least of `values` at which the weights of all up to it reach the share `q`, in [0, 1], of their
    sum.

    Raises `OptionError` when there are no values, when weights are not as many, not >= 0, or sum to
    nothing.
    """
    if number("q", q, least=0.0) > 1.0:
        raise OptionError("q", "a number in [0, 1]", q)
    instance("values", values, Sequence)  # type: ignore[type-abstract]
    instance("weights", weights, Sequence)  # type: ignore[type-abstract]
    whole("len(values)", len(values), least=1)
    if len(weights) != len(values):
        raise OptionError("weights", f"{len(values)} numbers, one a value", weights)
    ranked = sorted(
        (number("values", value), number("weights", weight, least=0.0))
        for value, weight in zip(values, weights, strict=True)
    )
    sums = list(accumulate(weight for _, weight in ranked))
    if not 0.0 < sums[-1] < inf:
        raise OptionError("weights", "numbers with a sum above 0 that is finite", weights)
    reached = q * sums[-1]
    return next(
        value
        for (value, weight), up_to in zip(ranked, sums, strict=True)
        if weight > 0.0 and up_to >= reached
    )


class Capability:
    """What a unit can achieve as it stands now: the `quantile` of its actualities, older ones counting
    less.

    `half_life`: after how many data one counts half, a whole number >= 1, eight times which a queue can hold.
    `cost`: less is better, so the quantile is taken from the other end. Raises `OptionError` for anything else.
    """

    __slots__ = ("_recent", "cost", "half_life", "quantile")

    def __init__(self, quantile: float = 0.95, half_life: int = 100, *, cost: bool = False) -> None:
        if not 0.0 < number("quantile", quantile) < 1.0:
            raise OptionError("quantile", "a number in (0, 1)", quantile)
        self.quantile = quantile
        if whole("half_life", half_life, least=1) > _LONGEST:
            raise OptionError("half_life", f"an integer from 1 to {_LONGEST}", half_life)
        self.half_life = half_life
        self.cost = flag("cost", cost)
        self._recent: deque[float] = deque(maxlen=_MEMORY * half_life)

    def add(self, actuality: float) -> None:
        """Take an actuality, >= 0. Raises `OptionError` for anything else."""
        self._recent.append(number("actuality", actuality, least=0.0))

    def reset(self) -> None:
        """Forget: the unit is another one now."""
        self._recent.clear()

    @property
    def value(self) -> float | None:
        """The capability; None before the first actuality. It takes a sort of what is remembered."""
        if not self._recent:
            return None
        newest = len(self._recent) - 1
        weights = [0.5 ** ((newest - k) / self.half_life) for k in range(len(self._recent))]
        q = 1.0 - self.quantile if self.cost else self.quantile
        return weighted_quantile(list(self._recent), weights, q)
