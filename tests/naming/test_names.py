"""The names of the runtime itself: statements N-1 to N-3, for what is offered of them."""

from typing import Any

import pytest

from cybernetic import AlreadyStarted, Down, Kill, OptionError, System
from tests.naming.agents import Member, do, kill, members


async def test_n_1_a_name_has_one_agent_and_an_agent_one_name() -> None:
    async with System() as system:
        one = await system.start(Member, name="one")
        with pytest.raises(AlreadyStarted) as held:
            await system.start(Member, name="one")
        assert held.value.ref is one
        assert (one.name, system.names) == ("one", {"one": one})
        await kill(system, one)
        other = await system.start(Member, name="one")
        assert system.whereis("one") is other


@pytest.mark.parametrize("name", ["", 1, True, ("a",), b"name", object()])
async def test_n_1_what_is_no_name_is_refused(name: Any) -> None:
    async with System() as system:
        with pytest.raises(OptionError, match="name: expected a string that is not empty"):
            await system.start(Member, name=name)
        with pytest.raises(OptionError, match="name: expected a string that is not empty"):
            system.spawn(Member, name=name)
        assert system.statistics()["agents"] == 0


async def test_n_2_a_name_is_free_before_links_and_monitors_are_told() -> None:
    class Watcher(Member):
        trap_exit = True

        def receive(self, message: Any) -> None:
            self.got.append((type(message).__name__, self.system.whereis("one")))

    async with System() as system:
        one, watcher = await system.start(Member, name="one"), await system.start(Watcher)
        await do(watcher, lambda agent: (agent.link(one), agent.monitor(one)))
        one.exit(Kill())
        assert sorted(await watcher.call(Member.seen)) == [("Down", None), ("Exit", None)]


async def test_n_3_an_agent_is_addressed_by_its_ref_and_by_its_name() -> None:
    async with System() as system:
        ref = await system.start(Member, name="one")
        for address in (ref, system.named("one", Member)):
            address.send("hello")
        assert await ref.call(Member.seen) == ["hello", "hello"]


async def test_n_3_a_monitor_of_a_name_watches_who_holds_it_now() -> None:
    async with System() as system:
        one = await system.start(Member, name="one")
        (watcher,) = await members(system, 1)
        named = system.named("one", Member)
        token = await do(watcher, lambda agent: agent.monitor(named))
        await kill(system, one)
        (down,) = await watcher.call(Member.seen)
        assert isinstance(down, Down)
        assert (down.token, down.ref) == (token, named)
