"""The parent's exit signal: a trapping agent, or one that overrides `terminate`, cleans up and follows (GS-18)."""

from typing import Any

import pytest

from cybernetic import Exit, Kill, Killed, Normal, Reason, Ref, Shutdown, Stop, Supervisor, System, child
from tests.runtime.server.agents import Doer, Journal, ending, passes

REASONS: list[Reason] = [Normal(), Shutdown("x"), Killed()]


class Plain(Journal):
    """Neither traps nor cleans up."""


class Traps(Journal):
    """Traps exits; has no `terminate` to tell of it."""

    trap_exit = True


class TrapsAndCleans(Traps):
    """Traps exits and cleans up."""

    def terminate(self, reason: Any) -> None:
        self.lines.append(("terminate", reason))


class Cleans(Journal):
    """Overrides `terminate` and says nothing of `trap_exit`."""

    def terminate(self, reason: Any) -> None:
        self.lines.append(("terminate", reason))


class CleansDeeper(Cleans):
    """Inherits its `terminate`."""


class CleansFromMixin(TrapsAndCleans):
    """Traps by inheritance only; says so by being a subclass."""


class DoesNotCare(Cleans):
    """Overrides `terminate`, and says that it does not want it for its parent's signal."""

    trap_exit = False


class DoesNotCareEither(DoesNotCare):
    """Inherits that saying."""


class Parent(Doer):
    """Starts a linked child, and signals it or dies."""

    def begin(self, cls: Any, lines: list[Any]) -> Ref[Any]:
        return self.spawn(cls, lines, link=True)

    def signal(self, child: Ref[Any], reason: Reason) -> None:
        self.exit(child, reason)

    def die(self, reason: Reason) -> None:
        raise Stop(reason)


async def _signal(parent: Ref[Parent], ref: Ref[Any], reason: Reason) -> None:
    parent.cast(Parent.signal, ref, reason)


async def _link(parent: Ref[Parent], ref: Ref[Any], reason: Reason) -> None:
    parent.cast(Parent.die, reason)


@pytest.mark.parametrize("way", [_signal, _link])
@pytest.mark.parametrize("reason", REASONS, ids=repr)
@pytest.mark.parametrize("cls", [TrapsAndCleans, Cleans, CleansDeeper, CleansFromMixin])
async def test_gs_18_the_parents_signal_runs_terminate_for_every_reason_and_is_the_reason(
    way: Any, reason: Reason, cls: Any
) -> None:
    lines: list[Any] = []
    async with System() as system:
        parent = await system.start(Parent)
        ref = await parent.call(Parent.begin, cls, lines)
        ended = await ending(system, ref)
        ref.cast(Journal.note, "queued before")
        await way(parent, ref, reason)
        assert await ended == reason
        assert lines == ["queued before", ("terminate", reason)]


@pytest.mark.parametrize("reason", REASONS, ids=repr)
async def test_gs_18_a_trapping_agent_without_terminate_follows_its_parent_too(reason: Reason) -> None:
    lines: list[Any] = []
    async with System() as system:
        parent = await system.start(Parent)
        ref = await parent.call(Parent.begin, Traps, lines)
        ended = await ending(system, ref)
        parent.cast(Parent.die, reason)
        assert await ended == reason
        assert lines == [], "the parent's exit never reaches receive"


@pytest.mark.parametrize("cls", [Plain, DoesNotCare, DoesNotCareEither])
async def test_gs_18_who_does_not_trap_dies_of_its_parent_at_once_without_terminate(cls: Any) -> None:
    lines: list[Any] = []
    async with System() as system:
        parent = await system.start(Parent)
        ref = await parent.call(Parent.begin, cls, lines)
        ended = await ending(system, ref)
        ref.cast(Journal.note, "unread")
        parent.exit(Shutdown("x"))
        assert await ended == Shutdown("x")
        assert lines == []


@pytest.mark.parametrize("cls", [Plain, DoesNotCare])
async def test_gs_18_who_does_not_trap_outlives_a_parent_that_ends_normally(cls: Any) -> None:
    async with System() as system:
        parent = await system.start(Parent)
        ref = await parent.call(Parent.begin, cls, [])
        await parent.stop()
        await passes()
        assert system.alive(ref)


@pytest.mark.parametrize("reason", REASONS, ids=repr)
@pytest.mark.parametrize("cls", [Traps, TrapsAndCleans])
async def test_gs_18_the_exit_of_anyone_else_goes_to_receive_and_the_agent_lives(
    cls: Any, reason: Reason
) -> None:
    lines: list[Any] = []
    async with System() as system:
        ref = await system.start(cls, lines)
        stranger = await system.start(Parent)
        stranger.cast(Parent.signal, ref, reason)
        await passes()
        assert lines == [Exit(stranger, reason)]
        await stranger.call(Doer.do, lambda doer: doer.link(ref))
        await stranger.stop(reason)
        await passes()
        assert lines == [Exit(stranger, reason)] * 2
        assert system.alive(ref)


async def test_gs_18_a_signal_from_outside_any_agent_is_not_the_parents() -> None:
    lines: list[Any] = []
    async with System() as system:
        ref = await system.start(TrapsAndCleans, lines)
        ref.exit(Shutdown("x"))
        await passes()
        assert lines == [Exit(None, Shutdown("x"))]


async def test_a_stranger_does_not_make_an_untrapping_agent_clean_up() -> None:
    lines: list[Any] = []
    async with System() as system:
        ref = await system.start(Cleans, lines)
        stranger = await system.start(Parent)
        stranger.cast(Parent.signal, ref, Shutdown("x"))
        await system.wait(ref)
        assert lines == []


@pytest.mark.parametrize("cls", [TrapsAndCleans, Cleans])
async def test_gs_18_a_kill_by_the_parent_runs_no_terminate(cls: Any) -> None:
    lines: list[Any] = []
    async with System() as system:
        parent = await system.start(Parent)
        ref = await parent.call(Parent.begin, cls, lines)
        ended = await ending(system, ref)
        parent.cast(Parent.signal, ref, Kill())
        assert await ended == Killed()
        assert lines == []


@pytest.mark.parametrize("cls", [TrapsAndCleans, Cleans])
async def test_gs_18_a_parent_that_is_killed_is_followed_with_killed(cls: Any) -> None:
    lines: list[Any] = []
    async with System() as system:
        parent = await system.start(Parent)
        ref = await parent.call(Parent.begin, cls, lines)
        ended = await ending(system, ref)
        parent.exit(Kill())
        assert await ended == Killed()
        assert lines == [("terminate", Killed())]


@pytest.mark.parametrize(
    ("cls", "cleaned"), [(TrapsAndCleans, True), (Cleans, True), (DoesNotCare, False), (Plain, False)]
)
async def test_a_supervisor_lets_those_clean_up_that_want_to(cls: Any, cleaned: bool) -> None:
    lines: list[Any] = []

    class App(Supervisor):
        def children(self) -> Any:
            return [child(cls, lines, name="it")]

    async with System() as system:
        app = await system.start(App, type="temporary")
        ended = await ending(system, system.named("it", cls))
        await app.stop(Shutdown())
        assert await ended == Shutdown()
    assert lines == ([("terminate", Shutdown())] if cleaned else [])


@pytest.mark.parametrize(("cls", "cleaned"), [(TrapsAndCleans, True), (Cleans, True), (DoesNotCare, False)])
async def test_the_system_is_the_parent_of_what_is_started_outside_agents(cls: Any, cleaned: bool) -> None:
    lines: list[Any] = []
    async with System() as system:
        await system.start(cls, lines)
    assert lines == ([("terminate", Shutdown())] if cleaned else [])


@pytest.mark.parametrize(
    ("now_traps", "lines"),
    [(True, [("terminate", Shutdown())]), (False, [])],
)
async def test_the_agent_may_change_its_mind_about_trapping(now_traps: bool, lines: list[Any]) -> None:
    told: list[Any] = []

    class Changes(Cleans):
        def change(self) -> None:
            self.trap_exit = now_traps

    async with System() as system:
        ref = await system.start(Changes, told)
        await ref.call(Changes.change)
    assert told == lines


async def test_a_parked_agent_that_cleans_up_finishes_its_handler_first() -> None:
    lines: list[Any] = []
    async with System() as system:
        parent = await system.start(Parent)
        ref = await parent.call(Parent.begin, Cleans, lines)
        ended = await ending(system, ref)
        ref.cast(Journal.note_slowly, 1)
        await passes()
        parent.exit(Shutdown("x"))
        assert await ended == Shutdown("x")
        assert lines == [("begin", 1), ("end", 1), ("terminate", Shutdown("x"))]


async def test_gs_18_an_orphan_may_be_a_parent_by_spawn_without_a_link() -> None:
    class Free(Parent):
        def begin_free(self, lines: list[Any]) -> Ref[Any]:
            return self.spawn(Cleans, lines)

    lines: list[Any] = []
    async with System() as system:
        parent = await system.start(Free)
        ref = await parent.call(Free.begin_free, lines)
        await parent.stop(Shutdown("x"))
        await passes()
        assert system.alive(ref)
        assert lines == []
