"""Back-pressure: an agent that sends more than goes through waits before its next turn."""

from typing import Any

from cybernetic.runtime.flags import DEAD, HELD, PARKED


def hold(cell: Any) -> None:
    """Let the present turn of an agent be its last until `release`: messages queue up, a waiting handler waits on."""
    cell._flags |= HELD


def release(cell: Any) -> None:
    """Let an agent go on."""
    if not cell._flags & HELD:
        return
    cell._flags &= ~HELD
    if cell._flags & DEAD or (cell._entry is not None and not cell._flags & PARKED):
        return  # gone, or in the middle of a turn
    if not cell._flags & PARKED:
        cell._engine.turn_over(cell)
    elif getattr(cell._details.task, "due", False):
        cell._engine.ready(cell)
