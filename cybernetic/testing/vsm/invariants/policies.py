"""System 5: whatever is asked is decided, in the same way each time, and silence is never leave."""

import asyncio
from typing import Any

from cybernetic.testing.vsm.asking import REFUSALS, about, ask, declared, leave_for, porter_of
from cybernetic.testing.vsm.bench import NO_UNITS, Bench
from cybernetic.testing.vsm.expecting import Untried, expect, need
from cybernetic.testing.vsm.invariants.invariant import Invariant
from cybernetic.vsm import (
    Action,
    Allow,
    Ask,
    Deny,
    Escalate,
    Policy,
    PolicyDenied,
    Porter,
    Verdict,
    ViableSystem,
    decide,
    decision_table,
    now,
)

AMOUNTS = (0.0, 1.0, 1_000_000.0)
WAIT, LATE = 5.0, 60.0  # seconds that somebody has to answer, and in which a call has its turn after that
KNOWN = 1.0  # seconds after which a policy is known everywhere
NAME = "silence, asked by the suite of invariants"
DENIED, ALLOWED = "silence that denies", "silence that allows"  # kinds of actions


async def _total(bench: Bench) -> None:
    """By its policies, twice; and what they deny has no leave at the ports."""
    need(bench.units(), NO_UNITS)
    await asyncio.sleep(KNOWN)
    unit = bench.units()[0]
    porter = porter_of(bench, unit)
    policies, ports = (await bench.level.call(ViableSystem.rules)).policies, await declared(porter)
    need(policies, "no policies are declared there")
    first, again = (_table(policies, (*ports, NAME), unit) for _ in range(2))
    other = [row for row, decided in first.items() if decided != again[row]]
    expect(not other, f"decided in one way and then in another: {other}")
    for (kind, usd), (verdict, by) in first.items():
        expect(issubclass(verdict, Verdict), f"not decided: {kind} of {usd:g} usd")
        if verdict is Deny and ports:
            asked = ask(bench, ports[0], f"{kind} {usd}", action=Action(kind, {"usd": usd}))
            expect(
                not await _leave(porter, asked),
                f"{by} denies {kind} of {usd:g} usd, and there is leave for it",
            )


def _table(policies: Any, kinds: tuple[str, ...], unit: str) -> dict[tuple[str, float], tuple[type, str]]:
    """What is decided, and by whose word, for actions of these kinds and of some amounts."""
    rows = decision_table(policies, {"kind": kinds, "usd": AMOUNTS}, {"path": unit})
    return {(action.kind, action.usd): (type(found.verdict), found.by) for action, found in rows}


async def _leave(porter: Any, asked: Ask) -> bool:
    """Whether there is leave for it, as far as policies say."""
    try:
        async with asyncio.timeout(WAIT + LATE):
            await porter.within(None).call(Porter.admit, asked)
    except PolicyDenied:
        return False
    except REFUSALS as error:
        raise Untried(f"port {asked.port!r} gives no leave: {error}") from None
    except TimeoutError:
        raise AssertionError(f"found: not decided within {WAIT + LATE:g} s") from None
    return True


def silent(action: Any, context: Any) -> Verdict:
    """Somebody is asked who does not answer."""
    if action.kind == DENIED:
        return Escalate("nobody", WAIT, Deny("nobody answered"))
    return Escalate("nobody", WAIT, Allow()) if action.kind == ALLOWED else Allow()


async def _last_resort(bench: Bench) -> None:
    need(bench.units(), NO_UNITS)
    await asyncio.sleep(KNOWN)
    unit = bench.units()[0]
    porter = porter_of(bench, unit)
    passage = await leave_for(bench, porter)
    await porter.call(Porter.unmade, passage)
    port, rate = passage.ask.port, passage.port.rate
    need(rate is None or rate.per_second * LATE > 1, f"port {port!r} lets one call through in {LATE:g} s")
    await bench.level.call(ViableSystem.set_policy, Policy(NAME, 1, silent))
    await asyncio.sleep(KNOWN)
    rules = (await bench.at(unit.rpartition("/")[0]).call(ViableSystem.rules)).policies
    for kind in (DENIED, ALLOWED):
        found = decide(rules, about(bench, kind), {"path": unit})
        need(found.escalated and NAME in found.by, f"its policies decide what they do not know: {found.by}")
    began = now()
    leave = await _leave(porter, ask(bench, port, DENIED, action=about(bench, DENIED)))
    expect(not leave, "silence was leave, where it was declared to deny")
    expect(now() - began >= WAIT, f"denied after {now() - began:g} s, of {WAIT:g} to answer in")
    leave = await _leave(porter, ask(bench, port, ALLOWED, action=about(bench, ALLOWED)))
    expect(leave, "silence denied, where somebody wrote down that it allows")


INVARIANTS = (
    Invariant("T-S5-total", "whatever is asked is decided, and in the same way each time", _total),
    Invariant(
        "T-S5-last-resort", "silence comes to what was declared, in time, and else to no leave", _last_resort
    ),
)
