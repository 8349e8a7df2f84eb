"""A provider with a token bucket, and twenty agents with jobs of five calls each, one after another.

The bucket holds 5 calls and gets one a second; a call takes about three seconds. Jobs are offered for half an
hour: whoever has done one, or given it up, is offered the next. Each is followed to its end under the same
load, for at most another half hour; what is not done by then counts as never done.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from math import ceil, inf

from benchmarks.vsm.trials.figures import jain, quantile
from benchmarks.vsm.trials.luck import Luck
from benchmarks.vsm.trials.trial import Result, Trace

AGENTS, CALLS, SECONDS, SIGMA = 20, 5, 3.0, 0.5
LIMIT, BURST = 1.0, 5.0  # calls a second, calls at once
HORIZON = 1800.0
THIRDS = (1 / 3, 2 / 3)  # of the time: when something may happen

HEAVY = 3.0  # the weight of an agent that counts more

_EPSILON = 1e-9  # a bucket is full enough in spite of rounding


class RateLimited(Exception):
    """429: the provider refuses a call and says how many seconds to wait."""

    def __init__(self, retry_after: float) -> None:
        super().__init__(f"429, Retry-After: {retry_after:g}")
        self.retry_after = retry_after


class GaveUp(Exception):
    """An agent stops trying: its job has failed."""


Call = Callable[[str, str], Awaitable[None]]
"""How an arm makes a call: `await call(agent, task)`; raises `GaveUp`."""


@dataclass
class Job:
    """A job that was offered: whose, when, and when it came to a good end (infinite: it did not)."""

    agent: str
    offered: float
    done: float = inf
    failed: bool = False
    calls: int = 0

    @property
    def open(self) -> bool:
        """Whether it may still come to an end."""
        return self.done == inf and not self.failed


class Provider:
    """What takes calls. `charge` is what a refused one costs of the bucket; `halved`: between which times it
    gives half. `refusals` holds when it refused.
    """

    def __init__(self, luck: Luck, trace: Trace, charge: float, halved: tuple[float, float]) -> None:
        self.luck, self.trace, self.charge, self.halved = luck, trace, charge, halved
        self.refusals: list[float] = []
        self._bucket, self._filled = BURST, 0.0

    async def complete(self, task: str, attempt: int) -> None:
        """Make the call. Raises `RateLimited`; the service time is that of this task and attempt."""
        now = asyncio.get_running_loop().time()
        self._bucket = min(BURST, self._bucket + self._gained(now))
        self._filled = now
        if self._bucket < 1.0 - _EPSILON:
            self.refusals.append(now)
            self._bucket = max(0.0, self._bucket - self.charge)
            self.trace.note("429", now, task, attempt)
            raise RateLimited(float(max(1, ceil((1.0 - self._bucket) / self._rate(now) - _EPSILON))))
        self._bucket -= 1.0
        self.trace.note("call", now, task, attempt)
        await asyncio.sleep(self.luck.lognormal(SECONDS, SIGMA, "service", task, attempt))

    def _rate(self, now: float) -> float:
        return LIMIT / 2 if self.halved[0] <= now < self.halved[1] else LIMIT

    def _gained(self, now: float) -> float:
        """What has come into the bucket since it was last looked at."""
        begins, ends = self.halved
        slow = max(0.0, min(now, ends) - max(self._filled, begins))
        return LIMIT * (now - self._filled - slow / 2)


class RateWorld:
    """The agents, their jobs, and the provider they share.

    A refused call may be charged. In the second third of the time the limit may be halved, or what an arm shares
    between its agents may be `down` (an `outage`). Of the agents the first so many may be `heavy`: they count three
    times as much.
    """

    def __init__(
        self,
        seed: int,
        length: float = 1.0,
        charge: float = 0.0,
        halved: bool = False,
        outage: bool = False,
        heavy: int = 0,
    ) -> None:
        self.luck, self.trace, self.horizon = Luck(seed), Trace(), length * HORIZON
        third = (THIRDS[0] * self.horizon, THIRDS[1] * self.horizon)
        self.outage = third if outage else (inf, inf)
        self.provider = Provider(self.luck, self.trace, charge, third if halved else (inf, inf))
        self.agents = tuple(f"agent-{number}" for number in range(AGENTS))
        self.weights = {agent: HEAVY if number < heavy else 1.0 for number, agent in enumerate(self.agents)}
        self.jobs: list[Job] = []
        self._over = asyncio.Event()

    async def play(self, call: Call) -> Result:
        """Let the agents work, making their calls by `call`; returns what came of it."""
        work = [asyncio.ensure_future(self._agent(agent, call)) for agent in self.agents]
        await asyncio.sleep(self.horizon)
        try:
            if self._following:
                await asyncio.wait_for(self._over.wait(), self.horizon)
        except TimeoutError:
            pass
        for task in work:
            task.cancel()
        for end in await asyncio.gather(*work, return_exceptions=True):
            if not isinstance(end, asyncio.CancelledError):
                raise AssertionError(f"an agent works until it is stopped, and ended with {end!r}")
        return self.result()

    @property
    def down(self) -> bool:
        """Whether a process that all agents depend on is dead at the moment."""
        return self.outage[0] <= asyncio.get_running_loop().time() < self.outage[1]

    @property
    def _following(self) -> bool:
        return any(job.open for job in self.jobs)

    async def _agent(self, agent: str, call: Call) -> None:
        """Job after job; those that begin when the half hour is over are load, and do not count."""
        loop, number = asyncio.get_running_loop(), 0
        while True:
            job = Job(agent, loop.time())
            if job.offered < self.horizon:
                self.jobs.append(job)
            try:
                for step in range(CALLS):
                    await call(agent, f"{agent}/{number}/{step}")
                    job.calls += loop.time() < self.horizon
                job.done = loop.time()
            except GaveUp:
                job.failed = True
            self.trace.note("failed" if job.failed else "done", loop.time(), agent, number)
            if loop.time() >= self.horizon and not self._following:
                self._over.set()
            number += 1

    def result(self) -> Result:
        """The figures: counts are of the half hour, times are of all jobs offered in it."""
        done = [job for job in self.jobs if job.done < self.horizon]
        failed = [job for job in self.jobs if job.failed]
        each = dict.fromkeys(self.agents, 0)
        for job in done:
            each[job.agent] += 1
        times = [job.done - job.offered for job in self.jobs]
        of_done = [job.done - job.offered for job in done]
        figures = {
            "done": float(len(done)),
            "failed": float(len(failed)),
            "refused": float(sum(at < self.horizon for at in self.provider.refusals)),
            "wasted": float(sum(job.calls for job in failed)),
            "p50": quantile(times, 0.50),
            "p95": quantile(times, 0.95),
            "p50 done": quantile(of_done, 0.50),
            "p95 done": quantile(of_done, 0.95),
            "jain": jain([count / self.weights[agent] for agent, count in each.items()]),
        }
        return Result(figures, self.trace.digest)
