"""Supervisors that end when their significant children have (statements AS-1 to AS-6)."""

import asyncio
from typing import Any

import pytest

from cybernetic import (
    Backoff,
    BadChild,
    DynamicSupervisor,
    Kill,
    Normal,
    PartitionSupervisor,
    Shutdown,
    StartFailed,
    Supervisor,
    System,
    child,
)
from tests.supervision.agents import Moody, Tidy, Worker, end, family, kin, moment


def star(id: Any, restart: Any = "temporary", cls: Any = Worker, *args: Any, **options: Any) -> Any:
    """A significant child."""
    return child(cls, *args, id=id, restart=restart, significant=True, **options)


async def test_as_1_never_refuses_significant_children_from_the_start_and_later() -> None:
    async with System() as system:
        with pytest.raises(StartFailed, match="auto_shutdown"):
            await family(system, star(1))
        top = await family(system)
        with pytest.raises(BadChild, match="auto_shutdown"):
            await top.call(Supervisor.start_child, star(1))


ENDS = [
    ("transient", Normal(), True),
    ("transient", Shutdown("x"), True),
    ("transient", "boom", False),
    ("temporary", Normal(), True),
    ("temporary", "boom", True),
    ("temporary", Kill(), True),
]


@pytest.mark.parametrize(("restart", "reason", "over"), ENDS)
async def test_as_2_any_significant_ends_with_the_first_that_is_not_restarted(
    restart: Any, reason: Any, over: bool
) -> None:
    journal: list[Any] = []
    async with System() as system:
        specs = [child(Tidy, i, journal, id=i) for i in range(3)]
        top = await family(system, *specs, star("a", restart), star("b"), auto_shutdown="any_significant")
        ended = asyncio.ensure_future(system.wait(top))
        await moment()
        it = (await kin(top))["a"]
        if reason == Kill():
            it.exit(reason)
            await moment()
        else:
            await end(it, reason)
        assert system.alive(top) != over
        if over:
            assert await ended == Shutdown()
            downs = [line for line in journal if line[0] == "down"]
            assert downs == [("down", i, Shutdown()) for i in (2, 1, 0)]
        else:
            ended.cancel()


async def test_as_3_all_significant_ends_with_the_last_of_them() -> None:
    async with System() as system:
        specs = [star("a"), child(Worker, id="plain"), star("b", "transient")]
        top = await family(system, *specs, auto_shutdown="all_significant")
        refs = await kin(top)
        await end(refs["a"], "boom")
        assert system.alive(top)
        await end(refs["b"], Normal())
        assert not system.alive(top)


async def test_as_3_one_that_is_being_restarted_keeps_it_open() -> None:
    async with System() as system:
        slow = Backoff(3600, 3600)
        top = await family(
            system, star("a", "transient", backoff=slow), star("b"), auto_shutdown="all_significant"
        )
        refs = await kin(top)
        await end(refs["a"], "boom")
        await end(refs["b"], Normal())
        assert system.alive(top)
        await asyncio.sleep(3601)
        await end((await kin(top))["a"], Normal())
        assert not system.alive(top)


async def test_as_3_significant_children_without_an_agent_do_not_keep_it_open() -> None:
    async with System() as system:
        specs = [star("stopped", "transient"), star("ignored", "transient", Moody, ["ignore"]), star("last")]
        top = await family(system, *specs, auto_shutdown="all_significant")
        await top.call(Supervisor.terminate_child, "stopped")
        assert system.alive(top)
        await end((await kin(top))["last"], Normal())
        assert not system.alive(top)


@pytest.mark.parametrize("setting", ["any_significant", "all_significant"])
async def test_as_4_what_is_no_trigger(setting: Any) -> None:
    async with System() as system:
        specs = [
            child(Worker, id="plain", restart="temporary"),
            star("by hand"),
            star("crasher", "transient"),
            star("bystander"),
            child(Worker, id="culprit"),
        ]
        top = await family(system, *specs, auto_shutdown=setting, strategy="one_for_all")
        await end((await kin(top))["plain"], Normal())  # not significant
        await top.call(Supervisor.terminate_child, "by hand")
        await end(
            (await kin(top))["crasher"], "boom"
        )  # restarted; "bystander" is stopped and not started again
        assert list(await kin(top)) == ["crasher", "culprit"]
        await end((await kin(top))["culprit"], "boom")
        assert all(system.alive(ref) for ref in (await kin(top)).values())


@pytest.mark.parametrize(("significant", "over"), [(True, True), (False, False)])
async def test_as_5_closing_escalates_through_significant_supervisors(significant: bool, over: bool) -> None:
    async with System() as system:
        inner = child(Closing, id="inner", restart="transient", significant=significant)
        top = await family(system, inner, child(Worker, id="other"), auto_shutdown="any_significant")
        ended = asyncio.ensure_future(system.wait(top))
        await moment()
        leaf = system.whereis("leaf")
        assert leaf is not None
        await end(leaf, Normal())
        if over:
            assert await ended == Shutdown()
            assert list(system.agents()) == []
        else:
            ended.cancel()
            assert (await kin(top))["inner"] is None
            assert system.alive((await kin(top))["other"])


class Closing(Supervisor):
    """Ends with its only child."""

    auto_shutdown = "any_significant"

    def children(self) -> Any:
        return [star("leaf", name="leaf")]


async def test_as_6_dynamic_and_partition_supervisors_know_only_never() -> None:
    async with System() as system:
        top = await system.start(DynamicSupervisor)
        with pytest.raises(BadChild, match="auto_shutdown"):
            await top.call(DynamicSupervisor.start_child, star(1))
        with pytest.raises(StartFailed, match="auto_shutdown"):
            await system.start(PartitionSupervisor, star(1, "transient"), 2)
