"""The customers of one company: what they asked for, what came of it, and what they find out later."""

from collections import Counter
from dataclasses import dataclass
from math import ceil, inf

from cybernetic.apps.demo.world.demand import Job
from cybernetic.apps.demo.world.luck import Luck

COMPLAINS = 0.05  # of those who got a wrong answer
NOTICED = 1800.0  # seconds until they do, on average; not before half of it
GIVEN_UP = 900.0  # seconds after which nobody waits any more


@dataclass(slots=True)
class Case:
    """A job and what became of it: when something was shipped, whether it was right, whether the company gave it up,
    and when something wrong was put right.
    """

    job: Job
    shipped: float = inf
    right: bool = False
    failed: bool = False
    mended: float = inf


@dataclass(frozen=True, slots=True)
class Seen:
    """What has become of all cases of the hour, as of some second of it.

    Attributes:
        offered: how many there are.
        done: those that were done well: right, and while the customer waited.
        failed: those that were given up, or left for a quarter of an hour.
        lost: those whose customers have turned away.
        wrong: those whose customers were left with a wrong answer.
        waiting: those that nothing was shipped for yet, by division.
        p95: seconds to a good outcome, of all jobs offered, that 95 of 100 stay within.
    """

    offered: int
    done: int
    failed: int
    lost: int
    wrong: int
    waiting: Counter[str]
    p95: float


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

    def seen(self, at: float) -> Seen:
        """What has become of all cases by `at`, which is now. One look at each: every frame asks this of all."""
        done = failed = lost = wrong = 0
        waiting: Counter[str] = Counter()
        times = []
        for case in self.cases.values():
            job, shipped = case.job, case.shipped
            waited = min(at, shipped) - job.at
            away = waited > job.patience
            lost += case.failed or away
            failed += case.failed or waited > GIVEN_UP
            if shipped > at:
                if not case.failed:
                    waiting[job.division] += 1
            elif not case.right:
                wrong += case.mended == inf
            elif not away:
                done += 1
            times.append(waited if case.right and not case.failed else inf)
        times.sort()
        p95 = times[max(0, ceil(0.95 * len(times)) - 1)] if times else inf
        return Seen(len(times), done, failed, lost, wrong, waiting, p95)
