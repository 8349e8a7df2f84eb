"""What supervisors log and tell (statements LG-2 and LG-4)."""

import asyncio
import logging
from typing import Any

import pytest

from cybernetic import DynamicSupervisor, Killed, Supervisor, System, child
from cybernetic.core import attach
from cybernetic.supervision import ChildEnded, ChildStarted, GaveUp, SupervisorReport
from tests.supervision.agents import Moody, Tidy, Worker, end, family, kin


def reports(caplog: pytest.LogCaptureFixture) -> list[Any]:
    """The supervisor reports so far."""
    found = [r.report for r in caplog.records if hasattr(r, "report") and r.name == "cybernetic.supervisor"]
    assert all(isinstance(report, SupervisorReport) for report in found)
    return found


async def test_lg_2_a_report_says_who_why_and_all_about_the_child(caplog: pytest.LogCaptureFixture) -> None:
    async with System() as system:
        spec = child(Worker, "x", id="it", restart="transient", shutdown=2.5, significant=True)
        top = await family(system, spec, auto_shutdown="any_significant")
        it = (await kin(top))["it"]
        await end(it, "boom")
        (report,) = reports(caplog)
        assert (report.supervisor, report.context, report.reason.type) == (
            top,
            "child_terminated",
            "RuntimeError",
        )
        assert (report.id, report.ref, report.start, report.count) == ("it", it, "Worker('x')", 1)
        assert (report.type, report.restart, report.shutdown, report.significant) == (
            "worker",
            "transient",
            2.5,
            True,
        )
        await end((await kin(top))["it"], "boom")
        assert [report.restarts for report in reports(caplog)] == [0, 1]
        assert "child 'it'" in str(report)


async def test_lg_2_each_context_has_its_occasion(caplog: pytest.LogCaptureFixture) -> None:
    async with System() as system:
        specs = [
            child(Moody, ["ok", *["crash"] * 9], id="it"),
            child(Tidy, 1, [], 9.0, id="slow", shutdown=1.0),
        ]
        top = await family(system, *specs, max_restarts=1)
        await end((await kin(top))["it"], "boom")
        await system.wait(top)
    assert [(report.context, report.id) for report in reports(caplog)] == [
        ("child_terminated", "it"),
        ("start_error", "it"),
        ("shutdown", "it"),
        ("shutdown_error", "slow"),
    ]


async def test_lg_2_every_started_child_is_reported_at_level_info(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "cybernetic.supervisor")
    async with System() as system:
        top = await family(system, child(Worker, id=1))
        await top.call(Supervisor.start_child, child(Worker, id=2))
    assert ["started child" in record.getMessage() for record in caplog.records] == [True, True]


class Secretive(Worker):
    """Has something to hide."""

    def redact(self, state: dict[str, Any]) -> Any:
        return {}


async def test_lg_5_arguments_are_shortened_and_those_of_classes_that_redact_hidden(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with System() as system:
        top = await family(system, child(Secretive, "password"), child(Worker, "x" * 10_000))
        for ref in (await kin(top)).values():
            await end(ref, "boom")
    texts = [str(report) for report in reports(caplog)]
    assert "Secretive(...)" in texts[0]
    assert "password" not in texts[0]
    assert len(texts[1]) < 500


async def test_lg_4_the_end_of_a_dynamic_supervisor_groups_errors_by_reason(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with System() as system:
        top = await system.start(DynamicSupervisor, type="temporary")
        for _ in range(7):
            await top.call(DynamicSupervisor.start_child, child(Tidy, 1, [], 9.0, shutdown=1.0))
        for _ in range(3):
            await top.call(DynamicSupervisor.start_child, child(Sore))
        await top.call(DynamicSupervisor.start_child, child(Worker))
        await top.stop()
    found = {(report.context, type(report.reason).__name__): report.count for report in reports(caplog)}
    assert found == {("shutdown_error", "Killed"): 7, ("shutdown_error", "Crash"): 3}
    assert any("7 children" in str(r) and r.reason == Killed() for r in reports(caplog))


class Sore(Worker):
    """Crashes when it is asked to end."""

    def terminate(self, reason: Any) -> None:
        raise RuntimeError("sore")


async def test_the_events_tell_of_starts_ends_and_giving_up() -> None:
    heard: list[Any] = []
    detach = [attach(kind, heard.append) for kind in (ChildStarted, ChildEnded, GaveUp)]
    async with System() as system:
        top = await family(system, child(Worker, id="it"), max_restarts=1)
        for _ in range(2):
            await end((await kin(top))["it"], "boom")
    for one in detach:
        one()
    assert [(type(event).__name__, event.id) for event in heard] == [
        ("ChildStarted", "it"),
        ("ChildEnded", "it"),
        ("ChildStarted", "it"),
        ("ChildEnded", "it"),
        ("GaveUp", "it"),
    ]
    assert [event.again for event in heard if isinstance(event, ChildStarted)] == [False, True]
    assert [event.reaction for event in heard if isinstance(event, ChildEnded)] == ["restart", "restart"]
    assert heard[0].supervisor is top


class Laggard(Worker):
    """Comes up at once the first time, and never again."""

    lives = 0

    async def setup(self) -> None:
        Laggard.lives += 1
        if Laggard.lives > 1:
            await asyncio.Event().wait()


@pytest.mark.parametrize("strategy", ["one_for_one", "one_for_all"])
async def test_a_start_that_is_cut_short_by_the_end_of_its_supervisor_is_no_error(
    caplog: pytest.LogCaptureFixture, strategy: Any
) -> None:
    Laggard.lives = 0
    async with System() as system:
        top = await family(system, child(Laggard, id="it"), child(Worker, id="other"), strategy=strategy)
        await end((await kin(top))["it"], "boom")
        await asyncio.sleep(1)
    assert Laggard.lives == 2
    assert [report.context for report in reports(caplog)] == ["child_terminated"]


async def test_nor_is_one_that_somebody_has_asked_for(caplog: pytest.LogCaptureFixture) -> None:
    Laggard.lives = 1
    async with System() as system:
        nursery = await system.start(DynamicSupervisor)
        nursery.request(DynamicSupervisor.start_child, child(Laggard))
        await asyncio.sleep(1)
    assert Laggard.lives == 2
    assert reports(caplog) == []
