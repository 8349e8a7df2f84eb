"""Messages that want no answer: casts, ping-pong, a ring, fan-in and fan-out."""

import asyncio
from typing import Any

from benchmarks.harness import Bench, now, twice
from benchmarks.peers.asyncio_baseline.actor import Actor, Counter, stop


class Pong(Actor):
    async def receive(self, message: Any) -> None:
        message[0].tell((self, message[1]))


class Ping(Actor):
    __slots__ = ("done", "left", "other")
    done: asyncio.Event
    left: int
    other: Actor

    async def receive(self, message: Any) -> None:
        self.left -= 1
        if self.left:
            self.other.tell((self, self.left))
        else:
            self.done.set()


class Hop(Actor):
    __slots__ = ("done", "following")
    done: asyncio.Event
    following: Actor

    async def receive(self, message: Any) -> None:
        if message:
            self.following.tell(message - 1)
        else:
            self.done.set()


async def cast(bench: Bench) -> None:
    """A queue of 1,000 holds the sender back."""
    n = bench.n(1_000_000)
    bench.rate("a_cast", "msgs", n, await twice(n, lambda n: _cast(n, 1000)))


async def cast_burst(bench: Bench) -> None:
    """The whole number is queued before the first is handled."""
    n = bench.n(1_000_000)
    bench.rate("a_cast_burst", "msgs", n, await twice(n, lambda n: _cast(n, 0)))


async def _cast(n: int, limit: int) -> float:
    done = asyncio.Event()
    counter = Counter(n, done, limit)
    began = now()
    put = counter.queue.put
    for i in range(n):
        await put(("tell", i))
    await done.wait()
    took = now() - began
    await stop([counter])
    return took


async def pingpong(bench: Bench) -> None:
    async def once(n: int) -> float:
        done, ping, pong = asyncio.Event(), Ping(), Pong()
        ping.left, ping.done, ping.other = n, done, pong
        began = now()
        pong.tell((ping, 0))
        await done.wait()
        took = now() - began
        await stop([ping, pong])
        return took

    n = bench.n(100_000)
    bench.rate("b_pingpong", "roundtrips", n, await twice(n, once))


async def ring(bench: Bench) -> None:
    async def once(n: int) -> float:
        done, hops = asyncio.Event(), [Hop() for _ in range(1000)]
        for i, hop in enumerate(hops):
            hop.following, hop.done = hops[(i + 1) % 1000], done
        began = now()
        hops[0].tell(n)
        await done.wait()
        took = now() - began
        await stop(hops)
        return took

    n = bench.n(300_000)
    bench.rate("c_ring", "hops", n, await twice(n, once))


async def fan_in(bench: Bench) -> None:
    async def once(each: int) -> float:
        done = asyncio.Event()
        counter = Counter(each * 100, done)

        async def sender() -> None:
            for i in range(each):
                await counter.queue.put(("tell", i))

        began = now()
        senders = [asyncio.create_task(sender()) for _ in range(100)]
        await done.wait()
        took = now() - began
        await asyncio.gather(*senders)
        await stop([counter])
        return took

    each = bench.n(10_000)
    bench.rate("h_fan_in", "msgs", each * 100, await twice(each, once))


class Part(Actor):
    """One of many receivers: the last message of the last of them sets `done`."""

    __slots__ = ("left", "of")
    left: int
    of: "Parts"

    async def receive(self, message: Any) -> None:
        self.left -= 1
        if not self.left:
            self.of.full()


class Parts:
    """Counts the receivers that have everything."""

    def __init__(self, count: int) -> None:
        self.left, self.done = count, asyncio.Event()

    def full(self) -> None:
        self.left -= 1
        if not self.left:
            self.done.set()


async def fan_out(bench: Bench) -> None:
    count = bench.n(10_000, 100)

    async def once(rounds: int) -> float:
        of, parts = Parts(count), [Part() for _ in range(count)]
        for part in parts:
            part.left, part.of = rounds, of
        await asyncio.sleep(0)
        began = now()
        for i in range(rounds):
            for part in parts:
                part.tell(("tell", i))
            await asyncio.sleep(0)
        await of.done.wait()
        took = now() - began
        await stop(parts)
        return took

    rounds = bench.n(30, 3)
    bench.rate("h_fan_out", "msgs", count * rounds, await twice(rounds, once), receivers=count)
