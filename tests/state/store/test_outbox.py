"""The outbox: in before it is sent, out when it is confirmed, in order, bounded, and there after a restart."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from cybernetic.core import OptionError, Refusal
from cybernetic.state import Outbox, OutboxFull, Store, StoreClosed, StoreLimits


async def waiting(outbox: Outbox) -> list[int]:
    return [message.number for message in await outbox.take(limit=1000)]


async def test_messages_wait_in_order_until_they_are_confirmed(tmp_path: Path) -> None:
    async with await Store.open(tmp_path / "a") as store:
        outbox = await Outbox.open(store)
        assert await outbox.put("orders", "new.eu", b"body", b"headers") == 1
        assert await asyncio.gather(*(outbox.put("orders", "new", b"%d" % n) for n in range(4))) == [
            2,
            3,
            4,
            5,
        ]
        first, *rest = await outbox.take(limit=3)
        assert first[:5] == (1, "orders", "new.eu", b"headers", b"body")
        assert first.at == pytest.approx(store.now(), abs=60)
        assert [message.number for message in rest] == [2, 3]
        assert [message.body for message in await outbox.take(after=3)] == [b"2", b"3"]
        await outbox.confirm([1, 3, 4])
        assert await waiting(outbox) == [2, 5]
        await outbox.confirm([2, 5, 5, 1, 99])
        assert (await waiting(outbox), outbox.count, outbox.size, outbox.age) == ([], 0, 0, 0)


async def test_what_was_not_confirmed_is_there_after_reopening_in_order(tmp_path: Path) -> None:
    async with await Store.open(tmp_path / "a") as store:
        outbox = await Outbox.open(store)
        await asyncio.gather(*(outbox.put("", "queue", b"%d" % n) for n in range(300)))
        await outbox.confirm(range(1, 101))
        size = outbox.size
    async with await Store.open(tmp_path / "a") as store:
        outbox = await Outbox.open(store)
        assert await waiting(outbox) == list(range(101, 301))
        assert (outbox.count, outbox.size) == (200, size)
        assert await outbox.put("", "queue", b"") == 301


@pytest.mark.parametrize("way", ["confirmed", "restored", "discarded"])
async def test_a_number_is_never_used_twice(tmp_path: Path, way: str) -> None:
    last = 0
    for _ in range(3):
        async with await Store.open(tmp_path / "a") as store:
            outbox = await Outbox.open(store)
            number = await outbox.put("", "q", b"")
            assert number == last + 1
            if way == "confirmed":
                await outbox.confirm([number])
            else:
                assert await outbox.fail(number, "no such exchange")
            if way == "restored":
                number = await outbox.restore(number) or 0
                await outbox.confirm([number])
            if way == "discarded":
                assert await outbox.discard(number)
            assert outbox.count == 0
            last = number


async def test_confirming_what_was_never_put_uses_up_no_numbers(tmp_path: Path) -> None:
    for number in (1, 2):
        async with await Store.open(tmp_path / "a") as store:
            outbox = await Outbox.open(store)
            await outbox.confirm([10**9])
            assert await outbox.put("", "q", b"") == number


async def test_outboxes_of_other_names_are_apart_and_those_of_one_name_are_one(tmp_path: Path) -> None:
    async with await Store.open(tmp_path / "a") as store:
        one, same, other = await asyncio.gather(
            *(Outbox.open(store, name) for name in ("one", "one", "other"))
        )
        assert [
            await one.put("", "q", b"1"),
            await same.put("", "q", b"2"),
            await other.put("", "q", b"3"),
        ] == [1, 2, 1]
        await other.confirm([1, 2])
        assert (one.count, same.count, other.count) == (2, 2, 0)
        assert await waiting(one) == await waiting(same) == [1, 2]


async def test_a_full_outbox_refuses_and_says_how_full_it_is(tmp_path: Path) -> None:
    async with await Store.open(tmp_path / "a") as store:
        outbox = await Outbox.open(store, limits=StoreLimits(count=2, bytes=100, age=60))
        first = outbox.put("", "q", b"x" * 49)
        with pytest.raises(OutboxFull, match="100 bytes") as refused:
            outbox.put("", "q", b"x" * 50)
        assert (refused.value.count, refused.value.bytes) == (1, 50)
        await first
        await outbox.put("", "q", b"x")
        await asyncio.sleep(10)
        with pytest.raises(
            OutboxFull, match="at most 2 items, got: 2 items of 52 bytes, the oldest 10 s old"
        ):
            outbox.put("", "q", b"x")
        await outbox.confirm([2])
        await asyncio.sleep(51)
        with pytest.raises(OutboxFull, match="60 s of age") as refused:
            outbox.put("", "q", b"x")
        assert refused.value.age == pytest.approx(61, abs=0.1)
        assert isinstance(refused.value, Refusal)
        await outbox.confirm([1])
        assert await outbox.put("", "q", b"x") == 3


async def test_the_age_is_of_the_oldest_that_waits(tmp_path: Path) -> None:
    async with await Store.open(tmp_path / "a") as store:
        outbox = await Outbox.open(store)
        for _ in range(3):
            await outbox.put("", "q", b"")
            await asyncio.sleep(10)
        assert outbox.age == pytest.approx(30, abs=0.01)
        await outbox.confirm([2])
        assert outbox.age == pytest.approx(30, abs=0.01)
        await outbox.confirm([1])
        assert outbox.age == pytest.approx(10, abs=0.01)
        await outbox.fail(3, "why")
        assert outbox.age == 0
        await outbox.restore(3)
        await asyncio.sleep(10)
        assert outbox.age == pytest.approx(10, abs=0.01)
        await outbox.put("", "q", b"")
        await outbox.fail(4, "why")
        await asyncio.sleep(10)
        assert outbox.age == pytest.approx(10, abs=0.01)
        await outbox.confirm([5])
        assert (outbox.age, outbox.count) == (0, 1)


async def test_what_is_on_its_way_while_the_rest_is_confirmed_has_an_age(tmp_path: Path) -> None:
    async with await Store.open(tmp_path / "a") as store:
        outbox = await Outbox.open(store)
        await outbox.put("", "q", b"")
        confirming = outbox.confirm([1])
        await asyncio.sleep(0)
        await asyncio.sleep(0)  # it is being written
        put = outbox.put("", "q", b"")
        await asyncio.gather(confirming, put)
        await asyncio.sleep(10)
        assert outbox.age == pytest.approx(10, abs=0.01)


async def test_who_waits_for_room_gets_it_in_turn(tmp_path: Path) -> None:
    async with await Store.open(tmp_path / "a") as store:
        outbox = await Outbox.open(store, limits=StoreLimits(count=2))
        await asyncio.gather(*(outbox.put("", "q", b"") for _ in range(2)))
        order: list[int] = []

        async def produce(n: int) -> None:
            await outbox.room()
            outbox.put("", "q", b"")
            order.append(n)

        producers = [asyncio.ensure_future(produce(n)) for n in range(6)]
        await asyncio.sleep(1)
        assert order == []
        await outbox.confirm([1])
        await asyncio.sleep(1)
        assert order == [0]
        producers[1].cancel()
        await outbox.confirm([2, 3])
        await asyncio.sleep(1)
        assert order == [0, 2, 3]
        await outbox.confirm([4, 5])
        await asyncio.sleep(1)
        assert order == [0, 2, 3, 4, 5]


async def test_setting_the_oldest_aside_makes_room_where_age_was_in_the_way(tmp_path: Path) -> None:
    async with await Store.open(tmp_path / "a") as store:
        outbox = await Outbox.open(store, limits=StoreLimits(age=60))
        await outbox.put("", "q", b"")
        await asyncio.sleep(100)
        producer = asyncio.ensure_future(outbox.room())
        await asyncio.sleep(1)
        assert not producer.done()
        await outbox.fail(1, "no such exchange")
        await producer


async def test_wider_limits_are_room_for_those_who_wait(tmp_path: Path) -> None:
    async with await Store.open(tmp_path / "a") as store:
        outbox = await Outbox.open(store, limits=StoreLimits(count=1))
        await outbox.put("", "q", b"")
        producer = asyncio.ensure_future(outbox.room())
        await asyncio.sleep(1)
        assert (await Outbox.open(store)).box.room.limits.count == 1
        assert not producer.done()
        await Outbox.open(store, limits=StoreLimits(count=2))
        await producer


async def test_the_turn_of_one_that_is_cancelled_goes_to_the_next(tmp_path: Path) -> None:
    async with await Store.open(tmp_path / "a") as store:
        outbox = await Outbox.open(store, limits=StoreLimits(count=1))
        await outbox.put("", "q", b"")
        first, second = (asyncio.ensure_future(outbox.room()) for _ in range(2))
        await asyncio.sleep(0)
        outbox.box.room.leave(1, 1)
        first.cancel()
        await second
        assert first.cancelled()


async def test_who_waits_for_room_is_told_when_the_store_closes(tmp_path: Path) -> None:
    store = await Store.open(tmp_path / "a")
    outbox = await Outbox.open(store, limits=StoreLimits(count=1))
    await outbox.put("", "q", b"")
    producer = asyncio.ensure_future(outbox.room())
    await asyncio.sleep(0)
    await store.close()
    for late in (producer, outbox.room(), outbox.take()):
        with pytest.raises(StoreClosed):
            await late
    for call in (lambda: outbox.put("", "q", b""), lambda: outbox.confirm([1])):
        with pytest.raises(StoreClosed):
            call()
    assert outbox.count == 1


async def test_a_message_that_can_never_be_sent_is_set_aside_and_put_back_or_discarded(
    tmp_path: Path,
) -> None:
    async with await Store.open(tmp_path / "a") as store:
        outbox = await Outbox.open(store)
        await asyncio.gather(*(outbox.put("", "q", b"%d" % n) for n in range(1, 4)))
        assert await outbox.fail(1, "no such exchange")
        assert await outbox.fail(2, "refused")
        assert not await outbox.fail(1, "again")
        assert await waiting(outbox) == [3]
        assert [(aside.message.number, aside.why) for aside in await outbox.failed()] == [
            (1, "no such exchange"),
            (2, "refused"),
        ]
        assert [aside.message.body for aside in await outbox.failed(after=1)] == [b"2"]
        assert outbox.count == 3
        assert await outbox.restore(1) == 4
        assert await outbox.restore(1) is None
        assert await outbox.discard(2)
        assert not await outbox.discard(2)
        assert [message.body for message in await outbox.take()] == [b"3", b"1"]
        assert (outbox.count, outbox.size, await outbox.failed()) == (2, 4, [])


async def test_what_one_take_brings_is_bounded_in_bytes(tmp_path: Path) -> None:
    async with await Store.open(tmp_path / "a", synchronous="normal") as store:
        outbox = await Outbox.open(store)
        await asyncio.gather(*(outbox.put("", "q", b"x" * 3 * 1024 * 1024) for _ in range(4)))
        assert [message.number for message in await outbox.take()] == [1, 2, 3]
        assert [message.number for message in await outbox.take(after=3)] == [4]


@pytest.mark.parametrize(
    ("message", "what"),
    [
        (("", "q", "text"), "body: expected bytes"),
        (("", "q", bytearray(1)), "body: expected bytes"),
        (("", "q", b"", None), "headers: expected bytes"),
        ((None, "q", b""), "exchange: expected text"),
        (("", b"q", b""), "routing_key: expected text"),
        (("", "\ud800", b""), "routing_key: expected text"),
        (("", "q", b"x" * 101), "at most 100 bytes"),
    ],
)
async def test_what_cannot_be_kept_is_refused_at_the_line(tmp_path: Path, message: Any, what: str) -> None:
    async with await Store.open(tmp_path / "a") as store:
        outbox = await Outbox.open(store, limits=StoreLimits(bytes=100))
        with pytest.raises(OptionError, match=what):
            outbox.put(*message)
        with pytest.raises(OptionError, match="name: expected text"):
            await Outbox.open(store, 7)  # type: ignore[arg-type]
        with pytest.raises(OptionError, match="the number of a message"):
            outbox.confirm([0])
        with pytest.raises(OptionError, match="at most 100 bytes"):
            await outbox.room(101)
        assert await outbox.put("", "q", b"") == 1


@pytest.mark.parametrize("step", [3600, -3600, 86_400 * 400])
async def test_a_step_of_the_wall_clock_loses_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: float
) -> None:
    now = 1_800_000_000.0
    monkeypatch.setattr("cybernetic.state.store.store.wall", lambda: now)
    async with await Store.open(tmp_path / "a") as store:
        outbox = await Outbox.open(store, limits=StoreLimits(age=7200))
        await outbox.put("", "q", b"1")
        now += step
        await outbox.put("", "q", b"2")
        assert outbox.age < 1
    async with await Store.open(tmp_path / "a") as store:
        outbox = await Outbox.open(store, limits=StoreLimits(age=7200))
        assert [message.body for message in await outbox.take()] == [b"1", b"2"]
        assert outbox.age == pytest.approx(max(0, step), abs=10)


@pytest.mark.parametrize("limits", [{"count": 0}, {"bytes": 0.5}, {"age": 0}])
def test_limits_are_checked(limits: dict[str, Any]) -> None:
    with pytest.raises(OptionError, match=next(iter(limits))):
        StoreLimits(**limits)
