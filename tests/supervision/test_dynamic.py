"""`DynamicSupervisor` (statements DS-1 to DS-9, API-8)."""

import asyncio
from functools import partial
from typing import Any

import pytest

from cybernetic import (
    Agent,
    AlreadyStarted,
    Backoff,
    BadCall,
    ChildNotStarted,
    DynamicSupervisor,
    Kill,
    Killed,
    MaxChildren,
    NotFound,
    Ref,
    Refusal,
    Refused,
    Shutdown,
    SpecError,
    StartFailed,
    Supervisor,
    System,
    child,
)
from cybernetic.core import Crash
from tests.supervision.agents import Moody, Tidy, Worker, end, moment

START, STOP = DynamicSupervisor.start_child, DynamicSupervisor.terminate_child


async def dynamic(system: System, **settings: Any) -> Ref[DynamicSupervisor]:
    """A dynamic supervisor whose end does not concern the system."""
    return await system.start(partial(DynamicSupervisor, **settings), type="temporary")


async def refs(top: Ref[DynamicSupervisor]) -> set[Any]:
    """The addresses of the children."""
    return {info.ref for info in await top.call(Supervisor.which_children)}


async def test_ds_1_every_start_brings_its_own_child_and_ids_mean_nothing() -> None:
    async with System() as system:
        top = await dynamic(system)
        first = await top.call(START, child(Worker, 1, id="same"))
        second = await top.call(START, child(Tidy, 2, id="same"))
        assert first is not second
        assert await refs(top) == {first, second}
        with pytest.raises(NotFound):
            await top.call(STOP, "same")  # type: ignore[call-overload]


async def test_ds_1_what_needs_an_id_is_not_offered() -> None:
    async with System() as system:
        top = await dynamic(system)
        for method in (Supervisor.restart_child, Supervisor.delete_child, Supervisor.get_childspec):
            with pytest.raises(BadCall):
                await top.call(method, "id")  # type: ignore[call-overload]


def test_ds_2_the_settings_left_out_are_those_of_the_specification() -> None:
    found = DynamicSupervisor()
    assert (found.max_restarts, found.max_seconds, found.max_children, found.extra_arguments) == (
        3,
        5.0,
        None,
        (),
    )


@pytest.mark.parametrize(
    ("setting", "kind"),
    [
        ({"max_children": -1}, "invalid_max_children"),
        ({"max_children": 1.5}, "invalid_max_children"),
        ({"max_restarts": -1}, "invalid_intensity"),
        ({"max_seconds": 0}, "invalid_period"),
        ({"extra_arguments": "ab"}, "invalid_extra_arguments"),
    ],
)
async def test_ds_2_a_wrong_setting_fails_the_start(setting: Any, kind: str) -> None:
    async with System() as system:
        with pytest.raises(StartFailed) as caught:
            await dynamic(system, **setting)
    assert isinstance(caught.value.reason, Crash)
    assert isinstance(caught.value.reason.exception, SpecError)
    assert caught.value.reason.exception.kind == kind


class Two(Agent):
    """Is given an argument by its supervisor, and one by whoever starts it."""

    def __init__(self, first: Any, second: Any = None) -> None:
        self.both = (first, second)

    def given(self) -> Any:
        return self.both

    def crash(self) -> None:
        raise RuntimeError("boom")


async def test_ds_3_extra_arguments_come_first_at_the_start_and_at_every_restart() -> None:
    async with System() as system:
        top = await dynamic(system, extra_arguments=("extra",))
        it = await top.call(START, child(Two, "own"))
        assert it is not None
        assert await it.call(Two.given) == ("extra", "own")
        it.cast(Two.crash)
        await moment()
        (again,) = await refs(top)
        assert await again.call(Two.given) == ("extra", "own")


class Sullen(Refusal):
    """Not today."""


class Refusing(Worker):
    """Declines to be started."""

    def setup(self) -> None:
        raise Sullen("not today")


async def test_ds_4_what_start_child_answers() -> None:
    async with System() as system:
        top = await dynamic(system)
        assert await top.call(START, child(Moody, ["ignore"])) is None
        with pytest.raises(ChildNotStarted) as caught:
            await top.call(START, child(Moody, ["crash"]))
        assert caught.value.reason == Crash("RuntimeError", "in a bad mood")
        with pytest.raises(ChildNotStarted) as caught:
            await top.call(START, child(Refusing))
        assert isinstance(caught.value.reason, Refused)
        assert await refs(top) == set()
        holder = await top.call(START, child(Worker, name="held"))
        with pytest.raises(AlreadyStarted) as held:
            await top.call(START, child(Worker, name="held"))
        assert held.value.ref is holder


async def test_ds_5_max_children_counts_those_that_wait_to_be_restarted() -> None:
    async with System() as system:
        top = await dynamic(system, max_children=2)
        first = await top.call(START, child(Worker, backoff=Backoff(3600, 3600)))
        second = await top.call(START, child(Worker))
        assert first is not None
        assert second is not None
        await end(first, "boom")
        with pytest.raises(MaxChildren):
            await top.call(START, child(Worker))
        await top.call(STOP, first)
        assert await top.call(START, child(Worker)) is not None


async def test_ds_5_no_children_at_all_refuses_every_start() -> None:
    async with System() as system:
        top = await dynamic(system, max_children=0)
        with pytest.raises(MaxChildren):
            await top.call(START, child(Worker))


async def test_ds_6_terminate_child_knows_its_own_living_children_only() -> None:
    async with System() as system:
        top = await dynamic(system)
        it, other = await top.call(START, child(Worker)), system.spawn(Worker)
        assert it is not None
        await top.call(STOP, it)
        assert not system.alive(it)
        strangers: list[Any] = [it, other, [], None]
        for stranger in strangers:
            with pytest.raises(NotFound):
                await top.call(STOP, stranger)
        assert system.alive(other)
        assert system.alive(top)


async def test_ds_7_a_failed_restart_keeps_the_child_under_its_old_address_and_counts_each_attempt() -> None:
    moods: list[Any] = ["ok", *["crash"] * 3]
    async with System() as system:
        top = await dynamic(system, max_restarts=4)
        it = await top.call(START, child(Moody, moods, backoff=Backoff(1.0, 1.0)))
        assert it is not None
        await end(it, "boom")
        await asyncio.sleep(2.5)
        assert await refs(top) == {"restarting"}
        await asyncio.sleep(3)
        (again,) = await refs(top)
        assert system.alive(again)
        await end(again, "boom")
        await asyncio.sleep(0.5)
        assert system.alive(top)


async def test_ds_7_and_gives_up_when_they_are_too_many() -> None:
    async with System() as system:
        top = await dynamic(system, max_restarts=2)
        it = await top.call(START, child(Moody, ["ok", *["crash"] * 9]))
        other = await top.call(START, child(Worker))
        assert it is not None
        assert other is not None
        await end(it, "boom")
        assert not system.alive(top)
        assert not system.alive(other)


async def test_ds_8_children_end_all_at_once_by_their_own_limits_and_those_restarting_are_skipped() -> None:
    async with System() as system:
        top = await dynamic(system)
        waits = await top.call(START, child(Worker, backoff=Backoff(3600, 3600)))
        assert waits is not None
        await end(waits, "boom")
        ends = []
        limits: list[Any] = [(1.0, 5.0), (9.0, 2.0), (9.0, "brutal_kill"), (0.5, 0)]
        for seconds, shutdown in limits:
            ref: Any = await top.call(START, child(Tidy, 0, [], seconds, shutdown=shutdown))
            ends.append(asyncio.ensure_future(system.wait(ref)))
        await moment()
        begun = asyncio.get_running_loop().time()
        await top.stop()
        assert asyncio.get_running_loop().time() - begun == pytest.approx(2.0)
        assert [await ended for ended in ends] == [Shutdown(), Killed(), Killed(), Killed()]
        await asyncio.sleep(7200)
        assert list(system.agents()) == []


async def test_ds_9_counts_include_those_restarting_but_as_inactive() -> None:
    async with System() as system:
        top = await dynamic(system)
        it = await top.call(START, child(Worker, backoff=Backoff(3600, 3600)))
        await top.call(START, child(Worker))
        await top.call(START, child(DynamicSupervisor))
        assert it is not None
        it.exit(Kill())
        await moment()
        assert tuple(await top.call(Supervisor.count_children)) == (3, 2, 1, 2)
