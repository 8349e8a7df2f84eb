"""What a replica refuses from its peers, what it tells of that, and what it carries on without knowing it."""

import asyncio
from typing import Any

from cybernetic.core import attach
from cybernetic.state import (
    LWW,
    MV,
    AWMap,
    AWSet,
    Opaque,
    Replica,
    ReplicaDiverged,
    ReplicaRefused,
    Stamp,
)
from cybernetic.state.replica.frames import Frames, Hello, News
from cybernetic.wire import Codec, TypeTable
from tests.state.replica.fleet import add, fleet
from tests.state.replica.net import BEGAN, clock


async def test_a_stamp_from_the_future_is_refused_and_counted_and_keeps_nothing_else_out() -> None:
    refused: list[Any] = []
    detach = attach(ReplicaRefused, refused.append)
    async with fleet(AWMap, "ab") as f:

        def put(value: Any, by: Any, ahead: float) -> Any:
            for key, seconds in (("late", ahead), ("fine", 0.0)):
                stamp = Stamp(int((clock() + seconds) * 1000), 0, by.replica)
                value = value.join(value.put(key, value.at(key, LWW).set(by.replica, stamp, key)))
            return value

        await asyncio.sleep(1)
        await f.change("a", put, 61.0)
        await asyncio.sleep(0.5)
        assert set(await f.value("b")) == {"fine"}
        assert (await f.status("b")).counts.future >= 1
        assert {(event.what, event.value) for event in refused} == {("future", "it")}
        await asyncio.sleep(5)
        assert set(await f.value("b")) == {"late", "fine"}, "when its time has come it is taken"
        assert clock() > BEGAN
    detach()


async def test_damaged_frames_are_refused_and_counted_and_harm_nothing() -> None:
    async with fleet(AWSet, "ab") as f:
        f.net.spoil = lambda frame: frame[: len(frame) // 2]
        await f.change("a", add, 1)
        for junk in (b"", b"\xc1", b"\x00" * 50, "text", None, 7):
            f.refs["b"].cast(Replica.hear, junk, "x")
        await asyncio.sleep(3)
        assert not set(await f.value("b"))
        assert (await f.status("b")).counts.damaged >= 6
        f.net.spoil = None
        await asyncio.sleep(2)
        assert set(await f.value("b")) == {1}


async def test_a_replica_of_another_type_under_the_same_name_is_refused() -> None:
    async with fleet(AWSet, "a") as f:
        f.kind = MV
        await f.start("b")
        await f.change("a", add, 1)
        await asyncio.sleep(2)
        assert (await f.value("b")).values == ()
        assert (await f.status("b")).counts.damaged >= 1
        assert (await f.status("a")).counts.damaged >= 1


async def test_digests_that_differ_for_the_same_changes_are_told_once() -> None:
    told: list[Any] = []
    detach = attach(ReplicaDiverged, told.append)
    async with fleet(AWSet, "ab") as f:
        await f.change("a", add, 1)
        await asyncio.sleep(3)
        assert not told
        frames, known = Frames(AWSet, 65_536), (await f.value("a")).context
        lie = Hello("awset", "site", 1, "liar", True, False, known, b"x" * 16, 0, (), (), (), "")
        for _ in range(3):
            f.refs["a"].cast(Replica.hear, frames.write(lie), "c")
        await asyncio.sleep(1)
        assert [event.peer for event in told] == ["liar"]
        assert (await f.status("a")).counts.diverged == 1
    detach()


async def test_types_unknown_here_are_carried_on_unread() -> None:
    class Newer:
        def __init__(self, n: int) -> None:
            self.n = n

    types = TypeTable()
    types.register(Newer, "a.newer.type", encode=lambda value: (value.n,), decode=Newer)
    async with fleet(MV, "ab") as f:
        frames = Frames(MV, 65_536)
        unread = Frames(MV, 65_536)
        body = Codec(types).encode((Newer(7),))
        (opaque,) = unread._codec.decode(body)
        assert isinstance(opaque, Opaque)
        frame = frames.write(News(0, MV[Any]().set("newer", opaque)))
        f.net.part("a")
        f.refs["a"].cast(Replica.hear, frame, "c")
        await asyncio.sleep(1)
        f.net.heal()
        await asyncio.sleep(2)
        assert (await f.value("b")).values == (opaque,)
        assert (await f.status("a")).digest == (await f.status("b")).digest
