"""What hurt at units that are declared no more: nobody is left there to say that it is over."""

from collections.abc import Iterable, Sequence

from cybernetic.vsm.channels.channel import Role
from cybernetic.vsm.ladder.signals import PainKey


def gone(level: str, loops: Sequence[tuple[str, str, float]], felt: Iterable[PainKey]) -> list[PainKey]:
    """The pains of units of a `level` that are not among its `loops`: each unit has a management that is to beat. None
    of the level itself is, nor of what lies within its units; where no loop is known no unit is.
    """
    units = {path for role, path, _ in loops if role == Role.MANAGEMENT.value}
    inside = [key for key in felt if key.path.startswith(f"{level}/")] if loops else []
    return [key for key in inside if not any(f"{key.path}/".startswith(f"{unit}/") for unit in units)]
