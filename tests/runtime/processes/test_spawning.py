"""How agents are spawned, and what is known of where they come from (P-14, P-16)."""

import asyncio
import functools
import logging
from typing import Any

import pytest

from cybernetic import (
    AlreadyStarted,
    ArgumentsError,
    Crash,
    Down,
    Exit,
    Kill,
    Killed,
    Normal,
    NotRunning,
    OptionError,
    StartFailed,
    System,
)
from tests.runtime.processes.agents import Puppet, Upset, crash, ends, settled


class Stillborn(Puppet):
    """Crashes in its `__init__`."""

    def __init__(self) -> None:
        super().__init__()
        raise ValueError("on purpose")


def spawning(cls: Any, *args: Any, **options: Any) -> Any:
    """What a puppet does to spawn."""
    return lambda me: me.spawn(cls, *args, **options)


@pytest.mark.parametrize("cls", [Stillborn, Puppet], ids=["dies in __init__", "killed before its first turn"])
async def test_p_14_there_is_no_moment_in_which_a_child_dies_unobserved(cls: Any) -> None:
    def work(me: Any) -> Any:
        ref, token = me.spawn(cls, link=True, monitor=True)
        if cls is Puppet:
            me.exit(ref, Kill())
        return ref, token

    async with System() as system:
        parent = await system.start(Puppet, True)
        ref, token = await parent.call(Puppet.do, work)
        await settled()
        reason = Killed() if cls is Puppet else Crash("ValueError", "on purpose")
        assert await parent.call(Puppet.seen) == [Exit(ref, reason), Down(token, ref, reason)]


async def test_p_14_a_child_dies_with_a_parent_that_crashes_before_the_childs_first_turn() -> None:
    begun: list[str] = []

    class Child(Puppet):
        def __init__(self) -> None:
            begun.append("child")
            super().__init__()

    children: list[Any] = []

    def work(me: Any) -> None:
        children.append(me.spawn(Child, link=True))
        crash(me)

    async with System() as system:
        parent = await system.start(Puppet)
        with ends() as reasons:
            parent.cast(Puppet.do, work)
            await settled()
        assert reasons[children[0]] == reasons[parent] == Crash("ValueError", "on purpose")
        assert begun == []


async def test_p_14_link_and_monitor_are_off_unless_asked_for() -> None:
    async with System() as system:
        parent = await system.start(Puppet)
        child = await parent.call(Puppet.do, spawning(Puppet))
        child.cast(Puppet.do, crash)
        await settled()
        assert system.alive(parent)
        assert await parent.call(Puppet.seen) == []


async def test_p_14_what_spawn_gives_exists_on_return() -> None:
    def work(me: Any) -> Any:
        ref, _ = me.spawn(Puppet, name="child", link=True, monitor=True)
        assert me.system.whereis("child") is ref
        info = me.ref.inspect().info()
        assert info.links == info.monitors == (ref,)
        assert ref.inspect().info().monitored_by == (me.ref,)
        with pytest.raises(AlreadyStarted) as taken:
            me.spawn(Puppet, name="child")
        assert taken.value.ref is ref
        ref.cast(Puppet.note, "sent before it began")
        return ref

    async with System() as system:
        parent = await system.start(Puppet)
        child = await parent.call(Puppet.do, work)
        assert await child.call(Puppet.seen) == ["sent before it began"]


async def test_p_14_init_is_the_new_agents_first_turn() -> None:
    order: list[str] = []

    class Child(Puppet):
        def __init__(self) -> None:
            order.append("init")
            super().__init__()

    def work(me: Any) -> None:
        me.spawn(Child)
        order.append("spawned")

    async with System() as system:
        parent = await system.start(Puppet)
        await parent.call(Puppet.do, work)
        await settled()
        assert order == ["spawned", "init"]


async def test_spawn_and_start_take_keywords_through_partial() -> None:
    async with System() as system:
        one = system.spawn(functools.partial(Puppet, trap=True))
        other = await system.start(functools.partial(Puppet, trap=True), name="other")
        assert one.inspect().info().trap_exit
        await settled()
        assert one.inspect().info().trap_exit
        assert other.inspect().info().trap_exit
        assert other.name == "other"


@pytest.mark.parametrize("way", ["spawn", "start"])
async def test_arguments_that_do_not_bind_are_an_error_at_the_line(way: str) -> None:
    async with System() as system:

        async def begin(*args: Any, **options: Any) -> None:
            made = getattr(system, way)(*args, **options)
            if way == "start":
                await made

        for wrong in ((Puppet, True, 2), (functools.partial(Puppet, traps=True),)):
            with pytest.raises(ArgumentsError, match="Puppet"):
                await begin(*wrong, name="x")
        for what in (Puppet(), int, "Puppet", None):
            with pytest.raises(OptionError, match="a subclass of Agent"):
                await begin(what)
        for name in ("", 3, b"x"):
            with pytest.raises(OptionError, match="name"):
                await begin(Puppet, name=name)
        assert system.names == {}
        assert list(system.agents()) == []


async def test_start_inside_an_agent_waits_for_setup_and_can_link() -> None:
    class Slow(Puppet):
        async def setup(self) -> None:
            await asyncio.sleep(3)
            self.got.append("set up")

    async def work(me: Any) -> Any:
        began = asyncio.get_running_loop().time()
        ref = await me.start(Slow, link=True, name="slow")
        assert asyncio.get_running_loop().time() - began == pytest.approx(3)
        assert me.ref.inspect().info().links == (ref,)
        with pytest.raises(StartFailed):
            await me.start(Slow, start_timeout=1.0)
        return ref

    async with System() as system:
        parent = await system.start(Puppet, True)
        ref = await parent.call(Puppet.do, work)
        assert await ref.call(Puppet.seen) == ["set up"]
        assert len(list(system.agents())) == 2
        assert await parent.call(Puppet.seen) == []  # no exit of the one that did not start (GS-7)


async def test_p_16_ancestry_is_known_and_crash_reports_carry_it(caplog: pytest.LogCaptureFixture) -> None:
    async with System() as system:
        top = await system.start(Puppet, name="top")
        middle = await top.call(Puppet.do, spawning(Puppet, name="middle"))
        peer = await top.call(Puppet.do, spawning(Puppet, True))
        bottom = await middle.call(Puppet.do, spawning(Puppet))
        await bottom.call(Puppet.do, lambda me: me.link(peer))
        info = bottom.inspect().info()
        assert (info.parent, info.ancestors) == (middle, (repr(middle), repr(top)))
        assert top.inspect().info().parent is None
        assert top.inspect().info().ancestors == ()
        lines = (repr(bottom), repr(middle), repr(top), repr(peer))
        with caplog.at_level(logging.ERROR):
            bottom.cast(Puppet.do, crash)
            bottom.cast(Puppet.note, "left")
            await settled()
        (report,) = [record.report for record in caplog.records if hasattr(record, "report")]
        assert report.ref is bottom
        assert report.reason == Crash("ValueError", "on purpose")
        assert report.ancestors == lines[1:3]
        assert report.links == (lines[3],)
        assert report.message.startswith("Puppet.do(")  # with the class: what OTP calls the initial call
        assert (report.length, report.reductions) == (1, 1)
        assert not report.starting


async def test_p_16_a_failed_start_is_reported_with_its_ancestry(caplog: pytest.LogCaptureFixture) -> None:
    async with System() as system:
        top = await system.start(Puppet)
        await top.call(Puppet.do, spawning(Stillborn))
        await settled()
        (report,) = [record.report for record in caplog.records if hasattr(record, "report")]
        assert report.starting
        assert report.ref.cls is Stillborn
        assert report.ancestors == (repr(top),)


async def test_p_16_work_on_behalf_of_an_agent_is_known_as_its_own() -> None:
    """What OTP calls callers: a message sent from a task of the agent names the agent as its sender."""
    senders: list[Any] = []

    class Target(Puppet):
        def note(self, value: Any) -> None:
            senders.append(self.sender)

    async with System() as system:
        target, agent = await system.start(Target), await system.start(Puppet)

        async def nested() -> None:
            target.cast(Puppet.note, 3)

        async def work() -> None:
            target.cast(Puppet.note, 1)
            await asyncio.sleep(1)
            await target.call(Puppet.note, 2)
            await asyncio.create_task(nested())

        await agent.call(Puppet.do, lambda me: me.task(work()) and None)
        target.cast(Puppet.note, 0)
        await asyncio.sleep(2)
        assert senders == [agent, None, agent, agent] or senders == [None, agent, agent, agent]


def test_an_object_made_by_hand_is_for_unit_tests() -> None:
    puppet = Puppet()
    puppet.note(1)
    assert puppet.seen() == [1]
    for use in (
        lambda: puppet.ref,
        lambda: puppet.system,
        lambda: puppet.sender,
        lambda: puppet.spawn(Puppet),
        lambda: puppet.stop(Normal()),
        lambda: puppet.exit(None, Upset()),  # type: ignore[arg-type]
    ):
        with pytest.raises(NotRunning, match=r"Puppet\(\.\.\.\)"):
            use()
