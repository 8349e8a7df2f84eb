"""What the processes of a host say to each other survives the way, however it is cut; ends are put in words."""

import signal
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cybernetic.nodes.host.control import Kind, Talk, how_it_ended, order_body, read_news, read_order
from cybernetic.nodes.host.port import NodeEnded, NodeOrder, NodeUp
from cybernetic.supervision import Limits
from cybernetic.wire import WireError

NUMBERS = st.integers(0, 2**63 - 1)
LIMITS = st.builds(
    Limits,
    address_space=st.none() | st.integers(64 * 2**20, 2**50),
    cpu_seconds=st.none() | st.floats(0.001, 1e6),
    memory=st.none() | st.integers(16 * 2**20, 2**50),
    cpus=st.none() | st.floats(0.001, 64),
)
ORDERS = st.builds(NodeOrder, st.text(), NUMBERS, st.text(), st.binary(max_size=200), LIMITS)
NEWS = st.builds(NodeUp, st.text(), NUMBERS, NUMBERS, st.text()) | st.builds(
    NodeEnded, st.text(), NUMBERS, st.text()
)


def _cut(data: bytes, places: list[int]) -> list[bytes]:
    at = [0, *sorted(place % (len(data) + 1) for place in places), len(data)]
    return [data[begin:end] for begin, end in pairwise(at)]


@given(st.lists(ORDERS, max_size=3), st.lists(st.integers(0), max_size=5))
def test_orders_come_through_in_order_however_the_stream_is_cut(
    orders: list[NodeOrder], places: list[int]
) -> None:
    here, there = Talk(), Talk()
    stream = b"".join(here.pack(Kind.CREATE, order_body(order)) for order in orders)
    heard = [frame for piece in _cut(stream, places) for frame in there.feed(piece)]
    assert [kind for kind, _ in heard] == [Kind.CREATE] * len(orders)
    assert [read_order(body) for _, body in heard] == orders


@given(NEWS)
def test_news_come_through(news: NodeUp | NodeEnded) -> None:
    kind = Kind.UP if isinstance(news, NodeUp) else Kind.ENDED
    body = {name: getattr(news, name) for name in news.__slots__}
    assert [read_news(*frame) for frame in Talk().feed(Talk().pack(kind, body))] == [news]


@given(st.binary(max_size=300))
def test_bytes_that_are_no_talk_raise_a_wire_error_and_nothing_else(data: bytes) -> None:
    try:
        Talk().feed(data)
    except WireError:
        return


@pytest.mark.parametrize(
    "data",
    [
        Talk().pack(Kind.HELLO, {})[:-1].replace(bytes([Kind.HELLO]), bytes([99]), 1),
        Talk().pack(Kind.HELLO, {})[:-5] + b"\xff" * 400,
    ],
    ids=["a kind that is none", "a length without bound"],
)
def test_frames_that_are_none_are_refused_at_once(data: bytes) -> None:
    with pytest.raises(WireError):
        Talk().feed(data)


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (None, "how is not known"),
        (0, "its program ended"),
        (1, "its program failed (exit status 1)"),
        (2, "exit status 2"),
        (255, "exit status 255"),
        (-signal.SIGKILL, "SIGKILL"),
        (-signal.SIGSEGV, "SIGSEGV"),
        (-signal.SIGXCPU, "limit of processor time (SIGXCPU)"),
        (-signal.SIGRTMIN - 1, f"signal {signal.SIGRTMIN + 1}"),
    ],
)
def test_an_end_is_told_in_words(status: int | None, words: str) -> None:
    assert words in how_it_ended(status)
    assert how_it_ended(status, killed=True) == "it was killed on request"


@given(st.none() | st.integers(-128, 255), st.booleans())
def test_every_status_has_words_and_each_its_own(status: Any, killed: bool) -> None:
    assert how_it_ended(status, killed)
    others = {how_it_ended(other) for other in (None, *range(-128, 256)) if other != status}
    assert how_it_ended(status) not in others
