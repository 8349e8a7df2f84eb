"""Who asks a level for something with a wrong value is told so, and that is nobody's crash."""

from collections.abc import Callable
from functools import wraps
from inspect import signature
from typing import Any, ParamSpec, TypeVar

from cybernetic.core import OptionError, Refusal
from cybernetic.vsm.checks import instance
from cybernetic.vsm.ladder.signals import Cause, PainKey
from cybernetic.wire import travels

P = ParamSpec("P")
R = TypeVar("R")

Check = Callable[[str, Any], object]
"""Looks at an argument, given its name as well. Raises `OptionError`."""


@travels(name="vsm.ArgumentRefused")
class ArgumentRefused(Refusal):
    """A viable system was asked for something with a value that cannot be: `why` names the argument, and says what was
    expected, and what came.
    """

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


def takes(**checks: Check) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """The method of an agent looks at its arguments before it does anything.

    A handler that raises what is no refusal crashes its agent; of a level that is all who are in it, and at the top the
    whole system. Nobody who asks may end that by a slip.

    Args:
        **checks: by argument; that of `*args` is given all of them.
    """

    def at_the_door(method: Callable[P, R]) -> Callable[P, R]:
        asked = signature(method)

        @wraps(method)
        def checked(*args: P.args, **kwargs: P.kwargs) -> R:
            given = asked.bind(*args, **kwargs).arguments
            try:
                for name, check in checks.items():
                    if name in given:
                        check(name, given[name])
            except OptionError as error:
                raise ArgumentRefused(str(error)) from None
            return method(*args, **kwargs)

        return checked

    return at_the_door


def a(kind: Any, called: str | None = None) -> Check:
    """Looks whether an argument is of a kind; `called`: what that is called where it is not by its name."""

    def check(name: str, value: object) -> None:
        if called is None:
            instance(name, value, kind)
        elif not isinstance(value, kind):
            raise OptionError(name, called, value)

    return check


def each(check: Check) -> Check:
    """Looks at each of several arguments (`*args`)."""

    def checked(name: str, values: Any) -> None:
        for value in values:
            check(name, value)

    return checked


def pain_key(name: str, value: object) -> None:
    """Looks whether an argument is the key of a pain."""
    if not isinstance(value, PainKey) or not all(
        isinstance(part, str) for part in (value.path, value.index, value.cause)
    ):
        raise OptionError(name, "a PainKey of words", value)
    causes = [cause.value for cause in Cause]
    if value.cause not in causes:
        raise OptionError(name, f"a cause among {causes}", value)


def text(name: str, value: object) -> str:
    """Looks whether an argument is a string, be it an empty one."""
    if not isinstance(value, str):
        raise OptionError(name, "a string", value)
    return value
