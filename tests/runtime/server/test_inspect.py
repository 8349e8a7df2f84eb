"""Looking at agents: trace, log, statistics, info, stack (SY-4, SY-6, SY-8)."""

import asyncio
from typing import Any

import pytest

from cybernetic import CallFailed, NoProc, OptionError, Supervisor, System, child
from tests.runtime.server.agents import Counter, Doer, Journal, passes


class Relay(Doer):
    """Sends on what it is told."""

    def __init__(self, target: Any) -> None:
        super().__init__()
        self.target = target

    def relay(self, line: str) -> None:
        self.target.cast(Journal.note, line)

    async def relay_later(self, line: str) -> int:
        await asyncio.sleep(1)
        self.target.send(line)
        return int(await self.target.call(Journal.note, line))


async def test_sy_6_a_trace_records_what_comes_in_and_goes_out_in_order() -> None:
    lines: list[str] = []
    async with System() as system:
        target = await system.start(Journal, name="target")
        ref = await system.start(Relay, target)
        await ref.call(Relay.relay, "before")
        await ref.inspect().trace(to=lines.append)
        await ref.call(Relay.relay, "a")
        await ref.call(Relay.relay_later, "b")
        ref.send("c")
        await passes()
        events = [line.split("(")[0].split("> ", 1)[1] for line in lines]
        assert [event for event in events if "Relay" in event or "Journal" in event] == [
            "got Relay.relay",
            "sent Journal.note",
            "got Relay.relay_later",
            "sent Journal.receive",
            "sent Journal.note",
        ]
        assert "got " in lines[-1]
        assert "'c'" in lines[-1]
        assert await target.call(Journal.read) == ["before", "a", "b", "b"]


async def test_sy_6_the_log_keeps_the_last_ten_events_unless_told_otherwise() -> None:
    async with System() as system:
        ref = await system.start(Journal)
        for keep, options in ((10, {}), (3, {"keep": 3})):
            await ref.inspect().trace(**options)  # type: ignore[arg-type]
            for i in range(50):
                ref.cast(Journal.note, i)
            await passes(60)
            log = await ref.inspect().log()
            assert len(log) == keep
            assert "(49)" in "".join(log)
        await ref.inspect().trace(False)
        ref.cast(Journal.note, "unseen")
        await passes()
        assert "unseen" not in "".join(await ref.inspect().log())


@pytest.mark.parametrize("keep", [0, -1, "x", 1.5])
async def test_sy_6_an_impossible_length_of_the_log_is_refused_at_the_line(keep: Any) -> None:
    async with System() as system:
        ref = await system.start(Journal)
        with pytest.raises(OptionError, match="keep: expected an integer >= 1"):
            await ref.inspect().trace(keep=keep)


async def test_sy_6_without_a_trace_log_and_statistics_are_empty() -> None:
    async with System() as system:
        ref = await system.start(Journal)
        assert await ref.inspect().log() == []
        assert await ref.inspect().statistics() == {}


async def test_sy_6_statistics_count_messages_in_and_out_by_name() -> None:
    async with System() as system:
        target = await system.start(Journal)
        ref = await system.start(Relay, target)
        await ref.inspect().trace()
        for i in range(100):
            ref.cast(Relay.relay, str(i))
        await ref.call(Relay.relay_later, "x")
        counts = await ref.inspect().statistics()
        assert counts["in Relay.relay"] == 100
        assert counts["in Relay.relay_later"] == 1
        assert counts["out Journal.note"] == 101
        assert counts["out Journal.receive"] == 1


async def test_sy_6_a_traced_agent_behaves_as_ever() -> None:
    async with System() as system:
        ref = await system.start(Journal)
        ref.cast(Journal.note_slowly, 1, 1.0)
        for i in range(200):
            ref.cast(Journal.note, i)
        await ref.inspect().trace()
        ref.cast(Journal.note_slowly, 2, 1.0)
        ref.send("x")
        assert await ref.call(Journal.read) == [
            ("begin", 1),
            ("end", 1),
            *range(200),
            ("begin", 2),
            ("end", 2),
            "x",
        ]
        with pytest.raises(CallFailed):
            await ref.call(Journal.note_slowly, 3, "x")  # type: ignore[arg-type]


async def test_sy_6_a_traced_agent_still_knows_its_senders_and_is_known_as_one() -> None:
    class Asks(Doer):
        def who(self) -> Any:
            return self.sender

    async with System() as system:
        target, ref = await system.start(Asks), await system.start(Asks)
        await ref.inspect().trace()
        await target.inspect().trace()
        assert await ref.call(Doer.do, lambda _: target.call(Asks.who)) is ref

        async def later(_: Doer) -> Any:
            await asyncio.sleep(1)
            return await target.call(Asks.who)

        assert await ref.call(Doer.do, later) is ref


async def test_sy_6_a_tracer_that_fails_is_removed_and_the_agent_lives() -> None:
    calls: list[str] = []

    def tracer(line: str) -> None:
        calls.append(line)
        raise ValueError("bad tracer")

    async with System() as system:
        ref = await system.start(Counter)
        await ref.inspect().trace(to=tracer)
        for _ in range(3):
            ref.cast(Counter.add)
        assert await ref.call(Counter.get) == 3
        assert len(calls) == 1
        assert len(await ref.inspect().log()) >= 4


async def test_sy_8_info_of_an_idle_agent() -> None:
    async with System() as system:
        ref = await system.start(Counter, name="it")
        for _ in range(70):
            ref.cast(Counter.add)
        await passes(10)
        info = ref.inspect().info()
        assert info is not None
        assert (info.ref, info.name, info.status, info.doing) == (ref, "it", "idle", None)
        assert (info.length, info.reductions, info.dropped, info.held) == (0, 70, 0, 0)
        assert (info.trap_exit, info.links, info.monitors, info.monitored_by) == (False, (), (), ())
        assert (info.parent, info.ancestors, info.history) == (None, (), ())
        assert ref.inspect().stack() == []


async def test_sy_8_info_of_a_queued_a_parked_and_a_suspended_agent() -> None:
    async with System() as system:
        ref = await system.start(Counter)
        for _ in range(3):
            ref.cast(Counter.add)
        info = ref.inspect().info()
        assert (info.status, info.length, info.doing) == ("queued", 3, "working through 3 messages")
        await ref.call(Counter.get)
        ref.cast(Counter.add_slowly, 1, 9.0)
        for _ in range(100):
            ref.cast(Counter.add)
        await passes()
        info = ref.inspect().info()
        assert (info.status, info.length) == ("waiting", 100)
        assert "in Counter.add_slowly, waiting for" in info.doing
        assert "add_slowly" in "".join(frame.f_code.co_name for frame in ref.inspect().stack())
        await asyncio.sleep(10)
        await ref.inspect().suspend()
        ref.cast(Counter.add)
        info = ref.inspect().info()
        assert (info.status, info.length, info.doing) == ("suspended", 1, "suspended")


async def test_sy_8_info_names_links_monitors_parents_and_the_trap_flag() -> None:
    def begin(doer: Doer) -> Any:
        return doer.spawn(Counter, link=True, monitor=True)[0]

    async with System() as system:
        doer = await system.start(Doer, True)
        ref = await doer.call(Doer.do, begin)
        info, mine = ref.inspect().info(), doer.inspect().info()
        assert (info.links, info.monitored_by, info.parent) == ((doer,), (doer,), doer)
        assert info.ancestors == (repr(doer),)
        assert (mine.links, mine.monitors, mine.trap_exit) == ((ref,), (ref,), True)


async def test_sy_8_info_names_in_whose_turn_the_system_was_asked() -> None:
    async def start(doer: Doer) -> Any:
        return await doer.system.start(Counter)

    async with System() as system:
        doer = await system.start(Doer)
        infos = [
            (await doer.call(Doer.do, do)).inspect().info()
            for do in (start, lambda one: one.system.spawn(Counter), lambda one: one.spawn(Counter))
        ]
        assert [(one.parent, one.asker) for one in infos] == [(None, doer), (None, doer), (doer, None)]
        assert doer.inspect().info().asker is None


async def test_sy_8_info_of_supervisors_works_too() -> None:
    class App(Supervisor):
        def children(self) -> Any:
            return [child(Counter, name="it")]

    async with System() as system:
        app = await system.start(App, name="app")
        info = app.inspect().info()
        it = system.whereis("it")
        assert (info.name, info.status, info.links, info.trap_exit) == ("app", "idle", (it,), True)
        assert it is not None
        assert it.inspect().info().parent is app


async def test_sy_8_a_dead_agent_gives_none_and_an_unknown_name_says_noproc() -> None:
    async with System() as system:
        ref = await system.start(Counter)
        port = ref.inspect()
        await ref.stop()
        assert port.info() is None
        assert ref.inspect().info() is None
        with pytest.raises(CallFailed) as caught:
            system.named("nobody", Counter).inspect()
        assert caught.value.reason == NoProc()


async def test_sy_8_reductions_and_length_count_messages_exactly_through_turns_and_parking() -> None:
    async with System() as system:
        ref = await system.start(Journal)
        for i in range(500):
            ref.cast(Journal.note, i)
            if i % 100 == 50:
                ref.cast(Journal.note_slowly, i, 1.0)
        total = 505
        assert ref.inspect().info().length == total
        seen = set()
        while True:
            info = ref.inspect().info()
            seen.add(info.length + info.reductions)
            if not info.length and info.status == "idle":
                break
            await asyncio.sleep(0.01)
        assert info.reductions == total
        assert seen <= {total, total - 1}, "all but the one being handled are either waiting or done"
