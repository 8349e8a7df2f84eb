"""What replicas say: whole on the other side, refused where it is damaged, and never more than a frame."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cybernetic.core import OptionError
from cybernetic.state import MV, AWMap, AWSet, Context
from cybernetic.state.replica.frames import BadFrame, End, Frames, Heard, Hello, News, Piece, Stale
from cybernetic.state.replica.packing import packed
from cybernetic.wire import Codec
from tests.support import soak

frames = Frames(AWSet, 65_536)
KNOWN = Context.of([("ann", 1), ("bob", 7)])
HELLO = Hello(
    "awset",
    "site",
    1,
    "ann",
    True,
    False,
    KNOWN,
    b"0" * 16,
    12,
    (("other", "bob", 5.0, True),),
    (("eve", "its", 7.0, False),),
    ("al",),
    "bob",
)
SAID = (
    HELLO,
    News(100, AWSet[Any]().add("ann", 1, "x")),
    Piece("ann/1", 0, False, AWSet[Any]().add("ann", 2)),
    End("ann/1", 3, True, KNOWN, Context()),
    Heard("ann/1", 2),
    Stale("site", 3, "bob"),
)


@pytest.mark.parametrize("frame", SAID, ids=lambda frame: type(frame).__name__)
def test_what_is_said_arrives(frame: Any) -> None:
    assert frames.read(frames.write(frame)) == frame


@given(st.sampled_from(SAID), st.data())
@settings(max_examples=soak(300, 20_000))
def test_what_was_damaged_is_refused_or_is_a_frame(frame: Any, data: Any) -> None:
    body = bytearray(frames.write(frame))
    for _ in range(data.draw(st.integers(1, 3))):
        body[data.draw(st.integers(0, len(body) - 1))] = data.draw(st.integers(0, 255))
    for damaged in (bytes(body), bytes(body[: data.draw(st.integers(0, len(body)))])):
        try:
            assert isinstance(frames.read(damaged), Hello | News | Piece | End | Heard | Stale)
        except BadFrame:
            pass


@given(st.binary(max_size=200))
@settings(max_examples=soak(300, 20_000))
def test_noise_is_refused(noise: bytes) -> None:
    with pytest.raises(BadFrame):
        frames.read(noise)


@pytest.mark.parametrize(
    "said",
    [
        None,
        (),
        (1,),
        (2, "heard", "s", 1),
        (1, "shout", 1),
        (1, "heard", "s"),
        (1, "heard", "s", -1),
        (1, "heard", "s", True),
        (1, "heard", 5, 1),
        (1, "news", 0, "a text"),
        (1, "news", 0, AWMap()),
        (1, "news", 0, Context()),
        (1, "end", "s", 0, 1, Context(), Context()),
        (1, "end", "s", 0, True, Context(), None),
        (1, "stale", "", 1, "x"),
        (1, "stale", "s", 0, "x"),
        (1, "hello", "awset", "s", 1, "r", True, False, Context(), b"short", 0, (), ()),
        (1, "hello", "awset", "s", 1, "r", True, False, Context(), None, 0, ((1, 2),), ()),
        (1, "hello", "awset", "s", 1, "r", True, False, Context(), None, 0, (), (7,)),
        (1, "hello", "awset", "s", 1, "r", True, False, Context(), None, 0, [], ()),
        (
            1,
            "hello",
            "awset",
            "s",
            1,
            "r",
            True,
            False,
            Context(),
            None,
            0,
            (("s", "r", float("nan"), True),),
            (),
        ),
    ],
)
def test_what_is_no_frame_is_refused(said: Any) -> None:
    with pytest.raises(BadFrame):
        frames.read(Codec().encode(said))


def test_what_is_no_bytes_is_refused() -> None:
    with pytest.raises(BadFrame, match="expected one of version 1, got: str"):
        frames.read("hello")


def test_a_frame_that_would_be_impossible_cannot_be_made() -> None:
    with pytest.raises(OptionError):
        Heard("", 1)


@given(st.lists(st.integers(0, 3000), max_size=40))
def test_what_is_too_large_for_a_frame_goes_in_several(sizes: list[int]) -> None:
    small = Frames(AWSet, 4096)
    whole = AWSet[bytes]()
    for n, size in enumerate(sizes):
        whole = whole.join(whole.add("ann", n.to_bytes(2, "big") * (size // 2 + 1)))
    left_out: list[Any] = []
    made = list(packed(whole, 1000, lambda part: small.write(News(0, part)), left_out.append))
    assert all(len(frame) <= 4096 for frame in made)
    assert not left_out
    there = AWSet[bytes]()
    for frame in made:
        said: Any = small.read(frame)
        there = there.join(said.delta)
    assert set(there) == set(whole)


def test_one_place_too_large_is_left_out_and_told_of() -> None:
    small = Frames(MV, 1024)
    left_out: list[Any] = []
    huge = MV[bytes]().set("ann", b"x" * 2000)
    assert not list(packed(huge, 10, lambda part: small.write(News(0, part)), left_out.append))
    assert left_out == [huge]


@given(st.text(max_size=40), st.integers(0, 2))
def test_the_bytes_of_a_delta_are_those_of_a_record_and_only_where_a_frame_holds_them(
    what: str, more: int
) -> None:
    delta = AWSet[Any]().add("ann", what, ("x", what))
    data = Codec().encode(delta)
    assert Frames(AWSet, 65_536).body(delta) == data
    framed = len(frames.write(News(2**62, delta)))
    tight = Frames(AWSet, max(1024, framed, len(data) + 64) + more)
    assert tight.body(delta) == data
    assert len(tight.write(News(2**62, delta))) == framed
    large = AWSet[Any]().add("ann", "x" * 1024)
    framed = len(frames.write(News(2**62, large)))
    assert Frames(AWSet, framed - 1).body(large) is None
