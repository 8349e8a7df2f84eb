"""Whom a supervisor restarts when a child ends by itself (statements R-1 to R-7)."""

import logging
from dataclasses import dataclass
from typing import Any

import pytest

from cybernetic import Exit, Kill, Killed, Normal, Reason, Shutdown, Supervisor, System, child
from cybernetic.supervision import DynamicSupervisor
from tests.supervision.agents import Family, Moody, Worker, end, family, kin, moment


@dataclass(frozen=True, slots=True)
class Bored(Reason):
    """A reason of a user's own."""


RESTARTED = {  # section 7
    "permanent": {"normal", "shutdown", "detail", "killed", "crash", "other"},
    "transient": {"killed", "crash", "other"},
    "temporary": set(),
}
ENDS: dict[str, Any] = {
    "normal": Normal(),
    "shutdown": Shutdown(),
    "detail": Shutdown("why"),
    "killed": Kill(),
    "crash": "boom",
    "other": Bored(),
}


@pytest.mark.parametrize("how", ENDS)
@pytest.mark.parametrize("restart", RESTARTED)
async def test_r_1_the_end_of_a_child_leads_to_what_the_table_says(restart: Any, how: str) -> None:
    async with System() as system:
        top = await family(system, child(Worker, id="it", restart=restart), child(Worker, id="sibling"))
        before = await kin(top)
        if how == "killed":
            before["it"].exit(Kill())
            await moment()
        else:
            await end(before["it"], ENDS[how])
        after = await kin(top)
        assert not system.alive(before["it"])
        if how in RESTARTED[restart]:
            assert system.alive(after["it"])
            assert after["it"] is not before["it"]
        elif restart == "transient":
            assert after["it"] is None
        else:
            assert "it" not in after
        assert after["sibling"] is before["sibling"]


@pytest.mark.parametrize(
    ("restart", "reason", "reported"),
    [
        ("permanent", Normal(), True),
        ("permanent", "boom", True),
        ("transient", Normal(), False),
        ("transient", Shutdown("x"), False),
        ("transient", "boom", True),
        ("temporary", Normal(), False),
        ("temporary", Killed(), True),
    ],
)
async def test_r_2_an_end_is_reported_if_the_child_is_permanent_or_the_reason_abnormal(
    restart: Any, reason: Any, reported: bool, caplog: pytest.LogCaptureFixture
) -> None:
    async with System() as system:
        top = await family(system, child(Worker, restart=restart))
        await end((await kin(top))["Worker"], reason)
    contexts = [r.report.context for r in caplog.records if r.name == "cybernetic.supervisor"]  # type: ignore[attr-defined]
    assert contexts == (["child_terminated"] if reported else [])


@pytest.mark.parametrize(
    ("restart", "back"), [("permanent", True), ("transient", False), ("temporary", False)]
)
async def test_r_3_a_supervisor_that_gave_up_comes_back_only_if_it_is_permanent(
    restart: Any, back: bool
) -> None:
    async with System() as system:
        inner = child(Family, child(Worker, "leaf", name="leaf"), id="inner", restart=restart)
        top = await family(system, inner)
        (lower,) = (await kin(top)).values()
        for _ in range(4):
            leaf = system.whereis("leaf")
            assert leaf is not None
            await end(leaf, "boom")
        assert not system.alive(lower)
        assert (system.whereis("leaf") is not None) == back


@pytest.mark.parametrize("strategy", ["one_for_one", "one_for_all", "rest_for_one"])
@pytest.mark.parametrize(
    ("restart", "reason"), [("temporary", "boom"), ("transient", Normal()), ("transient", Shutdown(1))]
)
async def test_r_4_an_end_without_restart_disturbs_nobody_under_any_strategy(
    strategy: Any, restart: Any, reason: Any
) -> None:
    async with System() as system:
        specs = [child(Worker, id=i, restart=restart if i == 1 else "permanent") for i in range(3)]
        top = await family(system, *specs, strategy=strategy)
        before = await kin(top)
        await end(before[1], reason)
        after = await kin(top)
        assert (after[0], after[2]) == (before[0], before[2])
        assert system.alive(before[0])
        assert system.alive(before[2])


async def test_r_5_an_old_address_never_becomes_valid_again() -> None:
    async with System() as system:
        top = await family(system, child(Worker, name="it"), max_restarts=20)
        seen = set()
        for _ in range(10):
            (ref,) = (await kin(top)).values()
            assert ref not in seen
            seen.add(ref)
            await end(ref, "boom")
        assert not any(system.alive(ref) for ref in seen)


async def test_r_6_a_static_supervisor_keeps_a_child_that_wants_to_be_ignored_at_its_restart() -> None:
    moods = ["ok", "ignore", "ok"]
    async with System() as system:
        top = await family(system, child(Moody, moods, id="it"))
        await end((await kin(top))["it"], "boom")
        assert await kin(top) == {"it": None}
        again = await top.call(Supervisor.restart_child, "it")
        assert again is not None
        assert system.alive(again)


async def test_r_6_a_dynamic_supervisor_drops_it() -> None:
    async with System() as system:
        top = await system.start(DynamicSupervisor)
        it = await top.call(DynamicSupervisor.start_child, child(Moody, ["ok", "ignore"]))
        assert it is not None
        await end(it, "boom")
        assert await top.call(DynamicSupervisor.which_children) == []
        assert tuple(await top.call(DynamicSupervisor.count_children)) == (0, 0, 0, 0)


@pytest.mark.parametrize("who", ["stranger", "outside", "a child that lives"])
async def test_r_7_an_exit_signal_that_is_no_childs_end_is_silently_ignored(
    who: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    async with System() as system:
        top = await family(system, child(Signaller, id="it"))
        before = await kin(top)
        if who == "stranger":
            stranger = system.spawn(Signaller)
            await stranger.call(Signaller.signal, top)
        elif who == "outside":
            top.exit(Shutdown())
        else:
            await before["it"].call(Signaller.signal, top)
        await moment()
        assert await kin(top) == before
        assert len(list(system.agents())) == (3 if who == "stranger" else 2)
    assert caplog.records == []


class Signaller(Worker):
    """Sends exit signals."""

    def signal(self, ref: Any) -> None:
        self.exit(ref, Shutdown())


async def test_r_7_an_exit_message_by_hand_is_no_end_either() -> None:
    async with System() as system:
        top = await family(system, child(Worker))
        before = await kin(top)
        top.send(Exit(before["Worker"], Normal()))
        await moment()
        assert await kin(top) == before
