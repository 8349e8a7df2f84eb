"""A division on a node of its own: what it does, and what its ledger says after `kill -9`."""

import asyncio
import os
import signal
from pathlib import Path
from typing import Any

import pytest

from cybernetic import System
from cybernetic.vsm import BudgetExhausted, Performed, Task, ViableSystem
from tests.integration.vsm import spread


async def _done(spread_: Any, to: str) -> Performed:
    performed: Performed = await spread_.within(60.0).call(ViableSystem.submit, Task("job", to=to))
    return performed


async def _first(spread_: Any, to: str) -> Performed:
    """One that is done, once whoever is to do it has been given what it may spend."""
    async with asyncio.timeout(90):
        while True:
            try:
                return await _done(spread_, to)
            except BudgetExhausted:
                await asyncio.sleep(0.1)


async def test_a_division_on_another_node_works_and_its_ledger_survives_kill_9(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SPREAD_DATA", str(tmp_path))
    monkeypatch.setattr(spread.Spread, "data", str(tmp_path))
    monkeypatch.setattr(spread.Division, "data", str(tmp_path))
    async with System(nodes=1) as system:
        company = await system.start(spread.Spread)
        first = await _first(company, "spread/division")
        pid = first.outcome.value
        assert pid != os.getpid()
        assert (await _first(company, "spread/here")).outcome.value == os.getpid()
        for _ in range(3):
            await _first(company, "spread/division")
        os.kill(pid, signal.SIGKILL)
        for _ in range(4):
            assert (await _first(company, "spread/division")).outcome.value != pid
        worked, refused = 8, 0
        for _ in range(8):
            try:
                await _done(company, "spread/division")
            except BudgetExhausted:
                refused += 1
            else:
                worked += 1
        division = system.named("spread/division", ViableSystem)
        ledger = (await division.within(60).call(ViableSystem.ledger)).purse
        ((_, held),) = ledger.ledgers.items()
        assert worked <= held.grant.amount("usd")
        assert refused == 16 - worked
