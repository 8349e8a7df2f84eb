"""Amounts of several resources at once: money, tokens, calls, minutes of a human's attention."""

from collections.abc import Iterable, Mapping
from math import inf
from typing import Self

from cybernetic.core import OptionError, number, whole
from cybernetic.vsm.checks import instance, mapping, word

GRAIN = (
    10**9
)  # amounts are whole billionths: sums are exact, so that conservation is an equality, not a tolerance

_MOST = 10**299 * GRAIN  # an amount beyond could not be shown as a float once a few are added

_SHOWN = 10**308 * GRAIN  # the most that is shown as a float; of sums

_NOTHING: Mapping[str, float] = {}


class Vector:
    """Amounts >= 0 by resource, such as `Vector(usd=2.5, tokens=10_000)`. A value; what is not named is 0.

    Amounts are kept as whole billionths, rounded to the nearest one; sums and differences are exact.
    Comparison is by component: `a <= b` says that `b` covers `a`, and of two vectors neither may cover the
    other.

    Arguments:
        amounts: by resource, for names that are no identifiers.
        more: the same, by keyword.

    Raises `OptionError` for an amount that is negative, not finite or above 1e299, naming the resource, and for a name
    that is no string, or empty.
    """

    __slots__ = ("_grains",)

    def __init__(self, amounts: Mapping[str, float] = _NOTHING, /, **more: float) -> None:
        if type(amounts) is not dict:  # as nearly always
            mapping("amounts", amounts)
        given = {word("resource", name): amount for name, amount in {**amounts, **more}.items()}
        self._grains = {
            name: grains for name, amount in sorted(given.items()) if (grains := _grains(name, amount))
        }

    @classmethod
    def of_grains(cls, grains: Mapping[str, int]) -> Self:
        """The vector of so many billionths of each resource: the inverse of `grains`.

        Raises `OptionError` for what is no whole number >= 0, or so many that no float holds them, or no name.
        """
        for name, count in mapping("grains", grains).items():
            if whole(word("resource", name), count, most=inf) > _SHOWN:
                raise OptionError(name, "at most 1e308, which a float holds", count)
        made = cls.__new__(cls)
        made._grains = {name: grains[name] for name in sorted(grains) if grains[name]}
        return made

    @property
    def grains(self) -> dict[str, int]:
        """The amounts in whole billionths, those above 0: exact, however large."""
        return dict(self._grains)

    def amount(self, resource: str) -> float:
        """How much of `resource` it holds; 0.0 if it does not name it. Raises `OptionError` for what is no name."""
        return self._grains.get(instance("resource", resource, str), 0) / GRAIN

    @property
    def resources(self) -> tuple[str, ...]:
        """The names of the resources it holds more than nothing of, sorted."""
        return tuple(sorted(self._grains))

    def as_dict(self) -> dict[str, float]:
        """The amounts by resource, those above 0."""
        return {name: self.amount(name) for name in self.resources}

    def __add__(self, other: "Vector") -> "Vector":
        """The sum. Raises `OptionError` where it is more than a float holds."""
        return total((self, other)) if isinstance(other, Vector) else NotImplemented

    def __sub__(self, other: "Vector") -> "Vector":
        """The difference. Raises `OptionError` where there is less than is taken; see `less`."""
        if not other <= self:
            raise OptionError("what is taken", f"at most {self!r}", other)
        return self.less(other)

    def less(self, other: "Vector") -> "Vector":
        """What is left after taking `other`, or as much of it as there is: never negative. Raises `OptionError`."""
        if not vector("other", other)._grains:
            return self
        return _made({name: grains - other._of(name) for name, grains in self._grains.items()})

    def least(self, other: "Vector") -> "Vector":
        """The smaller of both amounts of each resource. Raises `OptionError` for what is no `Vector`."""
        there = vector("other", other)
        return _made({name: min(grains, there._of(name)) for name, grains in self._grains.items()})

    def most(self, other: "Vector") -> "Vector":
        """The larger of both amounts of each resource. Raises `OptionError` for what is no `Vector`."""
        there = vector("other", other)
        return _made({name: max(self._of(name), there._of(name)) for name in self._names(there)})

    def times(self, factor: float) -> "Vector":
        """Every amount times `factor` >= 0, rounded down to a billionth: parts never sum to more than the
        whole.
        """
        above, below = number("factor", factor, least=0.0).as_integer_ratio()
        grains = {name: grains * above // below for name, grains in self._grains.items()}
        if max(grains.values(), default=0) > _MOST:
            raise OptionError("factor", "a number whose products are at most 1e299", factor)
        return _made(grains)

    def __le__(self, other: object) -> bool:
        if not isinstance(other, Vector):
            return NotImplemented
        return all(grains <= other._of(name) for name, grains in self._grains.items())

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Vector) and self._grains == other._grains

    def __hash__(self) -> int:
        return hash(frozenset(self._grains.items()))

    def __bool__(self) -> bool:
        return bool(self._grains)

    def __repr__(self) -> str:
        amounts = ", ".join(f"{name}={self.amount(name):.12g}" for name in self.resources)
        return f"{type(self).__name__}({amounts})"

    def _of(self, name: str) -> int:
        return self._grains.get(name, 0)

    def _names(self, other: "Vector") -> Iterable[str]:
        return self._grains.keys() | other._grains.keys()


class Cost(Vector):
    """What one use of a port takes, or may take at most: `Cost(usd=.04, tokens=3000)`.

    A `Vector` for all purposes.
    """

    __slots__ = ()


NOTHING = Vector()


def total(vectors: Iterable[Vector]) -> Vector:
    """The exact sum of vectors. Raises `OptionError` for what is none, and, naming the resource, for more than a float
    holds.
    """
    grains: dict[str, int] = {}
    for one in instance("vectors", vectors, Iterable):  # type: ignore[type-abstract]
        for name, count in vector("vectors", one)._grains.items():
            grains[name] = grains.get(name, 0) + count
    for name, count in grains.items():
        if count > _SHOWN:
            raise OptionError(
                name, "a sum of at most 1e308, which a float holds", f"about 1e{len(str(count // GRAIN)) - 1}"
            )
    return _made(grains)


def vector(name: str, value: object) -> Vector:
    """The value, if it is a `Vector`. Raises `OptionError` naming it."""
    if not isinstance(value, Vector):
        raise OptionError(name, "a Vector", value)
    return value


def _grains(name: str, amount: float) -> int:
    if isinstance(amount, int) and not isinstance(amount, bool) and 0 <= amount <= 10**299:
        return amount * GRAIN
    if number(name, amount, least=0.0) > 1e299:
        raise OptionError(name, "an amount of at most 1e299", amount)
    return round(amount * GRAIN)


def _made(grains: Mapping[str, int]) -> Vector:
    """Without what is nothing, or less than nothing."""
    vector = Vector.__new__(Vector)
    vector._grains = {name: count for name, count in grains.items() if count > 0}
    return vector
