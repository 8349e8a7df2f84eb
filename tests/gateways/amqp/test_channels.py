"""The wire and who listens on it, without a broker: frames in any pieces, outcomes told once, the end told last."""

import asyncio
import inspect
import struct
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import aiormq
import aiormq.connection
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cybernetic.core import OptionError
from cybernetic.gateways import (
    BrokerError,
    ChannelClosed,
    Confirmed,
    Delivery,
    Message,
    Rejected,
    Returned,
    Unknown,
)
from cybernetic.gateways.broker.amqp.driver_connect import takes_a_transport
from cybernetic.gateways.broker.amqp.frames import ACK, HEARTBEAT, NACK, frame
from cybernetic.gateways.broker.amqp.intake import AmqpIntake
from cybernetic.gateways.broker.amqp.line import Line
from cybernetic.gateways.broker.amqp.outlet import AmqpOutlet
from cybernetic.gateways.broker.amqp.wire import Wire
from cybernetic.gateways.broker.messages import Outcome


class Told:
    """What was told, once for each number, and in which order beside the end."""

    def __init__(self) -> None:
        self.outcomes: dict[int, Outcome] = {}
        self.calls = 0

    def __call__(self, numbers: Sequence[int], outcome: Outcome) -> None:
        self.calls += 1
        assert numbers
        for number in numbers:
            assert number not in self.outcomes
            self.outcomes[number] = outcome


def wire() -> Wire:
    return Wire(asyncio.get_running_loop(), lambda error: None)


async def _shut(line: Line) -> None:
    line.end(None)


async def _nothing() -> None:
    return None


def outlet(on: Wire, told: Told, **options: Any) -> AmqpOutlet:
    settings = {"confirm_timeout": None, "max_body": 1000, "blocked": lambda: None, "shut": _shut} | options
    return AmqpOutlet(on, 1, told, **settings)


def intake(on: Wire, came: list[Delivery], shut: Callable[[Line], Awaitable[None]] = _shut) -> AmqpIntake:
    made = AmqpIntake(on, 1, "q", came.append, cancel=_nothing, shut=shut)
    made.begin()
    return made


def short(text: bytes) -> bytes:
    return bytes((len(text),)) + text


def settled(method: int, tag: int, multiple: bool = False) -> bytes:
    return frame(1, 1, struct.pack(">IQB", method, tag, multiple))


def returned(attempt: bytes, body: bytes = b"") -> bytes:
    method = frame(1, 1, struct.pack(">HHH", 60, 50, 312) + short(b"NO_ROUTE") + short(b"e") + short(b"k"))
    header = frame(2, 1, struct.pack(">HHQH", 60, 0, len(body), 1 << 7) + short(attempt))
    return method + header + (frame(3, 1, body) if body else b"")


def delivered(tag: int, *parts: bytes) -> bytes:
    method = struct.pack(">HH", 60, 60) + short(b"c") + struct.pack(">QB", tag, 1) + short(b"e") + short(b"k")
    header = struct.pack(">HHQH", 60, 0, sum(map(len, parts)), 0)
    return frame(1, 1, method) + frame(2, 1, header) + b"".join(frame(3, 1, part) for part in parts)


CLOSE = frame(1, 1, struct.pack(">HHH", 20, 40, 404) + short(b"NOT_FOUND - no exchange 'x'") + bytes(4))
OTHER = frame(1, 2, struct.pack(">HH", 20, 11) + bytes(4))


@given(st.lists(st.integers(1, 60), max_size=40))
async def test_frames_are_whole_in_whatever_pieces_they_come(cuts: list[int]) -> None:
    on, came = wire(), []  # type: ignore[var-annotated]
    intake(on, came)
    stream = delivered(1, b"ab", b"c") + OTHER + delivered(2) + HEARTBEAT + delivered(3, bytes(100))
    for cut in cuts:
        if stream:
            on.data_received(stream[:cut])
            stream = stream[cut:]
    if stream:
        on.data_received(stream)
    assert [(it.tag, it.message.body) for it in came] == [(1, b"abc"), (2, b""), (3, bytes(100))]
    assert all(it.redelivered and it.queue == "q" and it.message.exchange == "e" for it in came)
    on.reader.feed_eof()
    assert await on.reader.read() == OTHER + HEARTBEAT


@given(
    st.lists(
        st.tuples(st.sampled_from(("ack", "nack", "return")), st.integers(0, 12), st.booleans()), max_size=20
    )
)
async def test_every_outcome_is_told_once(orders: list[tuple[str, int, bool]]) -> None:
    """Whatever the broker says, in whatever order: against a plain dictionary."""
    on, told = wire(), Told()
    out = outlet(on, told)
    attempts = []
    on.send = attempts.append  # type: ignore[method-assign]
    for number in range(1, 11):
        assert out.publish(Message(b"")) == number
    attempt = next(word for word in attempts[0].split(b"\x00") if b".1" in word)
    name = attempt[attempt.index(b".1") - 16 : attempt.index(b".1")]
    pending, expected = set(range(1, 11)), dict[int, Outcome]()
    for kind, tag, multiple in orders:
        if kind == "return":
            on.data_received(returned(b"%s.%d" % (name, tag), b"x" if multiple else b""))
            which, outcome = {tag}, Returned(312, "NO_ROUTE")
        else:
            on.data_received(settled(ACK if kind == "ack" else NACK, tag, multiple))
            outcome = Confirmed() if kind == "ack" else Rejected()  # type: ignore[assignment]
            which = {n for n in pending if n <= tag or tag == 0} if multiple else {tag}
        expected |= dict.fromkeys(which & pending, outcome)
        pending -= which
        assert told.outcomes == expected
        assert out.pending == len(pending)
    on.data_received(CLOSE)
    assert all(isinstance(told.outcomes[number], Unknown) for number in pending)
    assert len(told.outcomes) == 10


async def test_many_confirms_are_told_in_one_call() -> None:
    on, told = wire(), Told()
    out = outlet(on, told)
    for _ in range(100):
        out.publish(Message(b""))
    on.data_received(settled(ACK, 100, True))
    assert (told.calls, out.pending) == (1, 0)


async def test_a_return_of_anothers_attempt_is_not_ours() -> None:
    on, told = wire(), Told()
    out = outlet(on, told)
    out.publish(Message(b""))
    for attempt in (b"", b"1", b".1", b"other.1", b"0123456789abcdef.1", b"x" * 255):
        on.data_received(returned(attempt))
    assert (told.outcomes, out.pending) == ({}, 1)


async def test_the_end_is_told_after_what_is_pending() -> None:
    on, order = wire(), []  # type: ignore[var-annotated]
    out = outlet(on, lambda numbers, outcome: order.append((list(numbers), out.ended.done())))  # type: ignore[arg-type]
    out.publish(Message(b""))
    out.publish(Message(b""))
    on.data_received(settled(ACK, 1) + CLOSE + settled(ACK, 2))
    assert order == [([1], False), ([2], False)]
    assert 1 not in on.ears  # the number is free for another
    error = out.ended.result()
    assert isinstance(error, ChannelClosed)
    assert (error.code, "no exchange 'x'" in str(error)) == (404, True)
    with pytest.raises(BrokerError, match="no exchange 'x'"):
        out.publish(Message(b""))


async def test_a_listener_that_raises_keeps_nobody_from_hearing_of_the_end() -> None:
    heard: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: heard.append(context["exception"]))
    on = wire()
    out = outlet(on, lambda numbers, outcome: 1 / 0)  # type: ignore[arg-type,return-value]
    out.publish(Message(b""))
    on.data_received(CLOSE)
    assert isinstance(out.ended.result(), ChannelClosed)
    assert [type(error) for error in heard] == [ZeroDivisionError]


async def test_what_cannot_be_published_leaves_no_number() -> None:
    out = outlet(wire(), Told())
    for wrong in (Message(bytes(1001)), Message(b"", headers={"k": b"x"}), b"bytes", None):
        with pytest.raises(OptionError):
            out.publish(wrong)  # type: ignore[arg-type]
    assert out.publish(Message(bytes(1000))) == 1
    assert out.pending == 1


async def test_what_is_sent_in_one_pass_goes_in_one_write() -> None:
    on, writes = wire(), []  # type: ignore[var-annotated]
    on.transport = type("Transport", (), {"write": lambda _, data: writes.append(data)})()
    out = outlet(on, Told())
    for _ in range(50):
        out.publish(Message(b"x"))
    assert writes == []
    await asyncio.sleep(0)
    assert len(writes) == 1
    assert writes[0].count(b"\xce") >= 150


async def test_nothing_is_delivered_before_it_is_begun_nor_after_it_is_stopped() -> None:
    on, came = wire(), []  # type: ignore[var-annotated]
    sent: list[bytes] = []
    on.send = sent.append  # type: ignore[method-assign]
    it = AmqpIntake(on, 1, "q", came.append, cancel=_nothing, shut=_shut)
    on.data_received(delivered(1, b"x"))
    assert came == []
    it.begin()
    on.data_received(delivered(2, b"x"))
    assert [one.tag for one in came] == [1, 2]
    await it.stop()
    on.data_received(delivered(3, b"x"))
    assert [one.tag for one in came] == [1, 2]
    it.ack(2, multiple=True)
    assert [data[7:11] for data in sent] == [struct.pack(">I", NACK), struct.pack(">I", ACK)]
    await it.close()
    it.ack(1)
    it.nack(1)
    assert len(sent) == 2
    assert it.ended.result() is None


async def test_a_cancelled_consumer_has_ended() -> None:
    on, came = wire(), []  # type: ignore[var-annotated]
    it = intake(on, came)
    on.data_received(frame(1, 1, struct.pack(">HH", 60, 30) + short(b"c") + b"\x01") + delivered(1))
    assert "queue 'q'" in str(it.ended.result())
    assert came == []


@pytest.mark.parametrize(
    "garbage", [b"HTTP/1.1 400\r\n\r\n", frame(1, 0, b"x")[:-1] + b"x", b"\x01\x00\x00\xff\xff\xff\xff "]
)
async def test_what_is_no_amqp_goes_to_aiormq_as_it_is(garbage: bytes) -> None:
    on = wire()
    on.data_received(OTHER + garbage)
    on.data_received(b"more")
    on.reader.feed_eof()
    assert on.strange
    assert await on.reader.read() == OTHER + garbage + b"more"


async def test_aiormq_hears_of_life_while_all_that_comes_is_for_others() -> None:
    on = wire()
    intake(on, [])
    for _ in range(100):
        await asyncio.sleep(0.1)
        on.data_received(delivered(1, b"x"))
    on.reader.feed_eof()
    beats = await on.reader.read()
    assert beats == HEARTBEAT * (len(beats) // 8)
    assert 15 <= len(beats) // 8 <= 20


def test_aiormq_is_as_this_driver_knows_it() -> None:
    """What `Link`, `Wire` and `_Factory` rely on. Where this fails, see whether they still fit."""
    assert takes_a_transport(), "no transport_factory: the driver goes by aiormq's own calls and is slow"
    create = inspect.signature(aiormq.connection.TransportFactory.create)
    assert list(create.parameters) == ["self", "url", "kwargs"]
    assert aiormq.Connection.HEARTBEAT_GRACE_MULTIPLIER == 3
    assert {"channel_number", "publisher_confirms"} <= set(
        inspect.signature(aiormq.Connection.channel).parameters
    )
    source = inspect.getsource(aiormq.connection.FrameReceiver)
    assert "readexactly" in source
    assert "at_eof" in source
