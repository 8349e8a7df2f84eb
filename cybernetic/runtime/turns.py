"""One turn of one agent: which messages it handles, and where that leaves the agent."""

from itertools import islice
from operator import length_hint
from types import CoroutineType
from typing import Any

from cybernetic.runtime.birth import give_birth
from cybernetic.runtime.cell import HIGH, high_water
from cybernetic.runtime.flags import (
    CONTINUES,
    DEAD,
    EMBRYO,
    HELD,
    IDLES,
    LONG,
    OWN,
    PARKED,
    SUSPENDED,
    TRACED,
)
from cybernetic.runtime.ground import Ground
from cybernetic.runtime.handling import raised, settle, start_async
from cybernetic.runtime.idling import arm_idle
from cybernetic.runtime.mailbox import inside

TURN = 64  # messages an agent handles before others get a turn
_MORE = LONG | IDLES | SUSPENDED | CONTINUES | HELD  # the end of a turn is more than a look into the mailbox


class Turns(Ground):
    """The part of an engine that gives turns."""

    def _turn(self, cell: Any, entries: Any, count: int) -> None:
        """Handle up to `count` messages, one at a time; leave the agent idle, in the queue, or wherever it went."""
        agent, flags = cell._agent, cell._flags
        for entry in entries:
            cell._entry = entry
            fn, args, kwargs, _, reply = entry
            try:
                if kwargs is not None:
                    value = fn(agent, *args, **kwargs)
                elif len(args) == 1:
                    value = fn(agent, args[0])
                else:
                    value = fn(agent, *args)
                if type(value) is CoroutineType:
                    value = start_async(cell, value)
            except BaseException as error:
                raised(cell, error)
                if cell._flags != flags:
                    break
            else:
                if cell._flags != flags:
                    settle(cell, value)
                    if cell._flags != flags:
                        break
                elif reply is not None:
                    reply.answer(value)
        cell.reductions += count
        if cell._flags:
            self._after(cell, entries)
        else:
            cell._entry = cell._rest = None
            if cell._box:
                self.ready(cell)
            else:
                cell._box = None

    def _after(self, cell: Any, entries: Any) -> None:
        """The end of a turn of an agent that is special in some way."""
        flags = cell._flags
        if flags & DEAD:
            self.ghost = None
            return
        if flags == OWN and not length_hint(entries):
            cell._rest = None
            self.turn_over(cell)
            return
        if not flags & LONG:
            left = length_hint(entries)
            cell.reductions -= left
            if left and cell._rest is entries:
                cell._flags |= LONG
            else:
                cell._rest = None
        if not flags & PARKED:
            self.turn_over(cell)

    def turn_over(self, cell: Any) -> None:
        """An agent has nothing running any more: it is idle, or waits for its next turn."""
        last, cell._entry = cell._entry, None
        flags = cell._flags
        if not flags & _MORE:
            if cell._box:
                self.ready(cell)
            else:
                cell._box = None
            return
        if flags & LONG and not length_hint(cell._rest):
            cell._rest = None
            cell._flags = flags = flags & ~LONG
        if flags & IDLES:
            arm_idle(cell, last)
        if flags & HELD:
            return  # `release` comes back here
        if flags & SUSPENDED:
            if cell._details.control or flags & CONTINUES:
                self.ready(cell)
        elif cell._box or flags & (LONG | CONTINUES):
            self.ready(cell)
        else:
            cell._box = None

    def _take_long(self, cell: Any, box: Any) -> None:
        """Take over a mailbox of more messages than a turn handles."""
        if len(box) >= HIGH:
            high_water(cell, len(box))
        cell._rest = iter(box)
        cell._flags |= LONG

    def _special_turn(self, cell: Any) -> None:
        """A turn of an agent that is new, parked, suspended, traced, or runs in a context of its own."""
        flags = cell._flags
        if flags & DEAD:
            return
        if flags & PARKED:
            details = cell._details
            if getattr(details.task, "due", False) and not flags & HELD:
                self.runner.resume(details.task, details.context)  # type: ignore[union-attr]
            return
        if flags == OWN and len(cell._box) <= TURN:  # all of it is plain but the context
            box, cell._box, self.current = cell._box, [], cell
            cell._rest = iter(box)
            cell._details.context.run(self._turn, cell, cell._rest, len(box))
            self.current = self.ghost = None
            return
        if flags & HELD:
            return
        if flags == EMBRYO:
            self.current, self.ghost = cell, None
            self._birth(cell)
            self.current = self.ghost = None
            return
        self.enter(cell)
        if flags & EMBRYO:
            self._birth(cell)
        else:
            entries, count = self._next_entries(cell)
            rest, before = cell._rest, 0 if cell._rest is None else length_hint(cell._rest)
            if flags & OWN:
                cell._details.context.run(self._turn, cell, entries, count)
            else:
                self._turn(cell, entries, count)
            if not count and rest is not None:
                cell.reductions += before - length_hint(rest)
        self.current = self.ghost = None

    def _birth(self, cell: Any) -> None:
        give_birth(cell)
        if not cell._flags & (DEAD | PARKED):
            self.turn_over(cell)

    def _next_entries(self, cell: Any) -> tuple[Any, int]:
        """What the next turn handles: what `continue_with` asked for, the control lane, or the mailbox.

        The number beside it is how many; 0 for a part of a long mailbox, where the iterator itself will tell.
        """
        flags, details = cell._flags, cell._details
        if flags & CONTINUES:
            first = details.continues.popleft()
            if not details.continues:
                cell._flags &= ~CONTINUES
            return iter((first,)), 1
        if flags & SUSPENDED:
            due = [details.control.popleft()] if details.control else []
            return iter(due), len(due)
        if flags & TRACED and cell._box is not None:
            return self._next_traced(cell)
        if not flags & LONG:
            box, cell._box = cell._box, []
            if len(box) <= TURN:
                cell._rest = iter(box)
                return cell._rest, len(box)
            self._take_long(cell, box)
        return islice(cell._rest, TURN), 0

    def _next_traced(self, cell: Any) -> tuple[Any, int]:
        """One message, written down before it is handled."""
        box = cell._gather()
        if not box:
            return iter(()), 0
        entry = box.pop(0)
        fn, args, _ = inside(entry)
        cell._details.trace.came_in(fn, args, entry[3])
        return iter((entry,)), 1
