"""A call that could never be answered, because its target waits for the caller to start, is refused at once."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from cybernetic import (
    Agent,
    CallDeadlock,
    CallFailed,
    ChildFailed,
    Crash,
    Ref,
    Shutdown,
    StartFailed,
    Supervisor,
    System,
    child,
)
from tests.runtime.server.agents import Counter, Doer, now

Way = Callable[[Agent, Ref[Any]], Any]


def _by_ref(agent: Agent, ref: Ref[Any]) -> Any:
    return ref.call(ref.cls.ask)


def _by_within(agent: Agent, ref: Ref[Any]) -> Any:
    return ref.within(None).call(ref.cls.ask)


def _by_request(agent: Agent, ref: Ref[Any]) -> Any:
    return ref.request(ref.cls.ask)


def _by_name(agent: Agent, ref: Ref[Any]) -> Any:
    assert ref.name is not None
    return agent.system.named(ref.name, ref.cls).call(ref.cls.ask)


def _by_task(agent: Agent, ref: Ref[Any]) -> Any:
    return agent.task(_by_ref(agent, ref))


WAYS = [_by_ref, _by_within, _by_request, _by_name, _by_task]


class Parent(Agent):
    """Starts a chain of `depth` agents, each waiting for the next; the last one calls the first."""

    async def begin(self, depth: int, way: Way, top: Ref[Any] | None = None) -> Any:
        return await self.start(Link, depth - 1, way, top or self.ref)

    def ask(self) -> str:
        return "answered"


class Link(Parent):
    """One of the chain."""

    def __init__(self, depth: int, way: Way, top: Ref[Any]) -> None:
        self.depth, self.way, self.top = depth, way, top

    async def setup(self) -> None:
        if self.depth:
            await self.begin(self.depth, self.way, self.top)
        else:
            await self.way(self, self.top)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("depth", [1, 2, 5])
async def test_a_start_that_calls_who_waits_for_it_fails_at_once_directly_or_through_a_chain(
    depth: int, way: Way
) -> None:
    async with System() as system:
        parent = await system.start(Parent, name="top")
        top = repr(parent)
        with pytest.raises(CallFailed) as caught:
            await parent.call(Parent.begin, depth, way)
        assert now() == 0.0
        reason = caught.value.reason
        while isinstance(reason, Crash) and isinstance(reason.exception, StartFailed):
            reason = reason.exception.reason
        assert isinstance(reason, Crash)
        assert isinstance(reason.exception, CallDeadlock)
        assert f"called {top}, which is waiting for" in reason.text
        assert not [ref for ref in system.agents() if ref.cls is Link]


class Asks(Agent):
    """A child that calls its supervisor while it starts."""

    def __init__(self, sup: str) -> None:
        self.sup = sup

    async def setup(self) -> None:
        await self.system.named(self.sup, Supervisor).call(Supervisor.count_children)


class Outer(Supervisor):
    """Has a supervisor for a child."""

    def __init__(self, target: str) -> None:
        self.target = target

    def children(self) -> Any:
        return [child(Inner, self.target, name="inner")]


class Inner(Supervisor):
    """Has the child that asks."""

    def __init__(self, target: str) -> None:
        self.target = target

    def children(self) -> Any:
        return [child(Asks, self.target)]


@pytest.mark.parametrize("target", ["inner", "outer"])
async def test_a_child_that_calls_its_waiting_supervisor_or_the_one_above_fails_at_once(target: str) -> None:
    async with System() as system:
        with pytest.raises(StartFailed) as caught:
            await system.start(Outer, target, name="outer")
        assert now() == 0.0
        reason = caught.value.reason
        for _ in range(2):
            assert isinstance(reason, Shutdown)
            assert isinstance(reason.detail, ChildFailed)
            reason = reason.detail.reason
        assert isinstance(reason, Crash)
        assert reason.type == "CallDeadlock"
        assert "which is waiting for" in reason.text


async def test_the_start_of_one_that_is_only_spawned_may_call_its_parent() -> None:
    class Free(Agent):
        def __init__(self, parent: Ref[Any]) -> None:
            self.parent = parent
            self.answer: Any = None

        async def setup(self) -> None:
            self.answer = await self.parent.call(Parent.ask)

        def get(self) -> Any:
            return self.answer

    class Spawns(Parent):
        def begin_free(self) -> Ref[Free]:
            return self.spawn(Free, self.ref)

    async with System() as system:
        parent = await system.start(Spawns)
        ref = await parent.call(Spawns.begin_free)
        assert await ref.call(Free.get) == "answered"


async def test_a_start_may_call_others_and_cast_to_who_waits_for_it() -> None:
    other: Any = None

    class Kind(Agent):
        def __init__(self, parent: Ref[Any]) -> None:
            self.parent = parent

        async def setup(self) -> None:
            self.parent.cast(Doer.do, lambda doer: doer.got.append("cast"))
            assert await other.call(Counter.add) == 1

    async with System() as system:
        other, doer = await system.start(Counter), await system.start(Doer)
        await doer.call(Doer.do, lambda d: d.start(Kind, d.ref))
        assert await doer.call(Doer.do, lambda d: d.got) == ["cast"]


async def test_a_parent_whose_task_waits_for_the_start_is_free_to_answer() -> None:
    class Child(Agent):
        def __init__(self, parent: Ref[Any]) -> None:
            self.parent = parent

        async def setup(self) -> None:
            assert await self.parent.call(Parent.ask) == "answered"

    class Free(Parent):
        def begin_in_a_task(self) -> None:
            self.begun = self.task(self.start(Child, self.ref))

        def result(self) -> Any:
            return self.begun.result()

    async with System() as system:
        parent = await system.start(Free)
        await parent.call(Free.begin_in_a_task)
        await asyncio.sleep(1)
        assert system.alive(await parent.call(Free.result))


async def test_after_its_start_an_agent_may_call_its_parent() -> None:
    class Later(Agent):
        def __init__(self, parent: Ref[Any]) -> None:
            self.parent = parent

        async def ask(self) -> Any:
            return await self.parent.call(Parent.ask)

    async with System() as system:
        parent = await system.start(Parent)
        ref = await system.start(Later, parent)
        assert await ref.call(Later.ask) == "answered"
