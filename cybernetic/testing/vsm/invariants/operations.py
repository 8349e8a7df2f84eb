"""System 1: there, autonomous, and honest."""

from cybernetic.testing.vsm.bench import NO_UNITS, Bench
from cybernetic.testing.vsm.expecting import expect, need
from cybernetic.testing.vsm.invariants.invariant import Invariant
from cybernetic.vsm import NoEvidence, Outcome, Porter, Task

TASKS, SHOWN = 20, 3


async def _units(bench: Bench) -> None:
    expect(bool(bench.units() or bench.elsewhere()), "no units: a viable system without a system 1 is none")


async def _autonomy(bench: Bench) -> None:
    await bench.worked(TASKS)
    await bench.ablate("s3", "s4", "s5")
    await bench.works_on(TASKS, "them")


async def _evidence(bench: Bench) -> None:
    """By what the units show for what they do; and by what they would get away with."""
    need(bench.units(), NO_UNITS)
    bare = [one.task for one in await bench.performed(SHOWN) if one.outcome.good and not one.receipts]
    expect(not bare, f"done without a receipt: {bare}")
    bench.done()
    for unit in bench.units():
        porter = bench.system.named(f"{unit}:porter", Porter)
        try:
            await porter.call(Porter.close, Task("claimed", id="claimed"), Outcome("done"))
        except NoEvidence:
            continue
        expect(False, f"{unit} may report a success without a receipt")


UNITS = Invariant("T-S1-units", "there are units that do its work", _units)
"""Asked of each level before anything else: most of what is said of a viable system would hold of an empty one."""

INVARIANTS = (
    Invariant("T-S1-autonomy", "without systems 3, 4 and 5 at least 95 % of the work goes on", _autonomy),
    Invariant("T-S1-evidence", "no unit can report a success without a receipt of a port", _evidence),
)
