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
    performed: Performed = await spread_.within(20.0).call(ViableSystem.submit, Task("job", to=to))
    return performed


async def test_a_division_on_another_node_works_and_its_ledger_survives_kill_9(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SPREAD_DATA", str(tmp_path))
    monkeypatch.setattr(spread.Spread, "data", str(tmp_path))
    monkeypatch.setattr(spread.Division, "data", str(tmp_path))
    async with System(nodes=1) as system:
        company = await system.start(spread.Spread)
        first = await _done(company, "spread/division")
        pid = first.outcome.value
        assert pid != os.getpid()
        assert (await _done(company, "spread/here")).outcome.value == os.getpid()
        for _ in range(3):
            await _done(company, "spread/division")
        os.kill(pid, signal.SIGKILL)
        worked, refused = 4, 0
        for _ in range(12):
            try:
                again = await _done(company, "spread/division")
            except BudgetExhausted:
                refused += 1
            else:
                assert again.outcome.value != pid
                worked += 1
        division = system.named("spread/division", ViableSystem)
        ledger = (await division.within(5).call(ViableSystem.ledger)).purse
        ((_, held),) = ledger.ledgers.items()
        assert worked <= held.grant.amount("usd")
        assert refused == 16 - worked
        assert worked >= 8
        await asyncio.sleep(0)
