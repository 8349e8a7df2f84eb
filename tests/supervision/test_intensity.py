"""How many restarts are too many, as a running supervisor sees it (statements RI-1 to RI-10)."""

import asyncio
from functools import partial
from typing import Any

import pytest

from cybernetic import Backoff, DynamicSupervisor, Normal, Shutdown, StartFailed, Supervisor, System, child
from cybernetic.core import ChildFailed, Crash, TooManyRestarts
from tests.supervision.agents import Family, Moody, Tidy, Worker, end, family, kin, moment


async def strike(top: Any, id: Any = "Worker") -> None:
    """Crash a child, in no time at all."""
    refs = await kin(top)
    refs[id].cast(Worker.crash)
    await asyncio.sleep(0)
    await asyncio.sleep(0)


@pytest.mark.parametrize("allowed", [0, 1, 3])
async def test_ri_1_ri_2_one_restart_more_than_allowed_in_the_window_is_fatal(allowed: int) -> None:
    async with System() as system:
        top = await family(system, child(Worker), max_restarts=allowed, max_seconds=5)
        for _ in range(allowed):
            await end((await kin(top))["Worker"], "boom")
            assert system.alive(top)
        ended = asyncio.ensure_future(system.wait(top))
        await moment()
        await end((await kin(top))["Worker"], "boom")
        assert await ended == Shutdown(TooManyRestarts("Worker", Crash("RuntimeError", "boom")))


@pytest.mark.parametrize(("gap", "lives"), [(4.9, False), (5.0, False), (5.001, True), (6.0, True)])
async def test_ri_3_the_edge_of_the_window_belongs_to_it(gap: float, lives: bool) -> None:
    async with System() as system:
        top = await family(system, child(Worker), max_restarts=1, max_seconds=5)
        await asyncio.sleep(10)
        await strike(top)
        await asyncio.sleep(gap)
        await strike(top)
        await moment()
        assert system.alive(top) == lives


async def test_ri_4_the_clock_is_not_read_in_whole_seconds() -> None:
    async with System() as system:
        top = await family(system, child(Worker), max_restarts=1, max_seconds=1)
        await asyncio.sleep(0.02)
        await strike(top)
        await asyncio.sleep(1.9)  # whole seconds would be 0 and 1: the same window
        await strike(top)
        await moment()
        assert system.alive(top)


async def test_ri_5_repeated_attempts_after_a_failed_restart_count() -> None:
    moods = ["ok", "crash", "crash", "crash", "ok"]
    async with System() as system:
        top = await family(system, child(Moody, moods), max_restarts=3)
        await end((await kin(top))["Moody"], "boom")
        assert not system.alive(top)
    assert moods == ["ok"]


async def test_ri_5_what_is_asked_for_and_what_is_not_restarted_does_not_count() -> None:
    async with System() as system:
        top = await family(system, child(Worker, id=0), max_restarts=0)
        for turn in range(3):
            await top.call(Supervisor.terminate_child, 0)
            await top.call(Supervisor.restart_child, 0)
            one = await top.call(Supervisor.start_child, child(Worker, id=("a", turn), restart="temporary"))
            two = await top.call(Supervisor.start_child, child(Worker, id=("b", turn), restart="transient"))
            assert one is not None
            assert two is not None
            await end(one, "boom")
            await end(two, Normal())
        assert system.alive(top)


async def test_ri_6_all_children_share_one_budget() -> None:
    async with System() as system:
        top = await system.start(DynamicSupervisor, None, 3, type="temporary")
        refs: list[Any] = [await top.call(DynamicSupervisor.start_child, child(Worker, i)) for i in range(9)]
        for ref in refs[:3]:
            await end(ref, "boom")
            assert system.alive(top)
        await end(refs[3], "boom")
        assert not system.alive(top)
        assert list(system.agents()) == []


async def test_ri_7_giving_up_says_over_which_child_and_why_through_all_levels() -> None:
    async with System() as system:
        inner = child(partial(Family, max_restarts=0), child(Worker), id="inner", name="inner")
        ended = asyncio.ensure_future(system.wait(await family(system, inner, max_restarts=0)))
        await moment()
        await strike(system.named("inner", Family))
        why = Shutdown(TooManyRestarts("Worker", Crash("RuntimeError", "boom")))
        assert await ended == Shutdown(TooManyRestarts("inner", why))
    assert "RuntimeError: boom" in str(await ended)


async def test_ri_7_giving_up_is_reported_and_the_rest_is_stopped_latest_first(
    caplog: pytest.LogCaptureFixture,
) -> None:
    journal: list[Any] = []
    async with System() as system:
        specs = [child(Tidy, i, journal, 0.0001, id=i) for i in range(4)]
        top = await family(system, *specs, max_restarts=0)
        ended = asyncio.ensure_future(system.wait(top))
        await moment()
        await end((await kin(top))[1], Normal())
        assert await ended == Shutdown(TooManyRestarts(1, Normal()))
    assert [line[1:] for line in journal if line[0] == "down"] == [
        (1, Normal()),
        (3, Shutdown()),
        (2, Shutdown()),
        (0, Shutdown()),
    ]
    reports = [r.report for r in caplog.records if r.name == "cybernetic.supervisor"]  # type: ignore[attr-defined]
    assert [(r.context, r.id) for r in reports] == [("child_terminated", 1), ("shutdown", 1)]


async def test_ri_8_nested_supervisors_multiply() -> None:
    async with System() as system:
        inner = child(Family, child(Worker, name="leaf"), id="inner")
        top = await family(system, inner, max_restarts=3, max_seconds=1000)
        restarts = 0
        while system.alive(top):
            leaf = system.whereis("leaf")
            assert leaf is not None
            await end(leaf, "boom")
            restarts += 1
        assert restarts == (3 + 1) * (3 + 1)


async def test_ri_9_what_is_done_by_hand_does_not_reset_the_window() -> None:
    async with System() as system:
        top = await family(system, child(Worker), max_restarts=1, max_seconds=5)
        await end((await kin(top))["Worker"], "boom")
        await top.call(Supervisor.terminate_child, "Worker")
        await top.call(Supervisor.restart_child, "Worker")
        await end((await kin(top))["Worker"], "boom")
        assert not system.alive(top)


async def test_ri_9_a_quiet_period_is_forgotten_only_by_ageing() -> None:
    async with System() as system:
        top = await family(system, child(Worker), max_restarts=2, max_seconds=5)
        for _ in range(6):
            await asyncio.sleep(2.6)  # never more than two in five seconds
            await end((await kin(top))["Worker"], "boom")
        assert system.alive(top)


async def test_ri_10_there_is_no_delay_between_restarts() -> None:
    moods = ["ok", *["crash"] * 19]
    async with System() as system:
        top = await family(system, child(Moody, moods), max_restarts=20)
        begun = asyncio.get_running_loop().time()
        (await kin(top))["Moody"].cast(Worker.crash)
        while moods:
            await asyncio.sleep(0)
        assert asyncio.get_running_loop().time() == begun
        await moment()
        assert system.alive(top)


async def test_ri_5_starts_at_the_beginning_do_not_count() -> None:
    async with System() as system:
        top = await family(system, *(child(Worker, id=i) for i in range(5)), max_restarts=0)
        assert system.alive(top)
        with pytest.raises(StartFailed) as caught:
            await family(system, child(Moody, ["crash"]), max_restarts=0)
        assert isinstance(caught.value.reason, Shutdown)
        assert isinstance(caught.value.reason.detail, ChildFailed)


async def test_ex_1_restarts_that_wait_count_when_they_are_tried() -> None:
    async with System() as system:
        backoff = Backoff(1.0, 1.0, reset_after=100)
        top = await family(system, child(Worker, backoff=backoff), max_restarts=1, max_seconds=5)
        await end((await kin(top))["Worker"], "boom")
        await asyncio.sleep(1.1)
        await end((await kin(top))["Worker"], "boom")
        assert system.alive(top)
        await asyncio.sleep(1.1)
        assert not system.alive(top)
