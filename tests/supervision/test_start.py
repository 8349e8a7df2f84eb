"""How a supervisor comes up, or does not (statements SU-1 to SU-6)."""

import asyncio
from typing import Any

import pytest

from cybernetic import (
    AlreadyStarted,
    Ignore,
    StartFailed,
    StartIgnored,
    StartTimeout,
    Supervisor,
    System,
    child,
)
from cybernetic.core import ChildFailed, Crash, DefinitionError, Kill, Killed, Shutdown
from tests.supervision.agents import Family, Moody, Tidy, Worker, end, family, kin, moment


async def test_su_1_start_returns_when_all_children_are_up_however_long_that_takes() -> None:
    async with System() as system:
        top = await family(system, child(Moody, [10.0], id=1), child(Moody, [20.0], id=2))
        assert asyncio.get_running_loop().time() == pytest.approx(30.0)
        assert [await ref.call(Moody.who) for ref in (await kin(top)).values()] == ["", ""]


def test_su_1_a_supervisor_always_traps_exits() -> None:
    with pytest.raises(DefinitionError, match="trap_exit"):
        type("Careless", (Supervisor,), {"trap_exit": False})


async def test_su_1_the_whole_tree_is_up_when_start_returns() -> None:
    journal: list[Any] = []
    async with System() as system:
        await family(system, child(Family, child(Family, child(Moody, [1.0], "leaf", journal))))
        assert journal == [("up", "leaf")]
        assert {"Family", "Moody"} == {ref.cls.__name__ for ref in system.agents()}


async def test_su_2_children_start_one_after_another_in_the_order_of_the_list() -> None:
    journal: list[Any] = []
    async with System() as system:
        await family(system, *(child(Moody, [3.0 - i], i, journal, id=i) for i in range(3)))
    assert journal == [("up", 0), ("up", 1), ("up", 2)]


@pytest.mark.parametrize(
    ("restart", "left"), [("permanent", {1: None}), ("transient", {1: None}), ("temporary", {})]
)
async def test_su_3_a_child_that_wants_to_be_ignored_is_kept_unless_temporary(
    restart: Any, left: dict[int, Any]
) -> None:
    async with System() as system:
        top = await family(system, child(Moody, ["ignore"], id=1, restart=restart), child(Worker, id=2))
        found = await kin(top)
        assert system.alive(found.pop(2))
        assert found == left


async def test_su_4_a_failing_child_takes_down_those_before_it_latest_first() -> None:
    journal: list[Any] = []
    async with System() as system:
        with pytest.raises(StartFailed) as caught:
            await family(
                system,
                child(Tidy, 1, journal, 0.5, id=1),
                child(Tidy, 2, journal, 0.5, id=2),
                child(Moody, ["crash"], 3, journal, id=3),
                child(Worker, 4, journal, id=4),
            )
        assert list(system.agents()) == []
        assert asyncio.get_running_loop().time() == pytest.approx(1.0)
    down = Shutdown()
    assert journal == [("up", 1), ("up", 2), ("up", 3), ("down", 2, down), ("down", 1, down)]
    assert caught.value.reason == Shutdown(ChildFailed(3, Crash("RuntimeError", "in a bad mood")))


async def test_su_4_each_is_stopped_by_its_own_shutdown_setting() -> None:
    journal: list[Any] = []
    async with System() as system:
        with pytest.raises(StartFailed):
            await family(
                system,
                child(Tidy, "quick", journal, 1.0, id=1, shutdown=0.25),
                child(Tidy, "dead", journal, 1.0, id=2, shutdown="brutal_kill"),
                child(Moody, ["crash"], id=3),
            )
        assert asyncio.get_running_loop().time() == pytest.approx(0.25)
    assert journal == [("up", "quick"), ("up", "dead")]


async def test_su_4_there_is_no_second_try_at_the_first_start() -> None:
    moods = ["crash", "ok"]
    async with System() as system:
        with pytest.raises(StartFailed):
            await family(system, child(Moody, moods))
    assert moods == ["ok"]


async def test_su_4_a_child_that_is_slower_than_its_start_timeout_fails_the_start() -> None:
    async with System() as system:
        with pytest.raises(StartFailed) as caught:
            await family(system, child(Moody, [10.0], start_timeout=2.0))
        assert caught.value.reason == Shutdown(ChildFailed("Moody", StartTimeout(2.0)))
        assert asyncio.get_running_loop().time() == pytest.approx(2.0)
        await moment()
        assert list(system.agents()) == []


async def test_su_4_a_child_killed_while_it_starts_fails_the_start() -> None:
    async with System() as system:
        starting = asyncio.ensure_future(family(system, child(Moody, [10.0], name="slow")))
        await moment()
        slow = system.whereis("slow")
        assert slow is not None
        slow.exit(Kill())
        with pytest.raises(StartFailed) as caught:
            await starting
        assert caught.value.reason == Shutdown(ChildFailed("slow", Killed()))


class Unwilling(Supervisor):
    """A supervisor that is not needed."""

    def __init__(self) -> None:
        raise Ignore


class Broken(Supervisor):
    """A supervisor that does not know its children."""

    def children(self) -> Any:
        raise LookupError("no children to be found")


class Strange(Supervisor):
    """A supervisor with something else for children."""

    def children(self) -> Any:
        return 7


async def test_su_5_a_supervisor_may_ask_to_be_ignored() -> None:
    async with System() as system:
        with pytest.raises(StartIgnored):
            await system.start(Unwilling)
        assert list(system.agents()) == []


@pytest.mark.parametrize(
    ("cls", "text"), [(Broken, "no children to be found"), (Strange, "expected a list of child")]
)
async def test_su_5_what_children_raises_or_wrongly_returns_is_the_reason(cls: Any, text: str) -> None:
    async with System() as system:
        with pytest.raises(StartFailed) as caught:
            await system.start(cls)
        assert isinstance(caught.value.reason, Crash)
        assert text in caught.value.reason.text
        assert list(system.agents()) == []


async def test_su_6_a_taken_name_starts_nothing_and_names_the_holder() -> None:
    journal: list[Any] = []
    async with System() as system:
        first = await system.start(Family, name="top")
        with pytest.raises(AlreadyStarted) as caught:
            await system.start(Family, child(Worker, 1, journal), name="top")
        assert caught.value.ref is first
    assert journal == []


async def test_a_child_that_ends_while_its_siblings_start_is_restarted_afterwards() -> None:
    journal: list[Any] = []
    async with System() as system:
        starting = asyncio.ensure_future(
            family(system, child(Worker, "a", journal, name="a"), child(Moody, [5.0], "b", journal))
        )
        await moment()
        a = system.whereis("a")
        assert a is not None
        await end(a, "boom")
        assert journal == [("up", "a"), ("up", "b")]
        await starting
        await moment()
        assert journal == [("up", "a"), ("up", "b"), ("up", "a")]
