"""Async handlers are as good as tasks of asyncio: the same bodies, run in every way, come to the same."""

import asyncio
import weakref
from collections.abc import Callable
from contextvars import copy_context
from typing import Any

import pytest

from cybernetic import Agent, System
from tests.runtime.server import bodies, bodies_anyio
from tests.runtime.server.parts import NUMBER, Note
from tests.runtime.server.stages import Outcome, as_task, inline, parked, under_agent

BODIES = bodies.BODIES + bodies_anyio.BODIES
ENDS = {"CancelledError", "ExceptionGroup", "TimeoutError", "Wrong"}
CANCELLED_AT = [0.0, 0.5, 1.0, 1.5, 2.5]


@pytest.mark.parametrize("body", BODIES, ids=lambda body: body.__name__)
@pytest.mark.parametrize("whole", [True, False], ids=["inline", "fallback"])
async def test_a_body_comes_to_the_same_as_a_handler(body: Any, whole: bool) -> None:
    expected = await as_task(body)
    assert expected.end[0] == "returned" or expected.end[1] in ENDS, (
        "a body that fails by mistake proves nothing"
    )
    for stage in (inline, parked):
        assert await under_agent(stage, body, inline=whole) == expected, stage.__name__


@pytest.mark.parametrize("body", BODIES, ids=lambda body: body.__name__)
@pytest.mark.parametrize("whole", [True, False], ids=["inline", "fallback"])
async def test_a_body_that_is_cancelled_from_outside_comes_to_the_same_as_a_handler(
    body: Any, whole: bool
) -> None:
    for at in CANCELLED_AT:
        expected = await as_task(body, (at,))
        for stage in (inline, parked):
            assert await under_agent(stage, body, (at,), inline=whole) == expected, (stage.__name__, at)


@pytest.mark.parametrize("body", BODIES, ids=lambda body: body.__name__)
async def test_a_body_that_is_cancelled_twice_comes_to_the_same_as_a_handler(body: Any) -> None:
    for at in ((0.5, 0.5), (0.5, 1.0), (1.0, 1.25)):
        expected = await as_task(body, at)
        for stage in (inline, parked):
            assert await under_agent(stage, body, at) == expected, (stage.__name__, at)


async def test_the_comparison_sees_a_difference() -> None:
    async def differs(note: Note) -> bool:
        note(type(asyncio.current_task()).__name__)
        return True

    assert await as_task(differs) != await under_agent(inline, differs)
    assert isinstance(await as_task(differs), Outcome)


@pytest.mark.parametrize("whole", [True, False], ids=["inline", "fallback"])
async def test_current_task_is_never_the_same_object_for_two_agents(whole: bool) -> None:
    class Keeps(Agent):
        def __init__(self) -> None:
            self.task_object: Any = None

        async def keep(self) -> Any:
            self.task_object = asyncio.current_task()
            return self.task_object

        async def keep_weakly(self) -> str:
            task = asyncio.current_task()
            assert task is not None
            task.mark = id(self)  # type: ignore[attr-defined]
            return task.get_name()

        async def mark(self) -> Any:
            return getattr(asyncio.current_task(), "mark", None)

    async with System(inline=whole) as system:
        agents = [await system.start(Keeps) for _ in range(20)]
        kept = [await ref.call(Keeps.keep) for ref in agents]
        assert len({id(task) for task in kept}) == 20
        assert asyncio.current_task() not in kept
        one, other = agents[0], agents[1]
        await one.call(Keeps.keep_weakly)
        assert await other.call(Keeps.mark) is None, "what one handler hangs on its task, no other finds"
        assert all(task.done() for task in kept)


async def test_a_spare_task_leaks_nothing_to_the_next_handler() -> None:
    seen: list[Any] = []

    class Leaves(Agent):
        async def name_it(self) -> None:
            task = asyncio.current_task()
            assert task is not None
            task.set_name("mine")

        async def call_back(self) -> None:
            task = asyncio.current_task()
            assert task is not None
            task.add_done_callback(lambda _: seen.append("called back"))

        async def look(self) -> Any:
            task = asyncio.current_task()
            assert task is not None
            return (task.get_name() == "mine", task.cancelling(), task.done())

    async with System() as system:
        one, other = await system.start(Leaves), await system.start(Leaves)
        for method in (Leaves.name_it, Leaves.call_back):
            await one.call(method)
            assert await other.call(Leaves.look) == (False, 0, False)
        await asyncio.sleep(0)
        assert seen == ["called back"]


async def test_nothing_one_agent_sets_in_its_context_is_seen_by_another_and_it_keeps_it_itself() -> None:
    class Sets(Agent):
        def set(self, value: int) -> None:
            NUMBER.set(value)

        async def set_async(self, value: int) -> None:
            NUMBER.set(value)

        async def set_parked(self, value: int) -> None:
            await asyncio.sleep(1)
            NUMBER.set(value)

        def get(self) -> int:
            return NUMBER.get()

        async def get_async(self) -> int:
            await asyncio.sleep(0)
            return NUMBER.get()

    async with System() as system:
        refs = [await system.start(Sets) for _ in range(4)]
        methods: list[Callable[..., Any]] = [Sets.set, Sets.set_async, Sets.set_parked]
        for value, (ref, method) in enumerate(zip(refs, methods, strict=False), start=1):
            await ref.call(method, value)
        for get in (Sets.get, Sets.get_async):
            assert [await ref.call(get) for ref in refs] == [1, 2, 3, 0]
        assert NUMBER.get() == 0
        assert copy_context().get(NUMBER) is None


@pytest.mark.parametrize(("whole", "at_once"), [(True, False), (False, True)], ids=["inline", "fallback"])
async def test_a_handler_is_among_all_tasks_once_it_has_suspended(whole: bool, at_once: bool) -> None:
    class Looks(Agent):
        async def look(self) -> list[bool]:
            found = [asyncio.current_task() in asyncio.all_tasks()]
            await asyncio.sleep(0)
            return [*found, asyncio.current_task() in asyncio.all_tasks()]

    async with System(inline=whole) as system:
        ref = await system.start(Looks)
        assert await ref.call(Looks.look) == [at_once, True]
        assert len(asyncio.all_tasks()) == 1


async def test_messages_of_one_agent_do_not_mix_though_each_waits() -> None:
    order: list[Any] = []

    class Waits(Agent):
        async def work(self, n: int) -> None:
            async with asyncio.TaskGroup() as group:
                for i in range(2):
                    group.create_task(self._part(n, i))

        async def _part(self, n: int, i: int) -> None:
            await asyncio.sleep(1 + i)
            order.append((n, i))

    async with System() as system:
        ref = await system.start(Waits)
        for n in range(3):
            ref.cast(Waits.work, n)
        await ref.within(None).call(Waits.work, 3)
    assert order == [(n, i) for n in range(4) for i in range(2)]


async def test_a_task_whose_handler_has_suspended_leaks_nothing_to_the_next_one_either() -> None:
    seen: list[Any] = []
    kept: list[Any] = []

    class Leaves(Agent):
        async def name_it(self) -> None:
            await asyncio.sleep(1)
            _own_task().set_name("mine")

        async def mark_it(self) -> None:
            await asyncio.sleep(1)
            _own_task().mark = 1

        async def call_back(self) -> None:
            await asyncio.sleep(1)
            _own_task().add_done_callback(lambda _: seen.append("called back"))

        async def refer_to_it(self) -> None:
            await asyncio.sleep(1)
            kept.append(weakref.ref(_own_task()))

        async def keep_it(self) -> None:
            await asyncio.sleep(1)
            kept.append(_own_task())

        async def look(self) -> Any:
            await asyncio.sleep(1)
            task = _own_task()
            known = [task is (other() if isinstance(other, weakref.ref) else other) for other in kept]
            return (task.get_name() == "mine", hasattr(task, "mark"), task.cancelling(), any(known))

    async with System() as system:
        one, other = await system.start(Leaves), await system.start(Leaves)
        for method in (Leaves.name_it, Leaves.mark_it, Leaves.call_back, Leaves.refer_to_it, Leaves.keep_it):
            await one.call(method)
            assert await other.call(Leaves.look) == (False, False, 0, False)
        assert seen == ["called back"]


def _own_task() -> Any:
    task = asyncio.current_task()
    assert task is not None
    return task
