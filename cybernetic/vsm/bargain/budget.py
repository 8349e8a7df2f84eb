"""Declared limits: so much of each resource a period, so many calls a while."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import floor, inf
from sys import float_info
from typing import Self

from cybernetic.core import OptionError, number
from cybernetic.vsm.bargain.vector import Vector, vector
from cybernetic.vsm.checks import word

_FAR = 2**50  # epochs from time 0, beyond which one may begin where it ends


class Budget:
    """What may be spent in each period: `Budget(usd=250, tokens=5_000_000, per=3600)`. A value.

    Arguments:
        per: the period, seconds > 0; epochs of it are counted from time 0.
        amounts: by resource, >= 0, at least one above 0. What is not named may not be spent at all.

    Raises `OptionError`, naming what cannot be.
    """

    __slots__ = ("grant", "per")

    def __init__(self, *, per: float, **amounts: float) -> None:
        self.per = number("per", per, above=0.0)
        self.grant = Vector(amounts)
        if not self.grant:
            raise OptionError("amounts", "at least one above 0", amounts)

    @classmethod
    def granting(cls, grant: Vector, per: float) -> Self:
        """The budget of a vector that is there already, kept exactly. Raises `OptionError` as `Budget` does."""
        budget = cls.__new__(cls)
        budget.per, budget.grant = number("per", per, above=0.0), vector("grant", grant)
        if not grant:
            raise OptionError("grant", "an amount above 0", grant)
        return budget

    def epoch(self, now: float) -> "Epoch":
        """The epoch that `now` (seconds) falls in."""
        return Epoch.at(now, self.per)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Budget) and (self.grant, self.per) == (other.grant, other.per)

    def __hash__(self) -> int:
        return hash((self.grant, self.per))

    def __repr__(self) -> str:
        amounts = "".join(f"{name}={amount:.12g}, " for name, amount in self.grant.as_dict().items())
        return f"Budget({amounts}per={self.per:g})"


@dataclass(frozen=True, slots=True)
class Epoch:
    """One period of a budget: its number, and when it begins and ends, seconds."""

    number: int
    begins: float
    ends: float

    @classmethod
    def at(cls, now: float, per: float) -> Self:
        """The epoch of length `per` (seconds > 0) that `now` falls in; epoch 0 begins at time 0.

        Always `begins <= now < ends`. Raises `OptionError` for a time so many epochs from 0 that a float cannot tell
        them apart.
        """
        passed = number("now", now) / number("per", per, above=0.0)
        if not -_FAR < passed < _FAR:
            raise OptionError("now", f"a time within {_FAR} epochs of {per!r} seconds", now)
        count = floor(passed)
        if now >= (count + 1) * per:  # a quotient is rounded, and so is where an epoch ends
            count += 1
        elif now < count * per:
            count -= 1
        return cls(count, count * per, (count + 1) * per)


def epoch_number(name: str, value: object) -> int:
    """`value` as the number of an epoch: an integer from -2^50 to 2^50. Raises `OptionError`."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise OptionError(name, "an integer", value)
    if abs(value) > _FAR:
        raise OptionError(name, f"an integer from {-_FAR} to {_FAR}", value)
    return value


@dataclass(frozen=True, slots=True)
class Rate:
    """A renewable limit: `Rate(60, per=60)` is 60 units in every 60 seconds; `burst` of them may come at
    once.

    Arguments:
        amount: units, > 0.
        per: seconds, > 0.
        burst: units the provider takes at once, all of them counted, > 0; `damping.Pacer` counts them so too.

    Raises `OptionError`, naming what cannot be, also for more (or less) a second than a float holds.
    """

    amount: float
    per: float = 1.0
    burst: float = 1.0

    def __post_init__(self) -> None:
        number("amount", self.amount, above=0.0)
        number("per", self.per, above=0.0)
        number("burst", self.burst, above=0.0)
        if not 0.0 < self.per_second <= float_info.max:
            raise OptionError(
                "amount", f"as many in {self.per!r} seconds as a float holds a second", self.amount
            )

    @property
    def per_second(self) -> float:
        """Units a second."""
        return self.amount / self.per


@dataclass(frozen=True, slots=True)
class Price:
    """What a model or tool takes for one token in and one token out, in `currency`; >= 0.

    Raises `OptionError`, also for a currency of "tokens": those are counted beside the money.
    """

    taken: float
    given: float
    currency: str = "usd"

    def __post_init__(self) -> None:
        number("taken", self.taken, least=0.0)
        number("given", self.given, least=0.0)
        if word("currency", self.currency) == "tokens":
            raise OptionError("currency", "another resource than the tokens themselves", self.currency)

    def cost(self, tokens_in: float, tokens_out: float) -> Vector:
        """The cost of a call: `tokens_in * taken + tokens_out * given`, and the tokens themselves.

        With `tokens_out` as the most that was allowed it is the upper bound to reserve; with those that came,
        the actual.
        """
        number("tokens_in", tokens_in, least=0.0)
        number("tokens_out", tokens_out, least=0.0)
        money = tokens_in * self.taken + tokens_out * self.given
        return Vector({self.currency: money, "tokens": tokens_in + tokens_out})


def drift(estimated: Vector, billed: Vector) -> Mapping[str, float]:
    """How far the bill is from the estimate, by resource: `billed / estimated - 1`, finite; `inf` for what was not
    estimated, so that whoever reports it has to bound it. Raises `OptionError` for what is no `Vector`.
    """
    guess, paid = vector("estimated", estimated).as_dict(), vector("billed", billed).as_dict()
    return {
        name: min(paid.get(name, 0.0) / guess[name] - 1.0, float_info.max) if name in guess else inf
        for name in sorted({*guess, *paid})
    }
