"""Look-ups by a tool that silently degrades: forty a minute, for two hours; from minute twenty a fifth is wrong.

Every answer says that it is a success. A customer who got a wrong one complains with a chance of one in
twenty, half an hour later. A second tool is as good as the first one was, and costs three times as much. A
checker tells whether an answer is right, for a price.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from math import inf

from benchmarks.vsm.trials.luck import Luck
from benchmarks.vsm.trials.trial import Result, Trace

GAP, HORIZON = 1.5, 7200.0  # seconds between tasks, and in all
SIXTH = 1 / 6  # of the time: when it degrades
SOUND, DEGRADED = 0.01, 0.20  # share of wrong answers
COMPLAINS, DELAY = 0.05, 1800.0
CHEAP, DEAR = 0.1, 0.3  # what a look-up costs, by the first and by the second tool
AUDIT, HARM = 1.0, 5.0  # what an audit costs, and a wrong answer that a customer got
GRACE = 60.0  # seconds after the last task, for what is under way


@dataclass(frozen=True)
class Answer:
    """What a tool returned. `ok` is what it says of itself, and always true."""

    task: str
    tool: str
    attempt: int
    ok: bool = True


@dataclass
class Kept:
    """What a task came to: the answer that the customer has, and whether the first one was wrong."""

    answer: Answer
    at: float
    shipped_bad: bool


class Tool:
    """One of the two tools; `degrades` is when it becomes bad (infinite: never)."""

    def __init__(self, name: str, price: float, degrades: float, world: "QualityWorld") -> None:
        self.name, self.price, self.degrades, self.world = name, price, degrades, world
        self.calls = 0

    async def search(self, task: str, attempt: int) -> Answer:
        """Look something up. It never fails, as far as it says."""
        await asyncio.sleep(self.world.luck.lognormal(0.2, 0.5, "service", self.name, task, attempt))
        self.calls += 1
        now = asyncio.get_running_loop().time()
        share = DEGRADED if now >= self.degrades else SOUND
        answer = Answer(task, self.name, attempt)
        if self.world.luck.uniform("right", self.name, task, attempt) < share:
            self.world.wrong.add(answer)
        self.world.trace.note(now, task, self.name, attempt, answer in self.world.wrong)
        return answer


class QualityWorld:
    """Tasks, two tools, a checker and customers. `wrong` is the truth, which arms learn from `check` alone."""

    def __init__(self, seed: int, length: float = 1.0) -> None:
        self.luck, self.trace, self.horizon = Luck(seed), Trace(), length * HORIZON
        self.degrades = SIXTH * self.horizon
        self.primary = Tool("first", CHEAP, self.degrades, self)
        self.fallback = Tool("second", DEAR, inf, self)
        self.wrong: set[Answer] = set()
        self.kept: dict[str, Kept] = {}
        self.audits = 0
        self.found = inf
        self.before = 0  # findings that were made before anything was wrong
        self.complaints: asyncio.Queue[str] = asyncio.Queue()

    async def check(self, answer: Answer) -> bool:
        """Whether an answer is right, by a way of its own."""
        self.audits += 1
        await asyncio.sleep(0.5)
        return answer not in self.wrong

    def report(self) -> None:
        """Say that the first tool is bad. The first time after it became so counts."""
        now = asyncio.get_running_loop().time()
        if now < self.degrades:
            self.before += 1
        else:
            self.found = min(self.found, now)

    async def play(self, serve: Callable[[str], Awaitable[Answer]]) -> Result:
        """Every task is served by `serve`, one after another, and its answer shipped; returns what came of it."""
        loop = asyncio.get_running_loop()
        for number in range(round(self.horizon / GAP)):
            if loop.time() < number * GAP:
                await asyncio.sleep(number * GAP - loop.time())
            await self._one(f"task-{number}", serve)
        await asyncio.sleep(self.horizon + GRACE - loop.time())
        return self.result()

    def ship(self, answer: Answer) -> None:
        """Give the customer another answer in the place of the one before."""
        self.kept[answer.task].answer = answer
        self.trace.note("redone", answer.task)

    async def _one(self, task: str, serve: Callable[[str], Awaitable[Answer]]) -> None:
        answer = await serve(task)
        loop = asyncio.get_running_loop()
        bad = answer in self.wrong
        self.kept[task] = Kept(answer, loop.time(), bad)
        if bad and self.luck.uniform("complains", task) < COMPLAINS:
            loop.call_later(DELAY, self.complaints.put_nowait, task)

    def result(self) -> Result:
        """The figures. Wrong answers are counted from when the tool became bad."""
        after = [kept for kept in self.kept.values() if kept.at >= self.degrades]
        shipped = sum(kept.shipped_bad for kept in after)
        left = sum(kept.answer in self.wrong for kept in after)
        found = self.found - self.degrades
        until = [kept for kept in after if kept.at <= self.found]
        figures = {
            "minutes": found / 60.0,
            "tasks": float(len(until)) if self.found < inf else inf,
            "slipped": float(sum(kept.shipped_bad for kept in until)),
            "shipped": float(shipped),
            "left": float(left),
            "false": float(self.before),
            "audits": float(self.audits),
            "tools": self.primary.price * self.primary.calls + self.fallback.price * self.fallback.calls,
            "cost": AUDIT * self.audits + HARM * shipped,
        }
        return Result(figures, self.trace.digest)
