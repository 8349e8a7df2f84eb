"""System 1: autonomous, and honest."""

from cybernetic.testing.vsm.bench import NO_UNITS, Bench
from cybernetic.testing.vsm.expecting import expect, need
from cybernetic.testing.vsm.invariants.invariant import Invariant
from cybernetic.vsm import NoEvidence, Outcome, Porter, Task

TASKS = 20


async def _autonomy(bench: Bench) -> None:
    with_all = await bench.work(TASKS)
    why = next((one.why for one in bench.company.tasks if one.why), "")
    expect(with_all > 0, f"none of {TASKS} tasks done with them: {why}")
    await bench.ablate("s3", "s4", "s5")
    without = await bench.work(TASKS)
    expect(without >= 0.95 * with_all, f"{with_all} of {TASKS} tasks done with them, {without} without")


async def _evidence(bench: Bench) -> None:
    need(bench.units(), NO_UNITS)
    for unit in bench.units():
        porter = bench.system.named(f"{unit}:porter", Porter)
        try:
            await porter.call(Porter.close, Task("claimed", id="claimed"), Outcome("done"))
        except NoEvidence:
            continue
        expect(False, f"{unit} may report a success without a receipt")


INVARIANTS = (
    Invariant("T-S1-autonomy", "without systems 3, 4 and 5 at least 95 % of the work is done", _autonomy),
    Invariant("T-S1-evidence", "no unit can report a success without a receipt of a port", _evidence),
)
