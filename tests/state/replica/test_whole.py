"""Learning a whole value anew: in whatever order its pieces come, and from however many who offer it."""

import asyncio
from typing import Any

import pytest

from cybernetic.crdt.branch import Branch
from cybernetic.crdt.share import Share
from cybernetic.state import (
    MV,
    AWMap,
    AWSet,
    Context,
    GCounter,
    Hlc,
    Replica,
    ReplicaCounts,
    ReplicaOptions,
    digest,
)
from cybernetic.state.replica.archive import Record
from cybernetic.state.replica.copy import Copy
from cybernetic.state.replica.frames import End, Frames, Heard, News, Piece
from cybernetic.state.replica.roll import Roll
from cybernetic.state.replica.taking import Taking
from cybernetic.state.replica.talk import RESEND
from tests.state.replica.fleet import add, fleet, remove
from tests.state.replica.net import clock


async def test_pieces_that_overtake_each_other_make_the_whole() -> None:
    for seed in range(4):
        async with fleet(AWSet, "a", seed=seed, tidy=1.0, leaves=3) as f:
            await f.change("a", add, *range(40))
            await f.change("a", remove, 39)
            await asyncio.sleep(3)
            f.net.slowest, f.net.twice = 0.4, 0.3
            await f.start("b")
            await asyncio.sleep(20)
            assert set(await f.value("b")) == set(range(39))
            assert (await f.status("a")).counts.wholes >= 1


async def test_several_who_offer_the_whole_and_one_who_falls_silent_do_not_stop_each_other() -> None:
    async with fleet(AWSet, "abc", tidy=1.0, leaves=2) as f:
        await f.change("a", add, *range(100))
        await asyncio.sleep(4)
        f.net.slowest = 0.2
        await f.start("d")
        await asyncio.sleep(0.5)
        f.net.part("a", "bcd")
        await asyncio.sleep(0.5)
        f.net.part("b", "acd")
        await asyncio.sleep(20)
        assert set(await f.value("d")) == set(range(100))
        assert (await f.status("d")).unsaved == 0


async def test_news_that_come_while_the_whole_is_learned_wait_until_it_is() -> None:
    """What is dead in the whole, and in news of long ago, would come in at a place that was looked at already."""
    async with fleet(AWSet, "a") as f:
        frame = Frames(AWSet, 65_536).write(News(0, AWSet[int]().add("x", 1)))
        copy = f.refs["a"]._agent._copy
        for rejoining, elements in ((True, set[int]()), (False, {1})):
            copy.rejoining = rejoining
            f.refs["a"].cast(Replica.hear, frame, "x")
            assert set(await f.value("a")) == elements


async def test_frames_that_wait_until_the_whole_is_learned_are_not_even_read_meanwhile(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """They come again twice a second, and to read one takes as long as to join it."""
    part, frames = AWSet[int]().add("x", 1), Frames(AWSet, 65_536)
    read: list[Any] = []
    before = Frames.read

    def noted(self: Any, data: object) -> Any:
        frame = before(self, data)
        read.append(type(frame))
        return frame

    async with fleet(AWSet, "a") as f:
        copy = f.refs["a"]._agent._copy
        monkeypatch.setattr(Frames, "read", noted)
        for copy.rejoining in True, False:
            read.clear()
            for frame in (
                News(0, part),
                Piece("x/1", 0, True, part),
                End("x/1", 1, True, part.context, Context()),
                Heard("x/1", 1),
            ):
                f.refs["a"].cast(Replica.hear, frames.write(frame), "x")
            await asyncio.sleep(0.1)
            assert read == ([Heard] if copy.rejoining else [News, Piece, End, Heard])


async def test_what_was_replaced_and_forgotten_does_not_stand_beside_what_replaced_it() -> None:
    """A part of a whole is joined as of all that the whole knows, or a value long replaced would stay."""
    key = "k"
    away: AWMap[str] = AWMap()
    away = away.join(away.put(key, away.at(key, MV).set("ann", "old")))
    whole = away.join(away.put(key, away.at(key, MV).set("bob", "new")))
    whole = whole.forget(whole.context)
    copy: Copy[Any] = Copy(away, None)
    counts, options = ReplicaCounts(), ReplicaOptions()
    roll = Roll("it", Record("awmap", "site"), False, options, counts, clock)
    taking = Taking(copy, Hlc("x", clock), roll, counts, print)
    await taking.rejoin(whole, whole.context, 1, "peer")
    assert (counts.rejoined, copy.floor, copy.saved) == (1, whole.context, whole.context)
    assert copy.value.at(key, MV).values == ("new",)


def test_who_has_seen_a_count_does_not_show_in_a_digest() -> None:
    """Where a reset was forgotten and where it was not, the same count must have the same digest."""
    context = Context.of([("ann", 1), ("bob", 1)])
    seen = (("ann", 1),), (("ann", 1), ("bob", 1))
    one, other = [
        GCounter.from_store(Branch.of({"ann": Share(1, 5, 0, 0, 0, dots)}), context) for dots in seen
    ]
    assert digest(one) == digest(other)


def an_end(number: int, whole: bool, context: Context, floor: Context) -> bytes:
    """The end of a stream of which so many pieces were sent."""
    return Frames(AWSet, 1 << 20).write(End("s/1", number, whole, context, floor))


async def test_an_end_that_comes_twice_stands_for_no_piece_of_what_was_lacked() -> None:
    async with fleet(AWSet, "ab") as f:
        f.net.part("a", "b")
        delta = await f.change("b", add, "precious")
        for _ in range(2):
            f.refs["a"].cast(Replica.hear, an_end(1, False, delta.context, Context()), "b")
            await asyncio.sleep(0.1)
        assert not (await f.value("a")).context
        f.net.heal()
        await asyncio.sleep(10)
        assert set(await f.value("a")) == {"precious"}
        assert (await f.status("a")).counts.diverged == 0


async def test_nor_does_it_of_the_whole() -> None:
    async with fleet(AWSet, "ab") as f:
        await f.change("b", add, 1, 2, 3)
        await asyncio.sleep(2)
        f.net.part("a", "b")
        await f.change("b", add, 4)
        whole = await f.value("b")
        pieces = [piece for piece in whole.slices(2) if tuple(piece.store.seen)]
        first = Frames(AWSet, 1 << 20).write(Piece("s/1", 0, True, pieces[0]))
        f.refs["a"].cast(Replica.hear, first, "b")
        for _ in range(2):
            end = an_end(len(pieces), True, whole.context, whole.context)
            f.refs["a"].cast(Replica.hear, end, "b")
            await asyncio.sleep(0.2)
        assert set(await f.value("a")) == {1, 2, 3}
        f.net.heal()
        await asyncio.sleep(10)
        assert set(await f.value("a")) == set(await f.value("b")) == {1, 2, 3, 4}


async def test_a_whole_is_learned_from_one_at_a_time_and_from_another_when_that_one_falls_silent() -> None:
    frames, whole = Frames(AWSet, 65_536), AWSet[int]().add("x", 1)
    async with fleet(AWSet, "a") as f:
        f.net.here |= {"x": None, "y": None}  # peers whose words are those of this test

        def heard() -> list[str]:
            said = [(to, frames.read(frame)) for _, to, frame in f.net.frames]
            return [to for to, frame in said if isinstance(frame, Heard)]

        for origin, wanted in (("x", ["x"]), ("y", ["x"]), ("x", ["x", "x"])):
            f.refs["a"].cast(Replica.hear, frames.write(Piece(f"{origin}/1", 0, True, whole)), origin)
            await asyncio.sleep(0.1)
            assert heard() == wanted
        await asyncio.sleep(3 * RESEND)
        f.refs["a"].cast(Replica.hear, frames.write(Piece("y/1", 0, True, whole)), "y")
        await asyncio.sleep(0.1)
        assert heard() == ["x", "x", "y"]
