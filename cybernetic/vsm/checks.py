"""Checks of arguments that the core does not have: shares, times that do not run backwards, names, bands, functions."""

from collections.abc import Callable, Hashable, Mapping
from inspect import iscoroutinefunction
from math import isinf
from typing import Any, TypeVar

from cybernetic.core import OptionError, number, shown

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")
M = TypeVar("M", bound=Mapping[Any, Any])
F = TypeVar("F")

SIGNS = "/:#?"  # behind a path they begin what stands in it: a unit, a part, a call, a question


def share(name: str, value: object, *, inner: bool = False) -> float:
    """`value` as a number from 0 to 1; with `inner`, 0 and 1 themselves are refused. Raises `OptionError`."""
    expected = "a number between 0 and 1, neither of them" if inner else "a number from 0 to 1"
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise OptionError(name, expected, value)
    if not (0 < value < 1 if inner else 0 <= value <= 1):
        raise OptionError(name, expected, value)
    return float(value)


def instance(name: str, value: object, kind: type[V]) -> V:
    """`value`, if it is a `kind`. Raises `OptionError`."""
    if not isinstance(value, kind):
        raise OptionError(name, f"{'an' if kind.__name__[0] in 'AEIOU' else 'a'} {kind.__name__}", value)
    return value


def function(name: str, value: F, expected: str) -> F:
    """`value`, if it can be called. Raises `OptionError` that says what was `expected`."""
    if not callable(value):
        raise OptionError(name, expected, value)
    return value


def hashed(name: str, value: K) -> K:
    """`value`, if it can be told from others by its hash. Raises `OptionError`."""
    try:
        hash(value)
    except TypeError:
        raise OptionError(name, "something that can be hashed", value) from None
    return value


def entry(name: str, key: object) -> str:
    """What an error calls the value for `key` in the mapping, or at that place of the sequence, called `name`."""
    return f"{name}[{shown(key)}]"


def mapping(name: str, value: M) -> M:
    """`value`, if it is a mapping. Raises `OptionError`."""
    if not isinstance(value, Mapping):
        raise OptionError(name, "a mapping", value)
    return value


def entries(name: str, value: M, kind: type) -> M:
    """`value`, if it is a mapping to what is a `kind`. Raises `OptionError` that names which is none."""
    for key, one in mapping(name, value).items():
        if not isinstance(one, kind):
            instance(entry(name, key), one, kind)
    return value


def tuple_of(name: str, value: object, kind: type[V]) -> tuple[V, ...]:
    """`value`, if it is a tuple of what is a `kind`. Raises `OptionError`."""
    for at, one in enumerate(instance(name, value, tuple)):
        if not isinstance(one, kind):
            instance(entry(name, at), one, kind)
    return value  # type: ignore[return-value]


def later(name: str, value: object, earlier: float) -> float:
    """`value` as a time (seconds) not before `earlier`. Raises `OptionError`."""
    now = number(name, value)
    if now < earlier:
        raise OptionError(name, f"a time not before {earlier:g}", value)
    return now


def moment(name: str, value: object) -> float:
    """`value` as a time (seconds) that may also be infinite: "never", "without end". Raises `OptionError`."""
    if isinstance(value, float) and isinf(value):
        return value
    try:
        return number(name, value)
    except OptionError:
        raise OptionError(name, "seconds, or an infinity", value) from None


def word(name: str, value: object) -> str:
    """`value` as a string that is not empty. Raises `OptionError`."""
    if not isinstance(value, str) or not value:
        raise OptionError(name, "a string that is not empty", value)
    return value


def plain(name: str, value: object) -> str:
    """`value` as what a path is made of: a word without any of `SIGNS`. Raises `OptionError`."""
    made = word(name, value)
    if any(sign in made for sign in SIGNS):
        raise OptionError(name, f"a name without any of {' '.join(SIGNS)}", value)
    return made


def weights(name: str, values: Mapping[K, float]) -> dict[K, float]:
    """`values` scaled to sum to one; each finite and >= 0, and their sum above 0. Raises `OptionError`."""
    mapping(name, values)
    given = {key: number(entry(name, key), value, least=0) for key, value in values.items()}
    largest = max(given.values(), default=0.0)
    if largest <= 0:
        raise OptionError(name, "weights with a sum above 0", dict(values))
    total = sum(value / largest for value in given.values())  # scaled first: a sum could overflow
    return {key: value / largest / total for key, value in given.items()}


def band(name: str, value: object) -> tuple[float, float]:
    """`value` as (low, high), low < high; infinite ends are allowed, NaN is not. Raises `OptionError`."""
    expected = "a pair (low, high) with low < high"
    if not isinstance(value, tuple) or len(value) != 2:
        raise OptionError(name, expected, value)
    try:
        low, high = (moment(name, end) for end in value)
    except OptionError:
        raise OptionError(name, expected, value) from None
    if not low < high:
        raise OptionError(name, expected, value)
    return low, high


def is_async(target: Callable[..., Any]) -> bool:
    """Whether calling `target` only makes a coroutine."""
    return any(map(iscoroutinefunction, run_by(target)))


def run_by(target: object) -> tuple[Any, ...]:
    """What runs when `target` is called. The `__call__` of a class is for its objects: the class makes one."""
    return (target,) if isinstance(target, type) else (target, getattr(target, "__call__", None))  # noqa: B004
