"""A registry's key is a name: to start an agent under and to address it by (N-3 to N-5, GS-2, REG-10, REG-11)."""

import asyncio
from typing import Any

import pytest

from cybernetic import (
    Agent,
    AlreadyStarted,
    CallFailed,
    Kill,
    NoProc,
    OptionError,
    Shutdown,
    StartFailed,
    System,
    Timer,
    child,
)
from cybernetic.naming import Entry, Groups, Registry, Topics
from tests.naming.agents import Lingerer, Member, Trapper, Tree, do, kill, members

rooms = Registry("rooms")
halls = Registry("halls")
topics = Registry("topics", keys="duplicate")
KITCHEN = rooms.via("kitchen")


class Echo(Agent):
    """Says where it is registered already while it is being made."""

    def __init__(self, word: str = "") -> None:
        self.word = word
        self.found = rooms.lookup(self, "kitchen")

    def say(self) -> str:
        return self.word

    def founds(self) -> list[Entry]:
        return self.found

    def crash(self) -> None:
        raise ZeroDivisionError


async def test_n_3_an_address_by_key_is_resolved_at_every_use() -> None:
    async with System() as system:
        await rooms.start(system)
        kitchen = rooms.named(system, "kitchen", Echo)
        assert repr(kitchen) == "<Echo named rooms['kitchen']>"
        for word in ("first", "second"):
            ref = await system.start(Echo, word, name=KITCHEN)
            assert await kitchen.call(Echo.say) == word
            assert await kitchen.within(1.0).call(Echo.say) == word
            assert await kitchen.request(Echo.say) == word
            assert system.alive(kitchen)
            await kitchen.stop()
            assert not system.alive(ref)
            assert not system.alive(kitchen)


async def test_n_3_a_timer_for_a_key_finds_who_holds_it_when_it_is_due() -> None:
    async with System() as system:
        await rooms.start(system)
        timer = rooms.named(system, "kitchen", Member).after(10.0).send("now")
        assert isinstance(timer, Timer)
        await asyncio.sleep(5.0)
        member = await system.start(Member, name=KITCHEN)
        await asyncio.sleep(6.0)
        assert await member.call(Member.seen) == ["now"]


async def test_n_3_addresses_and_names_are_equal_when_registry_and_key_are() -> None:
    async with System() as system:
        assert rooms.via(1) == rooms.via(1, "value")
        assert hash(rooms.via(1)) == hash(rooms.via(1, "value"))
        assert len({rooms.via(key) for key in (1, 1.0, True)} | {halls.via(1)}) == 4
        one, other = rooms.named(system, "a", Member), rooms.named(system, "a", Member)
        assert (one == other, hash(one) == hash(other)) == (True, True)
        assert one != rooms.named(system, "b", Member)
        assert one != system.named("a", Member)


async def test_n_4_a_key_is_held_before_the_new_agent_runs() -> None:
    async with System() as system:
        await rooms.start(system)
        spawned = system.spawn(Echo, name=rooms.via("kitchen", "hot"))
        assert rooms.lookup(system, "kitchen") == [Entry("kitchen", spawned, "hot")]
        assert await spawned.call(Echo.founds) == [Entry("kitchen", spawned, "hot")]


async def test_gs_2_of_many_simultaneous_starts_under_one_key_one_wins_and_the_others_learn_who() -> None:
    async with System() as system:
        await rooms.start(system)
        starts = [system.start(Echo, name=KITCHEN) for _ in range(50)]
        ended = await asyncio.gather(*starts, return_exceptions=True)
        (winner,) = [end for end in ended if not isinstance(end, BaseException)]
        losers = [end for end in ended if isinstance(end, AlreadyStarted)]
        assert len(losers) == 49
        assert {lost.ref for lost in losers} == {winner}
        assert system.statistics()["agents"] == 2


async def test_gs_5_a_key_is_free_when_the_starter_learns_that_the_start_failed(caplog: Any) -> None:
    class Broken(Agent):
        def setup(self) -> None:
            raise ZeroDivisionError

    async with System() as system:
        await rooms.start(system)
        with pytest.raises(StartFailed):
            await system.start(Broken, name=KITCHEN)
        assert rooms.count(system) == 0
        await system.start(Echo, name=KITCHEN)
    assert "could not start" in caplog.text


async def test_n_5_a_call_to_an_unknown_key_fails_with_no_proc_and_a_cast_is_a_dead_letter() -> None:
    async with System() as system:
        kitchen = rooms.named(system, "kitchen", Echo)
        for running in (False, True):
            if running:
                await rooms.start(system)
            with pytest.raises(CallFailed) as failed:
                await kitchen.call(Echo.say)
            assert failed.value.reason == NoProc()
            before = system.statistics()["dead_letters"]
            kitchen.cast(Echo.say)
            kitchen.send("a raw message does not raise either")
            assert system.statistics()["dead_letters"] == before + 2


async def test_starting_under_a_key_of_a_registry_that_is_not_running_fails_with_no_proc() -> None:
    async with System() as system:
        with pytest.raises(StartFailed) as failed:
            await system.start(Echo, name=KITCHEN)
        assert failed.value.reason == NoProc()
        assert system.statistics()["agents"] == 0


async def test_a_child_comes_back_under_its_key() -> None:
    async with System() as system:
        await system.start(Tree, rooms.child(), child(Member, id="m", name=rooms.via("kitchen", 7)))
        address = rooms.named(system, "kitchen", Member)
        first = rooms.whereis(system, "kitchen")
        assert first is not None
        await kill(system, first)
        await system.drain()
        second = rooms.whereis(system, "kitchen")
        assert second not in (None, first)
        assert rooms.lookup(system, "kitchen") == [Entry("kitchen", second, 7)]
        assert await address.call(Member.seen) == []


@pytest.mark.parametrize("started_under_it", [True, False])
async def test_reg_10_when_the_registry_dies_registrants_die_and_come_back(started_under_it: bool) -> None:
    spec = child(Member, id="m", name=KITCHEN) if started_under_it else child(Member, _enter, id="m")
    async with System() as system:
        tree = await system.start(Tree, rooms.child(), spec)
        first, host = rooms.whereis(system, "kitchen"), system.whereis("rooms")
        assert first is not None
        assert host is not None
        assert host in first.inspect().info().links
        host.exit(Kill())
        assert not system.alive(first)
        await system.drain()
        again = rooms.whereis(system, "kitchen")
        assert again not in (None, first)
        assert system.whereis("rooms") is not host
        assert system.alive(tree)


def _enter(agent: Agent) -> None:
    rooms.register(agent, "kitchen")


async def test_reg_10_a_registrant_that_traps_exits_lives_on_and_is_told() -> None:
    async with System() as system:
        host = await rooms.start(system)
        trapper = await system.start(Trapper, _enter)
        await kill(system, host)
        (told,) = await trapper.call(Member.seen)
        assert told.ref is host
        await rooms.start(system)
        assert rooms.count(system) == 0
        await do(trapper, _enter)
        assert rooms.whereis(system, "kitchen") is trapper
        await kill(system, trapper)
        assert rooms.count(system) == 0


async def test_reg_10_the_link_is_dropped_with_the_last_key() -> None:
    async with System() as system:
        host = await topics.start(system)
        (one,) = await members(system, 1)
        for key in ("a", "a", "b"):
            await do(one, lambda agent, key=key: topics.register(agent, key))
        await do(one, lambda agent: topics.unregister(agent, "a"))
        assert one.inspect().info().links == (host,)
        await do(one, lambda agent: topics.unregister(agent, "b"))
        assert one.inspect().info().links == ()
        await kill(system, host)
        assert system.alive(one)


@pytest.mark.parametrize("reason", [Kill(), Shutdown()])
async def test_reg_10_a_registrant_that_dies_does_not_harm_the_registry(reason: Any) -> None:
    async with System() as system:
        host = await rooms.start(system)
        one = await system.start(Lingerer, _enter)
        await kill(system, one, reason)
        await system.drain()
        assert system.alive(host)
        assert host.inspect().info().links == ()


async def test_reg_11_a_duplicate_registry_keeps_no_names() -> None:
    async with System() as system:
        await topics.start(system)
        for act in (
            lambda: topics.via("news"),
            lambda: topics.named(system, "news", Member),
            lambda: topics.whereis(system, "news"),
        ):
            with pytest.raises(OptionError, match='expected one whose keys are "unique"'):
                act()


async def test_reg_11_a_name_with_a_value_registers_the_value() -> None:
    async with System() as system:
        await rooms.start(system)
        ref = await system.start(Member, name=rooms.via("kitchen", {"hot": True}))
        assert rooms.values(system, "kitchen", ref) == [{"hot": True}]


async def test_an_agent_spawned_by_another_takes_a_key_too() -> None:
    async with System() as system:
        await rooms.start(system)
        (one,) = await members(system, 1)
        spawned = await do(one, lambda agent: agent.spawn(Member, name=KITCHEN))
        assert rooms.whereis(system, "kitchen") is spawned
        with pytest.raises(AlreadyStarted):
            await do(one, lambda agent: agent.spawn(Member, name=KITCHEN))


@pytest.mark.parametrize(
    "service", [rooms, topics, Groups("teams"), Topics("news")], ids=lambda each: each.name
)
async def test_a_service_is_a_child_like_any_other(service: Any) -> None:
    spec = service.child()
    assert (spec.id, spec.name, spec.restart) == (service.name, service.name, "permanent")
    async with System() as system:
        await system.start(Tree, spec)
        before = system.whereis(service.name)
        assert before is not None
        await kill(system, before)
        await system.drain()
        assert system.whereis(service.name) not in (None, before)
