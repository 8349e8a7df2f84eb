"""What is remembered until it expires: nonces and keys of effects, bounded, and never forgotten alive."""

import asyncio
from pathlib import Path

import pytest

from cybernetic.core import OptionError
from cybernetic.state import Batch, Inbox, Nonces, NoncesFull, Store, StoreLimits
from cybernetic.state.store.memory import GRACE

HOUR = 3600.0


async def test_a_nonce_is_fresh_once_also_after_reopening(tmp_path: Path) -> None:
    async with await Store.open(tmp_path / "a") as store:
        nonces = await Nonces.open(store)
        expires = store.now() + 90
        used = await asyncio.gather(
            *(nonces.fresh("one", expires) for _ in range(3)), nonces.fresh(b"two", expires)
        )
        assert used == [True, False, False, True]
        assert nonces.count == 2
    async with await Store.open(tmp_path / "a") as store:
        nonces = await Nonces.open(store)
        assert nonces.count == 2
        assert not await nonces.fresh(b"one", expires)
        assert await nonces.fresh("three", expires)


async def test_when_it_is_full_of_living_nonces_new_ones_are_refused_and_none_is_forgotten(
    tmp_path: Path,
) -> None:
    async with await Store.open(tmp_path / "a") as store:
        nonces = await Nonces.open(store, StoreLimits(count=3))
        now = store.now()
        assert [await nonces.fresh(str(n), now + n * 100) for n in range(3)] == [True] * 3
        with pytest.raises(NoncesFull, match="at most 3 items"):
            await nonces.fresh("more", now + 900)
        await asyncio.sleep(GRACE + 50)
        assert await nonces.fresh("more", now + 2 * HOUR)
        assert nonces.count == 3
        with pytest.raises(NoncesFull):
            await nonces.fresh("still more", now + 900)
        await asyncio.sleep(200)
        assert await nonces.fresh("1", now + 2 * HOUR)  # long expired, and forgotten
        assert not await nonces.fresh("more", now + 900)


async def test_what_has_expired_is_swept_as_others_come(tmp_path: Path) -> None:
    async with await Store.open(tmp_path / "a", synchronous="normal") as store:
        nonces = await Nonces.open(store)
        await asyncio.gather(*(nonces.fresh(f"old-{n}", store.now()) for n in range(600)))
        await asyncio.sleep(GRACE + 1)
        living = 330
        await asyncio.gather(*(nonces.fresh(f"new-{n}", store.now() + 90) for n in range(living)))
        assert nonces.count == living
        query = "SELECT count(*) FROM cybernetic_nonces"
        assert await store.read(lambda connection: connection.execute(query).fetchone()) == (living,)


async def test_a_key_is_remembered_through_a_step_of_the_clock_of_an_hour(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 1_800_000_000.0
    monkeypatch.setattr("cybernetic.state.store.store.wall", lambda: now)
    async with await Store.open(tmp_path / "a") as store:
        inbox = await Inbox.open(store)
        batch = Batch(store, inbox=inbox)
        batch.once("key", b"result", expires=now + 60)
        await store.commit(batch)
    for step in (HOUR, -HOUR):
        now += step
        async with await Store.open(tmp_path / "a") as store:
            inbox = await Inbox.open(store)
            assert await inbox.sweep() == 0
            assert await inbox.seen("key") == b"result"


async def test_an_inbox_keeps_a_key_as_long_as_it_says(tmp_path: Path) -> None:
    async with await Store.open(tmp_path / "a") as store:
        inbox = await Inbox.open(store, keep=100)
        batch = Batch(store, inbox=inbox)
        batch.once("key")
        await store.commit(batch)
        await asyncio.sleep(100 + GRACE - 1)
        assert (await inbox.sweep(), await inbox.seen("key")) == (0, b"")
        await asyncio.sleep(2)
        assert (await inbox.sweep(), await inbox.seen("key"), inbox.count) == (1, None, 0)


async def test_options_are_checked(tmp_path: Path) -> None:
    async with await Store.open(tmp_path / "a") as store:
        for keep in (0, -1, "long"):
            with pytest.raises(OptionError, match="keep"):
                await Inbox.open(store, keep=keep)  # type: ignore[arg-type]
        for opening in (Inbox.open(store, StoreLimits(age=1)), Nonces.open(store, StoreLimits(age=1))):
            with pytest.raises(OptionError, match="age"):
                await opening
        nonces = await Nonces.open(store)
        with pytest.raises(OptionError, match="key"):
            await nonces.fresh(7, 0)  # type: ignore[arg-type]
        with pytest.raises(OptionError, match="expires"):
            await nonces.fresh("n", float("nan"))


async def test_whether_any_key_begins_so_is_told_for_every_beginning(tmp_path: Path) -> None:
    keys = [b"", b"a", b"a\xff", b"a\xffb", b"b\x00", b"\xfe\xff", b"\xff\xff\x01"]
    asked = {key[:n] for key in keys for n in range(4)} | {b"a\xff\xff", b"b", b"c", b"\xff\xff\xff", b"\x00"}
    for n, known in enumerate([[], *([key] for key in keys), keys]):
        async with await Store.open(tmp_path / str(n)) as store:
            inbox = await Inbox.open(store)
            for key in known:
                batch = Batch(store, inbox=inbox)
                batch.once(key)
                await store.commit(batch)
            for beginning in asked:
                said = await inbox.begins(beginning)
                assert said == any(key.startswith(beginning) for key in known), (known, beginning)
