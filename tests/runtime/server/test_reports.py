"""Crash reports: who gets one, what it says, what it hides, how long it is (GS-21, GS-22, LG-1, LG-3, LG-5)."""

import asyncio
import logging
from typing import Any

import pytest

from cybernetic import Agent, Crash, Kill, Normal, Shutdown, Stop, Supervisor, System, child
from cybernetic.runtime import CrashReport
from tests.runtime.server.agents import (
    Boom,
    Counter,
    Doer,
    Journal,
    ending,
    failure_of,
    passes,
    reports,
    texts,
)

SECRET = "hunter2"


class Vault(Agent):
    """Has a secret, and redacts it."""

    def __init__(self, secret: str, fails: bool = False) -> None:
        self.secret, self.fails, self.shown = secret, fails, "plain"

    def open(self, key: str) -> None:
        raise Boom("jammed")

    def look(self) -> str:
        return self.secret

    def redact(self, state: dict[str, Any]) -> dict[str, Any]:
        if self.fails:
            raise Boom(self.secret)
        state["secret"] = "***"
        return state


@pytest.mark.parametrize(
    ("job", "reported"),
    [
        (lambda _: (_ for _ in ()).throw(Boom("bad")), True),
        (lambda _: (_ for _ in ()).throw(Stop(Kill())), True),
        (lambda _: (_ for _ in ()).throw(asyncio.CancelledError()), True),
        (lambda _: (_ for _ in ()).throw(Stop()), False),
        (lambda _: (_ for _ in ()).throw(Stop(Shutdown("x"))), False),
        (lambda doer: doer.stop(Normal()), False),
    ],
)
@pytest.mark.parametrize("parked", [False, True])
async def test_gs_21_a_report_is_written_if_the_agent_itself_ended_abnormally(
    job: Any, reported: bool, parked: bool, caplog: pytest.LogCaptureFixture
) -> None:
    async def later(doer: Doer) -> Any:
        await asyncio.sleep(1)
        return job(doer)

    async with System() as system:
        ref = await system.start(Doer)
        ended = await ending(system, ref)
        ref.cast(Doer.do, later if parked else job)
        await ended
    assert len(reports(caplog)) == reported
    assert len(texts(caplog)) == reported


@pytest.mark.parametrize("parked", [False, True])
@pytest.mark.parametrize("reason", [Kill(), Shutdown(), Boom])
async def test_lg_3_kills_signals_and_orderly_ends_are_silent(
    reason: Any, parked: bool, caplog: pytest.LogCaptureFixture
) -> None:
    async with System() as system:
        ref = await system.start(Counter)
        if parked:
            ref.cast(Counter.add_slowly, 1, 10.0)
        await passes()
        ref.exit(Crash("Elsewhere", "not mine") if reason is Boom else reason)
        await passes()
        assert not system.alive(ref)
        other = await system.start(Counter)
        await other.stop(Shutdown("x"))
    assert texts(caplog) == []


async def test_lg_1_a_report_says_who_why_what_and_by_whom_and_the_record_carries_it(
    caplog: pytest.LogCaptureFixture,
) -> None:
    class Owner(Doer):
        def begin(self) -> Any:
            return self.spawn(Counter, 5, name="mine", link=True)

    async with System() as system:
        owner = await system.start(Owner, True)
        ref = await owner.call(Owner.begin)
        owner_shown = repr(owner)
        await ref.call(Counter.add, 2)
        crashing = ref.request(Counter.crash, "why")
        ref.cast(Counter.add, 1)
        await failure_of(crashing)
    (record,) = [r for r in caplog.records if r.levelno == logging.ERROR]
    assert record.name == "cybernetic.agent"
    report = record.report
    assert isinstance(report, CrashReport)
    assert report.ref is ref
    assert (report.reason.type, report.reason.text) == ("Boom", "why")
    assert report.message == "Counter.crash('why')"
    assert report.state == "{'value': 7}"
    assert report.ancestors == (owner_shown,)
    assert report.links == (owner_shown,)
    assert (report.length, report.starting, report.history) == (1, False, ())
    text = record.getMessage()
    for part in (
        "'mine'",
        "Boom",
        "why",
        "Counter.crash('why')",
        "{'value': 7}",
        owner_shown,
        "Traceback",
        "in crash",
    ):
        assert part in text


async def test_lg_1_ancestry_goes_up_to_the_system(caplog: pytest.LogCaptureFixture) -> None:
    class Nest(Doer):
        def begin(self, depth: int) -> Any:
            if depth:
                self.spawn(Nest).cast(Nest.begin, depth - 1)
            else:
                raise Boom

    async with System() as system:
        top = await system.start(Nest)
        top.cast(Nest.begin, 3)
        await passes()
    (report,) = reports(caplog)
    assert len(report.ancestors) == 3
    assert report.ancestors[-1] == repr(top).replace(" (dead)", "")


async def test_lg_1_a_start_that_fails_has_a_report_with_its_arguments(
    caplog: pytest.LogCaptureFixture,
) -> None:
    class Fails(Agent):
        def __init__(self, a: int, b: str) -> None:
            self.a = a
            raise Boom("in init")

    async with System() as system:
        system.spawn(Fails, 1, "two")
        await passes()
    (report,) = reports(caplog)
    assert report.starting
    assert "Fails(1, 'two')" in report.message
    assert "could not start" in str(report)
    assert report.state == "{'a': 1}"


async def test_lg_1_a_supervised_agent_knows_the_ends_of_its_predecessors(
    caplog: pytest.LogCaptureFixture,
) -> None:
    class App(Supervisor):
        max_restarts = 10

        def children(self) -> Any:
            return [child(Counter, name="it")]

    async with System() as system:
        await system.start(App)
        it = system.named("it", Counter)
        for i in range(3):
            await failure_of(it.call(Counter.crash, f"crash {i}"))
            await passes()
        histories = [r.history for r in reports(caplog) if isinstance(r, CrashReport)]
        assert [len(history) for history in histories] == [0, 1, 2]
        assert "crash 0" in str(histories[2][0])
        assert "crash 1" in str(histories[2][1])
        info = system.whereis("it").inspect().info()  # type: ignore[union-attr]
        assert len(info.history) == 3
    assert any("restarted before: 2 times" in text for text in texts(caplog))


async def test_lg_1_so_does_one_that_was_stopped_because_a_sibling_had_ended() -> None:
    class App(Supervisor):
        strategy = "one_for_all"

        def children(self) -> Any:
            return [child(Counter, name="it"), child(Counter, name="other", id="other")]

    async with System() as system:
        await system.start(App)
        assert system.whereis("it").inspect().history() == ()  # type: ignore[union-attr]
        await failure_of(system.named("other", Counter).call(Counter.crash, "crash"))
        await passes()
        assert [why for _, why in system.whereis("it").inspect().history()] == ["Shutdown"]  # type: ignore[union-attr]


@pytest.mark.parametrize(
    "state",
    [
        "x" * 1_000_000,
        list(range(100_000)),
        dict.fromkeys(range(10000), "y" * 1000),
        [[[["z" * 100] * 50] * 50] * 50] * 50,
        {("deep", i): {j: dict.fromkeys(range(30), "w" * 500) for j in range(30)} for i in range(30)},
    ],
    ids=["text", "list", "dict", "nested lists", "nested dicts"],
)
async def test_lg_5_state_and_message_are_cut_to_a_size(state: Any, caplog: pytest.LogCaptureFixture) -> None:
    async with System() as system:
        ref = await system.start(Journal, [state])
        await ref.call(Journal.note, state)
        await failure_of(ref.call(Journal.note_slowly, state, "no number"))  # type: ignore[arg-type]
    (report,) = reports(caplog)
    assert len(report.state) < 20_000
    assert len(report.message) < 20_000
    assert len(str(report)) < 50_000


async def test_lg_5_a_long_text_of_an_exception_is_cut_in_the_report(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with System() as system:
        ref = await system.start(Counter)
        await failure_of(ref.call(Counter.crash, "x" * 1_000_000))
    (report,) = reports(caplog)
    assert len(str(report)) < 50_000


async def test_lg_5_a_state_that_cannot_be_shown_is_no_crash_of_the_report(
    caplog: pytest.LogCaptureFixture,
) -> None:
    class Awkward:
        def __repr__(self) -> str:
            raise Boom

    async with System() as system:
        ref = await system.start(Journal, [Awkward()])
        await failure_of(ref.call(Journal.note_slowly, Awkward(), "x"))  # type: ignore[arg-type]
    (report,) = reports(caplog)
    assert "Awkward" in report.state
    assert "Awkward" in report.message


async def test_gs_22_redact_decides_what_reports_show(caplog: pytest.LogCaptureFixture) -> None:
    async with System() as system:
        ref = await system.start(Vault, SECRET)
        await failure_of(ref.call(Vault.open, SECRET))
    (report,) = reports(caplog)
    assert report.state == "{'fails': False, 'secret': '***', 'shown': 'plain'}"
    assert report.message == "Vault.open(...)"
    assert SECRET not in caplog.text
    assert "***" in caplog.text


async def test_gs_22_a_redact_that_fails_shows_a_placeholder(caplog: pytest.LogCaptureFixture) -> None:
    async with System() as system:
        ref = await system.start(Vault, SECRET, True)
        assert await ref.inspect().get_state() == "<its redact raised Boom>"
        await failure_of(ref.call(Vault.open, SECRET))
    (report,) = reports(caplog)
    assert "redact raised Boom" in report.state
    assert SECRET not in caplog.text


async def test_gs_22_redact_gets_a_copy() -> None:
    async with System() as system:
        ref = await system.start(Vault, SECRET)
        assert (await ref.inspect().get_state())["secret"] == "***"
        assert await ref.call(Vault.look) == SECRET


async def test_gs_22_arguments_of_a_failed_start_are_hidden_too(caplog: pytest.LogCaptureFixture) -> None:
    class Sealed(Vault):
        def __init__(self, secret: str) -> None:
            super().__init__(secret)
            raise Boom("in init")

    async with System() as system:
        system.spawn(Sealed, SECRET)
        await passes()
    assert len(reports(caplog)) == 1
    assert SECRET not in caplog.text


async def test_gs_22_a_message_nobody_handles_and_a_trace_are_hidden_as_well(
    caplog: pytest.LogCaptureFixture,
) -> None:
    lines: list[str] = []
    async with System() as system:
        ref = await system.start(Vault, SECRET)
        ref.send({"password": SECRET})
        await ref.inspect().trace(to=lines.append)
        ref.send({"password": SECRET})
        await ref.call(Vault.look)
        assert len(lines) >= 2
        assert SECRET not in "".join(lines)
        assert SECRET not in "".join(await ref.inspect().log())
    assert len(texts(caplog)) == 2
    assert SECRET not in caplog.text


async def test_identical_crashes_beyond_a_hundred_a_second_are_counted_and_not_formatted(
    caplog: pytest.LogCaptureFixture,
) -> None:
    formatted: list[int] = []

    class Shown(Counter):
        def redact(self, state: dict[str, Any]) -> Any:
            formatted.append(1)
            return state

    async with System() as system:
        for _ in range(350):
            system.spawn(Shown).cast(Counter.crash, "same")
        await asyncio.sleep(0.5)
        assert len(reports(caplog)) == len(formatted) == 100
        assert system.statistics()["reports"] == 100
        assert system.statistics()["reports_suppressed"] == 250
        await asyncio.sleep(1)
        assert "250 further reports" in texts(caplog)[-1]
        system.spawn(Shown).cast(Counter.crash, "same")
        await asyncio.sleep(0.5)
        assert len(reports(caplog)) == 101, "in the next second they are written again"


async def test_crashes_that_differ_are_all_written(caplog: pytest.LogCaptureFixture) -> None:
    async with System() as system:
        for i in range(150):
            system.spawn(Counter).cast(Counter.crash, f"number {i}")
        await asyncio.sleep(0.5)
        assert len(reports(caplog)) == 150
        assert system.statistics()["reports_suppressed"] == 0


async def test_what_was_left_out_is_said_when_the_system_ends(caplog: pytest.LogCaptureFixture) -> None:
    async with System() as system:
        for _ in range(120):
            system.spawn(Counter).cast(Counter.crash, "same")
        await passes(20)
    assert any("20 further reports" in text for text in texts(caplog))


async def test_with_logging_switched_off_nothing_is_formatted() -> None:
    formatted: list[int] = []

    class Shown(Counter):
        def redact(self, state: dict[str, Any]) -> Any:
            formatted.append(1)
            return state

    log = logging.getLogger("cybernetic.agent")
    before = log.level
    log.setLevel(logging.CRITICAL)
    try:
        async with System() as system:
            await failure_of((await system.start(Shown)).call(Counter.crash))
    finally:
        log.setLevel(before)
    assert formatted == []
