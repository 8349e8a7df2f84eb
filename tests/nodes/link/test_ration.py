"""So much is read from a link at a time as is taken in within a few milliseconds."""

import asyncio
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cybernetic.nodes.link import link as links
from cybernetic.nodes.link.kinds import batch_frame
from cybernetic.nodes.link.ration import FIRST, LEAST, LONG, MOST, ration
from tests.nodes.link.stage import End, linked, passes

sizes = st.integers(LEAST, MOST)


@given(sizes, sizes, st.integers(1, 1 << 24), st.floats(0, 10))
def test_it_stays_within_bounds_and_grows_only_where_more_is_wanted(
    now: int, read: int, size: int, took: float
) -> None:
    then = ration(now, min(read, now), size, took)
    assert LEAST <= then <= min(MOST, 2 * now)
    if then > now:
        assert read >= now
        assert took * then <= LONG * size * 1.001
    if took * now > LONG * size * 1.001:
        assert then < now or now == LEAST


@pytest.mark.parametrize(("pace", "fit"), [(1e-6, 3000), (1e-9, MOST), (1e-4, LEAST), (2e-7, 15000)])
def test_it_becomes_what_is_taken_in_in_time(pace: float, fit: int) -> None:
    """`pace` are seconds for a byte."""
    now = FIRST
    for _ in range(10):
        now = ration(now, now, now, pace * now)
    assert now == pytest.approx(fit, abs=1)


class Slow:
    """A processor's clock that goes on with what is taken in."""

    def __init__(self, end: End, pace: float) -> None:
        self._end, self._pace = end, pace

    def __call__(self) -> float:
        return self._pace * sum(map(len, self._end.messages))


def feed(link: Any, data: bytes) -> list[int]:
    """Let a link read all of it, as a transport of asyncio does: how much at a time."""
    at, read = 0, []
    while at < len(data):
        room = link.get_buffer(-1)
        piece = data[at : at + len(room)]
        room[: len(piece)] = piece
        link.buffer_updated(len(piece))
        at += len(piece)
        read.append(len(piece))
    return read


async def test_of_messages_that_take_long_less_is_read_at_a_time_and_of_others_more(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    caller, host, _ = await linked()
    await passes()
    data = batch_frame([bytes(1000)])[0] * 200
    for pace, least, most in ((1e-6, LEAST, 4000), (1e-8, 90_000, MOST)):
        monkeypatch.setattr(links, "cpu", Slow(host, pace))
        read = feed(host.link, data)
        assert read[0] <= FIRST
        assert least <= max(read[1:]) <= most
        await passes()  # credit is granted
    assert host.messages == [bytes(1000)] * 400
    for end in (caller, host):
        end.link.abort("done")
    await asyncio.sleep(1.5)
