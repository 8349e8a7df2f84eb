"""A company of divisions whose management hangs at some moment of the fourth second: it exits not, and answers not.

No restart helps. What helps is `replace`, which whoever takes it over at the company's level can do, or a human.
Each division gets a ticket every ten seconds; while its management hangs they wait.
"""

import asyncio
from collections.abc import Awaitable, Sequence
from math import ceil, inf

from benchmarks.vsm.trials.figures import quantile
from benchmarks.vsm.trials.luck import Luck
from benchmarks.vsm.trials.trial import Result, Trace

HORIZON, HANGS = 900.0, 3.0
TICKET, LATE = 10.0, 60.0  # seconds between tickets, and after which one is late
PONG, REPLACING = 0.001, 10.0
HUMAN = 300.0  # seconds from a page until what it tells of is repaired


class Division:
    """One division: when it hangs and when it was repaired."""

    def __init__(self, name: str, hangs: float) -> None:
        self.name, self.hangs, self.repaired = name, hangs, inf
        self.back = asyncio.Event()

    def alive(self, now: float) -> bool:
        """Whether its management does anything."""
        return now < self.hangs or now >= self.repaired


class HangWorld:
    """The divisions, the company above them, and the human.

    `answers`: whether the company's level says that it takes a pain over (and then does).
    """

    def __init__(self, seed: int, divisions: int = 1, answers: bool = False) -> None:
        self.luck, self.trace, self.answers = Luck(seed), Trace(), answers
        names = [f"acme/division-{number}" for number in range(divisions)]
        self.divisions = {name: Division(name, HANGS + self.luck.uniform("hangs", name)) for name in names}
        self.pages: list[float] = []
        self.paged: dict[str, float] = {}  # when a human first learnt of a division
        self.lines: list[tuple[float, str, str]] = []  # the log: when, of whom, what

    async def ping(self, name: str) -> None:
        """Ask a division's management whether it is there; it answers in a millisecond, or not at all."""
        division = self.divisions[name]
        if not division.alive(asyncio.get_running_loop().time()):
            await division.back.wait()
        await asyncio.sleep(PONG)

    async def restart(self, name: str, attempt: int) -> bool:
        """Restart a division's management. It takes a tenth of a second or two; whether it helped."""
        await asyncio.sleep(0.1 + 0.1 * self.luck.uniform("restart", name, attempt))
        self.trace.note("restart", asyncio.get_running_loop().time(), name, attempt)
        return self.divisions[name].alive(asyncio.get_running_loop().time())

    async def ask(self, level: int, name: str) -> bool:
        """Ask a level (0: the division, 1: the company) to take `name` over; True once it does, or never."""
        if level == 0:
            await self.ping(name)
            return True
        if not self.answers:
            await asyncio.Event().wait()
        await asyncio.sleep(0.1 + 0.5 * self.luck.uniform("ack", level, name))
        return True

    async def replace(self, name: str) -> None:
        """Put another management in the place of one that hangs."""
        await asyncio.sleep(REPLACING)
        self._repair(name)

    def log(self, name: str, what: str) -> None:
        """Write a line that somebody may read one day."""
        line = (asyncio.get_running_loop().time(), name, what)
        self.lines.append(line)
        self.trace.note("log", *line)

    async def page(self, names: Sequence[str]) -> None:
        """Call a human about divisions; returns when they say that they are at it, within a minute.

        Five minutes after the page what hangs among them is repaired.
        """
        loop = asyncio.get_running_loop()
        now = loop.time()
        self.pages.append(now)
        self.trace.note("page", now, len(names))
        for name in names:
            if name not in self.paged:
                self.paged[name] = now
                loop.call_later(HUMAN, self._repair, name)
        await asyncio.sleep(10.0 + 40.0 * self.luck.uniform("human", len(self.pages)))

    def _repair(self, name: str) -> None:
        division, now = self.divisions[name], asyncio.get_running_loop().time()
        if not division.alive(now):
            division.repaired = now
            division.back.set()
            self.trace.note("repaired", now, name)

    async def play(self, *watching: Awaitable[object]) -> Result:
        """Let time pass, while what an arm runs is at work; returns what came of it."""
        work = [asyncio.ensure_future(each) for each in watching]
        await asyncio.sleep(HORIZON)
        for task in work:
            task.cancel()
        for end in await asyncio.gather(*work, return_exceptions=True):
            if isinstance(end, Exception):
                raise end
        return self.result()

    def result(self) -> Result:
        """The figures; over all divisions."""
        each = self.divisions.values()
        figures = {
            "human": quantile((self.paged.get(one.name, inf) - one.hangs for one in each), 1.0),
            "pages": float(len(self.pages)),
            "restored": quantile((one.repaired - one.hangs for one in each), 1.0),
            "late": float(sum(_late(one) for one in each)) / len(self.divisions),
            "logged": float(len(self.lines)),
        }
        return Result(figures, self.trace.digest)


def _late(division: Division) -> int:
    """How many tickets waited for more than a minute, those that still wait included."""
    back = min(division.repaired, HORIZON)
    first = ceil(division.hangs / TICKET)
    return sum(back - number * TICKET > LATE for number in range(first, ceil(back / TICKET)))
