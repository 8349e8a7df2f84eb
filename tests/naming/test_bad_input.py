"""What is wrong is said at the line that made it: what was expected, and what came."""

from typing import Any

import pytest

from cybernetic import Agent, NotRunning, OptionError, System
from cybernetic.naming import Groups, Registry, Topics
from tests.naming.agents import Member, do, error, kill, members

rooms = Registry("rooms")
topics = Registry("topics", keys="duplicate")
teams = Groups("teams")
news = Topics("news")


@pytest.mark.parametrize("make", [Registry, Groups, Topics])
@pytest.mark.parametrize("name", ["", None, 1, b"rooms"])
def test_a_service_has_a_name(make: Any, name: Any) -> None:
    with pytest.raises(OptionError, match=f"name of a {make.__name__}: expected a string that is not empty"):
        make(name)


def test_a_registry_has_known_kinds_of_keys_and_listeners_with_names() -> None:
    for keys in ("Unique", None, True):
        with pytest.raises(OptionError, match="keys: expected one of 'unique', 'duplicate'"):
            Registry("rooms", keys=keys)  # type: ignore[arg-type]
    for listeners in ("audit", ["audit"], (1,)):
        with pytest.raises(OptionError, match="listeners: expected a tuple of names of agents"):
            Registry("rooms", listeners=listeners)  # type: ignore[arg-type]


@pytest.mark.parametrize("where", [None, "system", Member, 1])
async def test_the_first_argument_tells_the_system(where: Any) -> None:
    for act in (
        lambda: rooms.lookup(where, "a"),
        lambda: rooms.whereis(where, "a"),
        lambda: rooms.named(where, "a", Member),
        lambda: teams.members(where, "a"),
        lambda: news.publish(where, "a", 1),
    ):
        with pytest.raises(OptionError, match=r"the first argument: expected an agent \(self\) or a System"):
            act()
    with pytest.raises(OptionError, match="the first argument: expected a System"):
        await rooms.start(where)


async def test_an_address_is_not_the_agent_itself() -> None:
    async with System() as system:
        for service in (rooms, teams, news):
            await service.start(system)
        (one,) = await members(system, 1)
        for act in (
            lambda: rooms.unregister(one, "a"),  # type: ignore[arg-type]
            lambda: teams.monitor(system, "a"),  # type: ignore[arg-type]
            lambda: news.subscribe(system, "a"),  # type: ignore[arg-type]
        ):
            with pytest.raises(OptionError, match="the first argument: expected"):
                act()


def test_an_agent_made_by_hand_registers_nowhere() -> None:
    for act in (
        lambda agent: rooms.register(agent, "a"),
        lambda agent: teams.join(agent, "a"),
        lambda agent: news.subscribe(agent, "a"),
    ):
        with pytest.raises(NotRunning):
            act(Member())


async def test_an_agent_that_has_ended_enters_nothing_any_more() -> None:
    kept: list[Agent] = []
    async with System() as system:
        for service in (rooms, teams, news):
            await service.start(system)
        (one,) = await members(system, 1)
        await do(one, kept.append)
        await kill(system, one)
        (agent,) = kept
        for act in (
            lambda: rooms.register(agent, "a"),
            lambda: news.subscribe(agent, "a"),
            lambda: teams.monitor(agent, "a"),
        ):
            with pytest.raises(NotRunning):
                act()
        teams.join(agent, "a")
        assert (rooms.count(system), teams.which_groups(system)) == (0, [])
        assert news.subscribers(system, "a") == []
        assert await system.drain()


@pytest.mark.parametrize(
    "act",
    [
        lambda agent: rooms.register(agent, ["a"]),
        lambda agent: rooms.unregister(agent, {}),
        lambda agent: rooms.lookup(agent, [1]),
        lambda agent: rooms.whereis(agent, ([],)),
        lambda agent: rooms.via([1]),
        lambda agent: rooms.put_meta(agent, [1], 1),
        lambda agent: rooms.get_meta(agent, [1]),
        lambda agent: teams.join(agent, [1]),
        lambda agent: teams.members(agent, [1]),
        lambda agent: teams.monitor(agent, [1]),
    ],
)
async def test_keys_and_groups_are_hashable(act: Any) -> None:
    async with System() as system:
        for service in (rooms, teams):
            await service.start(system)
        (one,) = await members(system, 1)
        refused = await error(one, act)
        assert isinstance(refused, OptionError)
        assert str(refused).startswith("key: expected a hashable value, got: ")
        assert one._details is None or not one._details.on_death
        assert one.inspect().info().monitors == ()


async def test_tests_and_uses_are_functions() -> None:
    async def later(entries: Any) -> None:
        raise AssertionError(entries)

    async with System() as system:
        await topics.start(system)
        with pytest.raises(OptionError, match="test: expected a function, got: 'value'"):
            topics.match(system, "a", "value")  # type: ignore[arg-type]
        with pytest.raises(OptionError, match="test: expected a function"):
            topics.select(system, 1)  # type: ignore[arg-type]
        with pytest.raises(OptionError, match="use: expected a function"):
            topics.dispatch(system, "a", None)  # type: ignore[arg-type]
        with pytest.raises(OptionError, match="use: expected a plain function: it runs at once"):
            topics.dispatch(system, "a", later)
        (one,) = await members(system, 1)
        refused = await error(one, lambda agent: topics.unregister_match(agent, "a", 1))
        assert isinstance(refused, OptionError)


async def test_somebody_must_be_asked_about() -> None:
    async with System() as system:
        for service in (rooms, teams, news):
            await service.start(system)
        for act in (
            lambda: rooms.keys_of(system),
            lambda: rooms.values(system, "a"),
            lambda: news.subscriptions(system),
            lambda: teams.join(system, "a"),
            lambda: teams.leave(system, "a"),
        ):
            with pytest.raises(OptionError, match=r"refs?: expected the"):
                act()


async def test_the_agent_behind_a_service_knows_no_other_messages(caplog: Any) -> None:
    async with System() as system:
        host = await rooms.start(system)
        host.send("hello")
        await system.drain()
        assert system.alive(host)
    assert "has no `receive` for the message 'hello'" in caplog.text
