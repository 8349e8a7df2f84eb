"""What hurt at units that are declared no more: nobody is left there to say that it is over."""

from collections.abc import Iterable, Sequence

from cybernetic.vsm.channels.channel import Role
from cybernetic.vsm.ladder.signals import PainKey


def gone(level: str, loops: Sequence[tuple[str, str, float]], felt: Iterable[PainKey]) -> list[PainKey]:
    """The pains of units of a `level` that are not among its `loops`: each unit has a management that is to beat. None
    of the level itself is, nor of what lies within its units; where no loop is known no unit is.
    """
    units = declared(loops)
    return [key for key in felt if strayed(key.path, level, units)] if loops else []


def declared(loops: Iterable[tuple[str, str, float]]) -> tuple[str, ...]:
    """The paths of the units that have loops."""
    return tuple(path for role, path, _ in loops if role == Role.MANAGEMENT.value)


def strayed(path: str, level: str, units: Iterable[str]) -> bool:
    """Whether a path is one below a `level`, and neither of its `units` nor within one."""
    inside = path.startswith(f"{level}/")
    return inside and not any(f"{path}/".startswith(f"{unit}/") for unit in units)
