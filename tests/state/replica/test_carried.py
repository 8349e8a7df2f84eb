"""What a node carries without knowing its type comes to those that know it, whatever came to them before."""

import asyncio

import pytest

from cybernetic.crdt import MV, AWMap, Context
from cybernetic.state import Replica
from cybernetic.state.replica.frames import End, Frames, News, Piece
from tests.crdt.newer import NewerSet, newer_version
from tests.state.replica.fleet import fleet

FRAMES = Frames(AWMap, 1 << 20)


def carried(writer: str) -> tuple[AWMap[str], AWMap[str]]:
    """What an older node has that was told of a newer type by "new" and of a plain value by `writer`; and that."""
    value: AWMap[str] = AWMap()
    precious = value.put("k", value.at("k", NewerSet).add("new", "precious"))
    with newer_version():
        told = FRAMES.write(News(0, precious))
    value = value.join(precious)
    plain = value.put("plain", value.at("plain", MV).set(writer, 1))
    read = FRAMES.read(told)
    assert isinstance(read, News)
    older = AWMap[str]().join(read.delta)
    return older.join(plain), plain


@pytest.mark.parametrize("writer", ["old", "new"])
async def test_what_stands_beside_what_is_known_is_not_taken_for_known(writer: str) -> None:
    older, plain = carried(writer)
    (mixed,) = older.split(50, Context())
    piece = FRAMES.write(Piece("s/1", 0, False, mixed))
    with newer_version():
        async with fleet(AWMap, "a") as f:
            news, end = News(0, plain), End("s/1", 1, False, older.context, Context())
            for frame in FRAMES.write(news), piece, FRAMES.write(end):
                f.refs["a"].cast(Replica.hear, frame, "old")
            await asyncio.sleep(0.1)
            value = await f.value("a")
            assert value.context == older.context
            assert value.at("plain", MV).values == (1,)
            assert set(value.at("k", NewerSet)) == {"precious"}
            assert (await f.status("a")).counts.known == 0
            for frame in FRAMES.write(news), piece:
                f.refs["a"].cast(Replica.hear, frame, "old")
            await asyncio.sleep(0.1)
            assert (await f.status("a")).counts.known == 2


async def test_who_does_not_know_the_type_takes_it_however_often_and_carries_it_once() -> None:
    older, plain = carried("old")
    (mixed,) = older.split(50, Context())
    async with fleet(AWMap, "a") as f:
        for frame in FRAMES.write(News(0, plain)), *2 * [FRAMES.write(Piece("s/1", 0, False, mixed))]:
            f.refs["a"].cast(Replica.hear, frame, "old")
        await asyncio.sleep(0.1)
        passed_on = FRAMES.write(News(0, await f.value("a")))
        with newer_version():
            frame = FRAMES.read(passed_on)
            assert isinstance(frame, News)
            assert set(frame.delta.at("k", NewerSet)) == {"precious"}  # type: ignore[attr-defined]
