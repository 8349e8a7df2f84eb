"""Messages that want no answer: casts, sends, ping-pong, a ring, fan-in and fan-out."""

import asyncio
from collections.abc import Callable
from typing import Any

from benchmarks.harness import Bench, now, twice
from benchmarks.peers.cybernetic_agents.row import Done, future
from cybernetic import Agent, Ref, System

BURST = 1000


class Counter(Agent):
    """Counts `n` messages down, then settles `done`."""

    def __init__(self, n: int, done: Done) -> None:
        self.left, self.done = n, done

    def tick(self, _: int) -> None:
        self.left -= 1
        if not self.left:
            self.done.set_result(None)

    async def tick_async(self, _: int) -> None:
        self.left -= 1
        if not self.left:
            self.done.set_result(None)

    def receive(self, message: Any) -> None:
        self.left -= 1
        if not self.left:
            self.done.set_result(None)


class Held(Counter):
    """A counter that asks its sender for more after each burst."""

    def tick_held(self, sender: "Ref[Sender]") -> None:
        self.left -= 1
        if not self.left:
            self.done.set_result(None)
        elif not self.left % BURST:
            sender.cast(Sender.more)


class Sender(Agent):
    """Casts to one agent: a burst when it is asked for more, all at once, or burst after burst."""

    def __init__(self, target: Ref[Any], n: int) -> None:
        self.target, self.left = target, n

    def more(self) -> None:
        target, me = self.target, self.ref
        for _ in range(self.take()):
            target.cast(Held.tick_held, me)

    def everything(self, method: Callable[[Any, int], object]) -> None:
        target = self.target
        for i in range(self.left):
            target.cast(method, i)

    def everything_sent(self) -> None:
        target = self.target
        for i in range(self.left):
            target.send(i)

    def on_and_on(self) -> None:
        target = self.target
        for i in range(self.take()):
            target.cast(Counter.tick, i)
        if self.left:
            self.ref.cast(Sender.on_and_on)

    def take(self) -> int:
        n = min(self.left, BURST)
        self.left -= n
        return n


class Ping(Agent):
    """Sends to and fro with another `Ping`; the one that is given `n` counts."""

    def __init__(self, n: int, done: Done) -> None:
        self.left, self.done = n, done

    def ping(self, other: "Ref[Ping]", i: int) -> None:
        other.cast(Ping.pong, self.ref, i)

    def pong(self, other: "Ref[Ping]", _: int) -> None:
        self.left -= 1
        if self.left:
            other.cast(Ping.ping, self.ref, self.left)
        else:
            self.done.set_result(None)


class Hop(Agent):
    """One of a ring, around which a number goes and becomes less."""

    def __init__(self, done: Done) -> None:
        self.done = done
        self.following: Ref[Hop] = self.ref

    def join(self, following: "Ref[Hop]") -> None:
        self.following = following

    def hop(self, left: int) -> None:
        if left:
            self.following.cast(Hop.hop, left - 1)
        else:
            self.done.set_result(None)


async def cast(bench: Bench, system: System) -> None:
    """A thousand at a time: the receiver asks for more."""

    async def once(n: int) -> float:
        done = future()
        counter = system.spawn(Held, n, done)
        sender = system.spawn(Sender, counter, n)
        began = now()
        sender.cast(Sender.more)
        await done
        took = now() - began
        await _end(sender, counter)
        return took

    n = bench.n(1_000_000)
    bench.rate("a_cast", "msgs", n, await twice(n, once))


async def cast_burst(bench: Bench, system: System) -> None:
    """The whole number is queued by one handler."""
    n = bench.n(1_000_000)
    took = await twice(n, lambda n: _burst(system, n, Counter.tick))
    bench.rate("a_cast_burst", "msgs", n, took)


async def cast_outside(bench: Bench, system: System) -> None:
    async def once(n: int) -> float:
        done = future()
        counter = system.spawn(Counter, n, done)
        began = now()
        for i in range(n):
            counter.cast(Counter.tick, i)
        await done
        took = now() - began
        await _end(counter)
        return took

    n = bench.n(1_000_000)
    bench.rate("a_cast_outside", "msgs", n, await twice(n, once))


async def cast_async(bench: Bench, system: System) -> None:
    n = bench.n(500_000)
    took = await twice(n, lambda n: _burst(system, n, Counter.tick_async))
    bench.rate("a_cast_async", "msgs", n, took)


async def send(bench: Bench, system: System) -> None:
    n = bench.n(1_000_000)
    bench.rate("a_send", "msgs", n, await twice(n, lambda n: _burst(system, n, None)))


async def _burst(system: System, n: int, method: Callable[[Any, int], object] | None) -> float:
    done = future()
    counter = system.spawn(Counter, n, done)
    sender = system.spawn(Sender, counter, n)
    began = now()
    if method is None:
        sender.cast(Sender.everything_sent)
    else:
        sender.cast(Sender.everything, method)
    await done
    took = now() - began
    await _end(sender, counter)
    return took


async def pingpong(bench: Bench, system: System) -> None:
    async def once(n: int) -> float:
        done = future()
        one, other = system.spawn(Ping, n, done), system.spawn(Ping, 0, done)
        began = now()
        other.cast(Ping.ping, one, n)
        await done
        took = now() - began
        await _end(one, other)
        return took

    n = bench.n(500_000)
    bench.rate("b_pingpong", "roundtrips", n, await twice(n, once))


async def ring(bench: Bench, system: System) -> None:
    async def once(n: int) -> float:
        done = future()
        hops = [system.spawn(Hop, done) for _ in range(1000)]
        for i, hop in enumerate(hops):
            hop.cast(Hop.join, hops[(i + 1) % 1000])
        began = now()
        hops[0].cast(Hop.hop, n)
        await done
        took = now() - began
        await _end(*hops)
        return took

    n = bench.n(1_000_000)
    bench.rate("c_ring", "hops", n, await twice(n, once))


async def fan_in(bench: Bench, system: System) -> None:
    async def once(each: int) -> float:
        done = future()
        counter = system.spawn(Counter, each * 100, done)
        began = now()
        senders = [system.spawn(Sender, counter, each) for _ in range(100)]
        for sender in senders:
            sender.cast(Sender.on_and_on)
        await done
        took = now() - began
        await _end(counter, *senders)
        return took

    each = bench.n(10_000)
    bench.rate("h_fan_in", "msgs", each * 100, await twice(each, once))


class Parts:
    """Counts the receivers that have everything."""

    def __init__(self, count: int) -> None:
        self.left, self.done = count, future()

    def full(self) -> None:
        self.left -= 1
        if not self.left:
            self.done.set_result(None)


class Part(Agent):
    """One of many receivers."""

    def __init__(self, n: int, of: Parts) -> None:
        self.left, self.of = n, of

    def tick(self, _: int) -> None:
        self.left -= 1
        if not self.left:
            self.of.full()


class Speaker(Agent):
    """Casts to many, and lets others run after each round."""

    async def speak(self, parts: list[Ref[Part]], rounds: int) -> None:
        for i in range(rounds):
            for part in parts:
                part.cast(Part.tick, i)
            await asyncio.sleep(0)


async def fan_out(bench: Bench, system: System) -> None:
    count = bench.n(10_000, 100)

    async def once(rounds: int) -> float:
        of = Parts(count)
        parts = [system.spawn(Part, rounds, of) for _ in range(count)]
        speaker = await system.start(Speaker)
        began = now()
        speaker.cast(Speaker.speak, parts, rounds)
        await of.done
        took = now() - began
        await _end(speaker, *parts)
        return took

    rounds = bench.n(50, 3)
    bench.rate("h_fan_out", "msgs", count * rounds, await twice(rounds, once), receivers=count)


async def _end(*agents: Ref[Any]) -> None:
    for agent in agents:
        await agent.stop()
