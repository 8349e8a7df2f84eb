"""A damaged file is refused, left as it is, and never quietly replaced; a log that was cut short is no damage."""

import asyncio
import shutil
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from cybernetic.state import Outbox, Store, StoreDamaged, WrongStore


async def filled(path: Path) -> None:
    """A store with a few hundred messages in its outbox, closed."""
    async with await Store.open(path, synchronous="normal") as store:
        outbox = await Outbox.open(store)
        await asyncio.gather(*(outbox.put("e", "q", b"%04d" % n * 100) for n in range(400)))


def overwrite(path: Path, at: int, data: bytes) -> None:
    with open(path, "r+b") as file:
        file.seek(at)
        file.write(data)


NOISE = bytes(range(1, 256)) * 16

DAMAGES: dict[str, Any] = {
    "its first bytes are overwritten": lambda path: overwrite(path, 0, b"\0" * 16),
    "its header is overwritten": lambda path: overwrite(path, 16, NOISE[:84]),
    "a page is overwritten": lambda path: overwrite(path, 4096 * 12, NOISE[:4096]),
    "it is cut in half": lambda path: path.write_bytes(path.read_bytes()[: path.stat().st_size // 2]),
    "it is cut within its header": lambda path: path.write_bytes(path.read_bytes()[:60]),
    "it is empty": lambda path: path.write_bytes(b""),
    "it is a text": lambda path: path.write_text("no database at all\n" * 300),
    "only its log is left": lambda path: path.rename(f"{path}-wal"),
}


@pytest.mark.parametrize("damage", DAMAGES)
async def test_a_damaged_store_is_refused_and_left_as_it_is(tmp_path: Path, damage: str) -> None:
    path = tmp_path / "store"
    await filled(path)
    DAMAGES[damage](path)
    before = {file.name: file.read_bytes() for file in tmp_path.iterdir() if file.suffix != ".lock"}
    for _ in range(3):
        with pytest.raises(StoreDamaged, match=r"left untouched.*aside=True") as refused:
            await Store.open(path)
        assert str(path) in str(refused.value)
    after = {
        file.name: file.read_bytes() for file in tmp_path.iterdir() if file.suffix not in (".lock", ".shm")
    }
    assert {name: after[name] for name in before} == before
    assert set(after) - set(before) <= {"store-shm", "store-wal"}
    assert after.get("store-wal", b"") == before.get("store-wal", b"")


@pytest.mark.parametrize("damage", DAMAGES)
async def test_a_damaged_store_is_put_aside_when_that_is_asked_for(
    tmp_path: Path, damage: str, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "store"
    await filled(path)
    DAMAGES[damage](path)
    content = path.read_bytes() if path.exists() else None
    async with await Store.open(path, aside=True) as store:
        assert store.aside is not None
        assert store.aside.startswith(f"{path}.damaged-")
        if content is not None:
            assert Path(store.aside).read_bytes() == content
        assert (await Outbox.open(store)).count == 0
    assert "is now" in caplog.text
    async with await Store.open(path, aside=True) as store:
        assert store.aside is None


async def test_the_log_of_a_damaged_store_is_put_aside_with_it(tmp_path: Path) -> None:
    path, copy = tmp_path / "store", tmp_path / "copy"
    async with await Store.open(path) as store:
        outbox = await Outbox.open(store)
        await outbox.put("e", "q", b"in the log")
        shutil.copy(path, copy)
        shutil.copy(f"{path}-wal", f"{copy}-wal")
    log = Path(f"{copy}-wal").read_bytes()
    overwrite(copy, 0, b"\0" * 16)
    async with await Store.open(copy, aside=True) as store:
        assert b"in the log" in log
        assert Path(f"{store.aside}-wal").read_bytes() == log
        assert (await Outbox.open(store)).count == 0


async def test_a_sound_store_is_not_put_aside(tmp_path: Path) -> None:
    await filled(tmp_path / "store")
    async with await Store.open(tmp_path / "store", aside=True) as store:
        assert store.aside is None
        assert (await Outbox.open(store)).count == 400


async def test_a_log_that_was_cut_short_costs_only_what_was_cut(tmp_path: Path) -> None:
    path, copy = tmp_path / "store", tmp_path / "copy"
    async with await Store.open(path) as store:
        outbox = await Outbox.open(store)
        for n in range(20):
            await outbox.put("e", "q", b"%d" % n)
        shutil.copy(path, copy)
        shutil.copy(f"{path}-wal", f"{copy}-wal")
    whole = Path(f"{copy}-wal").stat().st_size
    for cut in (1, 4120 * 5, whole // 2, whole - 10):
        for tail in ("", "-wal"):
            shutil.copy(f"{copy}{tail}", f"{path}{tail}")
        with open(f"{path}-wal", "r+b") as log:
            log.truncate(whole - cut)
        async with await Store.open(path) as store:
            outbox = await Outbox.open(store)
            left = [message.body for message in await outbox.take()]
            assert left == [b"%d" % n for n in range(len(left))]
            assert len(left) < 20


async def test_noise_in_the_log_is_no_message(tmp_path: Path) -> None:
    path, copy = tmp_path / "store", tmp_path / "copy"
    async with await Store.open(path) as store:
        outbox = await Outbox.open(store)
        for n in range(20):
            await outbox.put("e", "q", b"%d" % n)
        shutil.copy(path, copy)
        shutil.copy(f"{path}-wal", f"{copy}-wal")
    overwrite(Path(f"{copy}-wal"), 4120 * 20, NOISE[:500])
    async with await Store.open(copy) as store:
        left = [message.body for message in await (await Outbox.open(store)).take()]
        assert left == [b"%d" % n for n in range(len(left))]


async def test_anothers_database_and_a_newer_store_are_refused(tmp_path: Path) -> None:
    other = sqlite3.connect(tmp_path / "other")
    other.execute("CREATE TABLE t (n)")
    other.close()
    await filled(tmp_path / "newer")
    newer = sqlite3.connect(tmp_path / "newer")
    newer.execute("PRAGMA user_version = 99")
    newer.close()
    for name, what in (
        ("other", "another program"),
        ("newer", "version 99, where this library knows version 1"),
    ):
        for aside in (False, True):
            before = (tmp_path / name).read_bytes()
            with pytest.raises(WrongStore, match=what):
                await Store.open(tmp_path / name, aside=aside)
            assert (tmp_path / name).read_bytes() == before


async def test_a_store_is_made_whole_or_not_at_all(tmp_path: Path) -> None:
    (tmp_path / "store.new").write_bytes(NOISE)  # what is left of one whose making was cut short
    await (await Store.open(tmp_path / "store")).close()
    assert sorted(file.name for file in tmp_path.iterdir()) == ["store", "store.lock"]
    assert (tmp_path / "store").stat().st_mode & 0o077 == 0


async def test_damage_that_shows_later_ends_the_store(tmp_path: Path) -> None:
    path = tmp_path / "store"
    await filled(path)
    async with await Store.open(path) as store:
        outbox = await Outbox.open(store)
        await store.write(lambda connection: connection.execute("PRAGMA shrink_memory"))  # read it anew
        overwrite(path, 4096 * 20, NOISE * 12)
        done = await asyncio.gather(*(outbox.confirm([n]) for n in range(1, 401)), return_exceptions=True)
        assert {type(error) for error in done} == {StoreDamaged}
        with pytest.raises(StoreDamaged):
            await store.write(lambda connection: None)
