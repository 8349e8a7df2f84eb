"""Which level of those above or below is known here: what is for one that is not goes by the furthest on the way."""

from collections.abc import Sequence
from typing import Any, TypeVar

from cybernetic.runtime import Agent, Named
from cybernetic.vsm.channels.channel import Role
from cybernetic.vsm.channels.ear import address

A = TypeVar("A", bound=Agent)


def top_of(path: str) -> str:
    """The path of the top."""
    return path.partition("/")[0]


def upward(path: str, target: str) -> tuple[str, ...]:
    """The levels on the way up from `path` to `target`, that one first; empty where it is not above."""
    words = path.split("/")
    counts = range(target.count("/") + 1, len(words)) if path.startswith(f"{target}/") else ()
    return tuple("/".join(words[:count]) for count in counts)


def downward(path: str, target: str) -> tuple[str, ...]:
    """The levels on the way down from `path` to `target`, that one first; empty where it is not below."""
    words = target.split("/")
    counts = range(len(words), path.count("/") + 1, -1) if target.startswith(f"{path}/") else ()
    return tuple("/".join(words[:count]) for count in counts)


def rung_at(path: str, origin: str) -> int:
    """Which rung the level at `path` is of the ladder of the one at `origin`, which is there or below."""
    return origin.count("/") - path.count("/") + 1


def furthest(system: Any, levels: Sequence[str], role: Role) -> str:
    """The first of the levels whose part of that `role` is known here; where none is, the last, who is the nearest."""
    alive = (one for one in levels if system.alive(system.named(address(role, one), Agent)))
    return next(alive, levels[-1])


def reached(system: Any, levels: Sequence[str], role: Role, cls: type[A]) -> Named[A]:
    """The part of that `role` of the `furthest` of the levels."""
    part: Named[A] = system.named(address(role, furthest(system, levels, role)), cls)
    return part
