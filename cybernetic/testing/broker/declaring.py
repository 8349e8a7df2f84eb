"""The contract of a broker: what is declared, checked, and deleted."""

import asyncio
from typing import Any

from cybernetic.gateways import (
    Binding,
    BrokerError,
    ChannelClosed,
    Differs,
    Exchange,
    NotDeclared,
    Queue,
    QueueState,
    Topology,
)
from cybernetic.testing.broker.stage import KINDS, Contract, Stage, refused

OTHERWISE: tuple[tuple[dict[str, Any], dict[str, Any]], ...] = (
    ({"kind": "classic"}, {"kind": "quorum"}),
    ({"kind": "classic"}, {"kind": "classic", "durable": False, "lossy": True}),
    ({"kind": "classic"}, {"kind": "classic", "auto_delete": True}),
    ({"kind": "classic"}, {"kind": "classic", "ttl": 60.0, "lossy": True}),
    ({"kind": "classic", "ttl": 60.0, "lossy": True}, {"kind": "classic", "ttl": 61.0, "lossy": True}),
    ({"kind": "classic"}, {"kind": "classic", "max_length": 5}),
    ({"kind": "classic"}, {"kind": "classic", "max_priority": 5}),
    ({"kind": "classic"}, {"kind": "classic", "dead_letter": ""}),
    ({"kind": "quorum"}, {"kind": "quorum", "delivery_limit": 5, "lossy": True}),
    ({"kind": "quorum"}, {"kind": "quorum", "single_active": True}),
)


class Declaring(Contract):
    """Topology."""

    async def test_what_is_declared_twice_in_the_same_way_is_there_once(self) -> None:
        """Also on another connection, and with messages in it."""
        async with self.stage() as stage:
            options: dict[str, Any] = {
                "ttl": 60.0,
                "max_length": 10,
                "dead_letter": "",
                "dead_letter_key": "k",
            }
            for kind in KINDS:
                queue = await stage.queue(kind, kind, **options)
                await stage.put(queue, b"x")
                topology = Topology(
                    (Exchange(await stage.exchange(f"x-{kind}")),),
                    (Queue(queue, kind, **options),),
                    (Binding(stage.name(f"x-{kind}"), queue, "a.#"),),
                )
                for session in (stage.session, await stage.another()):
                    await session.declare(topology)
                    await session.declare(topology)
                assert await stage.session.state(queue) == QueueState(1, 0)

    async def test_a_queue_declared_otherwise_is_named(self) -> None:
        """`Differs` says which; the session stays usable."""
        async with self.stage() as stage:
            for number, (there, wanted) in enumerate(OTHERWISE):
                queue = await stage.queue(f"q{number}", **there)
                error = await refused(
                    stage.session.declare(Topology(queues=(Queue(queue, **wanted),))), Differs
                )
                assert queue in error.what
                assert queue in str(error)
            assert (await stage.session.state(queue)).messages == 0

    async def test_an_exchange_declared_otherwise_is_named(self) -> None:
        """By type, or by whether it is durable."""
        async with self.stage() as stage:
            exchange = await stage.exchange("x", "topic")
            for wanted in (Exchange(exchange, "direct"), Exchange(exchange, durable=False)):
                error = await refused(stage.session.declare(Topology((wanted,))), Differs)
                assert exchange in error.what

    async def test_a_binding_of_what_is_not_there_is_named(self) -> None:
        """Of a queue or an exchange; what was declared before it is there."""
        async with self.stage() as stage:
            exchange, queue, none = await stage.exchange("x"), await stage.queue("q"), stage.name("none")
            for binding in (Binding(exchange, none, "a"), Binding(none, queue, "a")):
                error = await refused(stage.session.declare(Topology(bindings=(binding,))), NotDeclared)
                assert none in error.what
            await stage.session.declare(Topology(bindings=(Binding(exchange, queue, "a"),)))

    async def test_a_queue_that_is_not_there_is_named(self) -> None:
        """By `state`, `purge` and `intake`; deleting it is no error."""
        async with self.stage() as stage:
            none = stage.name("none")
            session = stage.session
            for call in (
                session.state(none),
                session.purge(none),
                session.intake(none, lambda delivery: None, prefetch=1),
            ):
                assert none in (await refused(call, NotDeclared)).what
            await session.delete(queue=none)
            await session.delete(exchange=none)
            await stage.queue("q")

    async def test_state_counts_what_is_ready_and_who_consumes(self) -> None:
        """What is unacknowledged is not counted."""
        async with self.stage() as stage:
            for kind in KINDS:
                queue = await stage.queue(kind, kind)
                assert await stage.session.state(queue) == QueueState(0, 0)
                await stage.put(queue, b"1", b"2", b"3")
                await stage.holds(queue, 3)
                into = await stage.intake(queue, prefetch=1)
                await into.next()
                await stage.holds(queue, 2)
                assert await stage.session.state(queue) == QueueState(2, 1)

    async def test_purging_drops_what_is_ready(self) -> None:
        """Not what a consumer has; nothing is dead-lettered."""
        async with self.stage() as stage:
            dead = await stage.queue("dead")
            for kind in KINDS:
                queue = await stage.queue(kind, kind, dead_letter="", dead_letter_key=dead)
                await stage.put(queue, b"1", b"2", b"3")
                into = await stage.intake(queue, prefetch=1)
                first = await into.next()
                await stage.holds(queue, 2)
                assert await stage.session.purge(queue) == 2
                assert await stage.session.purge(queue) == 0
                into.intake.nack(first.tag)
                assert (await into.next()).redelivered
            await stage.holds(dead, 0)

    async def test_a_deleted_queue_ends_its_consumers(self) -> None:
        """With an error that says so; the session goes on."""
        async with self.stage() as stage:
            for kind in KINDS:
                queue = await stage.queue(kind, kind)
                into = await stage.intake(queue)
                await stage.put(queue, b"x")
                delivery = await into.next()
                await (await stage.another()).delete(queue=queue)
                assert isinstance(await stage.end(into.intake.ended), BrokerError)
                into.intake.ack(delivery.tag)
                await stage.session.ready()
                await stage.queue(kind, kind)
                await stage.holds(queue, 0)

    async def test_an_exclusive_queue_is_one_connections_own(self) -> None:
        """Others may publish to it, no more; it goes with the connection."""
        async with self.stage() as stage:
            owner, queue = await stage.another(), stage.name("own")
            topology = Topology(queues=(Queue(queue, "classic", durable=False, exclusive=True),))
            await owner.declare(topology)
            await owner.declare(topology)
            into = await stage.intake(queue, session=owner)
            await refused(stage.session.declare(topology), Differs)
            for call in (
                stage.session.intake(queue, into.came, prefetch=1),
                stage.session.state(queue),
                stage.session.purge(queue),
                stage.session.delete(queue=queue),
            ):
                assert (await refused(call, ChannelClosed)).code == 405
            await stage.put(queue, b"x")
            await into.next()
            await owner.close()
            await stage.until(lambda: stage.gone(queue), "the queue is gone")

    async def test_an_auto_delete_queue_goes_with_its_last_consumer(self) -> None:
        """Not before the first came, and not with the first of two."""
        async with self.stage() as stage:
            for how in ("stop", "close"):
                queue = await stage.queue(how, auto_delete=True)
                await stage.put(queue, b"x")
                first, second = await stage.intake(queue, prefetch=1), await stage.intake(queue, prefetch=1)
                await getattr(first.intake, how)()
                await asyncio.sleep(0.05)
                assert not await stage.gone(queue)
                await getattr(second.intake, how)()
                await stage.until(lambda queue=queue: stage.gone(queue), "the queue is gone")  # type: ignore[misc]

    async def test_a_queue_that_nobody_uses_expires(self) -> None:
        """A consumer keeps it, for a while declaring it does, or asking for its state; messages do not."""
        for seconds in (0.3, 1.5, 7.5):  # who comes too late, on a busy machine, has kept nothing
            async with self.stage() as stage:
                if await _expires(stage, seconds):
                    return
        raise AssertionError("expected a machine that takes less than 2 s for two calls")


async def _expires(stage: Stage, seconds: float) -> bool:
    """Whether every use came in time, so that this says something of queues that expire after so many seconds."""
    clock = asyncio.get_running_loop().time
    options: dict[str, Any] = {"expires": seconds}
    fresh = await stage.queue("fresh", **options)
    used = await stage.queue("used", **options)
    into = await stage.intake(used)
    begun = [clock()]  # of each use
    unused = await stage.queue("unused", **options)
    await stage.put(unused, b"x")
    for use in ("declared", "asked for", "looked at"):
        await asyncio.sleep(seconds * 2 / 3)
        begun.append(clock())
        there = True
        try:
            if use == "declared":
                await stage.queue("unused", **options)
                await stage.queue("used", **options)
            elif use == "asked for":
                await stage.session.state(unused)
            else:
                there = not await stage.gone(unused)
        except NotDeclared:
            there = False
        if clock() - begun[-2] >= seconds:
            return False
        assert there, f"a queue that was used is gone when it is {use}"
    await stage.until(lambda: stage.gone(fresh), "the fresh queue is gone")
    await stage.until(lambda: stage.gone(unused), "the unused queue is gone")
    assert not await stage.gone(used)
    await into.intake.close()
    await stage.until(lambda: stage.gone(used), "the used queue is gone")
    return True
