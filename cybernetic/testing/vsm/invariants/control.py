"""System 3: what is lent is never more than there is, at any level; it intervenes rarely, and never without end."""

import asyncio
from functools import reduce
from operator import add
from typing import Any

from cybernetic.testing.vsm.bench import NO_UNITS, Bench
from cybernetic.testing.vsm.expecting import expect, need
from cybernetic.testing.vsm.invariants.invariant import Invariant
from cybernetic.vsm import Cost, ViableSystem

ROUNDS, PAUSE, TASKS = 20, 0.5, 40
LONGEST = 1200  # rounds that work is waited for
NO_BUDGET = "no budget is counted there"
HELD, LATE = 10.0, 2.0  # seconds of an intervention, and after which it must be over


async def _ledgers(bench: Bench) -> dict[int, Any]:
    allocator = await bench.level.call(ViableSystem.ledger)
    return {} if allocator is None else dict(allocator.purse.ledgers)


async def _conserve(bench: Bench) -> None:
    """By the ledgers at any time; and, as ledgers may be wrong, by the receipts of the calls in the end."""
    await asyncio.sleep(PAUSE)
    need(await _ledgers(bench), NO_BUDGET)
    work = asyncio.ensure_future(bench.performed(TASKS))
    granted: dict[int, Any] = {}
    for turn in range(LONGEST):
        if turn >= ROUNDS and work.done():
            break
        await asyncio.sleep(PAUSE)
        for epoch, ledger in (await _ledgers(bench)).items():
            over = ledger.committed.less(ledger.grant + ledger.overrun)
            expect(not over, f"{over!r} more than was granted in epoch {epoch}")
            granted[epoch] = ledger.grant
    if not work.done():  # it is slow: the ledgers are all there is to go by
        work.cancel()
        bench.done()
        return
    came = work.result()
    bench.done()
    nothing: Any = Cost()
    costs = [receipt.cost for one in came for receipt in one.receipts]
    dearest = reduce(lambda a, b: a.most(b), costs, nothing)
    last = dearest.times(len(bench.units()))  # each may find out by its last call
    over = reduce(add, costs, nothing).less(reduce(add, granted.values(), last))
    expect(not over, f"{over!r} more than was granted, by the receipts")


async def _nested(bench: Bench) -> None:
    above, _, _ = bench.path.rpartition("/")
    need(above, "there is no level above it")
    await bench.worked(TASKS // 4)
    outer = bench.company.ref if "/" not in above else bench.system.named(above, ViableSystem)
    allocator, ledgers = await outer.call(ViableSystem.ledger), await _ledgers(bench)
    need(allocator is not None and ledgers, NO_BUDGET)
    for epoch, ledger in ledgers.items():
        lent = allocator.purse.ledger(epoch)
        held = lent.open.get(bench.path) or lent.closed.get(bench.path)
        upper = getattr(held, "upper", None) or getattr(held, "actual", None)
        expect(upper is not None and ledger.grant <= upper, f"{ledger.grant!r} granted of {upper!r} lent")


async def _sparing(bench: Bench) -> None:
    await bench.worked(TASKS // 4)
    await asyncio.sleep(ROUNDS * PAUSE)
    status = await bench.level.call(ViableSystem.status)
    hurt = {climb.pain.path for climb in status.alarms}
    meddled = {unit: rate for unit, rate in status.sparing.items() if rate and unit not in hurt}
    expect(not meddled, f"interventions for a thousand tasks: {meddled}, with nothing out of bounds there")


async def _expiry(bench: Bench) -> None:
    status = await bench.level.call(ViableSystem.status)
    need(status.load, NO_UNITS)
    unit = min(status.load)
    await bench.level.call(ViableSystem.suspend, unit, "to see it end", HELD)
    held = (await bench.level.call(ViableSystem.status)).interventions
    expect(unit in held, f"no intervention in {unit}, which was suspended")
    await asyncio.sleep(HELD + LATE)
    held = (await bench.level.call(ViableSystem.status)).interventions
    expect(unit not in held, f"{unit} is still held: {held.get(unit)}")
    log = await bench.level.call(ViableSystem.decisions, 0, "intervention")
    expect(any(entry.body.get("unit") == unit for entry in log), "it is not in the log")


INVARIANTS = (
    Invariant("T-S3-conserve", "spent, reserved and lent are at most what was granted", _conserve),
    Invariant("T-S3-nested", "a level grants no more than it holds", _nested),
    Invariant("T-S3-sparing", "nobody is intervened in who is within bounds", _sparing),
    Invariant("T-S3-expiry", "an intervention is in the log, and ends by itself", _expiry),
)
