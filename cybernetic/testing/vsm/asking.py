"""What the suite asks at the ports of a unit, as its operation would."""

import asyncio
from collections.abc import Iterable
from typing import Any

from cybernetic.testing.vsm.bench import Bench
from cybernetic.testing.vsm.expecting import Untried, need
from cybernetic.vsm import (
    Action,
    Ask,
    BudgetExhausted,
    Cost,
    NoSuchPort,
    Passage,
    PolicyDenied,
    Porter,
    PortOut,
    Quarantined,
    Suspended,
)

NO_PORTS = "its units have no ports"
UNKNOWN = "a port that nobody declares"
PATIENCE = 60.0  # seconds that leave for a call is waited for
REFUSALS = (BudgetExhausted, PolicyDenied, PortOut, Quarantined, Suspended)
MONEY, SMALL = ("usd",), 0.01
TASK = "asked by the suite of invariants"


def porter_of(bench: Bench, unit: str) -> Any:
    """The porter of a unit."""
    return bench.system.named(f"{unit}:porter", Porter)


def small(bench: Bench) -> Cost:
    """The most that a small call takes: a little of each resource that is budgeted, of money where none is."""
    budget = bench.subject.cls.budget
    return Cost(dict.fromkeys(MONEY if budget is None else budget.grant.resources, SMALL))


def about(bench: Bench, kind: str, upper: Any = None) -> Action:
    """What policies are asked about before a call, as `Operation.use` tells them: one that takes at most `upper`, and a
    small one where that is left open.
    """
    amounts = small(bench).as_dict() | ({} if upper is None else upper.as_dict())
    return Action(kind, {**amounts, "key": None})


def ask(bench: Bench, port: str, call: str, upper: Any = None, action: Action | None = None) -> Ask:
    """What an operation would ask: to make that `call` through a port; nothing is made, whatever comes of it.

    Without `upper` nothing is set aside for it, for what a unit has left is not what most invariants are about.
    """
    asked = about(bench, port, upper) if action is None else action
    return Ask(TASK, port, asked, call, Cost() if upper is None else upper)


async def declared(porter: Any) -> tuple[str, ...]:
    """The names of the ports of a unit: whoever asks for another is told."""
    try:
        await porter.call(Porter.admit, Ask(TASK, UNKNOWN, Action(UNKNOWN), UNKNOWN, Cost()))
    except NoSuchPort as error:
        return error.declared
    return ()


async def admitted(porter: Any, asked: Ask) -> Passage:
    """Leave for a call. Raises `Untried` where the system has reasons of its own to give none, and what else it is
    refused with.
    """
    try:
        async with asyncio.timeout(PATIENCE):
            passage: Passage = await porter.within(None).call(Porter.admit, asked)
    except TimeoutError:
        raise Untried(f"port {asked.port!r} gave no leave within {PATIENCE:g} s") from None
    except REFUSALS as error:
        raise Untried(f"port {asked.port!r} gives no leave: {error}") from None
    return passage


async def leave_for(bench: Bench, porter: Any, upper: Any = None) -> Passage:
    """Leave for a call through the first of its ports that gives any. Raises `Untried` where none does."""
    why = NO_PORTS
    for port in await declared(porter):
        try:
            return await admitted(porter, ask(bench, port, f"asked first through {port}", upper))
        except Untried as error:
            why = str(error)
    raise Untried(why)


async def all_of(asked: Iterable[Any], none: str) -> None:
    """Ask each in turn. Raises `Untried` where not one could be tried; `none` says why where there is none."""
    tried, why = False, none
    for one in asked:
        try:
            await one
        except Untried as error:
            why = str(error)
        else:
            tried = True
    need(tried, why)
