"""Checks of options and arguments, one phrase everywhere: *name: expected X, got: Y*."""

import inspect
from collections.abc import Callable, Collection
from functools import lru_cache, partial
from math import inf, isfinite

from cybernetic.core.errors import ArgumentsError, OptionError

LARGEST = 2**63 - 1  # what is counted, unless somebody says that it may be more


def number(name: str, value: object, *, above: float | None = None, least: float | None = None) -> float:
    """`value` as a finite float; more than `above` or at least `least` where given. Raises `OptionError`."""
    if (
        (isfinite(value) if type(value) is float else _finite(value))  # a float, nearly always
        and (above is None or value > above)  # type: ignore[operator]
        and (least is None or value >= least)  # type: ignore[operator]
    ):
        return float(value)  # type: ignore[arg-type]
    bound = f" > {above:g}" if above is not None else f" >= {least:g}" if least is not None else ""
    raise OptionError(name, f"a finite number{bound}", value)


def _finite(value: object) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    try:
        return isfinite(value)
    except OverflowError:  # an integer beyond what a float can hold
        return False


def seconds(name: str, value: object, *, none: str | None = None) -> float | None:
    """`value` as seconds >= 0. Where `none` is given (what None means), None is accepted. Raises `OptionError`."""
    if value is None and none is not None:
        return None
    if not (_finite(value) or value == inf) or value < 0:  # type: ignore[operator]
        raise OptionError(name, f"seconds >= 0{f' or None ({none})' if none else ''}", value)
    return None if value == inf and none is not None else float(value)  # type: ignore[arg-type]


def whole(name: str, value: object, *, least: int = 0, most: float = LARGEST) -> int:
    """`value` as an integer from `least` to `most`: 2**63 - 1 unless told otherwise, for what is larger may be neither
    shown nor reckoned with. Raises `OptionError`.
    """
    if isinstance(value, bool) or not isinstance(value, int) or value < least:
        raise OptionError(name, f"an integer >= {least}", value)
    if value > most:
        raise OptionError(name, f"an integer of at most {most}", value)
    return value


def one_of(name: str, value: object, choices: Collection[object]) -> None:
    """Check that `value` is among `choices`. Raises `OptionError`."""
    if not any(value == choice and type(value) is type(choice) for choice in choices):
        raise OptionError(name, "one of " + ", ".join(map(repr, choices)), value)


def known(what: str, given: Collection[str], allowed: Collection[str]) -> None:
    """Check that every option name of `given` is among `allowed`. Raises `OptionError`."""
    for name in given:
        if name not in allowed:
            raise OptionError(what, "one of the options " + ", ".join(sorted(allowed)), name)


def flag(name: str, value: object) -> bool:
    """`value` as a bool. Raises `OptionError`."""
    if not isinstance(value, bool):
        raise OptionError(name, "True or False", value)
    return value


def bind(fn: Callable[..., object], args: tuple[object, ...], what: str | None = None) -> None:
    """Check that positional `args` fit the signature of `fn`, without calling it. Raises `ArgumentsError`."""
    what = what or str(getattr(fn, "__qualname__", repr(fn)))
    keywords: dict[str, object] = {}
    while isinstance(fn, partial):  # its own signature would not say whether what it holds fits
        args, keywords, fn = (*fn.args, *args), {**fn.keywords, **keywords}, fn.func
    span = None if keywords else arity(fn)
    if span is not None and span[0] <= len(args) <= span[1]:
        return
    try:
        inspect.signature(fn).bind(*args, **keywords)
    except ValueError:  # a builtin without a signature: only calling it can tell
        return
    except TypeError as error:
        raise ArgumentsError(what, str(error)) from None


@lru_cache(maxsize=4096)
def arity(fn: Callable[..., object]) -> tuple[int, float] | None:
    """How many positional arguments `fn` takes at least and at most; None where that alone does not decide."""
    try:
        parameters = inspect.signature(fn).parameters.values()
    except (TypeError, ValueError):
        return None
    least, most = 0, 0.0
    for parameter in parameters:
        required = parameter.default is parameter.empty
        if parameter.kind in (parameter.POSITIONAL_ONLY, parameter.POSITIONAL_OR_KEYWORD):
            least, most = least + required, most + 1
        elif parameter.kind is parameter.VAR_POSITIONAL:
            most = inf
        elif parameter.kind is parameter.KEYWORD_ONLY and required:
            return None
    return least, most
