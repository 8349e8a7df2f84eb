"""The owner: one person, with the same reading hours in every company, who comes at once when called."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from cybernetic.apps.demo.world.luck import Luck

FIRST, EVERY = 600.0, 1200.0  # seconds of the hour at which the mail is read first, and between two readings
COMES = 45.0  # seconds from a page until the owner is there
SAME = 900.0  # seconds for which a thing that was mended is still worth a call
GONE = "taken out"  # the kind of a matter about a system that is no longer there
COMPLAINTS = 3  # about the same thing make the owner act


@dataclass(frozen=True, slots=True)
class Matter:
    """Something that wants mending: "hang" of a division, "loop" of an agent, "lie" of the search tool,
    `GONE` of a system.
    """

    kind: str
    about: str = ""


Mend = Callable[[Matter], Awaitable[bool]]
"""What the company does on the owner's word; whether that changed anything."""
Troubled = Callable[[str, str, float], bool]
"""Whether anything was wrong with that since a second of the hour."""


class Owner:
    """Reads mail at certain hours, answers pages, and has things mended.

    Args:
        luck: how quickly the owner is there.
        mend: of the company.
        troubled: whether anything was really wrong, which only the world knows.

    Attributes:
        pages: when the owner was called, and about what.
        false: how many of the calls were about nothing.
        heard: when the owner first heard of a matter.
    """

    def __init__(self, luck: Luck, mend: Mend, troubled: Troubled) -> None:
        self._luck, self._mend, self._troubled = luck, mend, troubled
        self._mail: list[Matter] = []
        self._doing: set[asyncio.Task[None]] = set()
        self.pages: list[tuple[float, Matter]] = []
        self.false = 0
        self.complaints = 0
        self.heard: dict[Matter, float] = {}

    def mail(self, matter: Matter) -> None:
        """Something for the next reading."""
        if matter not in self._mail:
            self._mail.append(matter)

    def page(self, matter: Matter, at: float) -> None:
        """Call the owner, at second `at` of the hour."""
        self.pages.append((at, matter))
        self.heard.setdefault(matter, at)
        self.false += not self._troubled(matter.kind, matter.about, at - SAME)
        self._start(self._come(matter, len(self.pages)))

    async def reading(self, now: Callable[[], float]) -> None:
        """Read the mail in the reading hours, for ever."""
        hours = 0
        while True:
            await asyncio.sleep(max(0.0, FIRST + hours * EVERY - now()))
            hours += 1
            if self.complaints >= COMPLAINTS:
                self.mail(Matter("lie"))
            letters, self._mail = self._mail, []
            for matter in letters:
                self.heard.setdefault(matter, now())
                await self._mend(matter)

    async def _come(self, matter: Matter, number: int) -> None:
        """Come and see."""
        await asyncio.sleep(COMES * (0.5 + self._luck.uniform("comes", number)))
        await self._mend(matter)

    def _start(self, work: Awaitable[None]) -> None:
        task = asyncio.ensure_future(work)
        self._doing.add(task)
        task.add_done_callback(self._doing.discard)
