"""A supervisor that nobody waits for is up before its children, and starts them as after a restart."""

import asyncio
from typing import Any

import pytest

from cybernetic import Backoff, Ref, System, child
from tests.supervision.agents import Family, Moody, Tidy, Worker, end, kin, moment


class Later(Family):
    """One."""

    def _is_awaited(self) -> bool:
        return False


async def later(system: System, *specs: Any, strategy: str = "rest_for_one", **settings: Any) -> Ref[Later]:
    """Start one; nothing of it takes time."""

    cls = type("Set", (Later,), {"strategy": strategy, **settings})
    top = await system.start(cls, *specs, type="temporary")
    assert asyncio.get_running_loop().time() == 0.0
    return top


@pytest.mark.parametrize("strategy", ["one_for_one", "rest_for_one", "one_for_all"])
async def test_it_is_up_at_once_and_starts_its_children_in_order(strategy: str) -> None:
    journal: list[Any] = []
    async with System() as system:
        top = await later(
            system, *(child(Moody, [3.0 - n], n, journal, id=n) for n in range(3)), strategy=strategy
        )
        await asyncio.sleep(6.5)
        assert journal == [("up", 0), ("up", 1), ("up", 2)]
        assert all(system.alive(ref) for ref in (await kin(top)).values())


@pytest.mark.parametrize("strategy", ["rest_for_one", "one_for_all"])
async def test_one_that_does_not_start_is_tried_again_and_those_after_it_wait(strategy: str) -> None:
    journal: list[Any] = []
    async with System() as system:
        await later(
            system,
            child(Tidy, 0, journal, id=0),
            child(Moody, ["crash"], 1, journal, id=1, backoff=Backoff(1.0, 8.0, reset_after=60.0)),
            child(Worker, 2, journal, id=2),
            strategy=strategy,
        )
        await asyncio.sleep(1.9)
        assert journal == [("up", 0), ("up", 1)]
        await asyncio.sleep(0.2)
        assert journal[-2:] == [
            ("up", 1),
            ("up", 2),
        ]  # after two seconds: that was the second pause of the row


async def test_the_first_try_does_not_count() -> None:
    async with System() as system:
        top = await later(system, child(Worker, id=1), max_restarts=1)
        await moment()
        await end((await kin(top))[1], "boom")
        assert system.alive(top)
        await end((await kin(top))[1], "boom")
        assert not system.alive(top)


async def test_it_can_be_stopped_while_they_start() -> None:
    journal: list[Any] = []
    async with System() as system:
        top = await later(system, child(Tidy, 0, journal, id=0), child(Moody, [1000.0], id=1))
        await asyncio.sleep(1.0)
        await top.stop()
        assert asyncio.get_running_loop().time() == pytest.approx(1.0)
        assert [what for what, *_ in journal] == ["up", "down"]
