"""Managing a supervisor by message (statements API-1 to API-11)."""

import asyncio
import logging
from typing import Any

import pytest

from cybernetic import (
    AlreadyPresent,
    AlreadyStarted,
    CallDeadlock,
    CallFailed,
    ChildNotStarted,
    Down,
    Kill,
    NoProc,
    NotFound,
    Running,
    StartTimeout,
    Supervisor,
    System,
    child,
)
from cybernetic.core import Crash
from cybernetic.supervision import ChildInfo
from tests.supervision.agents import Family, Moody, Tidy, Worker, end, family, kin, moment
from tests.supervision.test_termination import Deaf


async def test_api_1_start_child_appends_and_returns_the_address() -> None:
    async with System() as system:
        top = await family(system, child(Worker, id=1))
        two = await top.call(Supervisor.start_child, child(Worker, "x", id=2))
        assert two is not None
        assert await two.call(Worker.who) == "x"
        assert list(await kin(top)) == [1, 2]
        await end(two, "boom")  # it is a child like any other
        assert system.alive((await kin(top))[2])


@pytest.mark.parametrize(("restart", "left"), [("permanent", {"it": None}), ("temporary", {})])
async def test_api_1_a_start_that_asks_to_be_ignored_gives_none(restart: Any, left: Any) -> None:
    async with System() as system:
        top = await family(system)
        spec = child(Moody, ["ignore"], id="it", restart=restart)
        assert await top.call(Supervisor.start_child, spec) is None
        assert await kin(top) == left


async def test_api_1_an_id_in_use_is_refused() -> None:
    async with System() as system:
        top = await family(system, child(Worker, id="it"))
        refs = await kin(top)
        with pytest.raises(AlreadyStarted) as caught:
            await top.call(Supervisor.start_child, child(Worker, id="it"))
        assert caught.value.ref is refs["it"]
        await top.call(Supervisor.terminate_child, "it")
        with pytest.raises(AlreadyPresent):
            await top.call(Supervisor.start_child, child(Worker, id="it"))


@pytest.mark.parametrize(
    ("mood", "reason"), [("crash", Crash("RuntimeError", "in a bad mood")), (9.0, StartTimeout(1.0))]
)
async def test_api_1_a_failed_start_is_told_and_not_kept(mood: Any, reason: Any) -> None:
    async with System() as system:
        top = await family(system)
        spec = child(Moody, [mood], id="it", start_timeout=1.0)
        with pytest.raises(ChildNotStarted) as caught:
            await top.call(Supervisor.start_child, spec)
        assert caught.value.reason == reason
        assert await kin(top) == {}
        assert await top.call(Supervisor.start_child, spec) is not None


async def test_api_1_a_name_in_use_is_told_plainly() -> None:
    async with System() as system:
        holder = system.spawn(Worker, name="held")
        top = await family(system)
        with pytest.raises(AlreadyStarted) as caught:
            await top.call(Supervisor.start_child, child(Worker, name="held"))
        assert caught.value.ref is holder
        assert await kin(top) == {}


async def test_api_2_terminate_child_is_fine_for_every_known_id_running_or_not() -> None:
    async with System() as system:
        specs = [child(Worker, id=1), child(Worker, id=2, restart="temporary")]
        top = await family(system, *specs)
        refs = await kin(top)
        for _ in range(2):
            await top.call(Supervisor.terminate_child, 1)
        await top.call(Supervisor.terminate_child, 2)
        assert await kin(top) == {1: None}
        assert not system.alive(refs[1])
        assert not system.alive(refs[2])
        others: list[Any] = [2, "1", True, [], refs[1]]
        for unknown in others:
            with pytest.raises(NotFound):
                await top.call(Supervisor.terminate_child, unknown)


async def test_api_3_restart_child_only_when_there_is_no_agent() -> None:
    async with System() as system:
        top = await family(system, child(Moody, ["ok", "crash", "ignore"], id="it"))
        with pytest.raises(Running):
            await top.call(Supervisor.restart_child, "it")
        with pytest.raises(NotFound):
            await top.call(Supervisor.restart_child, "other")
        await top.call(Supervisor.terminate_child, "it")
        with pytest.raises(ChildNotStarted):
            await top.call(Supervisor.restart_child, "it")
        assert await kin(top) == {"it": None}
        assert await top.call(Supervisor.restart_child, "it") is None
        again = await top.call(Supervisor.restart_child, "it")
        assert again is not None
        assert system.alive(again)


async def test_api_4_delete_child_only_when_there_is_no_agent() -> None:
    async with System() as system:
        top = await family(system, child(Worker, id="it"))
        with pytest.raises(Running):
            await top.call(Supervisor.delete_child, "it")
        await top.call(Supervisor.terminate_child, "it")
        await top.call(Supervisor.delete_child, "it")
        assert await kin(top) == {}
        with pytest.raises(NotFound):
            await top.call(Supervisor.delete_child, "it")


async def test_api_5_which_children_shows_the_latest_first() -> None:
    async with System() as system:
        top = await family(
            system, child(Worker, id="w"), child(Family, id="f"), child(Moody, ["ignore"], id="m")
        )
        found = await top.call(Supervisor.which_children)
        assert [(info.id, info.kind, info.restart) for info in found] == [
            ("m", "worker", "permanent"),
            ("f", "supervisor", "permanent"),
            ("w", "worker", "permanent"),
        ]
        assert all(isinstance(info, ChildInfo) for info in found)
        assert found[0].ref is None
        assert found[1].ref.cls is Family


async def test_api_6_count_children_counts_those_alive_and_all_by_type() -> None:
    async with System() as system:
        top = await family(system, child(Deaf, id="deaf"), child(Worker, id="w"), child(Family, id="f"))
        assert tuple(await top.call(Supervisor.count_children)) == (3, 3, 1, 2)
        refs = await kin(top)
        await end(refs["deaf"], "boom")  # nobody hears of it: the entry stays
        assert (await kin(top))["deaf"] is refs["deaf"]
        counts = await top.call(Supervisor.count_children)
        assert (counts.specs, counts.active, counts.supervisors, counts.workers) == (3, 2, 1, 2)


async def test_api_7_get_childspec_gives_the_whole_specification() -> None:
    async with System() as system:
        spec = child(Worker, "x", id="it", restart="transient")
        top = await family(system, spec)
        assert await top.call(Supervisor.get_childspec, "it") == spec
        with pytest.raises(NotFound):
            await top.call(Supervisor.get_childspec, "other")


async def test_api_9_a_slow_start_makes_everything_else_wait() -> None:
    async with System() as system:
        top = await family(system, child(Worker, id="it"))
        it = (await kin(top))["it"]
        slow = top.within(None).request(Supervisor.start_child, child(Moody, [60.0], id="slow"))
        await moment()
        await end(it, "boom")
        counted = top.within(None).request(Supervisor.count_children)
        await asyncio.sleep(59)
        assert not counted.done()  # type: ignore[attr-defined]
        await slow
        assert (await counted).specs == 2
        assert system.alive((await kin(top))["it"])


class Asking(Worker):
    """Asks its own supervisor while it is started."""

    async def setup(self) -> None:
        parent = self.ref.inspect().info().parent
        await parent.call(Supervisor.count_children)


@pytest.mark.parametrize("deep", [False, True])
async def test_api_9_a_call_to_the_supervisor_that_waits_for_the_caller_fails_at_once(deep: bool) -> None:
    async with System() as system:
        top = await family(system)
        spec = child(Family, child(Asking)) if deep else child(Asking)
        begun = asyncio.get_running_loop().time()
        with pytest.raises(ChildNotStarted) as caught:
            await top.call(Supervisor.start_child, spec)
        assert asyncio.get_running_loop().time() == begun
        assert CallDeadlock.__name__ in repr(caught.value.reason)


async def test_api_10_a_supervisor_that_is_gone_answers_no_proc() -> None:
    async with System() as system:
        top = await family(system)
        await top.stop()
        for address in (top, system.named("nobody", Supervisor)):
            with pytest.raises(CallFailed) as caught:
                await address.call(Supervisor.which_children)
            assert caught.value.reason == NoProc()


async def test_api_10_plain_messages_are_logged_and_ignored(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING)
    async with System() as system:
        top = await family(system, child(Worker))
        before = await kin(top)
        top.send("hello")
        top.send(Down(None, None, NoProc()))  # type: ignore[arg-type]
        assert await kin(top) == before
    assert ["ignores the message" in record.getMessage() for record in caplog.records] == [True, True]


async def test_the_caller_that_gives_up_does_not_stop_what_it_asked_for() -> None:
    async with System() as system:
        top = await family(system)
        with pytest.raises(TimeoutError):
            await top.within(1.0).call(Supervisor.start_child, child(Moody, [3.0], id="slow"))
        await asyncio.sleep(3)
        assert system.alive((await kin(top))["slow"])


async def test_a_supervisor_killed_while_a_child_starts_leaves_nothing_behind() -> None:
    journal: list[Any] = []
    async with System() as system:
        top = await family(system, child(Tidy, "tidy", journal))
        slow = top.request(Supervisor.start_child, child(Moody, [60.0], id="slow"))
        await moment()
        assert len(list(system.agents())) == 3
        top.exit(Kill())
        with pytest.raises(CallFailed):
            await slow
        await moment()
        assert list(system.agents()) == []
