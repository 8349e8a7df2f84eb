"""Drawing answers out of a search, with the event loop given back at each breath, and never without end."""

import asyncio
from collections.abc import Callable, Iterator
from typing import ParamSpec, TypeVar

from cybernetic.core import OptionError, whole
from cybernetic.state.graph.answers import GraphRefused
from cybernetic.state.graph.solve import STRIDE

PERIODS = 50
"""Steps of `all_of` between two breaths. What is said, or was, is read from the value: that costs some 50 us, not as a
look at an index, of which a search makes `STRIDE`.
"""

T = TypeVar("T")
P = ParamSpec("P")

MOST_ANSWERS = 10_000
"""The highest limit of answers at once."""

MOST_BREATHS = 10_000
"""Breaths one search may take: two million facts looked at."""


async def drawn(search: Iterator[T | None], limit: int) -> tuple[list[T], bool]:
    """The first `limit` of what a search finds, and whether that is all. Raises `GraphRefused` for one too long."""
    found: list[T] = []
    breaths = 0
    for one in search:
        if one is None:
            breaths += 1
            if breaths > MOST_BREATHS:
                looks = MOST_BREATHS * STRIDE
                raise GraphRefused(f"expected a search that looks at up to {looks} facts, got: a longer one")
            await asyncio.sleep(0)
        elif len(found) == limit:
            return found, False
        else:
            found.append(one)
    return found, True


async def all_of(search: Iterator[T | None]) -> list[T]:
    """All that a search finds, with a breath after each `PERIODS` steps of it."""
    found: list[T] = []
    for looked, one in enumerate(search, 1):
        if one is not None:
            found.append(one)
        if looked % PERIODS == 0:
            await asyncio.sleep(0)
    return found


def limit_of(value: object) -> int:
    """`value` as a limit of answers, 1 to 10,000. Raises `OptionError`."""
    limit = whole("limit", value, least=1)
    if limit > MOST_ANSWERS:
        raise OptionError("limit", f"1 to {MOST_ANSWERS}", value)
    return limit


def checked(make: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
    """What `make` gives; its `OptionError` as a refusal, so that a caller's mistake is an answer."""
    try:
        return make(*args, **kwargs)
    except OptionError as error:
        raise GraphRefused(str(error)) from None
