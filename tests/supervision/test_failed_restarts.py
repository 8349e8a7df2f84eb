"""What happens when a restart itself fails, or has to wait (statements RF-1 to RF-7, EX-1)."""

import asyncio
import math
from typing import Any

import pytest

from cybernetic import (
    AlreadyPresent,
    Backoff,
    DynamicSupervisor,
    Kill,
    NotFound,
    Restarting,
    Supervisor,
    System,
    child,
)
from tests.supervision.agents import Family, Moody, Tidy, Worker, end, family, kin, moment

HOUR = Backoff(3600.0, 3600.0, reset_after=1e6)


async def waiting(system: System, **settings: Any) -> Any:
    """A family with a child "it" that has crashed and waits for an hour to be tried again, and a "sibling"."""
    top = await family(system, child(Worker, id="it", backoff=HOUR), child(Worker, id="sibling"), **settings)
    await end((await kin(top))["it"], "boom")
    return top


class Noisy(Moody):
    """Sends a message to its supervisor at every start."""

    def __init__(self, moods: list[Any]) -> None:
        super().__init__(moods)
        self.ref.inspect().info().parent.send("noise")


async def test_rf_1_messages_are_served_between_attempts_and_nothing_sleeps(
    caplog: pytest.LogCaptureFixture,
) -> None:
    moods: list[Any] = ["ok", *["crash"] * 3]
    async with System() as system:
        top = await family(system, child(Noisy, moods, id="it"), max_restarts=1000)
        refs = await kin(top)
        refs["it"].cast(Worker.crash)
        while moods:
            await asyncio.sleep(0)
        assert asyncio.get_running_loop().time() == 0.0
        await moment()
        assert system.alive((await kin(top))["it"])
    records = [r for r in caplog.records if r.name == "cybernetic.supervisor"]
    happened = [r.report.context if hasattr(r, "report") else "noise" for r in records]
    assert happened == ["noise", "child_terminated", *["start_error", "noise"] * 3, "noise"]


async def test_rf_2_the_attempts_end_by_success() -> None:
    async with System() as system:
        top = await family(system, child(Moody, ["ok", "crash", "crash", "ok"], id="it"))
        await end((await kin(top))["it"], "boom")
        assert system.alive((await kin(top))["it"])


async def test_rf_2_the_attempts_end_by_exhaustion() -> None:
    async with System() as system:
        top = await family(system, child(Moody, ["ok", *["crash"] * 99], id="it"), child(Worker))
        await end((await kin(top))["it"], "boom")
        assert list(system.agents()) == []


async def test_rf_2_the_attempts_end_by_terminate_child() -> None:
    moods: list[Any] = ["ok", *["crash"] * 5]
    async with System() as system:
        top = await family(system, child(Moody, moods, id="it"), max_restarts=100)
        refs = await kin(top)
        refs["it"].cast(Worker.crash)
        await top.call(Supervisor.terminate_child, "it")
        left = list(moods)
        await moment()
        assert moods == left
        assert await kin(top) == {"it": None}


async def test_rf_2_the_attempts_end_with_the_supervisor() -> None:
    moods: list[Any] = ["ok", *["crash"] * 100_000]
    async with System() as system:
        top = await family(system, child(Moody, moods, id="it"), max_restarts=100_000)
        refs = await kin(top)
        refs["it"].cast(Worker.crash)
        await top.stop()
        left = list(moods)
        await moment()
        assert moods == left
        assert len(moods) > 90_000


async def test_rf_3_what_is_shown_and_refused_while_a_child_is_tried_again() -> None:
    async with System() as system:
        top = await waiting(system)
        assert (await kin(top))["it"] == "restarting"
        assert tuple(await top.call(Supervisor.count_children)) == (2, 1, 0, 2)
        with pytest.raises(AlreadyPresent):
            await top.call(Supervisor.start_child, child(Worker, id="it"))
        with pytest.raises(Restarting):
            await top.call(Supervisor.restart_child, "it")
        with pytest.raises(Restarting):
            await top.call(Supervisor.delete_child, "it")
        await top.call(Supervisor.terminate_child, "it")
        assert (await kin(top))["it"] is None
        again = await top.call(Supervisor.restart_child, "it")
        assert again is not None
        assert system.alive(again)


async def test_rf_3_an_anonymous_child_is_found_by_its_last_address() -> None:
    async with System() as system:
        top = await system.start(DynamicSupervisor, type="temporary")
        it = await top.call(DynamicSupervisor.start_child, child(Worker, backoff=HOUR))
        assert it is not None
        await end(it, "boom")
        assert [info.ref for info in await top.call(Supervisor.which_children)] == ["restarting"]
        assert tuple(await top.call(Supervisor.count_children)) == (1, 0, 0, 1)
        await top.call(DynamicSupervisor.terminate_child, it)
        with pytest.raises(NotFound):
            await top.call(DynamicSupervisor.terminate_child, it)


async def test_rf_4_a_note_for_a_child_that_was_started_meanwhile_is_void() -> None:
    async with System() as system:
        top = await waiting(system)
        await top.call(Supervisor.terminate_child, "it")
        again = await top.call(Supervisor.restart_child, "it")
        await asyncio.sleep(7200)
        assert (await kin(top))["it"] is again


async def test_rf_4_a_note_overtaken_by_a_group_restart_is_void_even_if_that_failed() -> None:
    journal: list[Any] = []
    moods: list[Any] = ["ok", "crash", "ok"]
    async with System() as system:
        specs = [
            child(Worker, "other", id="other"),
            child(Moody, moods, "it", journal, id="it", backoff=Backoff(1.0, 9.0, reset_after=99)),
        ]
        top = await family(system, *specs, strategy="one_for_all")
        refs = await kin(top)
        await end(refs["it"], "boom")  # to be tried again after 1 s
        slow = top.request(Supervisor.start_child, child(Moody, [2.0], id="slow"))
        await end(refs["other"], "boom")  # its end is queued now, and then comes the note
        await slow
        await moment()
        assert journal == [("up", "it")] * 2  # the group restart failed; the old note did nothing
        await asyncio.sleep(2.1)
        assert journal == [("up", "it")] * 3
        assert all(system.alive(ref) for ref in (await kin(top)).values())


async def test_rf_5_one_for_all_keeps_those_started_until_the_next_full_attempt() -> None:
    journal: list[Any] = []
    moods: list[Any] = ["ok", 5.0, "crash", "ok"]
    async with System() as system:
        specs = [
            child(Tidy, "first", journal, id="first"),
            child(Moody, moods, "moody", journal, id="moody", start_timeout=1.0, backoff=Backoff(10.0, 10.0)),
            child(Worker, "last", journal, id="last"),
        ]
        top = await family(system, *specs, strategy="one_for_all", max_restarts=100)
        first = (await kin(top))["first"]
        journal.clear()
        await end((await kin(top))["last"], "boom")  # now "moody" takes too long and is tried 10 s later
        await asyncio.sleep(2.0)
        held = await kin(top)
        assert held["first"] is not first
        assert system.alive(held["first"])
        assert (held["moody"], held["last"]) == ("restarting", None)
        await asyncio.sleep(10.0)  # in vain once more, all over again
        assert (await kin(top))["first"] is not held["first"]
        await asyncio.sleep(20.0)
        assert all(system.alive(ref) for ref in (await kin(top)).values())
    signs = [line[1] if line[0] == "up" else "-" + line[1] for line in journal if line[0] in ("up", "down")]
    assert signs[:-1] == [
        "-first",
        "first",
        "moody",
        "-first",
        "first",
        "moody",
        "-first",
        "first",
        "moody",
        "last",
    ]


async def test_rf_6_rest_for_one_goes_on_from_the_one_that_failed() -> None:
    journal: list[Any] = []
    async with System() as system:
        specs = [
            child(Worker, "a", journal, id="a"),
            child(Worker, "b", journal, id="b"),
            child(Moody, ["ok", "crash", "crash", "ok"], "moody", journal, id="moody"),
            child(Worker, "d", journal, id="d"),
        ]
        top = await family(system, *specs, strategy="rest_for_one")
        a = (await kin(top))["a"]
        journal.clear()
        await end((await kin(top))["b"], "boom")
        assert [label for _, label in journal] == ["b", "moody", "moody", "moody", "d"]
        after = await kin(top)
        assert after["a"] is a
        assert all(system.alive(ref) for ref in after.values())


async def test_rf_7_a_slow_failing_start_never_exhausts_the_budget_but_the_supervisor_can_be_stopped() -> (
    None
):
    moods: list[Any] = ["ok", *[9.0] * 1000]
    async with System() as system:
        top = await family(
            system, child(Moody, moods, id="it", start_timeout=3.0), max_restarts=2, max_seconds=5.0
        )
        await end((await kin(top))["it"], "boom")
        await asyncio.sleep(1000)
        assert system.alive(top)
        begun = asyncio.get_running_loop().time()
        await top.stop()
        assert asyncio.get_running_loop().time() - begun <= 3.0


async def test_ex_1_the_delays_grow_to_the_limit_and_the_supervisor_goes_on_meanwhile() -> None:
    backoff = Backoff(1.0, 5.0, reset_after=100.0)
    times: list[float] = []
    clock = asyncio.get_running_loop().time
    async with System() as system:
        top = await family(system, child(Timed, times, id="it", backoff=backoff), max_restarts=99)
        for wait in (1.0, 2.0, 4.0, 5.0, 5.0):
            ended = clock()
            await end((await kin(top))["it"], "boom")
            assert (await kin(top))["it"] == "restarting"
            await asyncio.sleep(wait + 0.01)
            assert times[-1] - ended == pytest.approx(wait)
        await asyncio.sleep(100.0)  # forgiven
        ended = clock()
        await end((await kin(top))["it"], "boom")
        await asyncio.sleep(1.01)
        assert times[-1] - ended == pytest.approx(1.0)


class Timed(Worker):
    """Notes when it was started."""

    def __init__(self, times: list[float]) -> None:
        super().__init__()
        times.append(asyncio.get_running_loop().time())


async def test_ex_1_a_failed_attempt_waits_as_well() -> None:
    moods: list[Any] = ["ok", "crash", "crash", "ok"]
    async with System() as system:
        spec = child(Moody, moods, id="it", backoff=Backoff(1.0, 60.0, reset_after=100.0))
        top = await family(system, spec)
        await end((await kin(top))["it"], "boom")
        for tried, wait in ((3, 0.5), (3, 1.0), (2, 1.0), (2, 1.0), (1, 3.0), (1, 1.0)):
            assert len(moods) == tried
            await asyncio.sleep(wait)
        assert system.alive((await kin(top))["it"])


async def test_ex_1_a_supervisor_stops_at_once_during_a_delay_and_leaves_nothing_behind() -> None:
    async with System() as system:
        top = await waiting(system)
        begun = asyncio.get_running_loop().time()
        await top.stop()
        assert asyncio.get_running_loop().time() == begun
        await asyncio.sleep(7200)
        assert list(system.agents()) == []
        assert system.statistics()["dead_letters"] == 0


@pytest.mark.parametrize("supervisor", [Family, DynamicSupervisor])
async def test_ex_1_no_timer_outlives_an_orderly_end(supervisor: Any) -> None:
    loop: Any = asyncio.get_running_loop()
    async with System() as system:
        top = await system.start(supervisor, type="temporary")
        it = await top.call(supervisor.start_child, child(Worker, backoff=HOUR))
        await end(it, "boom")
        await top.stop()
        await asyncio.sleep(60)
        assert loop._next_deadline() == math.inf


async def test_ex_1_a_killed_supervisor_gets_no_notes_either() -> None:
    async with System() as system:
        top = await waiting(system)
        top.exit(Kill())
        await asyncio.sleep(7200)
        assert list(system.agents()) == []
        assert system.statistics()["dead_letters"] == 0


async def test_ex_1_chance_spreads_siblings_and_the_seed_repeats_it() -> None:
    async def run(seed: int) -> list[float]:
        times: list[float] = []
        async with System(seed=seed) as system:
            top = await system.start(DynamicSupervisor, None, 99, type="temporary")
            backoff = Backoff(1.0, 1.0, jitter=1.0)
            begun = asyncio.get_running_loop().time()
            for _ in range(20):
                it = await top.call(DynamicSupervisor.start_child, child(Timed, times, backoff=backoff))
                assert it is not None
                it.cast(Worker.crash)
            await asyncio.sleep(3)
            assert len(await top.call(Supervisor.which_children)) == 20
            return [round(time - begun, 6) for time in times[20:]]

    first, again, other = await run(1), await run(1), await run(2)
    assert first == again != other
    assert all(1.0 <= time <= 2.0 for time in first)
    assert len(set(first)) == 20


async def test_ex_1_a_group_waits_as_a_whole() -> None:
    async with System() as system:
        top = await waiting(system, strategy="one_for_all")
        before = await kin(top)
        assert system.alive(before["sibling"])
        await asyncio.sleep(3601)
        after = await kin(top)
        assert after["sibling"] is not before["sibling"]
        assert all(system.alive(ref) for ref in after.values())


async def test_a_group_member_that_could_not_be_started_is_not_called_running() -> None:
    async with System() as system:
        specs = [
            child(Moody, ["ok", "crash"], id="moody", backoff=HOUR),
            child(Worker, id="it"),
            child(Family, id="tree"),
        ]
        top = await family(system, *specs, strategy="one_for_all")
        await end((await kin(top))["it"], "boom")
        assert await kin(top) == {"moody": "restarting", "it": None, "tree": None}
        again = await top.call(Supervisor.restart_child, "it")
        assert again is not None
        assert system.alive(again)
