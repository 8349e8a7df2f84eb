"""Eight agents at a priced provider, with 250 dollars for the hour; after five minutes one begins to loop.

In its right mind an agent makes a call every five seconds, of about 4.5 cents: the eight want 258 dollars in
the hour. The loop calls ten times as often and is of no use, and its prompts grow with what it repeats, up to
2.25 times the price. When a call is due does not depend on what became of the ones before.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from math import inf

from benchmarks.vsm.trials.luck import Luck
from benchmarks.vsm.trials.trial import Result, Trace

AGENTS, HORIZON, BUDGET = 8, 3600.0, 250.0
GAP, SECONDS = 5.0, 0.25  # between calls when all is well, and how long one takes
PRICE, SPREAD = 0.0449, 0.5  # dollars, and how far a call's price varies
LOOP_AT, LOOP_RATE, LOOPER = 300.0, 10.0, "agent-0"
GROWTH, GROWN = 0.01, 2.25  # what a repetition adds to the prompt, in prices, and the most it comes to


class Refused(Exception):
    """An arm does not let a call through."""


@dataclass(frozen=True)
class Request:
    """A call that is due: whose, and the most it can cost in dollars.

    `grown` is the length of its prompt, in usual ones.
    """

    agent: str
    task: str
    grown: float

    @property
    def upper(self) -> float:
        """Dollars, at most: the prompt, and all the tokens that are allowed."""
        return PRICE * (1 + SPREAD) * self.grown


@dataclass(frozen=True)
class Answer:
    """What came back: dollars billed, and whether it was of any use (which shows when it is accounted)."""

    usd: float
    useful: bool


@dataclass
class Bills:
    """What the hour came to."""

    spent: dict[str, float] = field(default_factory=dict)
    looped: float = 0.0
    useful: int = 0
    lost: int = 0
    latest: float = 0.0  # when money last went out
    flagged: float = inf


class Provider:
    """Takes calls and sends bills."""

    def __init__(self, luck: Luck, trace: Trace, bills: Bills) -> None:
        self.luck, self.trace, self.bills = luck, trace, bills

    async def complete(self, request: Request, attempt: int) -> Answer:
        """Make the call, for its price."""
        luck, task = self.luck, request.task
        await asyncio.sleep(luck.exponential(SECONDS, "service", task, attempt))
        usd = PRICE * (1 + SPREAD * (2 * luck.uniform("price", task, attempt) - 1)) * request.grown
        useful = request.grown == 1.0
        bills = self.bills
        bills.spent[request.agent] = bills.spent.get(request.agent, 0.0) + usd
        bills.looped += 0.0 if useful else usd
        bills.useful += useful
        bills.latest = asyncio.get_running_loop().time()
        self.trace.note("bill", bills.latest, task, usd)
        return Answer(usd, useful)


Call = Callable[[Request], Awaitable[None]]
"""How an arm lets a call through: `await call(request)`; raises `Refused`."""


class CostWorld:
    """The agents, their calls and the bills; `budget` is for all the time there is."""

    def __init__(self, seed: int, length: float = 1.0) -> None:
        self.luck, self.trace, self.bills = Luck(seed), Trace(), Bills()
        self.horizon, self.budget = length * HORIZON, length * BUDGET
        self.provider = Provider(self.luck, self.trace, self.bills)
        self.agents = tuple(f"agent-{number}" for number in range(AGENTS))

    def flag(self, agent: str) -> None:
        """Say that `agent` stands out. The first time that it is the right one, after it began, counts."""
        now = asyncio.get_running_loop().time()
        if agent == LOOPER and now >= LOOP_AT:
            self.bills.flagged = min(self.bills.flagged, now)

    async def play(self, call: Call) -> Result:
        """Let the agents call by `call` for an hour; returns what came of it."""
        await asyncio.gather(*(self._agent(agent, call) for agent in self.agents))
        return self.result()

    async def _agent(self, agent: str, call: Call) -> None:
        loop, due, number, repeated = asyncio.get_running_loop(), 0.0, 0, 0
        while True:
            looping = agent == LOOPER and due >= LOOP_AT
            task = f"{agent}/{number}"
            due += self.luck.exponential(GAP / (LOOP_RATE if looping else 1.0), "gap", task)
            number += 1
            if due >= self.horizon:
                return
            looping = agent == LOOPER and due >= LOOP_AT
            if loop.time() < due:
                await asyncio.sleep(due - loop.time())
            repeated += looping
            grown = min(GROWN, 1.0 + GROWTH * repeated)
            try:
                await call(Request(agent, task, grown))
            except Refused:
                self.trace.note("refused", loop.time(), task)
                self.bills.lost += not looping

    def result(self) -> Result:
        """The figures of the hour."""
        bills = self.bills
        figures = {
            "spent": sum(bills.spent.values()),
            "share": 100.0 * sum(bills.spent.values()) / self.budget,
            "looper": bills.spent.get(LOOPER, 0.0),
            "looped": bills.looped,
            "useful": float(bills.useful),
            "lost": float(bills.lost),
            "flagged": bills.flagged - LOOP_AT,
        }
        return Result(figures, self.trace.digest)
