"""What takes long to take in is taken in over several turns of the loop, in order, and all of it before the end."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from cybernetic.nodes.link import Link
from cybernetic.nodes.link import link as links
from cybernetic.nodes.link.kinds import GOODBYE, batch_frame, text_frame
from tests.nodes.link.stage import End, linked, passes

MANY = 400
SENT = [b"%250d" % number for number in range(MANY)]
FRAMES = b"".join(batch_frame([message])[0] for message in SENT)
SLICE = 4096 // 250 + 1  # messages of a portion, after each of which it is seen whether that took long


class Slow:
    """A processor's clock that goes on by so many seconds with each message that an end takes in."""

    def __init__(self, end: End, each: float) -> None:
        self._end, self._each = end, each

    def __call__(self) -> float:
        return self._each * len(self._end.messages)


class Reads:
    """The transport of a link, where it is seen whether it reads."""

    def __init__(self, real: Any, tls: object = None) -> None:
        self._real, self._tls, self.reading = real, tls, True

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)

    def get_extra_info(self, name: str) -> object:
        return self._tls if name == "ssl_object" else None

    def pause_reading(self) -> None:
        self.reading = False

    def resume_reading(self) -> None:
        self.reading = True


class Rest:
    """What TLS has read and not given yet."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    def read(self, most: int) -> bytes:
        piece, self._data = self._data[:most], self._data[most:]
        if not piece:
            raise ssl.SSLWantReadError
        return piece


def read(link: Link, data: bytes) -> int:
    """Let a link read what fits, as a transport of asyncio does: how much."""
    room = link.get_buffer(-1)
    piece = data[: len(room)]
    room[: len(piece)] = piece
    link.buffer_updated(len(piece))
    return len(piece)


@asynccontextmanager
async def slow(patch: pytest.MonkeyPatch, each: float = 0.001) -> AsyncIterator[tuple[End, Reads]]:
    """A host's end that takes so many seconds for each message, and what it reads from."""
    caller, host, _ = await linked()
    await passes()
    reads = Reads(host.link._transport)
    patch.setattr(host.link, "_transport", reads)
    patch.setattr(links, "cpu", Slow(host, each))
    yield host, reads
    for end in (caller, host):
        end.link.abort("done")
    await asyncio.sleep(1.5)


async def each_turn(look: Callable[[], int]) -> list[int]:
    """By how much something grows in each turn of the loop, until it grows no more."""
    found, before = [], look()
    while not found or found[-1]:
        await asyncio.sleep(0)
        found.append(look() - before)
        before = look()
    return found[:-1]


async def test_all_else_has_its_turn_while_what_takes_long_is_taken_in(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with slow(monkeypatch) as (host, reads):
        read(host.link, FRAMES)
        assert len(host.messages) == SLICE
        while len(host.messages) < MANY:
            assert not reads.reading  # what has come is enough
            before = len(host.messages)
            await asyncio.sleep(0)
            assert len(host.messages) - before == min(SLICE, MANY - before)
        assert host.messages == SENT
        assert reads.reading


async def test_what_takes_no_time_is_taken_in_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    async with slow(monkeypatch, 1e-6) as (host, reads):
        read(host.link, FRAMES)
        assert host.messages == SENT
        assert reads.reading


async def test_what_comes_meanwhile_comes_after_it(monkeypatch: pytest.MonkeyPatch) -> None:
    async with slow(monkeypatch) as (host, _):
        read(host.link, FRAMES)
        later = [b"later", b"later still"]
        for message in later:
            read(host.link, batch_frame([message])[0])
        await each_turn(lambda: len(host.messages))
        assert host.messages == [*SENT, *later]
        read(host.link, batch_frame([b"at last"])[0])
        assert host.messages[-1] == b"at last"


@pytest.mark.parametrize("how", ["goodbye", "gone", "damaged"])
async def test_all_of_it_is_taken_in_before_the_end(monkeypatch: pytest.MonkeyPatch, how: str) -> None:
    async with slow(monkeypatch) as (host, _):
        end = {"goodbye": text_frame(GOODBYE, "farewell"), "damaged": b"no frame at all" * 10}.get(how, b"")
        read(host.link, FRAMES + end)
        if how == "gone":
            host.link.connection_lost(None)
        assert (len(host.messages), host.lost) == (SLICE, [])
        await asyncio.sleep(0.1)
        assert host.messages == SENT
        (why,) = host.lost
        assert {"goodbye": "farewell", "gone": "the peer has gone", "damaged": "expected"}[how] in why


async def test_of_a_link_that_is_ended_nothing_more_is_taken_in(monkeypatch: pytest.MonkeyPatch) -> None:
    async with slow(monkeypatch) as (host, _):
        read(host.link, FRAMES)
        host.link.abort("enough")
        await asyncio.sleep(0.5)
        assert (len(host.messages), host.lost) == (SLICE, ["enough"])


async def test_who_takes_long_to_take_in_has_heard_of_the_other_meanwhile(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with slow(monkeypatch) as (host, _):
        read(host.link, FRAMES)
        before = host.link._heard
        await asyncio.sleep(0.01)
        assert host.link._heard == before  # all was taken in before
        read(host.link, FRAMES)
        host.link._heard = 0.0
        await asyncio.sleep(0)
        assert host.link._heard > before


async def test_all_that_tls_has_read_is_taken_out_for_the_transport_leaves_it_when_the_other_ends(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with slow(monkeypatch) as (host, reads):
        host.link.connection_made(reads)  # type: ignore[arg-type]
        data = FRAMES * 6
        reads._tls = Rest(data[len(host.link.get_buffer(-1)) :])
        assert read(host.link, data) < len(data)
        reads._tls = None
        await asyncio.sleep(0.5)
        assert host.messages == SENT * 6


async def test_what_tls_has_read_comes_before_the_loss(monkeypatch: pytest.MonkeyPatch) -> None:
    async with slow(monkeypatch) as (host, reads):
        read(host.link, FRAMES[:1000])
        reads._tls = Rest(FRAMES[1000:])
        host.link.connection_lost(ConnectionResetError())
        await asyncio.sleep(0.1)
        assert host.messages == SENT
        assert len(host.lost) == 1
