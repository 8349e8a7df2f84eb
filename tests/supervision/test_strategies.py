"""Whom a restart concerns, and in which order (statements ST-1 to ST-8)."""

import asyncio
from typing import Any

import pytest

from cybernetic import DynamicSupervisor, Kill, Normal, Shutdown, Supervisor, System, child
from tests.supervision.agents import Moody, Tidy, Worker, end, family, kin, moment

THREE = (0, 1, 2)


def brief(journal: list[Any]) -> list[Any]:
    """The journal as signs: +1 for an agent that came up, -1 for one that was shut down."""
    assert all(line[0] == "up" or line[2] == Shutdown() for line in journal)
    return [("+" if line[0] == "up" else "-") + str(line[1]) for line in journal]


@pytest.mark.parametrize(
    ("strategy", "dead", "expected"),
    [
        ("one_for_one", 1, ["+1"]),
        ("one_for_all", 0, ["-2", "-1", "+0", "+1", "+2"]),
        ("one_for_all", 1, ["-2", "-0", "+0", "+1", "+2"]),
        ("rest_for_one", 0, ["-2", "-1", "+0", "+1", "+2"]),
        ("rest_for_one", 1, ["-2", "+1", "+2"]),
        ("rest_for_one", 2, ["+2"]),
    ],
)
async def test_st_1_st_2_st_3_a_strategy_stops_in_reverse_and_starts_in_order(
    strategy: Any, dead: int, expected: list[str]
) -> None:
    journal: list[Any] = []
    async with System() as system:
        specs = [child(Tidy, i, journal, 0.0001, id=i) for i in THREE]
        top = await family(system, *specs, strategy=strategy)
        before = await kin(top)
        journal.clear()
        before[dead].exit(Kill())
        await moment()
        assert brief(journal) == expected
        after = await kin(top)
        assert list(after) == list(THREE)
        assert {i for i in THREE if after[i] is not before[i]} == {int(sign[1]) for sign in expected}
        assert all(system.alive(ref) for ref in after.values())


async def test_st_2_siblings_are_stopped_one_after_another_by_their_own_settings() -> None:
    journal: list[Any] = []
    async with System() as system:
        specs = [
            child(Worker, "it", id="it"),
            child(Tidy, "slow", journal, 2.0, id="slow"),
            child(Tidy, "too slow", journal, 9.0, id="too slow", shutdown=1.0),
            child(Tidy, "brutal", journal, 9.0, id="brutal", shutdown="brutal_kill"),
        ]
        top = await family(system, *specs, strategy="one_for_all")
        before = await kin(top)
        await end(before["it"], "boom")
        after = await kin(top.within(None))
        assert asyncio.get_running_loop().time() == pytest.approx(3.0, abs=0.01)
        assert all(after[id] is not before[id] and system.alive(after[id]) for id in before)
    assert next(line for line in journal if line[0] == "down") == ("down", "slow", Shutdown())


async def test_st_3_earlier_children_keep_their_address_and_state() -> None:
    async with System() as system:
        top = await family(system, *(child(Worker, i, id=i) for i in THREE), strategy="rest_for_one")
        before = await kin(top)
        before[0].cast(Worker.set_label, "kept")
        await end(before[1], "boom")
        after = await kin(top)
        assert after[0] is before[0]
        assert await after[0].call(Worker.who) == "kept"


async def test_st_4_a_group_start_brings_back_all_that_have_no_agent() -> None:
    async with System() as system:
        specs = [
            child(Worker, id="stopped"),
            child(Worker, id="finished", restart="transient"),
            child(Moody, ["ignore", "ok"], id="ignored"),
            child(Worker, id="it"),
        ]
        top = await family(system, *specs, strategy="one_for_all")
        await top.call(Supervisor.terminate_child, "stopped")
        before = await kin(top)
        await end(before["finished"], Normal())
        before = await kin(top)
        assert [id for id, ref in before.items() if ref is None] == ["stopped", "finished", "ignored"]
        await end(before["it"], "boom")
        assert all(system.alive(ref) for ref in (await kin(top)).values())


async def test_st_4_rest_for_one_brings_back_only_those_after_it() -> None:
    async with System() as system:
        top = await family(system, *(child(Worker, id=i) for i in THREE), strategy="rest_for_one")
        before = await kin(top)
        await top.call(Supervisor.terminate_child, 0)
        await top.call(Supervisor.terminate_child, 2)
        await end(before[1], "boom")
        after = await kin(top)
        assert [ref is None for ref in after.values()] == [True, False, False]


async def test_st_5_start_order_is_that_of_the_list_then_of_start_child() -> None:
    async with System() as system:
        top = await family(system, *(child(Worker, id=i, restart="transient") for i in THREE))
        await top.call(Supervisor.start_child, child(Worker, id="later"))
        await end((await kin(top))[0], "boom")
        assert list(await kin(top)) == [0, 1, 2, "later"]
        await top.call(Supervisor.terminate_child, 1)
        await top.call(Supervisor.delete_child, 1)
        await top.call(Supervisor.start_child, child(Worker, id=1))
        assert list(await kin(top)) == [0, 2, "later", 1]


async def test_st_5_a_temporary_child_that_is_added_again_goes_to_the_end() -> None:
    async with System() as system:
        specs = [child(Worker, id=i, restart="temporary" if i == 0 else "permanent") for i in THREE]
        top = await family(system, *specs)
        await end((await kin(top))[0], Normal())
        await top.call(Supervisor.start_child, specs[0])
        assert list(await kin(top)) == [1, 2, 0]


async def test_st_6_one_group_restart_counts_once() -> None:
    async with System() as system:
        top = await family(
            system, *(child(Worker, id=i) for i in range(10)), strategy="one_for_all", max_restarts=2
        )
        for _ in range(2):
            await end((await kin(top))[4], "boom")
            assert system.alive(top)
        await end((await kin(top))[4], "boom")
        assert not system.alive(top)


async def test_st_7_siblings_stopped_by_a_strategy_are_not_judged() -> None:
    async with System() as system:
        specs = [
            child(Worker, id="temporary", restart="temporary", significant=True),
            child(Worker, id="transient", restart="transient", significant=True),
            child(Worker, id="permanent"),
        ]
        top = await family(
            system, *specs, strategy="one_for_all", auto_shutdown="any_significant", max_restarts=1
        )
        before = await kin(top)
        await end(before["permanent"], "boom")
        after = await kin(top)
        assert list(after) == ["transient", "permanent"]
        assert all(system.alive(ref) for ref in after.values())
        assert not system.alive(before["temporary"])


async def test_st_7_siblings_that_crash_while_they_are_stopped_do_not_count() -> None:
    async with System() as system:
        specs = [child(Sore, id=i) for i in range(5)]
        top = await family(system, *specs, strategy="one_for_all", max_restarts=1)
        before = await kin(top)
        before[2].exit(Kill())
        await moment()
        assert system.alive(top)
        assert all(system.alive(ref) for ref in (await kin(top)).values())


class Sore(Worker):
    """Crashes when it is asked to end."""

    def terminate(self, reason: Any) -> None:
        raise RuntimeError("sore")


async def test_st_8_a_dynamic_supervisor_restarts_one_for_one() -> None:
    async with System() as system:
        top = await system.start(DynamicSupervisor)
        refs: list[Any] = [await top.call(DynamicSupervisor.start_child, child(Worker, i)) for i in THREE]
        await end(refs[1], "boom")
        now = {info.ref for info in await top.call(DynamicSupervisor.which_children)}
        assert {refs[0], refs[2]} < now
        assert refs[1] not in now
        assert len(now) == 3
