"""The idle timeout: `idle()` runs when no message came for a while (statement GS-16)."""

from typing import Any

from cybernetic.core import OptionError, number
from cybernetic.runtime.flags import DEAD


def idle_out(agent: Any) -> Any:
    """Run in the agent: nothing came within its `idle_timeout`."""
    return agent.idle()


def _complain(_: Any, error: OptionError) -> None:
    """Run in the agent: its `idle_timeout` is impossible, and it crashes of it."""
    raise error


def arm_idle(cell: Any, after: Any) -> None:
    """Begin to wait anew, after the entry `after` was handled; the hook itself does not begin a new wait."""
    details, engine = cell.details(), cell._engine
    if after is not None and after[0] is idle_out:
        return
    seconds = cell._agent.idle_timeout
    if seconds is None:
        if details.idle is not None:
            details.idle.cancel()
            details.idle = None
        return
    try:
        details.idle_at = engine.clock() + number("idle_timeout", seconds, least=0)
    except OptionError as error:  # a handler has set it
        cell.put_first((_complain, (error,), None, None, None))
        return
    if details.idle is None or details.idle.when() > details.idle_at:
        if details.idle is not None:
            details.idle.cancel()
        details.idle = engine.loop.call_at(details.idle_at, _due, cell)


def _due(cell: Any) -> None:
    """The timer of the last arming but some: messages since then have only moved the deadline."""
    if cell._flags & DEAD:
        return
    details, engine = cell._details, cell._engine
    details.idle = None
    if cell._box is not None:
        return  # something is queued or under way; its end begins a new wait
    if engine.clock() < details.idle_at:
        details.idle = engine.loop.call_at(details.idle_at, _due, cell)
    else:
        cell.put((idle_out, (), None, None, None))
