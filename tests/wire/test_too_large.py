"""What is too large is refused before it is encoded, wherever in a message it lies."""

import tracemalloc
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cybernetic.wire import BeyondLimit, Codec, TypeTable, bounds

LIMIT = 1 << 18
PIECE = b"x" * (LIMIT // 4)


@dataclass(frozen=True)
class Box:
    """Holds anything."""

    inside: Any


TABLE = TypeTable()
TABLE.register(Box, "tests.Box")
CODEC, CANONICAL = (Codec(TABLE, max_size=LIMIT, canonical=flag) for flag in (False, True))

SHAPES = [
    b"x" * 32 * LIMIT,
    "x" * 32 * LIMIT,
    bytearray(32 * LIMIT),
    memoryview(bytes(32 * LIMIT)),
    (1, b"x" * 32 * LIMIT),
    [PIECE] * 128,
    [None, *[PIECE] * 128],
    dict.fromkeys(range(128), PIECE),
    {PIECE + bytes([n]): n for n in range(128)},
    {"a": [[{"b": [PIECE] * 128}]]},
    [(PIECE,)] * 128,
    ((PIECE, PIECE),) * 64,
    [Box(PIECE)] * 128,
    Box([PIECE] * 128),
    Box(Box((Box([PIECE] * 128),))),
    [0] * 32 * LIMIT,
    1 << (8 * 32 * LIMIT),
    frozenset(PIECE + bytes([n]) for n in range(128)),
]


@pytest.mark.parametrize("codec", [CODEC, CANONICAL], ids=["plain", "canonical"])
@pytest.mark.parametrize("value", SHAPES, ids=range(len(SHAPES)))
def test_what_is_too_large_is_refused_before_it_is_encoded(codec: Codec, value: Any) -> None:
    most = 40 * LIMIT if type(value) is int else 5 * LIMIT  # of an integer the bytes are made
    tracemalloc.start()
    try:
        with pytest.raises(
            BeyondLimit, match=f"message: expected at most {LIMIT} bytes encoded, got: at least"
        ):
            codec.encode(value)
        assert tracemalloc.get_traced_memory()[1] < most
    finally:
        tracemalloc.stop()
    assert codec.copy((1, "whole")) == (1, "whole")


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text() | st.binary(),
    lambda inner: (
        st.lists(inner, max_size=20)
        | st.lists(inner, max_size=4).map(tuple)
        | st.dictionaries(st.text(max_size=3), inner, max_size=4)
        | inner.map(Box)
    ),
    max_leaves=40,
)


@given(VALUES)
def test_no_message_weighs_more_than_its_bytes_so_none_is_refused_that_fits(value: Any) -> None:
    free = Codec(TABLE)
    data = free.encode(value)
    assert bounds.weight((value,), 1 << 30) <= len(data)
    assert Codec(TABLE, max_size=max(1, len(data))).encode(value) == data
    assert free.encode(value, light=True) == data
    if len(data) > 1:
        with pytest.raises(BeyondLimit):
            Codec(TABLE, max_size=len(data) - 1).encode(value)


def test_what_is_called_light_and_is_not_is_refused() -> None:
    with pytest.raises(BeyondLimit, match="100 bytes"):
        Codec(max_size=100).encode((b"x" * 100,), light=True)
    with pytest.raises(BeyondLimit, match="levels"):
        Codec(max_depth=2).encode((1, [[2]]), light=True)


def test_what_contains_itself_is_not_weighed_for_ever() -> None:
    loop: list[Any] = []
    loop += [loop, loop]
    assert bounds.weight(loop, 1 << 40) < 1_000_000
    with pytest.raises(BeyondLimit, match="levels"):
        Codec().encode(loop)
    with pytest.raises(BeyondLimit):
        CODEC.encode(loop)
