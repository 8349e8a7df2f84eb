"""The probe and `settle`, as tests of users have them."""

import asyncio

import pytest

from cybernetic import Agent, Crash, Down, Exit, Kill, Killed, System
from cybernetic.testing import Probe, ProbeFailed, settle


class Relay(Agent):
    """Passes on what it gets, at once or after a while."""

    def __init__(self, probe: Probe) -> None:
        self.probe = probe

    def receive(self, message: object) -> None:
        self.probe.ref.send(message)

    async def later(self, message: object, seconds: float) -> None:
        await asyncio.sleep(seconds)
        self.probe.ref.send(message)

    async def hop(self, times: int) -> None:
        for _ in range(times):
            await asyncio.sleep(0)
        self.probe.ref.send("hopped")


async def test_next_gives_messages_in_order_and_seen_keeps_them() -> None:
    async with System() as system:
        probe = Probe(system)
        relay = system.spawn(Relay, probe)
        for i in range(3):
            relay.send(i)
        assert [await probe.next(), await probe.next(int), await probe.next()] == [0, 1, 2]
        assert probe.seen == [0, 1, 2]


async def test_next_fails_when_nothing_or_something_else_comes() -> None:
    async with System() as system:
        probe = Probe(system)
        relay = system.spawn(Relay, probe)
        relay.cast(Relay.later, "late", 10)
        with pytest.raises(ProbeFailed, match="expected a str within 9 s, got: nothing"):
            await probe.next(str, timeout=9)
        with pytest.raises(ProbeFailed, match="expected a int, got: 'late'"):
            await probe.next(int)


async def test_nothing_lets_time_pass() -> None:
    async with System() as system:
        probe = Probe(system)
        relay = system.spawn(Relay, probe)
        relay.cast(Relay.later, "late", 10)
        before = asyncio.get_running_loop().time()
        await probe.nothing(9)
        assert asyncio.get_running_loop().time() - before == pytest.approx(9)
        with pytest.raises(ProbeFailed, match="got: 'late'"):
            await probe.nothing(2)


async def test_a_probe_watches_and_links() -> None:
    async with System() as system:
        probe = Probe(system)
        relay = system.spawn(Relay, probe)
        probe.monitor(relay)
        probe.link(relay)
        await settle(system)
        relay.exit(Kill())
        assert {type(await probe.next()), type(await probe.next())} == {Down, Exit}
        assert {message.reason for message in probe.seen} == {Killed()}
        assert system.alive(probe.ref)


async def test_a_probe_that_does_not_trap_dies_with_what_it_is_linked_to() -> None:
    async with System() as system:
        probe = Probe(system, trap_exit=False)
        relay = system.spawn(Relay, probe)
        probe.link(relay)
        await settle(system)
        relay.exit(Crash("Boom", "asked for"))
        assert not system.alive(probe.ref)


async def test_settle_waits_for_all_that_needs_no_time_and_moves_none() -> None:
    async with System() as system:
        probe = Probe(system)
        relay = system.spawn(Relay, probe)
        relay.cast(Relay.hop, 100)
        relay.cast(Relay.later, "tomorrow", 86_400)
        await settle(system)
        assert probe.seen == ["hopped"]
        assert asyncio.get_running_loop().time() == 0
        assert await probe.next() == "hopped"
        assert await probe.next(timeout=86_401) == "tomorrow"
