"""The contract of a broker: messages that expire, are rejected or are too many, and where they go then."""

import asyncio
from typing import Any

from cybernetic.gateways import Confirmed, Message, Rejected
from cybernetic.testing.broker.stage import KINDS, Contract

SOON, LATE = 0.05, 0.4  # seconds


class Dying(Contract):
    """Dead letters and time to live."""

    async def test_a_rejected_message_is_dead_lettered_with_its_history(self) -> None:
        """As it was, with `x-death` and `x-first-death-*`."""
        async with self.stage() as stage:
            for kind in KINDS:
                exchange, dead = await stage.exchange(f"x-{kind}"), await stage.queue(f"dead-{kind}")
                queue = await stage.queue(kind, kind, dead_letter="", dead_letter_key=dead)
                await stage.bind(exchange, queue, "#")
                out = await stage.outlet()
                await out.send(b"x", exchange=exchange, routing_key="a.b", id="one", headers={"own": 1})
                into = await stage.intake(queue)
                into.intake.nack((await into.next()).tag, requeue=False)
                delivery = await (await stage.intake(dead)).next()
                message: Any = delivery.message
                assert (message.body, message.id, message.headers["own"]) == (b"x", "one", 1)
                assert (message.exchange, message.routing_key, delivery.redelivered) == ("", dead, False)
                (death,) = message.headers["x-death"]
                assert isinstance(death["time"], int)
                assert dict(death) == {
                    "count": 1,
                    "reason": "rejected",
                    "queue": queue,
                    "time": death["time"],
                    "exchange": exchange,
                    "routing-keys": ["a.b"],
                }
                assert _first(message) == ("rejected", queue, exchange)

    async def test_a_message_expires_with_its_queues_ttl(self) -> None:
        """Without a dead-letter exchange it is gone; with one it goes there by its own routing key."""
        async with self.stage() as stage:
            for kind in KINDS:
                exchange, dead = await stage.exchange(f"x-{kind}"), await stage.queue(f"dead-{kind}")
                await stage.bind(exchange, dead, stage.name(kind))
                queue = await stage.queue(kind, kind, ttl=SOON, dead_letter=exchange)
                gone = await stage.queue(f"gone-{kind}", kind, ttl=SOON, lossy=True)
                await stage.put(queue, b"1", b"2")
                await stage.put(gone, b"1")
                into = await stage.intake(dead)
                assert await into.bodies(2) == [b"1", b"2"]
                message = into.deliveries[0].message
                assert _deaths(message) == [("expired", queue, 1)]
                assert (message.exchange, message.routing_key) == (exchange, queue)
                await stage.holds(gone, 0)

    async def test_a_message_expires_by_itself(self) -> None:
        """Its expiration is taken off then, and kept in its history as milliseconds."""
        async with self.stage() as stage:
            dead = await stage.queue("dead")
            into = await stage.intake(dead)
            for kind in KINDS:
                queue = await stage.queue(kind, kind, dead_letter="", dead_letter_key=dead)
                await stage.put(queue, b"x", expiration=SOON)
                message: Any = (await into.next()).message
                assert message.expiration is None
                assert message.headers["x-death"][0]["original-expiration"] == "50"
                assert _first(message) == ("expired", queue, "")

    async def test_each_queue_has_a_time_of_its_own(self) -> None:
        """What came later can expire earlier, in another queue."""
        async with self.stage() as stage:
            dead = await stage.queue("dead")
            for name, ttl in (("slow", 600.0), ("quick", SOON)):
                queue = await stage.queue(name, ttl=ttl, dead_letter="", dead_letter_key=dead)
                await stage.put(queue, name.encode())
            assert await (await stage.intake(dead)).bodies(1) == [b"quick"]
            await stage.holds(stage.name("slow"), 1)

    async def test_the_shorter_of_both_times_counts(self) -> None:
        """The queue's and the message's."""
        async with self.stage() as stage:
            dead = await stage.queue("dead")
            into = await stage.intake(dead)
            for ttl, expiration in ((SOON, 60.0), (60.0, SOON)):
                queue = await stage.queue(f"q{ttl}", ttl=ttl, dead_letter="", dead_letter_key=dead)
                await stage.put(queue, b"x", expiration=expiration)
                await into.next()

    async def test_a_message_expires_only_at_the_head(self) -> None:
        """One that stands behind another waits for it, however short its own time."""
        async with self.stage() as stage:
            dead = await stage.queue("dead")
            into = await stage.intake(dead)
            for kind in KINDS:
                queue = await stage.queue(kind, kind, dead_letter="", dead_letter_key=dead)
                began = asyncio.get_running_loop().time()
                await stage.put(queue, b"slow", expiration=LATE)
                await stage.put(queue, b"quick", expiration=SOON)
                assert await into.bodies(2) == [b"slow", b"quick"]
                assert asyncio.get_running_loop().time() - began >= LATE - 0.01

    async def test_a_message_expires_before_it_can_be_late(self) -> None:
        """A consumer that comes too late does not get it; one that has it keeps it."""
        async with self.stage() as stage:
            for kind in KINDS:
                queue = await stage.queue(kind, kind, ttl=0.15, lossy=True)
                into = await stage.intake(queue, prefetch=1)
                await stage.put(queue, b"held", b"late")
                held = await into.next()
                await asyncio.sleep(0.25)
                into.intake.ack(held.tag)
                await into.quiet()
                assert not into.intake.ended.done()

    async def test_a_message_without_time_is_only_for_who_waits(self) -> None:
        """A ttl of 0: delivered at once, or dead."""
        async with self.stage() as stage:
            dead = await stage.queue("dead")
            for kind in KINDS:
                queue = await stage.queue(kind, kind, ttl=0.0, dead_letter="", dead_letter_key=dead)
                into = await stage.intake(queue, prefetch=1)
                await stage.put(queue, b"1")
                assert (await into.next()).message.body == b"1"
                await stage.put(queue, b"2")
                letters = await stage.intake(dead)
                assert await letters.bodies(1) == [b"2"]
                await letters.intake.close()

    async def test_what_is_too_much_for_a_lossy_queue_goes_from_its_head(self) -> None:
        """By number and by bytes, to the dead-letter exchange where there is one."""
        async with self.stage() as stage:
            for kind in KINDS:
                dead = await stage.queue(f"dead-{kind}")
                letters: dict[str, Any] = {"dead_letter": "", "dead_letter_key": dead}
                for limit in ({"max_length": 3}, {"max_bytes": 3}):
                    name = f"{kind}-{next(iter(limit))}"
                    queue = await stage.queue(
                        name, kind, lossy=True, overflow="drop-head", **limit, **letters
                    )
                    await stage.put(queue, b"1", b"2", b"3", b"4", b"5")
                    await stage.holds(queue, 3)
                    into = await stage.intake(dead)
                    assert await into.bodies(2) == [b"1", b"2"]
                    assert _deaths(into.deliveries[0].message) == [("maxlen", queue, 1)]
                    await into.intake.close()
                    assert await (await stage.intake(queue)).bodies(3) == [b"3", b"4", b"5"]

    async def test_what_a_full_queue_rejects_can_be_dead_lettered(self) -> None:
        """The publisher is told all the same."""
        async with self.stage() as stage:
            dead = await stage.queue("dead")
            full: dict[str, Any] = {"max_length": 1, "overflow": "reject-publish-dlx"}
            queue = await stage.queue("q", **full, dead_letter="", dead_letter_key=dead)
            out = await stage.outlet()
            assert await out.send(b"1", routing_key=queue) == Confirmed()
            assert await out.send(b"2", routing_key=queue) == Rejected()
            message = (await (await stage.intake(dead)).next()).message
            assert message.body == b"2"
            assert _deaths(message) == [("maxlen", queue, 1)]

    async def test_a_message_put_back_too_often_is_dead_lettered(self) -> None:
        """A delivery limit of n lets n + 1 deliveries be; a consumer that ends counts as putting back."""
        async with self.stage() as stage:
            dead = await stage.queue("dead")
            queue = await stage.queue("q", "quorum", delivery_limit=2, dead_letter="", dead_letter_key=dead)
            for how in ("nack", "close"):
                await stage.put(queue, b"x")
                for _ in range(3):
                    into = await stage.intake(queue)
                    delivery = await into.next()
                    await into.intake.stop()
                    if how == "nack":
                        into.intake.nack(delivery.tag)
                    await into.intake.close()
                letters = await stage.intake(dead)
                dead_letter = await letters.next()
                letters.intake.ack(dead_letter.tag)
                await letters.intake.close()
                assert _deaths(dead_letter.message) == [("delivery_limit", queue, 1)]
                assert "x-delivery-count" not in dead_letter.message.headers

    async def test_the_same_death_is_counted(self) -> None:
        """The last death comes first, the first is remembered; a rejection lets a message come round."""
        async with self.stage() as stage:
            work, wait = stage.name("work"), stage.name("wait")
            await stage.queue("wait", ttl=SOON, dead_letter="", dead_letter_key=work)
            await stage.queue("work", dead_letter="", dead_letter_key=wait)
            await stage.put(work, b"x")
            into = await stage.intake(work)
            for times in range(4):
                delivery = await into.next()
                expected = [("expired", wait, times), ("rejected", work, times)] if times else []
                assert _deaths(delivery.message) == expected
                if times:
                    assert _first(delivery.message) == ("rejected", work, "")
                into.intake.nack(delivery.tag, requeue=False)

    async def test_a_message_that_comes_round_by_itself_is_dropped(self) -> None:
        """From a queue to itself, or by way of another."""
        async with self.stage() as stage:
            for kind in KINDS:
                one, two = stage.name(f"{kind}-1"), stage.name(f"{kind}-2")
                self_name = stage.name(f"{kind}-self")
                for name, to in ((f"{kind}-1", two), (f"{kind}-2", one), (f"{kind}-self", self_name)):
                    await stage.queue(name, kind, ttl=SOON, dead_letter="", dead_letter_key=to)
                await stage.put(one, b"x")
                await stage.put(self_name, b"x")
                await asyncio.sleep(6 * SOON)
                for name in (one, two, self_name):
                    await stage.holds(name, 0)

    async def test_a_dead_letter_exchange_that_is_not_there_harms_nothing(self) -> None:
        """The message is gone, the queue goes on."""
        async with self.stage() as stage:
            for kind in KINDS:
                queue = await stage.queue(kind, kind, dead_letter=stage.name("none"))
                await stage.put(queue, b"1", b"2")
                into = await stage.intake(queue, prefetch=1)
                into.intake.nack((await into.next()).tag, requeue=False)
                assert await into.bodies(1) == [b"2"]

    async def test_a_full_queue_does_not_take_dead_letters(self) -> None:
        """They are lost there, unless they are kept until they are safe (`at_least_once`)."""
        async with self.stage() as stage:
            dead = await stage.queue("dead", max_length=1)
            queue = await stage.queue("q", ttl=SOON, dead_letter="", dead_letter_key=dead)
            await stage.put(queue, b"1", b"2")
            await stage.holds(queue, 0)
            await stage.holds(dead, 1)

    async def test_letters_that_must_not_be_lost_arrive(self) -> None:
        """`at_least_once`, where there is room."""
        async with self.stage() as stage:
            dead = await stage.queue("dead", "quorum")
            options: dict[str, Any] = {"dead_letter": "", "dead_letter_key": dead, "at_least_once": True}
            queue = await stage.queue("q", "quorum", **options)
            into = await stage.intake(queue)
            await stage.put(queue, b"x")
            into.intake.nack((await into.next()).tag, requeue=False)
            message = (await (await stage.intake(dead)).next()).message
            assert _deaths(message) == [("rejected", queue, 1)]


def _deaths(message: Message) -> list[tuple[str, str, int]]:
    deaths: Any = message.headers.get("x-death", [])
    return [(death["reason"], death["queue"], death["count"]) for death in deaths]


def _first(message: Message) -> tuple[Any, ...]:
    return tuple(message.headers.get(f"x-first-death-{what}") for what in ("reason", "queue", "exchange"))
