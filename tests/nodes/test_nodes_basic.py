"""The same bodies on one node and on two."""

import asyncio
from typing import Any

import pytest

from cybernetic import (
    Agent,
    CallFailed,
    CallTimeout,
    CannotTravel,
    Crash,
    Down,
    Exit,
    Kill,
    Killed,
    NoConnection,
    NoProc,
    Ref,
    Shutdown,
)
from cybernetic.testing import settle
from tests.nodes.stage import TWO, WHERES, stage

everywhere = pytest.mark.parametrize("where", WHERES)


class Counter(Agent):
    def __init__(self, start: int = 0) -> None:
        self.value, self.log = start, []

    def add(self, by: int = 1) -> int:
        self.value += by
        return self.value

    def note(self, what: Any) -> None:
        self.log.append(what)

    def noted(self) -> list[Any]:
        return self.log

    def receive(self, message: Any) -> None:
        self.log.append(message)

    def boom(self, text: str) -> None:
        raise ValueError(text)

    async def slow(self, seconds: float) -> str:
        await asyncio.sleep(seconds)
        return "slow"

    def who(self) -> Any:
        return self.sender


class Watcher(Counter):
    trap_exit = True

    def watch(self, ref: Ref[Any]) -> Any:
        return self.monitor(ref)

    def tie(self, ref: Ref[Any]) -> None:
        self.link(ref)

    def untie(self, ref: Ref[Any]) -> None:
        self.unlink(ref)

    def signal(self, ref: Ref[Any], reason: Any) -> None:
        self.exit(ref, reason)

    async def ask(self, ref: Ref[Any]) -> Any:
        return await ref.call(Counter.add, 1)

    def pour(self, ref: Ref[Any], values: list[Any]) -> None:
        for value in values * 3:
            ref.cast(Counter.note, value)

    def flood(self, ref: Ref[Any], count: int) -> None:
        for n in range(count):
            ref.cast(Counter.note, n)


@everywhere
async def test_calls_and_casts_in_order(where: str) -> None:
    async with stage(where) as s:
        far, near = await s.spawn(Counter, 10), await s.here(Watcher)
        assert await far.call(Counter.add, by=5) == 15
        await near.call(Watcher.flood, far, 500)
        assert await near.call(Watcher.ask, far) == 16
        assert await far.call(Counter.noted) == list(range(500))
        far.send({"any": (1, [2])})
        assert (await far.call(Counter.noted))[-1] == {"any": (1, [2])}
        with pytest.raises(CallTimeout):
            await far.within(0.5).call(Counter.slow, 2.0)


@everywhere
async def test_links_monitors_and_exits(where: str) -> None:
    async with stage(where) as s:
        near = await s.here(Watcher)
        one, two, three = [await s.spawn(Counter) for _ in range(3)]
        await near.call(Watcher.watch, one)
        await near.call(Watcher.tie, two)
        with pytest.raises(CallFailed) as failed:
            await one.call(Counter.boom, "no")
        assert failed.value.reason == Crash("ValueError", "no")
        two.exit(Kill())
        await s.system.wait(two)
        await s.calm()
        log = await near.call(Counter.noted)
        assert [type(m) for m in log] == [Down, Exit]
        assert log[0].ref == one
        assert log[0].reason == Crash("ValueError", "no")
        assert log[1].ref == two
        assert log[1].reason == Killed()
        await near.call(Watcher.tie, three)
        waiting = asyncio.ensure_future(s.system.wait(three))
        await s.calm()
        await near.call(Watcher.signal, three, Shutdown("enough"))
        assert await waiting == Shutdown("enough")


@everywhere
async def test_stop_and_the_dead(where: str) -> None:
    async with stage(where) as s:
        far = await s.spawn(Counter)
        await far.stop()
        assert not s.system.alive(far)
        with pytest.raises(CallFailed) as failed:
            await far.call(Counter.add)
        assert failed.value.reason == NoProc()
        assert await s.system.wait(far) == NoProc()
        near = await s.here(Watcher)
        await near.call(Watcher.tie, far)
        await near.call(Watcher.watch, far)
        log = await near.call(Counter.noted)
        assert [m.reason for m in log] == [NoProc(), NoProc()]


async def test_a_lost_node() -> None:
    async with stage(TWO) as s:
        near, far = await s.here(Watcher), await s.spawn(Counter, name="far")
        await near.call(Watcher.watch, far)
        await near.call(Watcher.tie, far)
        pending = far.request(Counter.slow, 3)
        await settle(s.system)
        s.kill_far()
        with pytest.raises(CallFailed) as failed:
            await pending
        assert failed.value.reason == NoConnection()
        await settle(s.system)
        log = await near.call(Counter.noted)
        assert sorted(type(m).__name__ for m in log) == ["Down", "Exit"]
        assert {m.reason for m in log} == {NoConnection()}
        assert s.system.whereis("far") is None
        await asyncio.sleep(5)
        again = await s.spawn(Counter, name="far")
        assert await again.call(Counter.add) == 1
        assert not s.system.alive(far)


async def test_what_cannot_travel_fails_at_the_line() -> None:
    async with stage(TWO) as s:
        far = await s.spawn(Counter)
        with pytest.raises(CannotTravel, match=r"arguments\[0\]\['a'\]"):
            far.cast(Counter.note, {"a": object()})
        with pytest.raises(CannotTravel, match=r"message"):
            far.send(object())


@everywhere
async def test_casts_of_all_kinds_and_sizes_keep_their_order(where: str) -> None:
    async with stage(where) as s:
        far, near = await s.spawn(Counter), await s.here(Watcher)
        values = [
            0,
            b"x" * 30_000,
            "é" * 20_000,
            2**70,
            (1, 2),
            [1],
            None,
            True,
            1.5,
            "\ud800",
            b"",
            {"a": {1}},
        ]
        await near.call(Watcher.pour, far, values)
        far.cast(Counter.note, "from outside")
        assert await near.call(Watcher.ask, far) == 1
        noted = await far.call(Counter.noted)
        assert noted[:-1] == values * 3
        assert [type(value) for value in noted[:-1]] == [type(value) for value in values * 3]
        assert noted[-1] == "from outside"
