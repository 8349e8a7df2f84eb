"""The customers of one company: what they asked for, what came of it, and what they find out later."""

from dataclasses import dataclass
from math import ceil, inf

from cybernetic.apps.demo.world.demand import Job
from cybernetic.apps.demo.world.luck import Luck

COMPLAINS = 0.05  # of those who got a wrong answer
NOTICED = 1800.0  # seconds until they do, on average; not before half of it
GIVEN_UP = 900.0  # seconds after which nobody waits any more


@dataclass(slots=True)
class Case:
    """A job and what became of it: when something was shipped, whether it was right, whether it was given up."""

    job: Job
    shipped: float = inf
    right: bool = False
    failed: bool = False
    mended: float = inf

    def done(self, at: float) -> bool:
        """Whether it was done well by `at`."""
        return self.right and self.shipped <= at and not self.late

    @property
    def late(self) -> bool:
        """Whether the customer was gone before it was done."""
        return self.shipped - self.job.at > self.job.patience

    def lost(self, at: float) -> bool:
        """Whether the customer has turned away by `at`."""
        return self.failed or (min(at, self.shipped) - self.job.at > self.job.patience)

    def gave_up(self, at: float) -> bool:
        """Whether the company has failed them by `at`: it gave up, or let them wait for a quarter of an hour."""
        return self.failed or min(at, self.shipped) - self.job.at > GIVEN_UP

    @property
    def wrong(self) -> bool:
        """Whether the customer was left with a wrong answer."""
        return self.shipped < inf and not self.right and self.mended == inf


class Customers:
    """All cases of an hour; those from before it do not count."""

    def __init__(self, luck: Luck) -> None:
        self._luck = luck
        self.cases: dict[str, Case] = {}
        self.done_by: dict[str, float] = {}  # work done for the hour's jobs, by division and agent

    def asked(self, job: Job) -> None:
        """Somebody wants something."""
        if job.at >= 0.0:
            self.cases[job.id] = Case(job)

    def shipped(self, job: Job, right: bool, at: float) -> float | None:
        """Something was sent out; when the customer will complain (seconds of the hour), if they do."""
        case = self.cases.get(job.id)
        if case is None:
            return None
        if case.shipped < inf:
            if right and not case.right:
                case.mended = at
            return None
        case.shipped, case.right = at, right
        if right or self._luck.uniform("complains", job.id) >= COMPLAINS:
            return None
        return at + NOTICED * (0.5 + self._luck.exponential(0.5, "noticed", job.id))

    def worked(self, agent: str, job: Job) -> None:
        """An agent has done a job."""
        if job.id in self.cases:
            self.done_by[agent] = self.done_by.get(agent, 0.0) + 1.0

    def gave_up(self, job: Job) -> None:
        """The company will not do it."""
        case = self.cases.get(job.id)
        if case is not None and case.shipped == inf:
            case.failed = True

    def p95(self) -> float:
        """Seconds to a good outcome, of all jobs offered, that 95 of 100 stay within."""
        times = sorted(
            case.shipped - case.job.at if case.right and not case.failed else inf
            for case in self.cases.values()
        )
        return times[max(0, ceil(0.95 * len(times)) - 1)] if times else inf
