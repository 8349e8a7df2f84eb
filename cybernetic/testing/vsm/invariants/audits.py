"""System 3*: it looks at what was done past the management."""

from typing import Any

from cybernetic.runtime import Agent
from cybernetic.testing.vsm.bench import Bench
from cybernetic.testing.vsm.expecting import expect, need
from cybernetic.testing.vsm.invariants.invariant import Invariant
from cybernetic.testing.vsm.simulation import logged
from cybernetic.vsm import Audit, Auditor

SHOWN = 3


async def _bypass(bench: Bench) -> None:
    there = bench.system.whereis(f"{bench.path}:audit", Agent)
    need(there is not None and (await _plan(there)).verify, "nothing is audited there")
    auditor = bench.part("audit", Auditor)
    before, done = len(bench.company.tasks), await bench.performed(SHOWN)
    bench.done(before)
    unit, task = _unit(bench, done)
    manager = bench.system.whereis(f"{unit}:management", Agent)
    if manager is not None:
        await manager.inspect().suspend()
    await bench.ablate("s3")
    looked = await _looked(bench, auditor, unit, task)
    await auditor.within(None).call(Auditor.audit, unit, task)
    need(not (await auditor.call(Auditor.health)).suspect, "its verifier is not believed")
    expect(
        await _looked(bench, auditor, unit, task) > looked,
        f"with the management of {unit} and system 3 away nobody sees what it did in {task}",
    )


async def _plan(auditor: Any) -> Audit:
    """How it audits: without a `verify` it looks at no task."""
    plan: Audit = (await auditor.inspect().get_state())["_audit"]
    return plan


def _unit(bench: Bench, done: list[Any]) -> tuple[str, str]:
    """A unit of the level itself, and a task that it has done."""
    for one in done:
        for unit in bench.parts("management"):
            if one.receipts and f"{one.receipts[0].path}/".startswith(f"{unit}/"):
                return unit, one.task
    need(False, "what was done leaves no receipts here")
    raise AssertionError


async def _looked(bench: Bench, auditor: Any, unit: str, task: str) -> Any:
    """How many audits of it there were, with those in which the verifier could not tell what it saw."""
    unsure = sum(one.body["task"] == task for one in await logged(bench.level, "unverified"))
    records = await auditor.call(Auditor.records)
    return records[unit].work.audits + unsure


INVARIANTS = (Invariant("T-S3star-bypass", "an audit goes past a management that is away", _bypass),)
