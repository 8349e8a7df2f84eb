"""The contract of a broker: what becomes of what is published."""

import asyncio
from typing import Any

from cybernetic.core import OptionError
from cybernetic.gateways import BrokerError, ChannelClosed, Confirmed, Message, Rejected, Returned, Unknown
from cybernetic.testing.broker.stage import KINDS, Contract, refused

EVERYTHING: dict[str, Any] = {
    "headers": {
        "text": "grüße",
        "whole": -(1 << 63),
        "float": 0.5,
        "yes": True,
        "nothing": None,
        "list": [1, "two", [3.0]],
        "map": {"deep": {"deeper": [False]}},
    },
    "id": "stable",
    "type": "greeting",
    "content_type": "application/msgpack",
    "content_encoding": "gzip",
    "correlation_id": "cause",
    "reply_to": "somewhere",
    "app_id": "tests",
    "priority": 3,
    "expiration": 60.0,
    "timestamp": 1_700_000_000,
}


class Publishing(Contract):
    """Outlets."""

    async def test_what_a_queue_takes_is_confirmed_each_once(self) -> None:
        """Numbers count from 1 for each outlet; nothing stays pending."""
        async with self.stage() as stage:
            for kind in KINDS:
                queue = await stage.queue(kind, kind)
                out = await stage.outlet()
                assert [out.publish(b"%d" % n, routing_key=queue) for n in range(300)] == list(range(1, 301))
                await out.all(300)
                assert set(out.told.values()) == {Confirmed()}
                assert out.outlet.pending == 0
                await stage.holds(queue, 300)

    async def test_an_outcome_is_never_told_from_within_publish(self) -> None:
        """Whoever publishes knows the number before the outcome comes."""
        async with self.stage() as stage:
            out = await stage.outlet()
            number = out.publish(routing_key=stage.name("nowhere"))
            assert not out.told
            assert out.outlet.pending == 1
            await out.outcome(number)

    async def test_a_mandatory_message_that_no_queue_takes_is_returned(self) -> None:
        """One that is not mandatory is confirmed, and gone."""
        async with self.stage() as stage:
            exchange = await stage.exchange("x")
            out = await stage.outlet()
            nowhere: list[dict[str, Any]] = [
                {"routing_key": stage.name("none")},
                {"exchange": exchange, "routing_key": "a"},
            ]
            for options in nowhere:
                returned = await out.send(**options)
                assert isinstance(returned, Returned)
                assert returned.code == 312
                assert await out.send(**options, mandatory=False) == Confirmed()

    async def test_messages_with_the_same_id_do_not_take_each_others_outcomes(self) -> None:
        """The id is the caller's; each attempt is known by its number."""
        async with self.stage() as stage:
            queue = await stage.queue("q")
            out = await stage.outlet()
            lost = out.publish(routing_key=stage.name("none"), id="one")
            kept = out.publish(routing_key=queue, id="one")
            assert isinstance(await out.outcome(lost), Returned)
            assert await out.outcome(kept) == Confirmed()

    async def test_a_message_arrives_as_it_was_published(self) -> None:
        """Headers of every type, properties, bodies of no byte and of many."""
        async with self.stage() as stage:
            queue = await stage.queue("q")
            into = await stage.intake(queue)
            for body in (b"", b"\x00\xff" * 100_000):
                await stage.put(queue, body, **EVERYTHING)
                got = (await into.next()).message
                assert got.body == body
                assert {name: got.headers[name] for name in EVERYTHING["headers"]} == EVERYTHING["headers"]
                for name in EVERYTHING.keys() - {"headers"}:
                    assert getattr(got, name) == EVERYTHING[name], name
                assert (got.exchange, got.routing_key, got.persistent) == ("", queue, True)

    async def test_a_message_without_properties_arrives_without(self) -> None:
        """What was not set is not set."""
        async with self.stage() as stage:
            queue = await stage.queue("q")
            into = await stage.intake(queue)
            await stage.put(queue, b"x", persistent=False)
            assert (await into.next()).message == Message(b"x", "", queue, persistent=False)

    async def test_what_amqp_cannot_carry_is_refused_at_once(self) -> None:
        """Nothing was sent, and the outlet goes on."""
        async with self.stage() as stage:
            queue = await stage.queue("q")
            out = await stage.outlet()
            bad: Any
            for bad in (
                b"bytes",
                1 << 63,
                -(1 << 63) - 1,
                {1, 2},
                object(),
                [b"bytes"],
                {"a": b"bytes"},
                "\ud800",
            ):
                out.refuses(OptionError, routing_key=queue, headers={"bad": bad})
            assert out.outlet.pending == 0
            assert await out.send(routing_key=queue) == Confirmed()
            await stage.holds(queue, 1)

    async def test_what_is_changed_after_publishing_does_not_arrive(self) -> None:
        """Headers are taken as they are at `publish`, and each consumer gets its own."""
        async with self.stage() as stage:
            queue = await stage.queue("q")
            into = await stage.intake(queue)
            inner: dict[str, Any] = {"a": 1}
            headers: dict[str, Any] = {"inner": inner, "list": [1]}
            out = await stage.outlet()
            out.publish(routing_key=queue, headers=headers)
            inner["a"], headers["more"] = 2, True
            for _ in range(2):
                delivery = await into.next()
                got: Any = delivery.message.headers
                assert got["inner"] == {"a": 1}
                assert got["list"] == [1]
                assert "more" not in got
                got["list"].append(2)
                into.intake.nack(delivery.tag)

    async def test_an_exchange_that_is_not_there_fails_its_outlet_only(self) -> None:
        """What was published before keeps its outcome or is unknown; the session and its other outlets go on."""
        async with self.stage() as stage:
            queue = await stage.queue("q")
            out, other = await stage.outlet(), await stage.outlet()
            assert await out.send(routing_key=queue) == Confirmed()
            missing = out.publish(exchange=stage.name("none"))
            after = out.publish(routing_key=queue)
            error = await stage.end(out.outlet.ended)
            assert isinstance(error, ChannelClosed)
            assert error.code == 404
            assert stage.name("none") in str(error)
            assert isinstance(out.told[missing], Unknown)
            assert isinstance(out.told[after], Unknown)
            out.refuses(BrokerError, routing_key=queue)
            assert await other.send(routing_key=queue) == Confirmed()
            assert await (await stage.outlet()).send(routing_key=queue) == Confirmed()

    async def test_closing_an_outlet_waits_for_what_is_pending(self) -> None:
        """A second time nothing happens; nothing can be published then."""
        async with self.stage() as stage:
            queue = await stage.queue("q")
            out = await stage.outlet()
            for _ in range(100):
                out.publish(routing_key=queue)
            await out.outlet.close()
            await out.outlet.close()
            assert list(out.told.values()) == [Confirmed()] * 100
            assert await stage.end(out.outlet.ended) is None
            out.refuses(BrokerError, routing_key=queue)

    async def test_closing_a_session_tells_all_and_ends_all(self) -> None:
        """Everything ends without an error; a second time nothing happens; nothing can be made then."""
        async with self.stage() as stage:
            queue = await stage.queue("q")
            session = await stage.another()
            out = await stage.outlet(session)
            into = await stage.intake(await stage.queue("r"), session=session)
            for _ in range(100):
                out.publish(routing_key=queue)
            await asyncio.wait_for(session.close(), self.seconds)
            await asyncio.wait_for(session.close(), self.seconds)
            assert list(out.told.values()) == [Confirmed()] * 100
            for ended in (out.outlet.ended, into.intake.ended, session.ended):
                assert await stage.end(ended) is None
            for call in (session.state(queue), session.outlet(out.settled), session.ready()):
                await refused(call, BrokerError)

    async def test_a_session_that_is_not_blocked_is_ready(self) -> None:
        """`ready` returns at once."""
        async with self.stage() as stage:
            assert stage.session.blocked is None
            await asyncio.wait_for(stage.session.ready(), self.seconds)

    async def test_a_full_queue_rejects(self) -> None:
        """A classic queue keeps exactly its limit; a quorum queue stops a little above it. Both take more later."""
        async with self.stage() as stage:
            for kind, most in (("classic", 5), ("quorum", 20)):
                for limit in ({"max_length": 5}, {"max_bytes": 50}):
                    queue = await stage.queue(f"{kind}-{next(iter(limit))}", kind, **limit)
                    out = await stage.outlet()
                    told = [await out.send(b"0123456789", routing_key=queue) for _ in range(25)]
                    kept = told.index(Rejected())
                    assert 5 <= kept <= most
                    assert told == [Confirmed()] * kept + [Rejected()] * (25 - kept)
                    await stage.holds(queue, kept)
                    assert await stage.session.purge(queue) == kept

                    async def taken(out: Any = out, queue: str = queue) -> bool:
                        return bool(await out.send(routing_key=queue) == Confirmed())

                    await stage.until(taken, f"{queue} takes more")

    async def test_a_message_that_one_of_its_queues_rejects_is_rejected(self) -> None:
        """The other queue has it all the same."""
        async with self.stage() as stage:
            exchange = await stage.exchange("x", "fanout")
            full, other = await stage.queue("full", max_length=0), await stage.queue("other")
            await stage.bind(exchange, full)
            await stage.bind(exchange, other)
            out = await stage.outlet()
            assert await out.send(exchange=exchange) == Rejected()
            await stage.holds(other, 1)
