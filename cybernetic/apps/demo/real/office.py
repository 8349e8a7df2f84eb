"""Who brings the work, in real time, and counts what comes of it."""

import asyncio
import itertools
from dataclasses import dataclass, field
from typing import Any

from cybernetic.apps.demo.real.company import DIVISIONS, NAME
from cybernetic.core import CallError, Refusal
from cybernetic.vsm import Task, ViableSystem

RATE = 10.0  # jobs a second
PATIENCE = 90.0  # seconds for a job


@dataclass(slots=True)
class Tally:
    """What has come of the jobs of a division.

    Attributes:
        offered, done, failed: jobs.
        pid: the process that did the last.
        lost: when (seconds of the loop) its process was killed; None while it is there.
        away: how long each absence took, until a job was done in a new process.
    """

    offered: int = 0
    done: int = 0
    failed: int = 0
    pid: int | None = None
    lost: float | None = None
    away: list[float] = field(default_factory=list)


@dataclass(slots=True)
class Office:
    """Brings jobs to the company at `company`, one division after the other, until `close`."""

    company: Any
    tallies: dict[str, Tally] = field(default_factory=lambda: {id: Tally() for id in DIVISIONS})
    why: list[str] = field(default_factory=list)
    open: bool = True

    @property
    def everywhere(self) -> bool:
        """Whether every division has done a job."""
        return all(tally.done for tally in self.tallies.values())

    async def work(self) -> None:
        """Bring jobs, and see all of them through."""
        async with asyncio.TaskGroup() as jobs:
            for number in itertools.count():
                if not self.open:
                    return
                jobs.create_task(self._job(number, DIVISIONS[number % len(DIVISIONS)]))
                await asyncio.sleep(1.0 / RATE)

    def close(self) -> None:
        """Bring no more."""
        self.open = False

    def struck(self, division: str) -> None:
        """Its process was killed."""
        tally = self.tallies[division]
        if tally.lost is None:
            tally.lost = asyncio.get_running_loop().time()

    async def _job(self, number: int, division: str) -> None:
        tally = self.tallies[division]
        tally.offered += 1
        task = Task("job", to=f"{NAME}/{division}", id=f"job-{number}")
        try:
            performed = await self.company.within(PATIENCE).call(ViableSystem.submit, task)
        except (CallError, Refusal) as error:
            tally.failed += 1
            self.why.append(f"{division}: {error}")
            return
        tally.done += 1
        self._answered(tally, performed.outcome.value)

    def _answered(self, tally: Tally, pid: int) -> None:
        if tally.lost is not None and pid != tally.pid:
            tally.away.append(asyncio.get_running_loop().time() - tally.lost)
            tally.lost = None
        if tally.lost is None:
            tally.pid = pid
