"""What audits have found false is done again: the tasks are in the books until they have been."""

from collections import OrderedDict
from collections.abc import Collection
from typing import Any

from cybernetic.core import CallError, Refusal
from cybernetic.vsm.books.books import Books
from cybernetic.vsm.channels.channel import Channel, Role
from cybernetic.vsm.channels.note import Why
from cybernetic.vsm.operations.messages import Redo, Redone

KEY = "redo"
KEPT = 10_000  # tasks of which it is known how they were done again


class Redoing:
    """The tasks of a level that are to be done again. `control`: who speaks for it.

    With the same ports left a task is done again once: what is false then is so for another reason.
    """

    def __init__(self, control: Any) -> None:
        self._control = control
        self._due: dict[str, tuple[str, ...]] = {}  # by unit
        self._tried: OrderedDict[str, tuple[str, ...]] = OrderedDict()  # the ports out of use then, by task
        self._whys: dict[str, Why] = {}  # what was said for it to be, by unit
        self._under_way: set[str] = set()

    async def begin(self) -> None:
        """Go on from the books."""
        known = await self._control.books.call(Books.load, KEY)
        if known is not None:
            self._due, self._tried = dict(known[0]), OrderedDict(known[1])
            self._whys = dict(*known[2:])  # nothing of that where an older version wrote it
        self.turn()

    async def want(self, unit: str, tasks: tuple[str, ...], quarantined: Collection[str], why: Why) -> None:
        """Tasks of a unit may be false; the ports `quarantined` are out of use. They are due until seen to. `why`: by
        which word.
        """
        out, known = tuple(sorted(quarantined)), self._due.get(unit, ())
        fresh = tuple(task for task in tasks if self._tried.get(task) != out and task not in known)
        if not fresh:
            return
        for task in fresh:
            self._tried.pop(task, None)
            self._tried[task] = out
        while len(self._tried) > KEPT:
            self._tried.popitem(last=False)
        self._due[unit], self._whys[unit] = (*known, *fresh), why
        await self._save()
        self.turn()

    def turn(self) -> None:
        """Have done what is due and is not under way."""
        for unit, tasks in self._due.items():
            if unit not in self._under_way and tasks:
                self._under_way.add(unit)
                out = self._tried.get(tasks[0], ())
                alike = tuple(task for task in tasks if self._tried.get(task, ()) == out)
                self._control.task(
                    self._done(Redo(unit, alike, f"found false; out of use: {', '.join(out)}"))
                )

    async def _done(self, redo: Redo) -> None:
        why, to = self._whys.get(redo.unit), (Channel.COMMAND, Role.ENVIRONMENT)
        try:
            redone: Redone = await self._control.ask(*to, redo, cause=why, patience=None)
        except (CallError, Refusal):
            return  # the environment is away: the next round asks again
        finally:
            self._under_way.discard(redo.unit)
        left = tuple(task for task in self._due.get(redo.unit, ()) if task not in redo.tasks)
        self._due = {**self._due, redo.unit: left} if left else _without(self._due, redo.unit)
        await self._save()
        body = {
            "unit": redone.unit,
            "good": list(redone.good),
            "changed": list(redone.changed),
            "failed": dict(redone.failed),
            "unknown": list(redone.unknown),
        }
        await self._control.jot("redone", body, why)

    async def _save(self) -> None:
        await self._control.keep(KEY, (dict(self._due), dict(self._tried), self._due_to()))

    def _due_to(self) -> dict[str, Why]:
        return {unit: why for unit, why in self._whys.items() if unit in self._due}


def _without(table: dict[str, tuple[str, ...]], key: str) -> dict[str, tuple[str, ...]]:
    return {other: value for other, value in table.items() if other != key}
