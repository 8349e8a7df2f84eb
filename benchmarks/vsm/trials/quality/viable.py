"""System 3*'s parts in the place of the whole: sampled audits, a CUSUM, and what follows from a finding.

The tool is put in quarantine and work goes to the other one. Canaries tell whether it is really bad: if not, it is
let out again; else what may be wrong is looked up again, which is all since the score last stood at 0, and a margin.
"""

import asyncio

from benchmarks.vsm.trials.quality.world import Answer, QualityWorld, Tool
from benchmarks.vsm.trials.trial import Arm, Result
from cybernetic.vsm.audit import CusumDesign, DiscrepancyCusum, Sampler

DESIGN = CusumDesign()
CANARIES, TOLERATED = 40, 2  # look-ups of a tool in quarantine, and wrong ones with which it is let out
MARGIN = 20  # audits before the score rose, in which it may have been bad already


class Inspector:
    """System 3*: it decides after the fact what is audited, and keeps the score."""

    def __init__(self, world: QualityWorld, seed: int, share: float) -> None:
        self.world = world
        self.sampler = Sampler(f"the secret of seed {seed}".encode(), base=share)
        self.cusum = DiscrepancyCusum(DESIGN)
        self.back = round(MARGIN / share)  # tasks

    def picks(self, task: str) -> bool:
        """Whether a completed task is audited."""
        return self.sampler.picks(task, self.sampler.base)

    async def audit(self, answer: Answer) -> bool:
        """Check an answer; whether that raises the alarm."""
        right = await self.world.check(answer)
        stood = self.cusum.alarm
        self.cusum = self.cusum.after(not right)
        return self.cusum.alarm and not stood

    async def sound(self, tool: Tool, time: int) -> bool:
        """Whether canaries find nothing wrong with a tool; then the score begins anew."""
        wrong = 0
        for number in range(CANARIES):
            answer = await tool.search(f"canary-{time}-{number}", 1)
            wrong += not await self.world.check(answer)
        if wrong <= TOLERATED:
            self.cusum = self.cusum.reset()
        return wrong <= TOLERATED


def audited(share: float) -> Arm:
    """The arm that audits this share of the tasks."""

    async def run(world: QualityWorld, seed: int) -> Result:
        inspector = Inspector(world, seed, share)
        ledger: list[Answer] = []  # what the first tool gave
        tool, rising = world.primary, 0  # place in the ledger where the score last stood at 0
        auditing: set[asyncio.Task[None]] = set()

        async def serve(task: str) -> Answer:
            answer = await tool.search(task, 1)
            if tool is world.primary:
                ledger.append(answer)
                if inspector.picks(task):
                    work = asyncio.ensure_future(audit(answer, len(ledger)))
                    auditing.add(work)
                    work.add_done_callback(auditing.discard)
            elif inspector.picks(task):
                await world.check(answer)
            return answer

        async def audit(answer: Answer, place: int) -> None:
            nonlocal tool, rising
            if await inspector.audit(answer):
                tool = world.fallback
                world.report()
                if await inspector.sound(world.primary, len(ledger)):
                    tool = world.primary
                    return
                for doubtful in ledger[max(0, rising - inspector.back) :]:
                    world.ship(await world.fallback.search(doubtful.task, 2))
            elif inspector.cusum.score == 0.0:
                rising = place

        result = await world.play(serve)
        await asyncio.gather(*auditing)
        return result

    return run
