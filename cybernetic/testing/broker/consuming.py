"""The contract of a broker: deliveries, and what is done with them."""

import asyncio
from typing import Any

from cybernetic.core import OptionError
from cybernetic.gateways import ChannelClosed
from cybernetic.testing.broker.stage import KINDS, Contract, In, Stage, refused


class Consuming(Contract):
    """Intakes."""

    async def test_deliveries_come_in_order(self) -> None:
        """Each with the name of its queue, a tag of its own, and not as delivered before."""
        async with self.stage() as stage:
            for kind in KINDS:
                queue = await stage.queue(kind, kind)
                await stage.put(queue, *(b"%d" % n for n in range(50)))
                into = await stage.intake(queue, prefetch=100)
                await stage.put(queue, *(b"%d" % n for n in range(50, 100)))
                await into.count(100)
                assert [one.message.body for one in into.deliveries] == [b"%d" % n for n in range(100)]
                assert len({one.tag for one in into.deliveries}) == 100
                assert {(one.queue, one.redelivered) for one in into.deliveries} == {(queue, False)}
                assert "x-delivery-count" not in into.deliveries[0].message.headers

    async def test_no_more_than_prefetch_are_unacknowledged(self) -> None:
        """Each acknowledgement lets one more come; `multiple` settles all up to its tag; tag 0 all there are."""
        async with self.stage() as stage:
            for kind in KINDS:
                queue = await stage.queue(kind, kind)
                into = await stage.intake(queue, prefetch=3)
                await stage.put(queue, *(b"%d" % n for n in range(12)))
                await into.count(3)
                await into.quiet(3)
                into.intake.ack(into.deliveries[1].tag)
                await into.count(4)
                await into.quiet(4)
                into.intake.ack(into.deliveries[2].tag, multiple=True)
                await into.count(6)
                await into.quiet(6)
                into.intake.ack(0, multiple=True)
                await into.count(9)
                assert [one.message.body for one in into.deliveries[:9]] == [b"%d" % n for n in range(9)]

    async def test_a_prefetch_that_cannot_be_is_refused(self) -> None:
        """From 1 to 65,535."""
        async with self.stage() as stage:
            queue = await stage.queue("q")
            for prefetch in (0, -1, 65_536):
                await refused(stage.intake(queue, prefetch=prefetch), OptionError)

    async def test_what_is_acknowledged_does_not_come_again(self) -> None:
        """Not to the next consumer either."""
        async with self.stage() as stage:
            for kind in KINDS:
                queue = await stage.queue(kind, kind)
                await stage.put(queue, b"1", b"2", b"3")
                into = await stage.intake(queue)
                assert await into.bodies(3) == [b"1", b"2", b"3"]
                await into.intake.close()
                await (await stage.intake(queue)).quiet(0)

    async def test_what_is_put_back_comes_again(self) -> None:
        """Marked as redelivered; a quorum queue counts how often in `x-delivery-count`."""
        async with self.stage() as stage:
            for kind in KINDS:
                queue = await stage.queue(kind, kind)
                await stage.put(queue, b"x")
                into = await stage.intake(queue)
                for times in range(4):
                    delivery = await into.next()
                    assert delivery.redelivered == (times > 0)
                    count = delivery.message.headers.get("x-delivery-count", 0)
                    assert count == (times if kind == "quorum" else 0)
                    into.intake.nack(delivery.tag)

    async def test_what_is_put_back_into_a_classic_queue_stands_where_it_stood(self) -> None:
        """Before what was published after it."""
        async with self.stage() as stage:
            queue = await stage.queue("q")
            await stage.put(queue, b"1", b"2", b"3", b"4")
            into = await stage.intake(queue, prefetch=3)
            one, two, _ = [await into.next() for _ in range(3)]
            await into.intake.stop()
            into.intake.nack(two.tag)
            into.intake.nack(one.tag)
            await stage.holds(queue, 3)
            assert await (await stage.intake(queue)).bodies(3) == [b"1", b"2", b"4"]

    async def test_what_is_put_back_into_a_quorum_queue_goes_first(self) -> None:
        """Whether there is a delivery limit or none."""
        async with self.stage() as stage:
            for limit in (5, None):
                more = {} if limit is None else {"delivery_limit": limit, "dead_letter": ""}
                queue = await stage.queue(f"q{limit}", "quorum", **more)
                await stage.put(queue, b"1", b"2", b"3")
                into = await stage.intake(queue, prefetch=1)
                one = await into.next()
                await into.intake.stop()
                into.intake.nack(one.tag)
                await stage.holds(queue, 3)
                assert await (await stage.intake(queue)).bodies(3) == [b"1", b"2", b"3"]

    async def test_many_are_put_back_at_once(self) -> None:
        """`multiple` with `nack`."""
        async with self.stage() as stage:
            for kind in KINDS:
                queue = await stage.queue(kind, kind)
                await stage.put(queue, b"1", b"2", b"3", b"4")
                into = await stage.intake(queue)
                await into.count(4)
                await into.intake.stop()
                into.intake.nack(into.deliveries[2].tag, multiple=True)
                await stage.holds(queue, 3)

    async def test_what_is_neither_put_back_nor_dead_lettered_is_gone(self) -> None:
        """`requeue=False` in a queue without a dead-letter exchange."""
        async with self.stage() as stage:
            for kind in KINDS:
                queue = await stage.queue(kind, kind)
                await stage.put(queue, b"1", b"2")
                into = await stage.intake(queue, prefetch=1)
                into.intake.nack((await into.next()).tag, requeue=False)
                assert await into.bodies(1) == [b"2"]
                await into.intake.close()
                await asyncio.sleep(0.05)
                await stage.holds(queue, 0)

    async def test_a_closed_intake_leaves_what_is_not_acknowledged_to_others(self) -> None:
        """In the old order, as redelivered; so does a closed session. Acknowledging it now does nothing."""
        async with self.stage() as stage:
            for kind in KINDS:
                for what in ("intake", "session"):
                    queue = await stage.queue(f"{kind}-{what}", kind)
                    await stage.put(queue, b"1", b"2", b"3", b"4", b"5")
                    session = await stage.another()
                    into = await stage.intake(queue, session=session, prefetch=3)
                    await into.count(3)
                    into.intake.ack(into.deliveries[1].tag)
                    await into.count(4)
                    await (into.intake if what == "intake" else session).close()
                    assert await stage.end(into.intake.ended) is None
                    into.intake.ack(into.deliveries[0].tag)
                    into.intake.nack(into.deliveries[2].tag, requeue=False)
                    await stage.holds(queue, 4)
                    other = await stage.intake(queue)
                    assert await other.bodies(4) == [b"1", b"3", b"4", b"5"]
                    assert [one.redelivered for one in other.deliveries] == [True, True, True, False]

    async def test_a_stopped_intake_gets_no_more_but_can_settle(self) -> None:
        """What comes after is another's."""
        async with self.stage() as stage:
            for kind in KINDS:
                queue = await stage.queue(kind, kind)
                into = await stage.intake(queue)
                await stage.put(queue, b"1", b"2")
                one, two = await into.next(), await into.next()
                await into.intake.stop()
                await into.intake.stop()
                await stage.put(queue, b"3")
                await into.quiet()
                assert not into.intake.ended.done()
                into.intake.ack(one.tag)
                into.intake.nack(two.tag)
                await stage.holds(queue, 2)
                await into.intake.close()
                await stage.holds(queue, 2)

    async def test_an_unknown_tag_ends_the_intake(self) -> None:
        """With 406, also one that was settled before; what it had goes back; the session goes on."""
        async with self.stage() as stage:
            for again in (False, True):
                for how in ("ack", "nack"):
                    queue = await stage.queue(f"{how}{again}")
                    await stage.put(queue, b"1", b"2")
                    into = await stage.intake(queue)
                    await into.count(2)
                    tag = into.deliveries[0].tag
                    if again:
                        into.intake.ack(tag)
                    getattr(into.intake, how)(tag if again else tag + 100)
                    error = await stage.end(into.intake.ended)
                    assert isinstance(error, ChannelClosed)
                    assert error.code == 406
                    await stage.holds(queue, 1 if again else 2)

    async def test_consumers_take_turns(self) -> None:
        """Among those that may have more; one that is slow gets what its prefetch allows."""
        async with self.stage() as stage:
            queue = await stage.queue("q")
            first, second = await stage.intake(queue), await stage.intake(queue)
            for number in range(6):
                await stage.put(queue, b"%d" % number)
            await stage.until(lambda: _came(first, second) == 6, "6 deliveries")
            assert len(first.deliveries) == len(second.deliveries) == 3
            slow = await stage.intake(await stage.queue("r"), prefetch=1)
            quick = await stage.intake(stage.name("r"), prefetch=20)
            await stage.put(stage.name("r"), *[b""] * 10)
            await stage.until(lambda: _came(slow, quick) == 10, "10 deliveries")
            assert len(slow.deliveries) == 1

    async def test_an_exclusive_consumer_is_alone(self) -> None:
        """Nobody joins it, and it joins nobody (classic queues; quorum queues have `single_active`)."""
        async with self.stage() as stage:
            queue = await stage.queue("q")
            alone = await stage.intake(queue, exclusive=True)
            await _in_use(stage, queue)
            await _in_use(stage, queue, exclusive=True)
            await alone.intake.close()
            await stage.intake(queue)
            await _in_use(stage, queue, exclusive=True)
            await stage.put(queue, b"x")

    async def test_only_one_consumer_is_active_where_that_is_declared(self) -> None:
        """The first; when it stops, the next."""
        async with self.stage() as stage:
            for kind in KINDS:
                queue = await stage.queue(kind, kind, single_active=True)
                first, second = await stage.intake(queue, prefetch=2), await stage.intake(queue)
                await stage.put(queue, b"1", b"2", b"3", b"4")
                await first.count(2)
                await second.quiet(0)
                first.intake.ack(first.deliveries[0].tag)
                await first.count(3)
                await first.intake.close()
                assert sorted(await second.bodies(3)) == [b"2", b"3", b"4"]

    async def test_what_has_higher_priority_goes_first(self) -> None:
        """In order within a priority; more than the highest is the highest, none is 0."""
        async with self.stage() as stage:
            queue = await stage.queue("q", max_priority=5)
            for priority in (None, 1, 5, 0, 200, 1):
                await stage.put(queue, str(priority).encode(), priority=priority)
            into = await stage.intake(queue, prefetch=1)
            assert await into.bodies(6) == [b"5", b"200", b"1", b"1", b"None", b"0"]


def _came(*intakes: In) -> int:
    return sum(len(one.deliveries) for one in intakes)


async def _in_use(stage: Stage, queue: str, **options: Any) -> None:
    error = await refused(stage.intake(queue, **options), ChannelClosed)
    assert error.code == 403
