"""Names, and addresses by name (N-1 to N-5)."""

import asyncio
from typing import Any

import pytest

from cybernetic import (
    AlreadyStarted,
    BadCall,
    CallFailed,
    Down,
    Kill,
    Killed,
    NoProc,
    OptionError,
    Refusal,
    Shutdown,
    System,
)
from tests.runtime.processes.agents import Puppet, Upset, crash, monitored, settled


async def test_n_1_a_name_is_held_by_one_agent() -> None:
    async with System() as system:
        holder = await system.start(Puppet, name="it")
        for way in (system.start, system.spawn):
            with pytest.raises(AlreadyStarted) as taken:
                await way(Puppet, name="it")  # type: ignore[misc]
            assert taken.value.ref is holder
        assert isinstance(taken.value, Refusal)
        assert list(system.agents()) == [holder]
        assert system.names == {"it": holder}
        assert holder.name == "it"


@pytest.mark.parametrize("name", ["", 3, b"it", ("it",)])
async def test_n_1_a_name_is_a_string_that_is_not_empty(name: Any) -> None:
    async with System() as system:
        for use in (lambda: system.spawn(Puppet, name=name), lambda: system.named(name, Puppet)):
            with pytest.raises(OptionError, match="name: expected a string that is not empty"):
                use()


async def test_n_1_no_name_is_reserved() -> None:
    """Names are strings, so Erlang's reserved atoms have no counterpart."""
    async with System() as system:
        for name in ("undefined", "none", "true", "None", " "):
            assert system.whereis(name) is None
            assert await system.start(Puppet, name=name) is system.whereis(name)


@pytest.mark.parametrize("end", ["kill", "crash", "stop", "failed start"])
async def test_n_2_a_name_vanishes_with_its_agent(end: str) -> None:
    class Failing(Puppet):
        async def setup(self) -> None:
            await asyncio.sleep(1)
            raise ValueError("on purpose")

    async with System() as system:
        if end == "failed start":
            with pytest.raises(Exception, match="on purpose"):
                await system.start(Failing, name="it")
        else:
            holder = await system.start(Puppet, name="it")
            match end:
                case "kill":
                    holder.exit(Kill())
                case "crash":
                    holder.cast(Puppet.do, crash)
                    await settled()
                case "stop":
                    await holder.stop()
            assert "it" in repr(holder)  # the dead one can still be told apart in reports
        assert system.whereis("it") is None
        assert system.names == {}
        await system.start(Puppet, name="it")


async def test_n_2_a_successor_keeps_its_name_when_the_predecessor_is_told_off_late() -> None:
    async with System() as system:
        first = await system.start(Puppet, name="it")
        first.exit(Kill())
        second = await system.start(Puppet, name="it")
        first.exit(Kill())
        first.exit(Shutdown())
        assert system.whereis("it") is second


async def test_n_3_an_agent_is_addressed_by_ref_or_by_name() -> None:
    async with System() as system:
        ref = await system.start(Puppet, name="it")
        it = system.named("it", Puppet)
        for address in (ref, it, ref.within(3), it.within(3)):
            address.cast(Puppet.note, 1)
            address.send(2)
            assert await address.call(Puppet.do, lambda me: me.ref) is ref
            assert await address.request(Puppet.do, lambda me: 3) == 3
        assert await ref.call(Puppet.seen) == [1, 2] * 4
        assert system.whereis("it", Puppet) is ref
        assert it == system.named("it", Puppet)
        assert hash(it) == hash(system.named("it", Puppet))
        assert it != system.named("other", Puppet)
        assert it != ref
        assert "'it'" in repr(it)


async def test_n_3_a_named_address_is_resolved_at_every_use() -> None:
    async with System() as system:
        it = system.named("it", Puppet)
        for generation in range(3):
            await system.start(Puppet, name="it")
            it.cast(Puppet.note, generation)
            assert await it.call(Puppet.seen) == [generation]
            assert system.alive(it)
            it.exit(Kill())
            assert not system.alive(it)


async def test_n_3_stop_wait_and_monitor_take_names() -> None:
    async with System() as system:
        it, watcher = system.named("it", Puppet), await system.start(Puppet)
        assert await system.wait(it) == NoProc()
        with pytest.raises(CallFailed) as failure:
            await it.stop()
        assert failure.value.reason == NoProc()
        await system.start(Puppet, name="it")
        token = await monitored(watcher, it)
        waited = asyncio.create_task(system.wait(it))
        await settled()
        await it.stop(Upset())
        assert await waited == Upset()
        assert await watcher.call(Puppet.seen) == [Down(token, it, Upset())]


async def test_n_3_a_holder_of_another_class_is_an_error_at_the_line() -> None:
    class Other(Puppet):
        def only_here(self) -> None: ...

    async with System() as system:
        await system.start(Puppet, name="it")
        it = system.named("it", Other)
        with pytest.raises(OptionError, match="an agent of class Other"):
            system.whereis("it", Other)
        with pytest.raises(BadCall, match="Puppet"):
            it.cast(Other.only_here)
        with pytest.raises(BadCall, match="Puppet"):
            await it.call(Other.only_here)
        with pytest.raises(OptionError, match="a subclass of Agent"):
            system.named("it", int)  # type: ignore[type-var]


async def test_n_4_a_name_is_taken_before_init_runs() -> None:
    seen: list[Any] = []

    class Looker(Puppet):
        def __init__(self) -> None:
            super().__init__()
            seen.append(self.system.whereis("it") is self.ref)

    async with System() as system:
        await system.start(Looker, name="it")
        assert seen == [True]
        with pytest.raises(AlreadyStarted):
            await system.start(Looker, name="it")
        assert seen == [True]  # the second one's `__init__` did not run


async def test_n_4_of_many_starters_one_wins_and_all_others_learn_of_it() -> None:
    class Slow(Puppet):
        async def setup(self) -> None:
            await asyncio.sleep(1)

    async with System() as system:
        results = await asyncio.gather(
            *(system.start(Slow, name="it") for _ in range(50)), return_exceptions=True
        )
        (winner,) = [result for result in results if not isinstance(result, Exception)]
        losers = [result for result in results if isinstance(result, AlreadyStarted)]
        assert len(losers) == 49
        assert {loser.ref for loser in losers} == {winner}


async def test_n_5_a_call_to_an_unknown_name_fails_and_a_cast_does_not() -> None:
    async with System() as system:
        nobody = system.named("nobody", Puppet)
        nobody.cast(Puppet.note, 1)
        nobody.send(1)
        with pytest.raises(CallFailed) as failure:
            await nobody.call(Puppet.seen)
        assert failure.value.reason == NoProc()
        with pytest.raises(BadCall):
            nobody.cast(lambda me: None)
        with pytest.raises(BadCall):
            await nobody.call(Puppet._cell)


async def test_n_5_a_call_that_was_sent_fails_with_its_target_and_is_not_repeated() -> None:
    async with System() as system:
        first = await system.start(Puppet, name="it")
        it = system.named("it", Puppet)
        first.cast(Puppet.do, lambda me: asyncio.Event().wait())
        request = it.request(Puppet.do, lambda me: me.got.append("again"))
        await settled()
        first.exit(Kill())
        second = await system.start(Puppet, name="it")
        with pytest.raises(CallFailed) as failure:
            await request
        assert failure.value.reason == Killed()
        assert await second.call(Puppet.seen) == []
