"""The contract of a broker: where a message goes."""

from typing import Any

from cybernetic.gateways import Confirmed, Returned
from cybernetic.testing.broker.stage import Contract, Stage

TOPICS = {  # pattern: the keys it matches
    "a.b": {"a.b"},
    "a.*": {"a.b", "a.c", "a."},
    "*.b": {"a.b"},
    "*": {"a"},
    "#": {"a", "a.b", "a.c", "a.b.c", "b.c", "", "a."},
    "a.#": {"a", "a.b", "a.c", "a.b.c", "a."},
    "#.c": {"a.c", "a.b.c", "b.c"},
    "a.*.c": {"a.b.c"},
    "a.#.c": {"a.c", "a.b.c"},
    "*.#": {"a", "a.b", "a.c", "a.b.c", "b.c", "a."},
    "#.b.#": {"a.b", "a.b.c", "b.c"},
    "": {""},
}
HEADERS: tuple[tuple[dict[str, Any], Any, dict[str, Any], bool], ...] = (
    ({"a": 1, "b": "x"}, "all", {"a": 1, "b": "x", "c": True}, True),
    ({"a": 1, "b": "x"}, "all", {"a": 1}, False),
    ({"a": 1, "b": "x"}, "all", {"a": 1, "b": "y"}, False),
    ({"a": 1, "b": "x"}, "any", {"b": "x"}, True),
    ({"a": 1, "b": "x"}, "any", {"a": 2}, False),
    ({"a": 1}, "all", {"a": True}, False),
    ({"a": 1}, "all", {"a": "1"}, False),
    ({}, "all", {}, True),
    ({}, "any", {"a": 1}, False),
    ({"x-own": 1}, "any", {"x-own": 1}, False),
)


class Routing(Contract):
    """Exchanges and bindings."""

    async def test_a_topic_exchange_goes_by_words(self) -> None:
        """`*` is one word, `#` any number of them."""
        async with self.stage() as stage:
            exchange = await stage.exchange("x")
            queues = {pattern: await stage.queue(f"q{number}") for number, pattern in enumerate(TOPICS)}
            for pattern, queue in queues.items():
                await stage.bind(exchange, queue, pattern)
            for key in sorted(set[str]().union(*TOPICS.values())):
                await _publish(stage, exchange, routing_key=key)
            for pattern, keys in TOPICS.items():
                into = await stage.intake(queues[pattern], prefetch=50)
                assert {(await into.next()).message.routing_key for _ in keys} == keys
                await stage.holds(queues[pattern], 0)

    async def test_a_direct_exchange_goes_by_the_key(self) -> None:
        """The very key; wildcards mean nothing."""
        async with self.stage() as stage:
            exchange = await stage.exchange("x", "direct")
            queue, star = await stage.queue("q"), await stage.queue("star")
            await stage.bind(exchange, queue, "a")
            await stage.bind(exchange, queue, "b")
            await stage.bind(exchange, star, "*")
            for key in ("a", "b", "*"):
                assert await _publish(stage, exchange, routing_key=key) == Confirmed()
            assert isinstance(await _publish(stage, exchange, routing_key="c"), Returned)
            await stage.holds(queue, 2)
            await stage.holds(star, 1)

    async def test_a_fanout_exchange_goes_to_all(self) -> None:
        """Each queue once, however often it is bound."""
        async with self.stage() as stage:
            exchange = await stage.exchange("x", "fanout")
            queues = [await stage.queue(name) for name in "abc"]
            for queue in queues:
                await stage.bind(exchange, queue, "one")
                await stage.bind(exchange, queue, "two")
                await stage.bind(exchange, queue, "two")
            assert await _publish(stage, exchange, routing_key="three") == Confirmed()
            for queue in queues:
                await stage.holds(queue, 1)

    async def test_a_queue_gets_one_copy_from_one_exchange(self) -> None:
        """However many of its bindings match."""
        async with self.stage() as stage:
            exchange, queue = await stage.exchange("x"), await stage.queue("q")
            for pattern in ("a.*", "a.#", "#", "a.b"):
                await stage.bind(exchange, queue, pattern)
            await _publish(stage, exchange, routing_key="a.b")
            await stage.holds(queue, 1)

    async def test_a_headers_exchange_goes_by_headers(self) -> None:
        """All or any of them; numbers by value; what begins with "x-" is not looked at."""
        async with self.stage() as stage:
            for number, (wanted, match, headers, goes) in enumerate(HEADERS):
                exchange = await stage.exchange(f"x{number}", "headers")
                queue = await stage.queue(f"q{number}")
                await stage.bind(exchange, queue, headers=wanted, match=match)
                outcome = await _publish(stage, exchange, headers=headers)
                assert isinstance(outcome, Confirmed) == goes, (wanted, match, headers)

    async def test_the_default_exchange_goes_to_the_queue_of_that_name(self) -> None:
        """To every queue, without a binding."""
        async with self.stage() as stage:
            queue = await stage.queue("q")
            assert await _publish(stage, "", routing_key=queue) == Confirmed()
            await stage.holds(queue, 1)

    async def test_the_brokers_own_exchanges_are_there(self) -> None:
        """`amq.topic` and its like can be bound and published to."""
        async with self.stage() as stage:
            for kind in ("topic", "direct", "fanout"):
                queue = await stage.queue(kind)
                await stage.bind(f"amq.{kind}", queue, queue)
                assert await _publish(stage, f"amq.{kind}", routing_key=queue) == Confirmed()
                await stage.holds(queue, 1)

    async def test_an_alternate_exchange_gets_what_has_no_route(self) -> None:
        """Only that; and where it has no route either, the message is returned."""
        async with self.stage() as stage:
            spare = await stage.exchange("spare", "direct")
            exchange = await stage.exchange("x", "direct", alternate=spare)
            first, second = await stage.queue("first"), await stage.queue("second")
            await stage.bind(exchange, first, "a")
            await stage.bind(spare, second, "a")
            await stage.bind(spare, second, "b")
            assert await _publish(stage, exchange, routing_key="a") == Confirmed()
            assert await _publish(stage, exchange, routing_key="b") == Confirmed()
            assert isinstance(await _publish(stage, exchange, routing_key="c"), Returned)
            await stage.holds(first, 1)
            await stage.holds(second, 1)
            into = await stage.intake(second)
            assert (await into.next()).message.exchange == exchange

    async def test_a_deleted_exchange_and_a_deleted_queue_take_no_more(self) -> None:
        """The bindings go with either."""
        async with self.stage() as stage:
            exchange, queue = await stage.exchange("x"), await stage.queue("q")
            await stage.bind(exchange, queue, "#")
            await stage.session.delete(queue=queue)
            await stage.queue("q")
            assert isinstance(await _publish(stage, exchange, routing_key="a"), Returned)
            await stage.bind(exchange, queue, "#")
            await stage.session.delete(exchange=exchange)
            await stage.exchange("x")
            assert isinstance(await _publish(stage, exchange, routing_key="a"), Returned)


async def _publish(stage: Stage, exchange: str, **options: Any) -> Any:
    out = await stage.outlet()
    outcome = await out.send(exchange=exchange, **options)
    await out.outlet.close()
    return outcome
