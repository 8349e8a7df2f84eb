"""What `run` and `conformance` are given, looked at before anything starts: a mistake is named by its argument."""

from collections.abc import Callable, Iterable
from typing import Any

from cybernetic.core import OptionError, bind
from cybernetic.vsm import ViableSystem


def viable(cls: object) -> None:
    """Raises `OptionError` unless it is a viable system's class."""
    if isinstance(cls, ViableSystem):
        raise OptionError("cls", f"the class itself, {type(cls).__name__}", cls)
    if not (isinstance(cls, type) and issubclass(cls, ViableSystem)):
        raise OptionError("cls", "a subclass of ViableSystem", cls)


def hook(name: str, given: Callable[..., Any], *args: str) -> None:
    """Raises `OptionError` for what is not to be called, `ArgumentsError` for what is not with `args`."""
    if not callable(given):
        raise OptionError(name, f"a function of ({', '.join(args)})", given)
    bind(given, args, name)


def names(name: str, given: Iterable[str], known: Iterable[str]) -> tuple[str, ...]:
    """All that are `given`, if each is `known`. Raises `OptionError`, for a single word as well: it is no set."""
    choices = tuple(known)
    expected = f"some of {', '.join(map(repr, choices))}"
    if isinstance(given, str | bytes) or not isinstance(given, Iterable):
        raise OptionError(name, f"a set or a list, with {expected}", given)
    found = tuple(given)
    for one in found:
        if one not in choices:
            raise OptionError(name, expected, one)
    return found
