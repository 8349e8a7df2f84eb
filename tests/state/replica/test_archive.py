"""A replica on the disk: what was acknowledged is there, whenever the process ends, and the journal stays short."""

import asyncio
import sqlite3
from contextlib import closing
from hashlib import blake2b
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cybernetic.core import OptionError
from cybernetic.crdt import OpaqueTypes
from cybernetic.state import AWMap, AWSet, Escrow, Journal, Replica, Store, StoreDamaged
from cybernetic.state.replica.archive import Archive
from cybernetic.state.replica.copy import Copy
from cybernetic.state.replica.frames import Frames, Hello
from cybernetic.state.replica.marks import marked, read_marked
from cybernetic.state.replica.plan import Member
from cybernetic.wire import Codec
from tests.crdt.world import World, schedules
from tests.state.replica.fleet import add, fleet, remove
from tests.support import soak


async def opened(store: Store, kind: Any = AWSet) -> tuple[Archive[Any], Copy[Any]]:
    """The replica in a store, as a start finds it."""
    archive = await Archive.open(store, "it", kind, "site")
    value = await archive.load()
    return archive, Copy(value, archive, archive.loaded)


def quiet(error: BaseException | None) -> None:
    assert error is None


async def test_changes_before_during_and_after_a_snapshot_are_there(tmp_path: Path) -> None:
    async with await Store.open(tmp_path / "a") as store:
        archive, copy = await opened(store)
        for n in range(30):
            copy.write(copy.value.add("ann", n), quiet)
        keeping = asyncio.ensure_future(copy.keep(4))
        for n in range(30, 60):
            copy.write(copy.value.add("ann", n), quiet)
            await asyncio.sleep(0)
        await keeping
        copy.write(copy.value.remove("ann", 3), quiet)
        await copy.lasting()
        assert archive.record.generation == 1
        expected = copy.value
        again, loaded = await opened(store)
        assert loaded.value == expected
        assert again.record.starts == 2
        assert 0 < again.journaled < 31 * 100
        journal = await Journal.open(store)
        assert 29 < len(await journal.read("replica/it")) < 32


@pytest.mark.parametrize("writes", range(1, 9))
async def test_a_crash_amid_a_snapshot_leaves_the_one_before(
    tmp_path: Path, writes: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with await Store.open(tmp_path / "a") as store:
        _, copy = await opened(store)
        for n in range(100):
            copy.write(copy.value.add("ann", n), quiet)
        await copy.keep(10)
        copy.write(copy.value.add("ann", "later"), quiet)
        await copy.lasting()
        left, write = writes, Store.write

        async def failing(self: Store, fn: Any) -> Any:
            nonlocal left
            left -= 1
            if not left:
                raise asyncio.CancelledError
            return await write(self, fn)

        monkeypatch.setattr(Store, "write", failing)
        try:
            await copy.keep(10)
        except asyncio.CancelledError:
            pass
        monkeypatch.setattr(Store, "write", write)
        _, loaded = await opened(store)
        assert loaded.value == copy.value
        await loaded.keep(20)  # though pieces of the other may be there
        assert (await opened(store))[1].value == copy.value


@given(steps=schedules(soak(20, 60), forgetting=True), leaves=st.integers(1, 5))
@settings(max_examples=soak(30, 500))
async def test_whatever_happened_a_snapshot_is_the_value(steps: Any, leaves: int) -> None:
    world = World(AWMap)
    for step in steps:
        step(world)
    value = world.states[0]
    pieces = list(value.slices(leaves))
    again: Any = AWMap()
    for piece in pieces:
        again = again.join(piece)
    assert again == value


async def test_a_large_journal_becomes_a_snapshot(tmp_path: Path) -> None:
    async with fleet(AWSet, "a", tmp_path) as f:
        for n in range(40):
            await f.change("a", add, n.to_bytes(2, "big") * 10_000)
        await asyncio.sleep(3)
        journal = await Journal.open(f.stores["a"])
        assert journal.size < 400_000
        value = await f.value("a")
        await f.kill("a")
        await f.start("a")
        assert await f.value("a") == value


async def test_who_is_waited_for_and_what_was_forgotten_is_kept(tmp_path: Path) -> None:
    async with await Store.open(tmp_path / "a") as store:
        archive, copy = await opened(store)
        copy.write(copy.value.add("ann", 1), quiet)
        copy.floor = copy.value.context
        member = Member(2, "bob", copy.value.context, 5.0, False)
        await archive.note(members=(("there", *member),), absent=(("eve", "its", True),))
        await copy.keep(10)
        again, loaded = await opened(store)
        assert again.record.known() == {"there": member}
        assert again.record.absent == (("eve", "its", True),)
        assert loaded.floor == copy.floor


async def test_who_is_who_is_noted_while_a_snapshot_is_written_and_both_are_there(tmp_path: Path) -> None:
    async with await Store.open(tmp_path / "a", synchronous="normal") as store:
        archive, copy = await opened(store)
        noted = 0
        for n in range(20):
            copy.write(copy.value.add("ann", n), quiet)
            keeping = asyncio.ensure_future(copy.keep(3))
            while not keeping.done():
                noted += 1
                await archive.note(line=(str(noted),))
                await asyncio.sleep(0)
            await keeping
            again, loaded = await opened(store)
            assert loaded.value == copy.value
            assert again.record.line == (str(noted),)
            assert again.record.generation == archive.record.generation == n + 1
        assert noted > 100


async def test_notes_of_different_things_at_once_are_all_there(tmp_path: Path) -> None:
    async with await Store.open(tmp_path / "a") as store:
        archive, _ = await opened(store)
        await asyncio.gather(archive.note(site="other"), archive.note(line=("x",)), archive.note(starts=7))
        again, _ = await opened(store)
        assert (again.record.site, again.record.line, again.record.starts) == ("other", ("x",), 8)


async def test_one_that_learns_the_whole_anew_while_others_come_and_go_finds_it_on_its_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = Store.write

    async def slow(self: Store, fn: Any) -> Any:
        result = await write(self, fn)
        await asyncio.sleep(0.02)
        return result

    async with fleet(AWSet, "ab", tmp_path, tidy=1.0, gone=2.0, pulse=0.05, leaves=5) as f:
        await f.change("a", add, *range(100))
        await asyncio.sleep(2)
        f.net.part("a", "b")
        await f.change("b", add, "only b")
        await asyncio.sleep(3)
        await f.change("a", remove, *range(50))
        await asyncio.sleep(5)
        monkeypatch.setattr(Store, "write", slow)
        f.net.heal()
        agent = f.refs["b"]._agent
        while not (await f.status("b")).counts.rejoined:
            agent._roll.changed = True  # as whoever is met, or given up on, does
            await asyncio.sleep(0.003)
        before = set(await f.value("b"))
        assert before == {*range(50, 100), "only b"}
        f.net.part("a", "b")
        await f.kill("b")
        await f.start("b")
        assert set(await f.value("b")) == before


async def test_what_a_snapshot_has_is_known_after_a_restart_however_it_came(tmp_path: Path) -> None:
    async with await Store.open(tmp_path / "a") as store:
        _, copy = await opened(store)
        whole = copy.value.add("bob", "x")
        copy.merge(whole, whole.context)
        assert not copy.saved
        await copy.keep(10)
        assert copy.saved == copy.value.context == whole.context
        _, loaded = await opened(store)
        assert loaded.saved == whole.context


async def test_a_damaged_piece_is_told_of_and_not_passed_over(tmp_path: Path) -> None:
    async with await Store.open(tmp_path / "a") as store:
        _, copy = await opened(store)
        copy.write(copy.value.add("ann", 1), quiet)
        await copy.keep(10)

        def damage(connection: sqlite3.Connection) -> None:
            connection.execute("UPDATE cybernetic_replica_pieces SET body = substr(body, 1, 5)")

        await store.write(damage)
        with pytest.raises(StoreDamaged):
            await opened(store)


async def test_two_replicas_in_one_store_do_not_meet(tmp_path: Path) -> None:
    async with await Store.open(tmp_path / "a") as store:
        one = await Archive.open(store, "one", AWSet, "site")
        other = await Archive.open(store, "other", AWMap, "site")
        await one.append(AWSet[int]().add("ann", 1))
        assert not await other.load()
        assert set(await one.load()) == {1}
        with pytest.raises(OptionError, match="the type of 'one'"):
            await Archive.open(store, "one", AWMap, "site")


async def kept(place: Path, snapshot: bool) -> str:
    """A store with a replica whose changes are in its journal, or in its snapshot; its file."""
    async with await Store.open(place) as store:
        _, copy = await opened(store, Escrow)
        copy.write(copy.value.grant("ann", 100), quiet)
        await copy.lasting()
        if snapshot:
            await copy.keep(4)
        return store.path


def bodies(path: str, table: str, column: str) -> list[bytes]:
    with closing(sqlite3.connect(path)) as connection:
        return [body for (body,) in connection.execute(f"SELECT {column} FROM {table}")]


@pytest.mark.parametrize(
    ("table", "column", "snapshot"),
    [
        ("cybernetic_journal", "event", False),
        ("cybernetic_replica_pieces", "body", True),
        ("cybernetic_replicas", "body", False),
    ],
)
async def test_a_bit_that_the_disk_has_turned_is_never_believed(
    tmp_path: Path, table: str, column: str, snapshot: bool
) -> None:
    path = await kept(tmp_path / "a", snapshot)
    (body, *_) = bodies(path, table, column)
    for bit in range(0, 8 * len(body), soak(7, 1)):
        turned = bytearray(body)
        turned[bit // 8] ^= 1 << bit % 8
        with closing(sqlite3.connect(path)) as connection, connection:
            connection.execute(f"UPDATE {table} SET {column} = ? WHERE {column} = ?", (bytes(turned), body))
        async with await Store.open(path) as store:
            with pytest.raises(StoreDamaged, match=r"replica 'it'.*put a good copy in its place"):
                await opened(store, Escrow)
        with closing(sqlite3.connect(path)) as connection, connection:
            connection.execute(f"UPDATE {table} SET {column} = ? WHERE {column} = ?", (body, bytes(turned)))
    async with await Store.open(path) as store:
        _, copy = await opened(store, Escrow)
        assert copy.value.rights("ann") == 100


def first_mark(body: bytes) -> bytes:
    """`body` as marks were at first: without its place."""
    return b"\x00" + blake2b(body, digest_size=8).digest() + body


async def test_what_was_written_without_a_mark_is_read() -> None:
    codec = Codec(OpaqueTypes())
    body = codec.encode((1, 2))
    for written in body, first_mark(body), marked(body, "it", 3):
        assert read_marked("a file", "it", codec, written, "it", 3) == (1, 2)
    for turned in bytes((*first_mark(body)[:-1], body[-1] ^ 1)), first_mark(body)[:-1], first_mark(body)[:5]:
        with pytest.raises(StoreDamaged, match="not those that were written there"):
            read_marked("a file", "it", codec, turned, "it", 3)
    with pytest.raises(StoreDamaged, match="not those that were written there"):
        read_marked("a file", "it", codec, marked(codec.encode((1, 2)), "it", 3), "it", 4)
    with pytest.raises(StoreDamaged, match="of type str"):
        read_marked("a file", "it", codec, "text")
    with pytest.raises(StoreDamaged, match=r"^a file: .*'it' that mean nothing"):
        read_marked("a file", "it", codec, b"\xc1")


PIECES, JOURNAL = "cybernetic_replica_pieces", "cybernetic_journal"
LOST = {
    "a piece": f"DELETE FROM {PIECES} WHERE number = 1",
    "the last piece": f"DELETE FROM {PIECES} WHERE number = (SELECT max(number) FROM {PIECES})",
    "its record": "DELETE FROM cybernetic_replicas",
    "its number": f"UPDATE {PIECES} SET number = 10001 WHERE number = 1",
    "a change": f"DELETE FROM {JOURNAL} WHERE place = (SELECT min(place) FROM {JOURNAL})",
    "its type": f"UPDATE {PIECES} SET body = 'text' WHERE number = 1",
    "its place": f"UPDATE {PIECES} SET body = (SELECT body FROM {PIECES} WHERE number = 0) WHERE number = 1",
}


@pytest.mark.parametrize("lost", LOST)
async def test_a_part_that_the_disk_has_lost_is_missed(tmp_path: Path, lost: str) -> None:
    async with await Store.open(tmp_path / "a") as store:
        _, copy = await opened(store)
        for n in range(20):
            copy.write(copy.value.add("ann", n), quiet)
        await copy.lasting()
        await copy.keep(4)
        for n in range(20, 23):
            copy.write(copy.value.add("ann", n), quiet)
        await copy.lasting()
        path = store.path
    with closing(sqlite3.connect(path)) as connection, connection:
        assert connection.execute(LOST[lost]).rowcount == 1
    async with await Store.open(path) as store:
        with pytest.raises(StoreDamaged, match="replica 'it'"):
            await opened(store)


async def test_peers_are_told_that_a_change_is_known_when_it_is_on_the_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They may drop marks for it, which a start from the disk would lack."""
    frames = Frames(AWSet, 65_536)
    async with fleet(AWSet, "ab", tmp_path) as f:

        def claimed() -> int:
            said = [frames.read(frame) for origin, _, frame in f.net.frames if origin == "a"]
            return max(len(frame.context) for frame in said if isinstance(frame, Hello))

        await f.change("a", add, 1)
        await asyncio.sleep(2.0)
        written: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        with monkeypatch.context() as patch:
            patch.setattr(Archive, "append", lambda *_: written)
            f.refs["a"].cast(Replica.change, add, 2)
            await asyncio.sleep(2.0)
        assert set(await f.value("a")) == {1, 2}
        assert claimed() == 1
        written.set_result(2)
        await asyncio.sleep(2.0)
        assert claimed() == 2
