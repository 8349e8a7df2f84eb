"""What a publisher promises: a result for each message, and nothing lost that went through the outbox."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from cybernetic.core import CallTimeout
from cybernetic.gateways import (
    Author,
    Binding,
    ChannelClosed,
    Effect,
    Exchange,
    Letter,
    MemoryBroker,
    Message,
    NoRoute,
    NotConnected,
    NotSent,
    Publisher,
    PublishRejected,
    Queue,
    TooMany,
    Topology,
)
from cybernetic.state import Outbox, OutboxFull, StoreLimits
from tests.gateways.agents.plant import Reader, ask_all, empty, orders, plant, until

SMALL = Queue("out", max_length=3, kind="classic")


def letter() -> Letter:
    return Letter(Author("shop").write("order", "shop"), routing_key="out")


async def test_each_message_has_a_receipt_and_goes_once_in_order(tmp_path: Path) -> None:
    broker = MemoryBroker()
    async with plant(broker, tmp_path / "a") as a:
        reader = await Reader.of(a.outside, "out")
        receipts = await ask_all(a, orders(300, "out"))
        assert [one.id for one in receipts] == [str(n) for n in range(300)]
        assert [one.number for one in receipts] == list(range(1, 301))
        assert all(one.confirmed for one in receipts)
        await empty(a)
        assert reader.ids == [str(n) for n in range(300)]


async def test_a_message_without_an_id_gets_one_that_is_told_in_the_receipt(tmp_path: Path) -> None:
    async with plant(MemoryBroker(), tmp_path / "a") as a:
        reader = await Reader.of(a.outside, "out")
        receipt = await a.publish(b"x")
        await until(lambda: reader.ids)
        assert reader.ids == [receipt.id]
        assert len(receipt.id) > 20


@pytest.mark.parametrize("kept", [True, False])
async def test_never_more_than_the_window_is_on_its_way(tmp_path: Path, kept: bool) -> None:
    broker = MemoryBroker()
    async with plant(broker, tmp_path / "a", window=7) as a:
        most = watch_window(broker)
        asked = [a.publisher.within(None).request(Publisher.publish, one, kept) for one in orders(14, "out")]
        await asyncio.gather(*asked)
        assert 0 < max(most) <= 7
        assert max(most) == 7 or kept  # several commits may each bring fewer


def watch_window(broker: MemoryBroker) -> list[int]:
    """How many were pending at each publish."""
    seen: list[int] = []
    for session in broker._sessions:
        for outlet in session._outlets:
            publish = outlet.publish

            def counted(message: Message, outlet: Any = outlet, publish: Any = publish) -> int:
                number: int = publish(message)
                seen.append(outlet.pending)
                return number

            outlet.publish = counted  # type: ignore[method-assign]
    return seen


async def test_a_message_that_no_queue_takes_is_told_and_set_aside_while_others_go(tmp_path: Path) -> None:
    async with plant(MemoryBroker(), tmp_path / "a") as a:
        good, bad, last = await ask_all(
            a, [orders(1, "out")[0], Message(b"?", routing_key="nowhere", id="bad"), orders(1, "out", 5)[0]]
        )
        assert good.confirmed
        assert last.confirmed
        assert isinstance(bad, NoRoute)
        assert "nowhere" in str(bad)
        assert "312" in str(bad)
        outbox = await Outbox.open(a.shelf.open())

        async def aside() -> bool:
            return bool(await outbox.failed())

        await until(aside)
        (failed,) = await outbox.failed()
        assert failed.message.routing_key == "nowhere"
        assert "no queue" in failed.why
        assert await outbox.take() == []


async def test_an_exchange_that_is_not_there_fails_its_own_messages_and_no_other(tmp_path: Path) -> None:
    async with plant(MemoryBroker(), tmp_path / "a") as a:
        reader = await Reader.of(a.outside, "out")
        messages = [
            Message(b"?", exchange="missing", id=f"bad {n}") if n % 10 == 5 else one
            for n, one in enumerate(orders(50, "out"))
        ]
        results = await ask_all(a, messages)
        for n, result in enumerate(results):
            if n % 10 == 5:
                assert isinstance(result, NoRoute)
                assert "missing" in str(result)
            else:
                assert result.confirmed
        await empty(a)
        assert set(reader.ids) == {str(n) for n in range(50) if n % 10 != 5}


async def test_an_exchange_named_like_its_vhost_is_not_taken_for_one_that_is_missing_in_it(
    tmp_path: Path,
) -> None:
    async with plant(MemoryBroker(), tmp_path / "a") as a:
        await a.outside.declare(Topology((Exchange("/", "fanout"),), bindings=(Binding("/", "out"),)))
        good = [Message(b"", "/", id=str(n)) for n in range(20)]
        bad = Message(b"?", "missing", id="bad")
        results = await ask_all(a, [*good[:10], bad, *good[10:]])
        assert isinstance(results.pop(10), NoRoute)
        assert all(one.confirmed for one in results)
        assert await a.ready("out") == 20


async def test_a_message_that_closes_its_channel_without_a_word_is_found_among_the_others(
    tmp_path: Path,
) -> None:
    broker = MemoryBroker()
    async with plant(broker, tmp_path / "a", window=20) as a:
        reader = await Reader.of(a.outside, "out")
        publish = broker._vhost.publish

        def poisoned(message: Message, now: float) -> Any:
            if message.body == b"poison":
                raise ChannelClosed(406, "PRECONDITION_FAILED - something is wrong")
            return publish(message, now)

        broker._vhost.publish = poisoned  # type: ignore[method-assign]
        messages = [
            Message(b"poison", routing_key="out", id=f"bad {n}") if n in (7, 30) else one
            for n, one in enumerate(orders(60, "out"))
        ]
        results = await ask_all(a, messages)
        failed = [n for n, one in enumerate(results) if isinstance(one, BaseException)]
        assert failed == [7, 30]
        assert "something is wrong" in str(results[7])
        await empty(a)
        assert set(reader.ids) == {str(n) for n in range(60) if n not in (7, 30)}
        assert list(dict.fromkeys(reader.ids)) == sorted(set(reader.ids), key=int)


async def test_a_full_queue_has_one_tried_again_later_while_others_go_on(tmp_path: Path) -> None:
    topology = Topology(queues=(SMALL, Queue("other")))
    async with plant(MemoryBroker(), tmp_path / "a", topology=topology) as a:
        asked = [a.publisher.within(None).request(Publisher.publish, one) for one in orders(6, "out")]
        other = await asyncio.wait_for(a.publish(b"x", "other"), 0.5)
        assert other.confirmed
        await asyncio.sleep(5.0)
        assert await a.ready("out") == 3
        assert await a.waiting() == 3
        reader = await Reader.of(a.outside, "out")
        receipts = await asyncio.gather(*asked)
        assert [one.id for one in receipts] == [str(n) for n in range(6)]
        await until(lambda: len(reader.ids) == 6)
        assert reader.ids[:3] == ["0", "1", "2"]
        assert sorted(reader.ids) == [str(n) for n in range(6)]
        await empty(a)


async def test_without_the_outbox_a_full_queue_is_a_refusal(tmp_path: Path) -> None:
    async with plant(MemoryBroker(), None, topology=Topology(queues=(SMALL,))) as a:
        results = await ask_all(a, orders(4, "out"))
        assert [type(one).__name__ for one in results] == ["Receipt"] * 3 + ["PublishRejected"]
        assert isinstance(results[3], PublishRejected)
        assert results[0].number is None


async def test_without_the_outbox_too_many_and_no_connection_are_refusals(tmp_path: Path) -> None:
    broker = MemoryBroker()
    async with plant(broker, None, window=2) as a:
        broker.block()
        asked = [a.publisher.within(None).request(Publisher.publish, one) for one in orders(5, "out")]
        results = asyncio.gather(*asked, return_exceptions=True)
        await asyncio.sleep(0.1)
        broker.unblock()
        kinds = [type(one).__name__ for one in await results]
        assert kinds == ["Receipt"] * 4 + ["TooMany"], TooMany
        broker.stop()
        await asyncio.sleep(1.0)
        with pytest.raises(NotConnected):
            await a.publish(b"x")


async def test_what_is_wrong_with_a_message_is_told_and_harms_nobody_else(tmp_path: Path) -> None:
    async with plant(MemoryBroker(), None) as a:
        publisher = a.ref("amqp.publisher")
        with pytest.raises(NotSent, match="durable"):
            await a.publisher.call(Publisher.publish, Message(b"x"), True)
        with pytest.raises(NotSent, match="Message or a Letter"):
            await a.publisher.call(Publisher.publish, "x")  # type: ignore[call-overload]
        assert a.ref("amqp.publisher") == publisher
    async with plant(MemoryBroker(), tmp_path / "a") as a:
        publisher = a.ref("amqp.publisher")
        with pytest.raises(NotSent, match="header 'odd'"):
            await a.publish(b"x", headers={"odd": object()})
        with pytest.raises(NotSent, match="letter"):
            await a.publisher.call(Publisher.publish, letter())
        with pytest.raises(NotSent, match="header 'large'"):
            await a.publish(b"x", headers={"large": 2**70})
        assert (await a.publish(b"x")).confirmed
        assert a.ref("amqp.publisher") == publisher


async def test_a_full_outbox_refuses_and_takes_more_when_it_has_room(tmp_path: Path) -> None:
    broker = MemoryBroker()
    async with plant(broker, tmp_path / "a", limits=StoreLimits(count=3)) as a:
        broker.stop()
        await asyncio.sleep(1.0)
        for one in orders(3, "out"):
            await a.publisher.call(Publisher.post, one)
        with pytest.raises(OutboxFull, match="3 items"):
            await a.publisher.call(Publisher.post, orders(1, "out", 7)[0])
        broker.start()
        await empty(a)
        assert (await a.publish(b"x")).confirmed


async def test_a_caller_that_gave_up_changes_nothing(tmp_path: Path) -> None:
    broker = MemoryBroker()
    async with plant(broker, tmp_path / "a") as a:
        broker.stop()
        await asyncio.sleep(1.0)
        with pytest.raises(CallTimeout):
            await a.publisher.within(0.5).call(Publisher.publish, orders(1, "out")[0])
        broker.start()
        await empty(a)
        outside = await broker.connect()
        assert (await outside.state("out")).messages == 1
        await outside.close()


async def test_what_is_on_its_way_is_waited_for_at_the_end(tmp_path: Path) -> None:
    broker = MemoryBroker()
    async with plant(broker, None) as a:
        asked = [a.publisher.within(None).request(Publisher.publish, one) for one in orders(100, "out")]
        await asyncio.sleep(0)
        await a.system.stop()
        results = await asyncio.gather(*asked, return_exceptions=True)
        assert all(getattr(one, "confirmed", False) for one in results), results
        assert await a.ready("out") == 100


async def test_offer_sends_now_or_drops(tmp_path: Path) -> None:
    broker = MemoryBroker()
    async with plant(broker, tmp_path / "a", window=2) as a:
        a.publisher.cast(Publisher.offer, orders(1, "out")[0])
        await asyncio.sleep(0.1)
        assert await a.ready("out") == 1
        broker.block()
        a.publisher.cast(Publisher.offer, orders(1, "out")[0])
        await asyncio.sleep(0.1)
        broker.unblock()
        await asyncio.sleep(0.1)
        assert await a.ready("out") == 1
        assert await a.waiting() == 0


async def test_what_comes_into_the_outbox_by_another_way_is_sent_when_it_is_told(tmp_path: Path) -> None:
    async with plant(MemoryBroker(), tmp_path / "a") as a:
        reader = await Reader.of(a.outside, "out")
        store = a.shelf.open()
        effect = Effect(store, outbox=await Outbox.open(store))
        for one in orders(30, "out"):
            effect.publish(one)
        await store.commit(effect)
        a.publisher.cast(Publisher.look)
        await until(lambda: len(reader.ids) == 30)
        await empty(a)
        assert reader.ids == [str(n) for n in range(30)]


async def test_a_blocked_broker_is_waited_for(tmp_path: Path) -> None:
    broker = MemoryBroker()
    async with plant(broker, tmp_path / "a") as a:
        broker.block()
        asked = [a.publisher.within(None).request(Publisher.publish, one) for one in orders(5, "out")]
        await asyncio.sleep(30.0)
        assert await a.ready("out") == 0
        assert await a.waiting() == 5
        broker.unblock()
        await asyncio.gather(*asked)
        broker.block()
        late = a.publisher.within(None).request(Publisher.publish, orders(1, "out", 9)[0])
        await asyncio.sleep(5.0)
        broker.cut()
        await asyncio.sleep(30.0)
        broker.unblock()
        assert (await late).confirmed


async def test_nothing_is_lost_over_cuts_and_only_what_was_unconfirmed_comes_twice(tmp_path: Path) -> None:
    broker = MemoryBroker()
    async with plant(broker, tmp_path / "a", window=16) as a:
        done: list[str] = []

        async def produce(n: int) -> None:
            await asyncio.sleep(n * 0.01)
            done.append((await a.publish(b"", id=str(n))).id)

        work = asyncio.gather(*(produce(n) for n in range(400)))
        for _ in range(5):
            await asyncio.sleep(0.7)
            broker.cut()
        await work
        assert sorted(map(int, done)) == list(range(400))
        outside = await broker.connect()
        reader = await Reader.of(outside, "out", 2000)
        await until(lambda: set(reader.ids) == set(done))
        assert len(reader.ids) <= 400 + 5 * 16
        first: dict[str, int] = {}
        for place, id in enumerate(reader.ids):
            first.setdefault(id, place)
        assert list(first) == sorted(first, key=int)  # in order, the repetitions apart
        await outside.close()


async def test_the_outbox_outlives_the_gateway(tmp_path: Path) -> None:
    broker = MemoryBroker()
    async with plant(broker, tmp_path / "a") as a:
        broker.stop()
        await asyncio.sleep(1.0)
        posted = [await a.publisher.call(Publisher.post, one) for one in orders(20, "out")]
        assert not any(one.confirmed for one in posted)
        assert [one.number for one in posted] == list(range(1, 21))
    broker.start()
    async with plant(broker, tmp_path / "a") as a:
        reader = await Reader.of(a.outside, "out")
        await until(lambda: len(reader.ids) == 20)
        assert reader.ids == [str(n) for n in range(20)]
        await empty(a)
