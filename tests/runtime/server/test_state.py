"""State from outside: look, replace, suspend, resume, in every situation (SY-1 to SY-3, SY-7, GS-24)."""

import asyncio
from typing import Any

import pytest

from cybernetic import CallFailed, CallTimeout, Kill, Killed, NoProc, Shutdown, Supervisor, System, child
from cybernetic.runtime import StateRefused
from tests.runtime.server.agents import Boom, Counter, Doer, Journal, ending, failure_of, now, passes
from tests.runtime.server.test_parent import Cleans, Parent, Plain, TrapsAndCleans


class App(Supervisor):
    """Has one child."""

    def __init__(self, name: str = "it") -> None:
        self.child_name = name

    def children(self) -> Any:
        return [child(Counter, 5, name=self.child_name)]


async def test_sy_1_requests_wait_behind_messages_that_are_queued() -> None:
    async with System() as system:
        ref = await system.start(Counter)
        ref.cast(Counter.add_slowly, 1, 2.0)
        ref.cast(Counter.add, 10)
        asked = asyncio.create_task(ref.inspect().get_state())
        await passes(1)
        ref.cast(Counter.add, 100)
        assert await asked == {"value": 11}
        assert now() == 2.0


async def test_sy_1_requests_are_served_one_by_one_in_order_with_messages() -> None:
    async with System() as system:
        ref = await system.start(Counter)
        found = []
        for _ in range(3):
            asked = asyncio.create_task(ref.inspect().get_state())
            await passes(1)
            ref.cast(Counter.add, 1)
            found.append(asked)
        assert [await asked for asked in found] == [{"value": i} for i in range(3)]


async def test_sy_1_a_request_to_a_busy_agent_times_out_at_the_one_who_asks() -> None:
    async with System() as system:
        ref = await system.start(Counter)
        ref.cast(Counter.add_slowly, 1, 60.0)
        with pytest.raises(CallTimeout, match="get_state"):
            await ref.inspect().get_state()
        assert now() == 5.0
        with pytest.raises(CallTimeout):
            await ref.inspect().within(1.0).get_state()
        assert now() == 6.0
        await asyncio.sleep(60)
        assert await ref.inspect().get_state() == {"value": 1}


async def test_sy_1_a_request_to_a_dead_agent_fails_with_noproc_or_its_reason() -> None:
    async with System() as system:
        ref = await system.start(Counter)
        port = ref.inspect()
        ref.cast(Counter.add_slowly, 1, 60.0)
        asked = asyncio.create_task(port.get_state())
        await passes()
        ref.exit(Kill())
        with pytest.raises(CallFailed):
            await asked
        for use in (port.get_state, port.suspend, port.resume, port.trace, port.log, port.statistics):
            with pytest.raises(CallFailed) as caught:
                await use()
            assert caught.value.reason == NoProc()
        assert port.info() is None
        assert port.stack() == []


async def test_sy_1_requests_work_on_supervisors() -> None:
    async with System() as system:
        app = await system.start(App)
        port = app.inspect()
        assert (await port.get_state())["child_name"] == "it"
        await port.replace_state(lambda state: {**state, "child_name": "other"})
        assert (await port.get_state())["child_name"] == "other"
        await port.suspend()
        assert (await port.get_state())["child_name"] == "other"
        first = system.whereis("it")
        await failure_of(system.named("it", Counter).call(Counter.crash))
        await asyncio.sleep(10)
        assert system.whereis("it") is None, "a suspended supervisor restarts nothing"
        with pytest.raises(CallTimeout, match="suspended"):
            await app.within(5).call(Supervisor.count_children)
        await port.resume()
        await passes()
        second = system.whereis("it")
        assert second is not None
        assert second is not first
        assert (await app.call(Supervisor.count_children)).active == 1


async def test_sy_1_requests_can_be_made_from_inside_another_agent() -> None:
    async with System() as system:
        ref, doer = await system.start(Counter, 3), await system.start(Doer)
        assert await doer.call(Doer.do, lambda _: ref.inspect().get_state()) == {"value": 3}


@pytest.mark.parametrize("suspended", [False, True])
async def test_sy_2_replace_state_runs_in_the_agent_and_returns_the_new_state(suspended: bool) -> None:
    async with System() as system:
        ref = await system.start(Counter, 3)
        if suspended:
            await ref.inspect().suspend()
        assert await ref.inspect().replace_state(lambda s: {"value": s["value"] * 2}) == {"value": 6}
        await ref.inspect().resume()
        assert await ref.call(Counter.get) == 6


@pytest.mark.parametrize("suspended", [False, True])
@pytest.mark.parametrize(
    "change",
    [
        lambda state: state.update(value=99) or (_ for _ in ()).throw(Boom("no")),
        lambda state: None,
        lambda state: [1],
        lambda state, more: state,
    ],
    ids=["raises", "none", "a list", "wrong arguments"],
)
async def test_sy_2_a_change_that_fails_keeps_the_old_state_and_the_agent_lives(
    change: Any, suspended: bool
) -> None:
    async with System() as system:
        ref = await system.start(Counter, 3)
        if suspended:
            await ref.inspect().suspend()
        with pytest.raises(StateRefused, match="the state was not replaced: "):
            await ref.inspect().replace_state(change)
        assert await ref.inspect().get_state() == {"value": 3}
        await ref.inspect().resume()
        assert await ref.call(Counter.add) == 4


async def test_gs_24_state_is_migrated_while_suspended_and_a_failure_keeps_the_old_one() -> None:
    class Migrates(Counter):
        def get(self) -> int:
            return getattr(self, "total", None) or self.value

    async with System() as system:
        ref = await system.start(Migrates, 3)
        await ref.inspect().suspend()
        asked = ref.request(Counter.get)
        with pytest.raises(StateRefused):
            await ref.inspect().replace_state(lambda state: {"total": state["missing"]})
        await ref.inspect().replace_state(lambda state: {"total": state["value"] + 100})
        assert await ref.inspect().get_state() == {"total": 103}
        await ref.inspect().resume()
        assert await asked == 103


async def test_sy_3_a_suspended_agent_keeps_its_messages_in_order() -> None:
    async with System() as system:
        ref = await system.start(Journal)
        await ref.inspect().suspend()
        for i in range(200):
            ref.cast(Journal.note, i) if i % 2 else ref.send(i)
        with pytest.raises(CallTimeout, match="it was suspended"):
            await ref.within(1).call(Journal.note, "late")
        assert (await ref.inspect().get_state())["lines"] == []
        await ref.inspect().resume()
        assert await ref.call(Journal.read) == [*range(200), "late"]


async def test_sy_3_what_was_queued_before_suspend_is_handled_before_it() -> None:
    async with System() as system:
        ref = await system.start(Journal)
        for i in range(200):
            ref.cast(Journal.note, i)
        await ref.inspect().suspend()
        assert (await ref.inspect().get_state())["lines"] == list(range(200))


async def test_sy_3_suspend_and_resume_are_idempotent() -> None:
    async with System() as system:
        ref = await system.start(Counter)
        for _ in range(3):
            await ref.inspect().suspend()
        await ref.inspect().resume()
        assert await ref.call(Counter.add) == 1
        await ref.inspect().resume()
        assert await ref.call(Counter.add) == 2


async def test_sy_3_a_parked_agent_is_suspended_when_its_handler_is_done() -> None:
    async with System() as system:
        ref = await system.start(Counter)
        ref.cast(Counter.add_slowly, 1, 2.0)
        ref.cast(Counter.add, 10)
        await ref.inspect().suspend()
        assert now() == 2.0
        assert await ref.inspect().get_state() == {"value": 11}


async def test_sy_3_requests_queued_before_the_suspension_are_served_all_the_same() -> None:
    async with System() as system:
        ref = await system.start(Counter)
        ref.cast(Counter.add_slowly, 1, 1.0)
        port = ref.inspect()
        asked = [asyncio.create_task(c) for c in (port.suspend(), port.get_state())]
        await passes(1)
        ref.cast(Counter.add, 10)
        more = [asyncio.create_task(c) for c in (port.get_state(), port.resume(), port.get_state())]
        results = await asyncio.gather(*asked, *more)
        assert results[1:3] == [{"value": 1}, {"value": 1}]
        assert await ref.call(Counter.get) == 11


@pytest.mark.parametrize("cls", [TrapsAndCleans, Cleans])
@pytest.mark.parametrize("by_link", [False, True])
async def test_sy_3_the_parents_exit_ends_a_suspended_agent_with_terminate(cls: Any, by_link: bool) -> None:
    lines: list[Any] = []
    async with System() as system:
        parent = await system.start(Parent)
        ref = await parent.call(Parent.begin, cls, lines)
        await ref.inspect().suspend()
        ref.cast(Journal.note, "unread")
        ended = await ending(system, ref)
        if by_link:
            parent.cast(Parent.die, Shutdown("x"))
        else:
            parent.cast(Parent.signal, ref, Shutdown("x"))
        assert await ended == Shutdown("x")
        assert lines == [("terminate", Shutdown("x"))]


async def test_sy_3_the_parents_exit_that_was_queued_when_it_was_suspended_is_not_forgotten() -> None:
    lines: list[Any] = []
    async with System() as system:
        parent = await system.start(Parent)
        ref = await parent.call(Parent.begin, TrapsAndCleans, lines)
        ended = await ending(system, ref)
        ref.cast(Journal.note_slowly, 1)
        await passes()
        suspending = asyncio.create_task(ref.inspect().suspend())
        await passes()
        parent.cast(Parent.signal, ref, Shutdown("x"))
        assert await ended == Shutdown("x")
        await suspending
        assert lines == [("begin", 1), ("end", 1), ("terminate", Shutdown("x"))]


@pytest.mark.parametrize(("signal", "reason"), [(Shutdown("x"), Shutdown("x")), (Kill(), Killed())])
async def test_sy_3_other_signals_end_a_suspended_agent_that_does_not_trap_at_once(
    signal: Any, reason: Any
) -> None:
    async with System() as system:
        ref = await system.start(Plain)
        ended = await ending(system, ref)
        await ref.inspect().suspend()
        ref.exit(signal)
        assert await ended == reason


async def test_sy_3_an_exit_of_a_stranger_waits_for_resume_where_it_is_trapped() -> None:
    async with System() as system:
        ref = await system.start(Doer, True)
        await ref.inspect().suspend()
        ref.exit(Shutdown("x"))
        await passes()
        assert (await ref.inspect().get_state())["got"] == []
        await ref.inspect().resume()
        await passes()
        assert len((await ref.inspect().get_state())["got"]) == 1


async def test_sy_7_terminate_ends_it_in_order_also_while_suspended() -> None:
    lines: list[Any] = []
    async with System() as system:
        ref = await system.start(Cleans, lines)
        await ref.inspect().suspend()
        await ref.inspect().terminate(Shutdown("x"))
        assert not system.alive(ref)
    assert lines == [("terminate", Shutdown("x"))]
