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
TASK = "asked by the suite of invariants"


def porter_of(bench: Bench, unit: str) -> Any:
    """The porter of a unit."""
    return bench.system.named(f"{unit}:porter", Porter)


def ask(port: str, call: str = "asked", upper: Any = None, action: Action | None = None) -> Ask:
    """What an operation would ask: to make that `call` through a port; nothing is made, whatever comes of it."""
    return Ask(TASK, port, action or Action(port), call, Cost() if upper is None else upper)


async def declared(porter: Any) -> tuple[str, ...]:
    """The names of the ports of a unit: whoever asks for another is told."""
    try:
        await porter.call(Porter.admit, ask(UNKNOWN))
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


async def leave_for(porter: Any, **asked: Any) -> Passage:
    """Leave for a call through the first of its ports that gives any. Raises `Untried` where none does."""
    why = NO_PORTS
    for port in await declared(porter):
        try:
            return await admitted(porter, ask(port, **asked))
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
