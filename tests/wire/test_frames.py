"""A stream is cut into the frames that were put into it, however it arrives; anything else is refused."""

import random
import struct
import tracemalloc
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cybernetic.core import OptionError
from cybernetic.wire import (
    HEADER_BYTES,
    PROTOCOL_VERSION,
    DamagedFrame,
    Frame,
    FrameError,
    FrameReader,
    FrameTooLarge,
    WrongVersion,
    pack_frame,
    pack_frames,
)
from tests.support import SEED, soak

FRAMES = st.lists(st.tuples(st.integers(0, 0xFFFF), st.binary(max_size=50)), max_size=8)


def pieces(data: bytes, cuts: list[int]) -> list[bytes]:
    places = [0, *sorted(cut % (len(data) + 1) for cut in cuts), len(data)]
    return [data[start:stop] for start, stop in pairwise(places)]


@given(FRAMES, st.lists(st.integers(0, 1000), max_size=12))
@settings(max_examples=soak(100, 10_000))
def test_frames_arrive_in_order_however_the_stream_is_cut(
    frames: list[tuple[int, bytes]], cuts: list[int]
) -> None:
    reader = FrameReader()
    arrived = [frame for piece in pieces(pack_frames(frames), cuts) for frame in reader.feed(piece)]
    assert arrived == frames
    assert all(type(frame) is Frame for frame in arrived)
    assert reader.pending == 0
    reader.finish()


def test_a_frame_arrives_byte_by_byte() -> None:
    reader = FrameReader()
    data = pack_frame(7, b"payload")
    assert [reader.feed(data[at : at + 1]) for at in range(len(data) - 1)] == [[]] * (len(data) - 1)
    assert reader.pending == len(data) - 1
    assert reader.feed(memoryview(bytearray(data[-1:]))) == [Frame(7, b"payload")]


def test_the_payload_is_bytes_whatever_was_fed() -> None:
    (frame,) = FrameReader().feed(bytearray(pack_frame(1, b"x")))
    assert type(frame.payload) is bytes


def test_a_frame_has_a_header_of_eight_bytes() -> None:
    assert pack_frame(0x0102, b"abc") == bytes((0xCB, PROTOCOL_VERSION, 1, 2, 0, 0, 0, 3)) + b"abc"
    assert HEADER_BYTES == 8


@pytest.mark.parametrize(
    ("data", "error", "text"),
    [
        (b"G", DamagedFrame, "expected a frame of this protocol, got: b'G'"),
        (b"GET / HTTP/1.1\r\n", DamagedFrame, "expected a frame of this protocol, got: b'GET / HT'"),
        (b"\xcb\x09", WrongVersion, f"expected version {PROTOCOL_VERSION} of the protocol, got: version 9"),
        (
            b"\xcb\x01\x00\x05\x00\x00\x00\x00",
            DamagedFrame,
            r"expected a frame of a kind in \[1, 2\], got: 5",
        ),
        (b"\xcb\x01\x00\x01\xff\xff\xff\xff", FrameTooLarge, "at most 100 bytes, got: 4294967295"),
        (b"\xcb\x01\x00\x01\x00\x00\x00\x65" + b"x" * 101, FrameTooLarge, "at most 100 bytes, got: 101"),
    ],
)
def test_what_is_no_frame_is_refused_as_soon_as_it_shows(
    data: bytes, error: type[FrameError], text: str
) -> None:
    for cut in range(len(data)):
        reader = FrameReader(100, kinds=(1, 2))
        good = pack_frame(1, b"before")
        with pytest.raises(error, match=text[:40]) as caught:  # noqa: PT012 - either feed may see it
            assert reader.feed(good) == [Frame(1, b"before")]
            assert reader.feed(data[:cut]) == []
            reader.feed(data[cut:])
        assert caught.value.frames == ()
    with pytest.raises(error, match=text):
        FrameReader(100, kinds=(1, 2)).feed(data)


def test_frames_completed_before_a_fault_are_not_lost() -> None:
    reader = FrameReader()
    with pytest.raises(DamagedFrame) as caught:
        reader.feed(pack_frames([(1, b"a"), (2, b"b")]) + b"garbage")
    assert caught.value.frames == (Frame(1, b"a"), Frame(2, b"b"))


def test_a_stream_with_a_fault_is_over() -> None:
    reader = FrameReader()
    with pytest.raises(WrongVersion):
        reader.feed(b"\xcb\x02")
    assert reader.pending == 0
    with pytest.raises(DamagedFrame, match="expected no more data, got: 9 bytes after: expected version 1"):
        reader.feed(pack_frame(1, b"x"))


def test_a_stream_that_ends_inside_a_frame_is_damaged() -> None:
    reader = FrameReader()
    reader.feed(pack_frame(1, b"payload")[:-1])
    with pytest.raises(
        DamagedFrame, match="expected the rest of a frame, got: the end of the stream after 14"
    ):
        reader.finish()


def test_an_impossible_frame_is_not_packed() -> None:
    for kind in (-1, 0x10000):
        with pytest.raises(OptionError, match="kind: expected 0 to 65535"):
            pack_frame(kind, b"")
    with pytest.raises(FrameTooLarge, match="expected a frame of at most 3 bytes, got: 4"):
        pack_frame(1, b"four", max_payload=3)
    with pytest.raises(FrameTooLarge):
        pack_frames([(1, b"ok"), (1, b"four")], max_payload=3)
    with pytest.raises(OptionError, match="max_payload"):
        FrameReader(-1)


def test_mutated_streams_are_cut_or_refused() -> None:
    chance = random.Random(SEED)
    clean = pack_frames([(1, b"first"), (2, b""), (3, bytes(range(256)))])
    for _ in range(soak(2_000, 1_000_000)):
        stream = bytearray(clean)
        for _ in range(chance.randint(1, 3)):
            stream[chance.randrange(len(stream))] = chance.randrange(256)
        reader = FrameReader(max_payload=1_000)
        try:
            for piece in pieces(bytes(stream), [chance.randrange(1000)]):
                reader.feed(piece)
            reader.finish()
        except FrameError:
            pass
        assert reader.pending <= len(stream)


def test_a_header_claims_no_memory_and_a_large_frame_is_not_copied_for_every_piece() -> None:
    size, piece = 4 * 2**20, b"x" * 4096
    reader = FrameReader(max_payload=size)
    tracemalloc.start()
    try:
        reader.feed(b"\xcb\x01\x00\x01" + struct.pack(">I", size))
        assert tracemalloc.get_traced_memory()[1] < 10_000
        for _ in range(size // len(piece) - 1):
            assert reader.feed(piece) == []
        assert tracemalloc.get_traced_memory()[1] < 1.5 * size
        (frame,) = reader.feed(piece)
    finally:
        tracemalloc.stop()
    assert len(frame.payload) == size
