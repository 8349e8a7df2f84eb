"""A slow port that is paced above, where a turn is further off than a lease lasts, used from a level within."""

import asyncio
from itertools import pairwise
from typing import Any

import pytest

from cybernetic.vsm import ViableSystem, unit
from tests.vsm.living.company import started
from tests.vsm.living.test_called_off import CALLS, PERIOD, Asker, Office, _fresh, ask

__all__ = ["_fresh"]


class Room(ViableSystem):
    """A level within."""

    def units(self) -> list[Any]:
        return [unit(Asker, id=name) for name in "abc"]


class House(Office):
    """A room, and one unit beside it."""

    def units(self) -> list[Any]:
        return [unit(Room, id="room"), unit(Asker, id="solo")]


def gaps() -> list[float]:
    return [after - before for (before, _), (after, _) in pairwise(CALLS)]


@pytest.mark.parametrize("who", [("room/a",), ("room/a", "solo"), ("room/a", "room/b", "room/c")])
async def test_the_limit_is_kept_and_used(who: tuple[str, ...]) -> None:
    async with started(House) as (_, house):
        await asyncio.sleep(60.0)
        jobs = [ask(house, f"house/{name}", *range(14), usd=0.01) for name in who]
        await asyncio.sleep(255.0)
        for job in jobs:
            job.cancel()
        assert min(gaps()) >= 20.0
        assert len(CALLS) >= 10


async def test_a_level_that_has_asked_and_is_idle_leaves_the_others_all_of_it() -> None:
    async with started(House) as (_, house):
        await asyncio.sleep(60.0)
        await ask(house, "house/room/a", 0, 1)
        await asyncio.sleep(600.0)
        CALLS.clear()
        await ask(house, "house/solo", *range(4))
        assert gaps() == pytest.approx([PERIOD] * 3, abs=0.3)
