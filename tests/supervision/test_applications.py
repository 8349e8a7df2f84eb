"""What `System.start(type=...)` and `System.stop` offer of applications (statements AP-1, AP-4 to AP-6)."""

import asyncio
import logging
from functools import partial
from typing import Any

import pytest

from cybernetic import Normal, Shutdown, StartFailed, Supervisor, System, SystemStopped, child
from cybernetic.core import ChildFailed, Crash, TooManyRestarts
from tests.supervision.agents import Family, Moody, Tidy, Worker, end, kin, moment


async def top_of(system: System, kind: Any, **settings: Any) -> Any:
    """A tree with one worker, that gives up at its first restart."""
    return await system.start(partial(Family, max_restarts=0, **settings), child(Worker), type=kind)


async def give_up(top: Any) -> None:
    """Have the tree end by itself."""
    await end((await kin(top))["Worker"], "boom")


async def finish(top: Any) -> None:
    """Have the tree end with `Normal()`."""
    await top.stop()
    await moment()


async def test_ap_1_several_trees_live_in_one_system() -> None:
    async with System() as system:
        tops = [await top_of(system, "temporary") for _ in range(3)]
        await give_up(tops[1])
        assert [system.alive(top) for top in tops] == [True, False, True]


async def test_ap_4_a_tree_that_does_not_start_says_which_child_failed_and_leaves_nothing() -> None:
    async with System() as system:
        with pytest.raises(StartFailed) as caught:
            await system.start(Family, child(Worker, id=1), child(Moody, ["crash"], id=2))
        assert caught.value.reason == Shutdown(ChildFailed(2, Crash("RuntimeError", "in a bad mood")))
        assert list(system.agents()) == []


async def test_ap_5_stop_ends_trees_in_reverse_order_each_from_its_latest_child() -> None:
    journal: list[Any] = []
    async with System() as system:
        for tree in "ab":
            await system.start(Family, *(child(Tidy, f"{tree}{i}", journal, 0.1, id=i) for i in range(2)))
        begun = asyncio.get_running_loop().time()
        await system.stop()
        assert asyncio.get_running_loop().time() - begun == pytest.approx(0.4)
    assert [line for line in journal if line[0] == "down"] == [
        ("down", label, Shutdown()) for label in ("b1", "b0", "a1", "a0")
    ]


async def test_ap_5_a_tree_may_be_stopped_alone_and_again_is_no_proc() -> None:
    journal: list[Any] = []
    async with System() as system:
        top = await system.start(Family, child(Tidy, 1, journal), type="temporary")
        other = await system.start(Family, child(Worker))
        await top.stop()
        assert journal[-1] == ("down", 1, Shutdown())
        assert system.alive(other)


@pytest.mark.parametrize(
    ("kind", "how", "stops"),
    [
        ("permanent", give_up, True),
        ("permanent", finish, True),
        ("transient", give_up, True),  # a tree that gives up ends with Shutdown(...)
        ("transient", finish, False),
        ("temporary", give_up, False),
        ("temporary", finish, False),
    ],
)
async def test_ap_6_what_the_end_of_a_tree_means_is_its_type(
    kind: Any, how: Any, stops: bool, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "cybernetic.system")
    journal: list[Any] = []
    went_on = []

    async def run() -> None:
        async with System() as system:
            await system.start(Family, child(Tidy, "other", journal))
            await how(await top_of(system, kind))
            await asyncio.sleep(1)
            went_on.append(True)

    if stops:
        with pytest.raises(SystemStopped) as stopped:
            await run()
        why = Shutdown(TooManyRestarts("Worker", Crash("RuntimeError", "boom")))
        assert stopped.value.reason == (why if how is give_up else Normal())
        assert how is finish or "RuntimeError: boom" in str(stopped.value)
    else:
        await run()
    assert bool(went_on) != stops
    assert journal[-1] == ("down", "other", Shutdown())
    assert any("has ended" in r.getMessage() for r in caplog.records if r.name == "cybernetic.system")


async def test_ap_6_a_supervisor_is_permanent_and_a_plain_agent_temporary_unless_it_is_said() -> None:
    async with System() as system:
        worker = await system.start(Worker)
        await end(worker, "boom")
        await moment()
        went_on = True
    assert went_on
    with pytest.raises(SystemStopped):
        await _give_up_in_a_system()


async def _give_up_in_a_system() -> None:
    async with System() as system:
        await give_up(await top_of(system, None))
        await asyncio.sleep(1)


async def test_bad_input_an_unknown_type_is_an_error_at_its_line() -> None:
    async with System() as system:
        with pytest.raises(ValueError, match="type: expected one of 'permanent', 'transient', 'temporary'"):
            await system.start(Supervisor, type="eternal")  # type: ignore[arg-type]
        assert list(system.agents()) == []
