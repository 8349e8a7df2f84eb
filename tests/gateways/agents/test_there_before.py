"""What had its effect before is acknowledged when it comes again, also where not all of that can be written at once."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from cybernetic.gateways import Hold, Intake, MemoryBroker, Retries, consume
from cybernetic.gateways.consumer.desk import Desk
from cybernetic.state import OutboxFull, StoreFull
from tests.gateways.agents.plant import WORK, Book, Clerk, orders, plant, send

NO_ROOM = [StoreFull("a", "no space"), OutboxFull("it", "1 item", 1, 1, None)]


async def asks(delivery: Any, tx: Any) -> Hold:
    return Hold("may it?")


@pytest.mark.parametrize("times", [1, 3])
@pytest.mark.parametrize("no_room", NO_ROOM)
@pytest.mark.parametrize("handle", [None, asks])
async def test_a_duplicate_of_what_had_its_effect_is_not_parked_where_the_disk_is_full_for_an_instant(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, handle: Any, no_room: Exception, times: int
) -> None:
    broker, spec = MemoryBroker(), consume(Clerk, Book(handle), queue=WORK, retries=Retries(0))
    async with plant(broker, tmp_path / "a", spec) as a:
        await send(a.outside, *orders(1))
        await asyncio.sleep(3.0)
    commit, calls = Desk.commit, 0

    async def commits(self: Desk, effect: Any, patience: float | None = None) -> Any:
        nonlocal calls
        calls += 1
        if 1 < calls < 2 + times:
            raise no_room
        return await commit(self, effect, patience)

    monkeypatch.setattr(Desk, "commit", commits)
    async with plant(broker, tmp_path / "a", spec) as a:
        await send(a.outside, *orders(1))
        await asyncio.sleep(60.0)
        assert await a.effects() == [("0", b"0")]
        assert await a.parked() == []
        assert len(await a.intake().call(Intake.held)) == (handle is not None)
        assert calls >= 3 or handle is not None
