"""What rooms above need to know and say: when an agent has ended, and messages that no limit drops."""

from collections.abc import Callable
from typing import Any, Protocol

from cybernetic.core import NotRunning
from cybernetic.runtime.cell import Entry
from cybernetic.runtime.flags import DEAD, EXITING, FOREIGN
from cybernetic.runtime.life import deliver
from cybernetic.runtime.mailbox import inside


class Name(Protocol):
    """A name kept elsewhere than in the runtime's own table, as by a registry (statement N-3)."""

    def claim(self, ref: Any) -> None:
        """Take the name for an agent that is about to start. Raises `AlreadyStarted`, `StartFailed`."""


def on_death(ref: Any, forget: Callable[[Any], object]) -> None:
    """Call `forget(ref)` when the agent ends, before its links and monitors learn of it (P-10).

    It must not raise and must not wait; the same function is called once. Raises `NotRunning` if the agent has
    ended.
    """
    if ref._flags & DEAD:
        raise NotRunning(repr(ref))
    details = ref.details()
    if details.on_death is None:
        details.on_death = {}
        if ref._flags & FOREIGN:
            ref.watched()
    details.on_death[forget] = None


def off_death(ref: Any, forget: Callable[[Any], object]) -> None:
    """Undo `on_death`."""
    details = ref._details
    if details is not None and details.on_death is not None:
        details.on_death.pop(forget, None)


def tell(ref: Any, message: object) -> None:
    """Put a message of the library itself into a mailbox: no limit drops it. Nothing if the agent has ended."""
    if not ref._flags & (DEAD | EXITING):
        ref.put((deliver, (message,), None, ref._engine.current, None))


def take_back(ref: Any, unwanted: Callable[[Any], bool]) -> None:
    """Remove messages that `tell` put into a mailbox and that are not handled yet."""

    def chosen(entry: Entry) -> bool:
        fn, args = inside(entry)[:2]
        return fn is deliver and unwanted(args[0])

    ref.discard(chosen)
