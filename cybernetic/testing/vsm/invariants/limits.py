"""What ports bound: calls that go round in circles, calls a second, and calls that take more than was set aside."""

import asyncio
from contextlib import suppress
from itertools import count
from typing import Any

from cybernetic.core import Kill, Refusal
from cybernetic.testing.vsm.asking import (
    NO_PORTS,
    PATIENCE,
    admitted,
    all_of,
    ask,
    declared,
    leave_for,
    porter_of,
    small,
)
from cybernetic.testing.vsm.bench import NO_UNITS, Bench
from cybernetic.testing.vsm.expecting import Untried, expect, need
from cybernetic.testing.vsm.invariants.invariant import Invariant
from cybernetic.testing.vsm.simulation import logged
from cybernetic.vsm import Ask, BudgetExhausted, Came, Port, Porter, Rate, Stuck, ViableSystem, now

FEW = 3  # units whose ports are asked
CIRCLES = 1000  # equal calls that are made, at most
BEGUN = 2.0  # seconds after which the first contracts are out, and system 2 knows the units
WATCHED = 60.0  # seconds in which calls of a paced port are counted
MANY, CROWD = 30, 300  # calls of one, at least and at most
LASTS = 10.0  # seconds that they take at the least, and in the middle of which system 2 dies
PART = 0.1  # of what a unit has left is set aside for a call at the most
ANSWERED = 60  # seconds in which system 3 answers for an overrun


async def _stuck(bench: Bench) -> None:
    need(bench.units(), NO_UNITS)
    porters = [porter_of(bench, unit) for unit in bench.units()[:FEW]]
    ports = [(porter, port) for porter in porters for port in await declared(porter)]
    await all_of((_circle(bench, porter, port) for porter, port in ports), NO_PORTS)


async def _circle(bench: Bench, porter: Any, port: str) -> None:
    """The same call again and again, through one port."""
    repeats = CIRCLES
    for times in count():
        try:
            passage = await admitted(porter, ask(bench, port, f"asked through {port}"))
        except Stuck as error:
            expect(times == repeats, f"after {times} calls, of {repeats} that are a loop: {error}")
            return
        repeats = passage.port.repeats
        need(repeats <= CIRCLES, f"port {port!r} lets the same call be made {repeats} times")
        await porter.call(Porter.unmade, passage)
        expect(times < repeats, f"call {times + 1} through {port!r} is let in, where {repeats} are a loop")


async def _rate(bench: Bench) -> None:
    need(bench.units(), NO_UNITS)
    await asyncio.sleep(BEGUN)
    paced = sorted((await bench.level.call(ViableSystem.status)).flows)
    await all_of((_paced(bench, port) for port in paced), "system 2 paces no port here")


async def _paced(bench: Bench, port: str) -> None:
    """All units make calls through it at once, and system 2 dies meanwhile."""
    units = [unit for unit in bench.units() if port in await declared(porter_of(bench, unit))]
    need(units, f"no unit has port {port!r}")
    porter = porter_of(bench, units[0])
    first = await admitted(porter, ask(bench, port, "the first"))
    await porter.call(Porter.unmade, first)
    rate, went = first.port.rate, list[float]()
    if rate is None or rate.burst > CROWD / 2:
        raise Untried(f"port {port!r} has no limit that is declared, or takes too many at once")
    many = 2 * rate.burst + max(MANY, rate.per_second * LASTS)
    each = int(min(CROWD, many)) // len(units) + 2
    asked = [(unit, ask(bench, port, f"{unit} {n}")) for unit in units for n in range(each)]
    jobs = [asyncio.ensure_future(_call(bench, *one, first.port, went)) for one in asked]
    await asyncio.sleep(LASTS / 2)
    victim = bench.system.whereis(f"{bench.path}:coordination")
    if victim is not None:
        victim.exit(Kill())
    await asyncio.wait(jobs, timeout=WATCHED)
    for job in jobs:
        job.cancel()
    need(len(went) > 1, f"port {port!r} lets no two calls through in {WATCHED:g} s")
    most = worst(went, rate)
    expect(
        most <= max(1.0, rate.burst) + 1e-6,
        f"{most:.3g} calls at once through {port!r}, which takes {rate!r}",
    )


async def _call(bench: Bench, unit: str, asked: Ask, port: Port, went: list[float]) -> None:
    """When it went through that port, if it did; it took no time."""
    porter = porter_of(bench, unit)
    with suppress(Untried, Refusal):
        passage = await admitted(porter, asked)
        if passage.port == port:  # and none of that name that a level within declares
            went.append(now())
        await porter.call(Porter.unmade, passage)


def worst(times: list[float], rate: Rate) -> float:
    """By how many calls the worst window of them exceeds the rate times its length."""
    level = most = at = 0.0
    for time in sorted(times):
        level = max(0.0, level - rate.per_second * (time - at)) + 1.0
        most, at = max(most, level), time
    return most


async def _overrun(bench: Bench) -> None:
    need(bench.units(), NO_UNITS)
    await asyncio.sleep(BEGUN)
    unit = bench.units()[0]
    porter = porter_of(bench, unit)
    committed, grant = await porter.call(Porter.spent)
    left = grant.less(committed)
    need(left, f"no budget is counted there, or {unit} has none")
    upper, bill = left.times(PART).least(small(bench)), grant.times(2)
    need(upper, f"{unit} has hardly anything left: {left!r}")
    passage = await leave_for(bench, porter, upper)
    await porter.call(Porter.settle, passage, Came.DONE, "", bill)
    spent, _ = await porter.call(Porter.spent)
    expect(bill <= spent, f"{unit} took {bill!r}, and {spent!r} is counted")
    next_one = ask(bench, passage.ask.port, "the next", upper)
    try:
        await porter.within(PATIENCE).call(Porter.admit, next_one)
    except BudgetExhausted:
        await _answered(bench, unit)
    else:
        expect(False, f"{unit} took {bill!r} of {left!r} that it had left, and may make the next call")


async def _answered(bench: Bench, unit: str) -> None:
    """System 3 of its level has noted what a unit took."""
    level = bench.at(unit.rpartition("/")[0])
    for _ in range(ANSWERED):
        await asyncio.sleep(1.0)
        if unit in [one.body["unit"] for one in await logged(level, "overrun")]:
            return
    expect(False, f"{ANSWERED} s after {unit} took more than it had system 3 has not noted it")


INVARIANTS = (
    Invariant("T-S1-stuck", "the same call again and again in a task is stopped as declared", _stuck),
    Invariant("T-S2-rate", "all units together use a paced port no faster than it is declared", _rate),
    Invariant("T-S3-overrun", "what a call takes beyond its bounds is charged and stops the next", _overrun),
)
