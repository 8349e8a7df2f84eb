"""Channels and algedonodes of three levels and nothing else, with stand-ins for who answers at each."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from enum import Enum
from typing import Any

from cybernetic import Kill, System
from cybernetic.vsm import Cause, Channel, Clocks, Line, Note, Page, Pain, PainKey, Role, Severity, line_name
from cybernetic.vsm.algedonic import Algedonode
from cybernetic.vsm.algedonic.messages import Ack, Felt, Relief, Told
from cybernetic.vsm.books.books import Books
from cybernetic.vsm.channels.ear import hears
from cybernetic.vsm.channels.member import Member

PATHS = ("firm/team/one", "firm/team", "firm")  # from where it hurts, upwards
CLOCKS = (Clocks(1.0, 5.0), Clocks(2.0, 7.0), Clocks(3.0, 11.0))


class Acts(Enum):
    """What who is asked at a level does."""

    ACK = "acknowledges, and mends nothing"
    DIES = "acknowledges, and dies with the algedonode of its level"
    SILENT = "says nothing"
    DEAD = "is dead, as is the algedonode of its level"


class Human:
    """Who is paged."""

    def __init__(self) -> None:
        self.pages: list[tuple[float, Page]] = []
        self.over: list[PainKey] = []
        self.does: Any = None

    def page(self, page: Page) -> Any:
        """Note it, and do as told."""
        self.pages.append((asyncio.get_running_loop().time(), page))
        return None if self.does is None else self.does()

    def resolve(self, key: PainKey) -> None:
        """Note it."""
        self.over.append(key)


class Stand(Member):
    """Stands in for system 3 of a level."""

    role = Role.CONTROL

    def __init__(self, path: str, acts: Acts) -> None:
        super().__init__(path)
        self.acts = acts
        self.told: list[tuple[float, Told]] = []

    @hears(Told)
    def _told(self, told: Told, note: Note) -> None:
        self.told.append((asyncio.get_running_loop().time(), told))
        if self.acts in (Acts.ACK, Acts.DIES):
            self.tell(Channel.ALGEDONIC, Role.ALGEDONODE, Ack(told.pain.key, told.level, self.path))
        if self.acts is Acts.DIES and told.level > 1:  # at the lowest, the ladder itself lives
            self.ref.after(0.01).cast(Stand.fall)

    def fall(self) -> None:
        """Die, and take the algedonode along."""
        for name in (f"{self.path}:algedonode", f"{self.path}:control"):
            end(self.system, name)

    def seen(self) -> list[tuple[float, Told]]:
        """What it was told, and when."""
        return list(self.told)


class Quiet(Algedonode):
    """Without a loop of its own, for hours of nothing."""

    period = None


@asynccontextmanager
async def levels(*human: Any, acts: tuple[Acts, ...] = (Acts.SILENT,) * 3) -> AsyncIterator[System]:
    """Three levels of which only books, the algedonic channel and the algedonode live."""
    async with System() as system:
        for depth, path in enumerate(PATHS):
            await system.start(Books, None, path, name=f"{path}:books", type="temporary")
            await system.start(
                Line, Channel.ALGEDONIC, path, name=line_name(path, Channel.ALGEDONIC), type="temporary"
            )
            dead = acts[depth] is Acts.DEAD
            if depth == 0 or not dead:
                await begin(system, depth, *human)
            if not dead:
                await system.start(Stand, path, acts[depth], name=f"{path}:control", type="temporary")
        yield system


async def begin(system: System, depth: int, *human: Any) -> Any:
    """The algedonode of a level."""
    path = PATHS[depth]
    return await system.start(
        Quiet, path, CLOCKS[depth:], human, (), name=f"{path}:algedonode", type="temporary"
    )


def end(system: Any, name: str) -> None:
    """End somebody at once."""
    found = system.whereis(name)
    if found is not None:
        found.exit(Kill())


def pain(index: str = "fire", severity: Severity = Severity.ALERT) -> Pain:
    """An event where it hurts."""
    return Pain(f"{PATHS[0]}/unit", index, Cause.EXIT, severity)


def say(system: System, body: Any, sender: Role = Role.MANAGEMENT, origin: str | None = None) -> None:
    """Say something on the algedonic channel of the lowest level."""
    path = origin or (f"{PATHS[0]}/unit" if sender is Role.MANAGEMENT else PATHS[0])
    note = Note(Channel.ALGEDONIC, sender, path, Role.ALGEDONODE, PATHS[0], body, "n", "n")
    system.named(line_name(PATHS[0], Channel.ALGEDONIC), Line).cast(Line.carry, note)


def feel(system: System, one: Pain) -> None:
    """Let it hurt."""
    say(system, Felt(one))


def relieve(system: System, one: Pain) -> None:
    """Let it be over."""
    say(system, Relief(one.key))


def node(system: System, depth: int = 0) -> Any:
    """The algedonode of a level."""
    return system.named(f"{PATHS[depth]}:algedonode", Algedonode)


async def log(system: System, depth: int = 0) -> list[str]:
    """What stands in a level's books, as text."""
    entries = await system.named(f"{PATHS[depth]}:books", Books).call(Books.entries, 0, None, 1000)
    return [f"{entry.kind} {entry.body}" for entry in entries]
