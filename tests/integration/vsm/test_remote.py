"""A level in another process, over RabbitMQ: its work, and what `kill -9` of it means for what it was lent."""

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from cybernetic import CallError, System
from cybernetic.vsm import BudgetExhausted, Performed, Task, ViableSystem
from tests.architecture.tree import ROOT
from tests.integration.gateways.rabbit import RabbitMQ
from tests.integration.vsm.abroad import Shop, post
from tests.support import run_real
from tests.vsm.living.posts import UNIT


@contextmanager
def catalogue(rabbit: RabbitMQ, folder: Path) -> Iterator["subprocess.Popen[bytes]"]:
    """The other half, in a process that is killed in the end."""
    command = [sys.executable, "-m", "tests.integration.vsm.abroad", rabbit.url, str(folder)]
    with subprocess.Popen(command, cwd=ROOT, stderr=subprocess.DEVNULL) as process:
        try:
            yield process
        finally:
            process.kill()


async def _done(shop: Any) -> Performed:
    performed: Performed = await shop.within(30.0).call(ViableSystem.submit, Task("job", to=UNIT))
    return performed


async def _first(shop: Any) -> Performed:
    """One that is done, once the other half has come and has its contract."""
    async with asyncio.timeout(100):
        while True:
            try:
                return await _done(shop)
            except (CallError, BudgetExhausted):
                await asyncio.sleep(0.2)


async def _held(shop: Any) -> Any:
    ((_, held),) = (await shop.call(ViableSystem.ledger)).purse.ledgers.items()
    return held


def test_a_level_of_another_process_works_and_its_contract_counts_as_spent_when_it_is_killed(
    rabbit: RabbitMQ, tmp_path: Path
) -> None:
    here, there = tmp_path / "here", tmp_path / "there"
    here.mkdir()
    there.mkdir()

    async def test() -> None:
        async with System() as system:
            await system.start(post(rabbit.url, here, "shop", UNIT))
            shop = await system.start(Shop)
            with catalogue(rabbit, there) as process:
                first = await _first(shop)
                assert first.outcome.value == process.pid
                for _ in range(3):
                    assert (await _first(shop)).outcome.value == process.pid
                lent = (await _held(shop)).open[UNIT].upper
                process.kill()
                process.wait()
            with pytest.raises((CallError, BudgetExhausted)):
                await _done(shop)
            away = await _held(shop)
            assert away.open[UNIT].upper == lent
            assert away.committed.amount("usd") >= lent.amount("usd") > 4
            with catalogue(rabbit, there) as process:
                for _ in range(4):
                    assert (await _first(shop)).outcome.value == process.pid
                worked = 8
                for _ in range(8):
                    with suppress(BudgetExhausted):
                        await _done(shop)
                        worked += 1
                assert worked <= lent.amount("usd")  # what it had spent before it was killed is spent

    run_real(test())
