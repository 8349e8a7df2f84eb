"""One short message in a frame of its own takes a shorter way into the link: to the same end as any other."""

import asyncio

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from cybernetic.nodes.link import LinkSettings
from cybernetic.nodes.link.kinds import BATCH, KINDS, alone, batch_frame, unpack_batch
from cybernetic.wire import Codec, FrameReader, TypeTable, pack_frame
from tests.nodes.link.stage import End, linked, passes

SMALL = LinkSettings(window=4096, batch=512)

messages = st.binary(max_size=300)


def read(link: object, data: bytes) -> None:
    """Have a link read `data` as a transport of asyncio does: into the room that it keeps."""
    room = link.get_buffer(-1)  # type: ignore[attr-defined]
    room[: len(data)] = data
    link.buffer_updated(len(data))  # type: ignore[attr-defined]


async def over(*ends: End) -> None:
    for end in ends:
        end.link.abort("done")
    await asyncio.sleep(1.5)


@given(messages)
@example(bytes(255))
@example(bytes(256))
def test_the_frame_of_one_message_is_what_it_would_be_among_others(message: bytes) -> None:
    frame, taken = batch_frame([message])
    payload = Codec(TypeTable()).encode((message,))
    assert frame == pack_frame(BATCH, payload)
    assert taken == len(payload)
    assert unpack_batch(payload) == [message]
    assert alone(frame) == (message if len(message) < 256 else None)


@given(st.binary(max_size=300) | messages.map(lambda message: batch_frame([message])[0]), st.data())
def test_bytes_that_are_anything_else_are_not_taken_for_one_message(data: bytes, draw: st.DataObject) -> None:
    if data:
        at = draw.draw(st.integers(0, len(data) - 1))
        data = data[:at] + draw.draw(st.binary(max_size=3)) + data[at + draw.draw(st.integers(0, 2)) :]
    found = alone(data)
    if found is not None:
        (frame,) = FrameReader(kinds=KINDS).feed(data)
        assert frame.kind == BATCH
        assert unpack_batch(frame.payload) == [found]


@pytest.mark.parametrize("size", [0, 1, 100, 255, 256, 70_000])
async def test_what_is_read_into_the_links_room_stays_as_it_was_when_more_is_read(size: int) -> None:
    caller, host, _ = await linked()
    await passes()
    assert isinstance(host.link, asyncio.BufferedProtocol)  # else no transport asks for the room
    sent = [bytes([letter]) * size for letter in b"abc"]
    for message in sent:
        read(host.link, batch_frame([message])[0])
    read(host.link, b"".join(batch_frame([message])[0] for message in sent))
    assert host.messages == sent * 2
    await over(caller, host)


@pytest.mark.parametrize("cut", [1, 8, 20, 150])
async def test_the_rest_of_a_frame_that_looks_like_a_message_alone_is_none(cut: int) -> None:
    inner = batch_frame([b"not a message"])[0]
    caller, host, _ = await linked()
    await passes()
    whole = batch_frame([bytes(200) + inner])[0]
    read(host.link, whole[:cut])
    read(host.link, whole[cut : -len(inner)])
    read(host.link, inner)
    assert host.messages == [bytes(200) + inner]
    await over(caller, host)


async def test_many_short_messages_beyond_the_credit_end_the_link() -> None:
    caller, host, _ = await linked(theirs=SMALL)
    await passes()
    one = batch_frame([bytes(90)])[0]
    for _ in range(4096 // 93 + 1):
        assert not host.lost
        read(host.link, one)
    await passes()
    assert "wait for credit" in host.lost[0]
    assert len(host.messages) == 4096 // 93
    await over(caller, host)


async def test_credit_for_short_messages_is_granted_as_for_others() -> None:
    caller, host, _ = await linked(ours=SMALL, theirs=SMALL)
    for number in range(1000):
        caller.link.send(b"%90d" % number)
        await passes(3)
    assert host.messages == [b"%90d" % number for number in range(1000)]
    assert not caller.link.queued
    await over(caller, host)


async def test_a_peer_that_lagged_is_back_with_one_short_message() -> None:
    caller, host, pair = await linked()
    pair.partition = True
    await asyncio.sleep(1.5)
    assert len(host.lags) == 1
    read(host.link, batch_frame([b"here"])[0])
    assert host.lags[1:] == [0.0]
    assert host.messages == [b"here"]
    await over(caller, host)


async def test_a_link_that_has_ended_takes_no_short_message_any_more() -> None:
    caller, host, _ = await linked()
    await passes()
    host.link.abort("done")
    read(host.link, batch_frame([b"too late"])[0])
    await asyncio.sleep(1.5)
    assert not host.messages
    await over(caller)
