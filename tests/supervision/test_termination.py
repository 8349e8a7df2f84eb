"""How a supervisor ends its children, and itself (statements T-1 to T-10)."""

import asyncio
from typing import Any

import pytest

from cybernetic import (
    Agent,
    DynamicSupervisor,
    Kill,
    Killed,
    Normal,
    Reason,
    Ref,
    Shutdown,
    StopFailed,
    Supervisor,
    System,
    child,
)
from cybernetic.core import Crash
from tests.supervision.agents import Family, Tidy, Worker, end, family, kin, moment


def contexts(caplog: pytest.LogCaptureFixture) -> list[tuple[str, Any]]:
    """What the supervisor reports were about."""
    return [
        (r.report.context, r.report.reason)  # type: ignore[attr-defined]
        for r in caplog.records
        if r.name == "cybernetic.supervisor"
    ]


class Deaf(Worker):
    """Unlinks from its supervisor."""

    def setup(self) -> None:
        parent = self.ref.inspect().info().parent
        self.unlink(parent)


async def test_t_1_the_end_is_waited_for_and_a_child_that_unlinked_cannot_hang_it() -> None:
    async with System() as system:
        top = await family(system, child(Deaf, id="deaf"), child(Tidy, "slow", [], 2.0, id="slow"))
        refs = await kin(top)
        assert refs["deaf"].inspect().info().links == ()
        begun = asyncio.get_running_loop().time()
        await top.call(Supervisor.terminate_child, "slow")
        assert asyncio.get_running_loop().time() - begun == pytest.approx(2.0)
        assert not system.alive(refs["slow"])
        await top.call(Supervisor.terminate_child, "deaf")
        assert not system.alive(refs["deaf"])


async def test_t_1_after_the_limit_the_child_is_killed_and_waited_for_without_limit() -> None:
    async with System() as system:
        top = await family(system, child(Tidy, "slow", [], 60.0, shutdown=1.5))
        (slow,) = (await kin(top)).values()
        reason = asyncio.ensure_future(system.wait(slow))
        await moment()
        begun = asyncio.get_running_loop().time()
        await top.call(Supervisor.terminate_child, "Tidy")
        assert asyncio.get_running_loop().time() - begun == pytest.approx(1.5)
        assert await reason == Killed()


@pytest.mark.parametrize(("seconds", "reason"), [(0.0, Shutdown()), (1.0, Killed())])
async def test_t_2_a_limit_of_no_time_is_legal(seconds: float, reason: Reason) -> None:
    async with System() as system:
        top = await family(system, child(Tidy, "it", [], seconds, shutdown=0))
        (it,) = (await kin(top)).values()
        ended = asyncio.ensure_future(system.wait(it))
        await moment()
        begun = asyncio.get_running_loop().time()
        await top.call(Supervisor.terminate_child, "Tidy")
        assert asyncio.get_running_loop().time() == begun
        assert await ended == reason


async def test_t_3_a_plain_child_dies_at_once_a_tidy_one_within_its_limit_a_late_one_is_killed(
    caplog: pytest.LogCaptureFixture,
) -> None:
    journal: list[Any] = []
    async with System() as system:
        specs = [
            child(Worker, id="plain"),
            child(Tidy, "tidy", journal, 1.0, id="tidy"),
            child(Tidy, "late", journal, 9.0, id="late", shutdown=2.0),
        ]
        top = await family(system, *specs)
        ends = {id: asyncio.ensure_future(system.wait(ref)) for id, ref in (await kin(top)).items()}
        await moment()
        await top.stop()
        assert {id: await ended for id, ended in ends.items()} == {
            "plain": Shutdown(),
            "tidy": Shutdown(),
            "late": Killed(),
        }
    assert journal[-1] == ("down", "tidy", Shutdown())
    assert contexts(caplog) == [("shutdown_error", Killed())]


class Odd(Worker):
    """Ends for a reason of its own choice when it is asked to end."""

    def __init__(self, reason: Any) -> None:
        super().__init__()
        self.reason = reason

    def terminate(self, reason: Any) -> None:
        if isinstance(self.reason, str):
            raise RuntimeError(self.reason)
        self.leave(self.reason)


@pytest.mark.parametrize("restart", ["permanent", "transient", "temporary"])
@pytest.mark.parametrize(
    ("reason", "quiet_for"),
    [
        (Shutdown(), {"permanent", "transient", "temporary"}),
        (Shutdown("why"), {"transient", "temporary"}),
        (Normal(), {"transient", "temporary"}),
        (Killed(), set()),
        ("sore", set()),
    ],
)
async def test_t_4_an_end_other_than_asked_for_is_reported_and_the_stop_succeeds(
    restart: Any, reason: Any, quiet_for: set[str], caplog: pytest.LogCaptureFixture
) -> None:
    async with System() as system:
        top = await family(system, child(Odd, reason, id="odd", restart=restart))
        await top.call(Supervisor.terminate_child, "odd")
        assert (await kin(top)).get("odd") is None
    ended = Crash("RuntimeError", "sore") if isinstance(reason, str) else reason
    assert contexts(caplog) == ([] if restart in quiet_for else [("shutdown_error", ended)])


async def test_t_4_a_brutal_kill_is_silent(caplog: pytest.LogCaptureFixture) -> None:
    async with System() as system:
        top = await family(system, child(Tidy, 1, [], 9.0, shutdown="brutal_kill"))
        begun = asyncio.get_running_loop().time()
        await top.stop()
        assert asyncio.get_running_loop().time() == begun
    assert contexts(caplog) == []


async def test_t_5_children_of_a_supervisor_end_one_after_another_latest_first() -> None:
    journal: list[Any] = []
    async with System() as system:
        top = await family(system, *(child(Tidy, i, journal, 0.1, id=i) for i in range(4)))
        begun = asyncio.get_running_loop().time()
        await top.stop()
        assert asyncio.get_running_loop().time() - begun == pytest.approx(0.4)
    assert [label for what, label, *_ in journal if what == "down"] == [3, 2, 1, 0]


async def test_t_5_children_of_a_dynamic_supervisor_end_all_at_once() -> None:
    async with System() as system:
        top = await system.start(DynamicSupervisor, type="temporary")
        ends = {}
        for seconds, shutdown in ((0.1, 5.0), (0.1, 5.0), (9.0, 0.3), (0.4, 5.0)):
            spec = child(Tidy, seconds, [], seconds, shutdown=shutdown)
            ref: Any = await top.call(DynamicSupervisor.start_child, spec)
            ends[seconds] = asyncio.ensure_future(system.wait(ref))
        await moment()
        begun = asyncio.get_running_loop().time()
        await top.stop()
        assert asyncio.get_running_loop().time() - begun == pytest.approx(0.4)
        assert [await ended for ended in ends.values()] == [Shutdown(), Killed(), Shutdown()]


async def test_t_6_children_that_end_on_their_own_meanwhile_change_nothing() -> None:
    async with System() as system:
        specs = [child(Worker, i, id=i) for i in range(3)]
        top = await family(system, *specs, child(Tidy, "slow", [], 1.0, id="slow"))
        refs = await kin(top)
        ended = asyncio.ensure_future(system.wait(top))
        stopping = asyncio.ensure_future(top.stop(Shutdown("enough")))
        await moment()
        refs[0].exit(Kill())
        await end(refs[1], "boom")
        await end(refs[2], Normal())
        await stopping
        assert await ended == Shutdown("enough")
        assert list(system.agents()) == []


class Parent(Agent):
    """Starts a supervisor and can end it, or itself."""

    trap_exit = True

    async def raise_family(self, journal: list[Any]) -> Ref[Any]:
        return await self.start(Family, child(Tidy, "it", journal), link=True)

    def send_exit(self, ref: Ref[Any], reason: Reason) -> None:
        self.exit(ref, reason)

    def leave(self) -> None:
        self.stop()


@pytest.mark.parametrize("reason", [Normal(), Shutdown(), Shutdown("x"), Killed(), Crash("E", "text")])
async def test_t_7_the_parents_exit_signal_ends_a_supervisor_whatever_the_reason(reason: Reason) -> None:
    journal: list[Any] = []
    async with System() as system:
        parent = await system.start(Parent)
        top = await parent.call(Parent.raise_family, journal)
        ended = asyncio.ensure_future(system.wait(top))
        await moment()
        await parent.call(Parent.send_exit, top, reason)
        assert await ended == reason
        assert journal == [("up", "it"), ("down", "it", Shutdown())]


async def test_t_7_so_does_the_parents_own_normal_end() -> None:
    journal: list[Any] = []
    async with System() as system:
        parent = await system.start(Parent)
        top = await parent.call(Parent.raise_family, journal)
        ended = asyncio.ensure_future(system.wait(top))
        await moment()
        await parent.call(Parent.leave)
        assert await ended == Normal()
        assert journal[-1] == ("down", "it", Shutdown())


@pytest.mark.parametrize("reason", [Normal(), Shutdown("x"), Crash("E", "text")])
async def test_t_7_a_stop_ends_it_with_the_reason_asked_for_and_children_still_get_shutdown(
    reason: Reason,
) -> None:
    journal: list[Any] = []
    async with System() as system:
        top = await family(system, child(Tidy, "it", journal))
        ended = asyncio.ensure_future(system.wait(top))
        await moment()
        await top.stop(reason)
        assert await ended == reason
    assert journal[-1] == ("down", "it", Shutdown())


async def test_t_7_a_stop_may_be_limited_and_the_supervisor_still_ends() -> None:
    async with System() as system:
        top = await family(system, child(Tidy, "slow", [], 3.0))
        with pytest.raises(TimeoutError):
            await top.stop(timeout=1.0)
        await asyncio.sleep(2.1)
        assert not system.alive(top)


async def test_t_7_a_stop_that_ends_in_a_kill_says_so() -> None:
    async with System() as system:
        top = await family(system, child(Tidy, "slow", [], 3.0))
        stopping = asyncio.ensure_future(top.stop())
        await moment()
        top.exit(Kill())
        with pytest.raises(StopFailed):
            await stopping
        await asyncio.sleep(5)


async def test_t_8_a_killed_supervisor_takes_its_children_along_and_tidy_ones_clean_up() -> None:
    journal: list[Any] = []
    async with System() as system:
        inner = child(Family, child(Tidy, "leaf", journal), id="tree")
        top = await family(
            system, child(Tidy, "tidy", journal, 0.5, id="tidy"), child(Worker, id="plain"), inner
        )
        ends = {id: asyncio.ensure_future(system.wait(ref)) for id, ref in (await kin(top)).items()}
        await moment()
        top.exit(Kill())
        await asyncio.sleep(1)
        assert {id: await ended for id, ended in ends.items()} == dict.fromkeys(ends, Killed())
        assert list(system.agents()) == []
    assert [line for line in journal if line[0] == "down"] == [
        ("down", "leaf", Shutdown()),
        ("down", "tidy", Killed()),
    ]


async def test_t_9_a_supervisor_has_no_limit_unless_one_is_given_and_a_kill_orphans_nobody_for_long() -> None:
    journal: list[Any] = []
    async with System() as system:
        slow = child(Family, child(Tidy, "leaf", journal, 30.0, shutdown=None), id="slow")
        brutal = child(Family, child(Tidy, "other", journal, 0.1), id="brutal", shutdown="brutal_kill")
        top = await family(system, slow, brutal)
        begun = asyncio.get_running_loop().time()
        await top.stop()
        assert asyncio.get_running_loop().time() - begun == pytest.approx(30.0)
        assert list(system.agents()) == []
    assert [line[1:] for line in journal if line[0] == "down"] == [("other", Killed()), ("leaf", Shutdown())]


@pytest.mark.parametrize("strategy", ["one_for_one", "one_for_all", "rest_for_one"])
async def test_t_10_what_terminate_child_ends_is_not_judged(strategy: Any) -> None:
    async with System() as system:
        specs = [
            child(Worker, id=1),
            child(Odd, "sore", id=2, restart="transient", significant=True),
            child(Worker, id=3, restart="temporary", significant=True),
            child(Worker, id=4),
        ]
        top = await family(system, *specs, strategy=strategy, auto_shutdown="any_significant", max_restarts=0)
        before = await kin(top)
        for id in (2, 3):
            await top.call(Supervisor.terminate_child, id)
        await moment()
        assert await kin(top) == {1: before[1], 2: None, 4: before[4]}
        assert system.alive(before[1])
        assert system.alive(before[4])


@pytest.mark.parametrize("supervisor", [Family, DynamicSupervisor])
async def test_an_orderly_end_leaves_no_dead_letters(supervisor: Any) -> None:
    async with System() as system:
        top = await system.start(supervisor, type="temporary")
        for i in range(5):
            await top.call(supervisor.start_child, child(Tidy, i, [], 0.1, id=i))
        await top.stop()
        assert system.statistics()["dead_letters"] == 0
