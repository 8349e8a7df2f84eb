"""Agents and shorthands that the tests of supervision share."""

import asyncio
from functools import partial
from typing import Any

from cybernetic import Address, Agent, Child, Ignore, Reason, Ref, Stop, Supervisor, System

MOMENT = 0.001  # virtual seconds: long enough for everything that is due now


class Worker(Agent):
    """Does as it is told; writes into `journal`, a list that outlives it, when it begins."""

    def __init__(self, label: Any = "", journal: list[Any] | None = None) -> None:
        self.label, self.journal = label, [] if journal is None else journal
        self.journal.append(("up", label))

    def who(self) -> Any:
        return self.label

    def crash(self, text: str = "boom") -> None:
        raise RuntimeError(text)

    def leave(self, reason: Reason | None = None) -> None:
        raise Stop(reason)

    def set_label(self, label: Any) -> None:
        self.label = label

    async def nap(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


class Tidy(Worker):
    """Writes into the journal when it ends in order, which takes it `seconds`."""

    def __init__(self, label: Any = "", journal: list[Any] | None = None, seconds: float = 0.0) -> None:
        super().__init__(label, journal)
        self.seconds = seconds

    async def terminate(self, reason: Any) -> None:
        if self.seconds:
            await asyncio.sleep(self.seconds)
        self.journal.append(("down", self.label, reason))


class Moody(Worker):
    """How its start goes is the next of `moods`, a list that outlives it.

    "ok" (also when none is left), "ignore", "crash", "refuse" or the seconds that it takes.
    """

    def __init__(self, moods: list[Any], label: Any = "", journal: list[Any] | None = None) -> None:
        super().__init__(label, journal)
        self.mood = moods.pop(0) if moods else "ok"

    async def setup(self) -> None:
        if self.mood == "ignore":
            raise Ignore
        if self.mood == "crash":
            raise RuntimeError("in a bad mood")
        if isinstance(self.mood, int | float):
            await asyncio.sleep(self.mood)


class Family(Supervisor):
    """A supervisor of the children given, with the settings given."""

    def __init__(self, *specs: Child[Any], **settings: Any) -> None:
        self.specs = specs
        for name, value in settings.items():
            setattr(self, name, value)

    def children(self) -> Any:
        return self.specs


async def family(system: System, *specs: Child[Any], **settings: Any) -> Ref[Family]:
    """Start a `Family` whose end does not concern the system."""
    return await system.start(partial(Family, **settings), *specs, type="temporary")


async def kin(supervisor: Address[Any]) -> dict[Any, Any]:
    """The children in start order: id -> address, None or "restarting"."""
    infos = await supervisor.call(Supervisor.which_children)
    return {info.id: info.ref for info in reversed(infos)}


async def moment() -> None:
    """Let everything that is due happen."""
    await asyncio.sleep(MOMENT)


async def end(ref: Ref[Any], reason: Reason | str) -> None:
    """Have a worker end by itself: with `reason`, or by a crash with that text."""
    if isinstance(reason, str):
        ref.cast(Worker.crash, reason)
    else:
        ref.cast(Worker.leave, reason)
    await moment()
