"""A replica that is said to be over ends by name, loses nothing acknowledged, and its supervisor starts it anew."""

import asyncio
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from cybernetic import Supervisor, child
from cybernetic.core import Refusal
from cybernetic.state import AWMap, AWSet, Escrow, Replica, ReplicaEnding, ReplicaOptions, ReplicaOver
from cybernetic.state.replica.custody import over
from cybernetic.state.replica.escrows import counter, put
from tests.state.replica.fleet import Fleet, add, fleet, remove
from tests.state.replica.test_custody import give, grant, spend

LEASE = 4.0


class Home(Supervisor):
    """Has one ward, "b", that is started again."""

    max_restarts, max_seconds = 1, 60.0

    def __init__(self, f: Fleet, kind: Any, store: str | None) -> None:
        self.f, self.kind, self.store = f, kind, store

    def children(self) -> Any:
        f = self.f
        options = ReplicaOptions(custody="ward", lease=LEASE)
        port, wall = f.net.peers("b"), partial(f.wall, "b")
        yield child(Replica, self.kind, "it", self.store, options, port, wall, id="b", name="b")


async def started(f: Fleet, kind: Any, store: Path | None) -> Any:
    """A guardian "a", and a ward "b" in a supervisor's care; the id of "b"."""
    await f.start("a", custody="guardian")
    home = await f.system.start(Home, f, kind, None if store is None else str(store), type="temporary")
    f.refs["b"] = f.system.named("b", Replica)
    await asyncio.sleep(2.5)
    return home


def says_over(value: Any, by: Any, replica: str) -> Any:
    """Say that a replica never acts again."""
    return value.settle_for(by.replica, replica)


def succeeds(value: Any, by: Any, replica: str) -> Any:
    """Be in the place of another."""
    return value.succeed(by.replica, replica)


async def test_who_is_said_to_be_over_is_started_anew_and_spends_again(tmp_path: Path) -> None:
    async with fleet(Escrow, "", tmp_path, lease=LEASE) as f:
        home = await started(f, Escrow, tmp_path / "b.sqlite")
        me, ward = (await f.status("a")).replica, (await f.status("b")).replica
        await f.change("a", grant, 20)
        await f.change("a", give, ward, 10)
        await asyncio.sleep(2.5)
        await f.change("b", spend, 1)
        await asyncio.sleep(1.0)
        first, ended = f.system.whereis("b", Replica), []
        assert first is not None
        waiting = asyncio.ensure_future(f.system.wait(first))
        await f.change("a", says_over, ward)
        await asyncio.sleep(3.0)
        ended.append(await waiting)
        assert ended == [ReplicaOver("it", ward)]
        assert "said to be over" in str(ended[0])
        status, value = await f.status("b"), await f.value("b")
        assert (status.replica != ward, status.starts) == (True, 2)
        assert (value.rights(me), value.used, value.absorbed(ward)) == (19, 1, True)
        await f.change("a", give, status.replica, 8)
        await asyncio.sleep(2.5)
        await f.change("b", spend, 2)
        await asyncio.sleep(1.0)
        assert (await f.value("a")).used == 3

        await f.change("a", says_over, status.replica)  # and once more: that is too often for its supervisor
        await asyncio.sleep(3.0)
        assert f.system.whereis("b", Replica) is None
        assert not f.system.alive(home)
        f.refs.pop("b")


async def test_who_has_a_successor_ends_too_and_one_on_its_own_is_not_over(tmp_path: Path) -> None:
    async with fleet(Escrow, "ab", tmp_path, lease=LEASE) as f:
        await f.change("a", grant, 20)
        await asyncio.sleep(2.0)
        one, ref = (await f.status("a")).replica, f.refs["a"]
        assert not over(await f.value("a"), one)
        await f.change("b", succeeds, one)
        await asyncio.sleep(2.0)
        assert await f.system.wait(ref) is not None
        assert not f.system.alive(ref)
        assert f.system.alive(f.refs["b"])
        f.refs.pop("a")
        f.net.here.pop("a")
        await f.start("a")
        await asyncio.sleep(3 * LEASE)
        value = await f.value("a")
        assert value.rights((await f.status("b")).replica) == 20
        assert f.system.alive(f.refs["a"])


def noted(value: Any, by: Any, what: str) -> Any:
    """Note something beside the money."""
    return value.put("notes", value.at("notes", AWSet).add(by.replica, what))


def cash(value: Any, by: Any, edit: Any, *args: Any) -> Any:
    """Do something with the money."""
    return put(value, ("cash",), edit(counter(value, ("cash",)), by, *args))


@pytest.mark.parametrize("kept", [True, False])
async def test_what_was_acknowledged_before_is_there_after_it(
    kept: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a ward noted while it was cut off, and could tell nobody for long after that."""
    async with fleet(AWMap, "", lease=LEASE) as f:
        await started(f, AWMap, tmp_path / "b.sqlite" if kept else None)
        ward, first = (await f.status("b")).replica, f.system.whereis("b", Replica)
        await f.change("a", cash, grant, 20)
        await f.change("a", cash, give, ward, 10)
        await asyncio.sleep(2.5)
        f.net.part("a", "b")
        await f.change("a", cash, says_over, ward)
        await f.change("b", noted, "alone")
        carry = f.net.carry

        def deaf(origin: str, to: str, frame: bytes) -> None:
            if origin != "b" or not (b"\xa4news" in frame or b"\xa5piece" in frame):
                carry(origin, to, frame)

        monkeypatch.setattr(f.net, "carry", deaf)
        f.net.heal()
        await asyncio.sleep(3.0)
        assert "alone" not in (await f.value("a")).at("notes", AWSet)
        if kept:
            assert f.system.whereis("b", Replica) != first, "it has all of it on its disk"
        else:
            assert f.system.whereis("b", Replica) == first, "nobody else has what it knows"
            with pytest.raises(ReplicaEnding, match="call again, the next start takes it"):
                await f.change("b", noted, "late")
        monkeypatch.setattr(f.net, "carry", carry)
        await asyncio.sleep(5.0)
        assert (await f.status("b")).replica != ward
        for name in "ab":
            assert set((await f.value(name)).at("notes", AWSet)) == {"alone"}
        await f.change("b", noted, "again")
        await asyncio.sleep(1.0)
        assert set((await f.value("a")).at("notes", AWSet)) == {"alone", "again"}
        assert isinstance(ReplicaEnding(ward), Refusal)
        f.refs.pop("b")


def slow(f: Fleet, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let each change of one be on its disk a second after it was written."""
    ref = f.system.whereis(name, Replica) or f.refs[name]
    archive, loop = ref._agent._archive, asyncio.get_running_loop()
    append = archive.append

    def later(delta: Any, body: bytes = b"") -> Any:
        done = loop.create_future()
        append(delta, body).add_done_callback(
            lambda written: loop.call_later(1.0, done.set_result, written.result())
        )
        return done

    monkeypatch.setattr(archive, "append", later)


async def test_who_is_said_to_be_over_answers_first_what_is_on_its_way_to_the_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with fleet(AWMap, "", lease=LEASE) as f:
        await started(f, AWMap, tmp_path / "b.sqlite")
        ward = (await f.status("b")).replica
        await f.change("a", cash, grant, 20)
        await f.change("a", cash, give, ward, 10)
        await asyncio.sleep(2.5)
        slow(f, "b", monkeypatch)
        answer = asyncio.ensure_future(f.change("b", noted, "late"))
        await f.change("a", cash, says_over, ward)
        assert await answer
        await asyncio.sleep(3.0)
        assert (await f.status("b")).replica != ward
        for name in "ab":
            assert set((await f.value(name)).at("notes", AWSet)) == {"late"}
        f.refs.pop("b")


async def test_who_ends_in_order_tells_what_it_leaves_however_slow_its_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with fleet(Escrow, "", tmp_path, lease=LEASE) as f:
        await f.start("a", custody="guardian")
        await f.start("b", custody="ward")
        await asyncio.sleep(2.5)
        ward = (await f.status("b")).replica
        await f.change("a", grant, 20)
        await f.change("a", give, ward, 10)
        await asyncio.sleep(2.5)
        slow(f, "b", monkeypatch)
        await f.stop("b")
        await asyncio.sleep(1.0)
        value = await f.value("a")
        assert value.ended(ward)
        assert value.rights((await f.status("a")).replica) == 20


async def test_an_end_in_order_is_one_also_while_the_whole_is_being_learned(tmp_path: Path) -> None:
    async with fleet(AWSet, "a", tmp_path, tidy=1.0, gone=3.0) as f:

        async def start() -> None:
            port, wall = f.net.peers("b"), partial(f.wall, "b")
            f.refs["b"] = await f.system.start(
                Replica, AWSet, "it", str(tmp_path / "b"), f.options, port, wall
            )

        await start()
        await f.change("a", add, *range(2000))
        await asyncio.sleep(3.0)
        f.net.part("a", "b")
        await f.change("a", remove, 1)
        await asyncio.sleep(6.0)
        archive, wrote = f.refs["b"]._agent._archive, asyncio.Event()
        drop = archive._drop

        async def begun(generation: int) -> None:
            wrote.set()
            await drop(generation)

        archive._drop = begun
        f.net.heal()
        await wrote.wait()
        assert f.refs["b"]._agent._copy.rejoining
        await f.stop("b")
        await start()
        await asyncio.sleep(3.0)
        assert await f.same()
        assert 1 not in await f.value("b")


def test_one_is_over_as_soon_as_that_is_said_of_it_or_another_is_in_its_place() -> None:
    value = Escrow().join(Escrow().grant("ann", 5))
    value = value.join(value.entrust("bob", "ann"))
    assert not over(value, "ann")
    assert not over(value, "bob")
    said = value.join(value.settle_for("x", "bob"))
    assert over(said, "bob")
    assert not said.absorbed("bob")
    followed = value.join(value.succeed("cat", "ann"))
    assert [over(followed, one) for one in ("ann", "bob", "cat")] == [True, False, False]
