"""The batch: what one effect writes takes effect together, once, or not at all."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from cybernetic.core import OptionError
from cybernetic.state import (
    Batch,
    Committed,
    Inbox,
    InboxFull,
    Journal,
    JournalFull,
    Outbox,
    OutboxFull,
    Store,
    StoreClosed,
    StoreLimits,
    WriteUndone,
)


class Desk(NamedTuple):
    """A store with all its parts, and a table of accounts."""

    store: Store
    outbox: Outbox
    inbox: Inbox
    journal: Journal

    def batch(self) -> Batch:
        return Batch(self.store, outbox=self.outbox, inbox=self.inbox, journal=self.journal)

    async def accounts(self) -> dict[str, int]:
        query = "SELECT name, sum FROM account ORDER BY name"
        return dict(await self.store.read(lambda connection: connection.execute(query).fetchall()))

    def counts(self) -> tuple[int, int, int]:
        return self.outbox.count, self.inbox.count, self.journal.count


@asynccontextmanager
async def desk(
    folder: Path, *, outbox: int = 100, inbox: int = 100, journal: int = 100
) -> AsyncIterator[Desk]:
    async with await Store.open(folder / "desk") as store:
        await store.write(
            lambda connection: connection.execute(
                "CREATE TABLE IF NOT EXISTS account (name TEXT PRIMARY KEY, sum INTEGER CHECK (sum >= 0))"
            )
        )
        yield Desk(
            store,
            await Outbox.open(store, limits=StoreLimits(count=outbox)),
            await Inbox.open(store, StoreLimits(count=inbox)),
            await Journal.open(store, StoreLimits(count=journal)),
        )


def pay(batch: Batch, name: str, sum: int) -> None:
    batch.execute(
        "INSERT INTO account VALUES (:name, :sum) ON CONFLICT (name) DO UPDATE SET sum = sum + :sum",
        {"name": name, "sum": sum},
    )


async def test_all_of_a_batch_takes_effect_together(tmp_path: Path) -> None:
    async with desk(tmp_path) as d:
        batch = d.batch()
        batch.once("delivery-1", b"paid")
        pay(batch, "ann", 5)
        batch.send("receipts", "ann", b"5")
        batch.send("receipts", "bob", b"6", b"headers")
        batch.note("audit", b"ann was paid", "payment")
        assert (await d.accounts(), d.counts()) == ({}, (0, 0, 0))
        done = await d.store.commit(batch)
        assert (done.seen, done.result, done.numbers, done.positions) == (False, b"", (1, 2), (1,))
        assert await d.accounts() == {"ann": 5}
        assert [message[1:5] for message in await d.outbox.take()] == [
            ("receipts", "ann", b"", b"5"),
            ("receipts", "bob", b"headers", b"6"),
        ]
        assert await d.inbox.seen("delivery-1") == await d.inbox.seen(b"delivery-1") == b"paid"
        assert [(noted.kind, noted.event) for noted in await d.journal.read("audit")] == [
            ("payment", b"ann was paid")
        ]
        assert d.counts() == (2, 1, 1)


async def test_what_comes_again_has_no_effect_and_is_told_the_result_of_the_first(tmp_path: Path) -> None:
    async with desk(tmp_path) as d:

        def again(result: bytes) -> Batch:
            batch = d.batch()
            pay(batch, "ann", 5)
            batch.send("receipts", "ann", b"")
            batch.note("audit", b"")
            batch.once("delivery-1", result)
            return batch

        done = await asyncio.gather(*(d.store.commit(again(b"%d" % n)) for n in range(3)))
        assert [(one.seen, one.result) for one in done] == [(False, b""), (True, b"0"), (True, b"0")]
        assert (await d.accounts(), d.counts()) == ({"ann": 5}, (1, 1, 1))
    async with desk(tmp_path) as d:
        done_again = await d.store.commit(again(b"late"))
        assert (done_again.seen, done_again.result, done_again.numbers) == (True, b"0", ())
        assert (await d.accounts(), d.counts()) == ({"ann": 5}, (1, 1, 1))


async def test_a_batch_that_fails_has_no_effect_and_no_share_in_the_others(tmp_path: Path) -> None:
    async with desk(tmp_path) as d:
        batches = []
        for name, sum in (("ann", 5), ("bob", -1), ("cid", 7)):
            batch = d.batch()
            batch.once(name)
            batch.send("receipts", name, b"")
            batch.note("audit", b"")
            pay(batch, name, sum)
            batches.append(batch)
        done = await asyncio.gather(*map(d.store.commit, batches), return_exceptions=True)
        assert isinstance(done[1], sqlite3.IntegrityError)
        assert "in the statement: INSERT INTO account" in done[1].__notes__[0]
        assert (await d.accounts(), d.counts()) == ({"ann": 5, "cid": 7}, (2, 2, 2))
        assert await d.inbox.seen("bob") is None
        assert [message.routing_key for message in await d.outbox.take()] == ["ann", "cid"]
        batch = d.batch()
        batch.once("bob")
        pay(batch, "bob", 1)
        assert not (await d.store.commit(batch)).seen


async def test_a_function_reads_and_decides_inside_the_transaction(tmp_path: Path) -> None:
    def double(connection: sqlite3.Connection) -> None:
        (sum,) = connection.execute("SELECT sum FROM account WHERE name = 'ann'").fetchone()
        connection.execute("UPDATE account SET sum = ?", (2 * sum,))

    async with desk(tmp_path) as d:
        batch = d.batch()
        pay(batch, "ann", 1)
        await d.store.commit(batch)
        batches = [d.batch() for _ in range(5)]
        for batch in batches:
            batch.run(double)
        await asyncio.gather(*map(d.store.commit, batches))
        assert await d.accounts() == {"ann": 32}
        assert await batch.read(
            lambda connection: connection.execute("SELECT sum FROM account").fetchone()
        ) == (32,)


async def test_a_wait_is_closed_in_the_transaction_that_resumes_it(tmp_path: Path) -> None:
    async with desk(tmp_path) as d:
        await d.journal.append("wait/7", b"may I refund 80?", "approval")
        batch = d.batch()
        batch.close("wait/7")
        batch.note("wait/8", b"and 90?", "approval")
        pay(batch, "ann", 80)
        await d.store.commit(batch)
        assert [stream.name for stream in await d.journal.streams("wait/")] == ["wait/8"]
        assert d.journal.count == 1


async def test_what_was_given_to_a_batch_may_change_afterwards(tmp_path: Path) -> None:
    async with desk(tmp_path) as d:
        values: Any = ["ann", 5]
        batch = d.batch()
        batch.execute("INSERT INTO account VALUES (?, ?)", values)
        values[1] = 6
        await d.store.commit(batch)
        assert await d.accounts() == {"ann": 5}


async def test_a_batch_is_committed_once(tmp_path: Path) -> None:
    async with desk(tmp_path) as d:
        batch = d.batch()
        await d.store.commit(batch)
        with pytest.raises(OptionError, match="not committed before"):
            await d.store.commit(batch)


async def test_a_batch_uses_only_the_parts_it_was_made_with(tmp_path: Path) -> None:
    async with desk(tmp_path) as d:
        batch = Batch(d.store)
        for use in (
            lambda: batch.send("", "q", b""),
            lambda: batch.once("key"),
            lambda: batch.note("stream", b""),
            lambda: batch.close("stream"),
        ):
            with pytest.raises(OptionError, match="one that the batch was made with"):
                use()


async def test_a_batch_that_finds_no_room_has_no_effect_and_may_be_tried_again(tmp_path: Path) -> None:
    async with desk(tmp_path, outbox=2, inbox=2, journal=2) as d:
        batch = d.batch()
        batch.send("", "q", b"")
        batch.send("", "q", b"")
        batch.note("s", b"")
        batch.note("s", b"")
        batch.once("key")
        await asyncio.gather(d.outbox.put("", "q", b""), d.journal.append("s", b""))
        with pytest.raises(OutboxFull):
            await d.store.commit(batch)
        assert d.counts() == (1, 0, 1)
        late = d.batch()
        late.send("", "q", b"")
        late.note("s", b"")
        with pytest.raises(OutboxFull):
            late.send("", "q", b"")
        with pytest.raises(JournalFull):
            late.note("s", b"")
        await d.outbox.confirm([1])
        with pytest.raises(JournalFull):
            await d.store.commit(batch)
        assert d.counts() == (0, 0, 1)
        await d.journal.close("s")
        done = await d.store.commit(batch)
        assert (done.numbers, done.positions, d.counts()) == ((2, 3), (1, 2), (2, 1, 2))


async def test_a_full_inbox_refuses_and_forgets_none_that_is_alive(tmp_path: Path) -> None:
    async with desk(tmp_path, inbox=3) as d:
        for n in range(3):
            batch = d.batch()
            batch.once(f"key-{n}", expires=d.store.now() + 60)
            await d.store.commit(batch)
        batch = d.batch()
        batch.once("one more")
        pay(batch, "ann", 1)
        await asyncio.sleep(3600)
        with pytest.raises(InboxFull, match="at most 3 items, got: 3 items"):
            await d.store.commit(batch)
        assert await d.accounts() == {}
        await asyncio.sleep(61)  # an hour beyond the expiry of all
        assert not (await d.store.commit(batch)).seen
        assert d.inbox.count == 1


async def test_cancelling_a_commit_takes_nothing_back_and_keeps_the_counts_right(tmp_path: Path) -> None:
    async with desk(tmp_path) as d:
        batch = d.batch()
        batch.once("key")
        batch.send("", "q", b"")
        pay(batch, "ann", 1)
        task = asyncio.ensure_future(d.store.commit(batch))
        await asyncio.sleep(0)
        task.cancel()
        failing = d.batch()
        failing.send("", "q", b"")
        pay(failing, "bob", -1)
        other = asyncio.ensure_future(d.store.commit(failing))
        await asyncio.sleep(0)
        other.cancel()
        await d.store.write(lambda connection: None)
        assert (await d.accounts(), d.counts()) == ({"ann": 1}, (1, 1, 0))


async def test_a_batch_on_a_closed_store_is_refused_and_holds_no_room(tmp_path: Path) -> None:
    async with desk(tmp_path) as d:
        batch = d.batch()
        batch.once("key")
        batch.send("", "q", b"")
    with pytest.raises(StoreClosed):
        await d.store.commit(batch)
    assert d.counts() == (0, 0, 0)


@pytest.mark.parametrize(
    ("record", "what"),
    [
        (lambda batch: batch.once(7), "key: expected bytes"),
        (lambda batch: batch.once("\ud800"), "key: expected text"),
        (lambda batch: batch.once("key", "text"), "result: expected bytes"),
        (lambda batch: batch.once("key", expires="soon"), "expires: expected a finite number"),
        (lambda batch: batch.send("", "q", "text"), "body: expected bytes"),
        (lambda batch: batch.note("s", "text"), "event: expected bytes"),
        (lambda batch: batch.note(b"s", b""), "stream: expected text"),
    ],
)
async def test_what_cannot_be_kept_is_refused_at_the_line(tmp_path: Path, record: Any, what: str) -> None:
    async with desk(tmp_path) as d:
        with pytest.raises(OptionError, match=what):
            record(d.batch())


async def test_a_key_that_is_known_anyway_is_known_with_the_last_result_for_as_long_as_any_and_counted_once(
    tmp_path: Path,
) -> None:
    async with desk(tmp_path) as here:
        now = here.store.now()
        for result, expires in ((b"one", now + 500.0), (b"another", now + 100.0), (b"", now + 50.0)):
            batch = here.batch()
            batch.execute("INSERT INTO account VALUES (?, 1) ON CONFLICT DO UPDATE SET sum = sum + 1", ("a",))
            batch.once("key", result, expires, anyway=True)
            assert not (await here.store.commit(batch)).seen
            assert await here.inbox.seen("key") == result
            assert (here.inbox.count, here.inbox.memory.room.bytes) == (1, 3 + len(result))
        assert await here.accounts() == {"a": 3}
        query = "SELECT expires FROM cybernetic_inbox"
        assert await here.store.read(lambda connection: connection.execute(query).fetchall()) == [
            (now + 500.0,)
        ]


async def test_whether_any_key_begins_with_a_text_is_known(tmp_path: Path) -> None:
    async with desk(tmp_path) as here:
        for key in ("held\0work\0one", "held\0other", "zebra"):
            batch = here.batch()
            batch.once(key)
            await here.store.commit(batch)
        expected = {"held\0work\0": True, "held\0": True, "held\0wor": True, "held\0works": False, "y": False}
        assert {prefix: await here.inbox.begins(prefix) for prefix in expected} == expected


async def test_room_is_given_back_once_where_a_commit_is_tried_again(tmp_path: Path) -> None:
    async with desk(tmp_path) as d:
        for n in range(3):
            await d.journal.append("wait", b"event %d" % n)
        again = d.batch()
        again.close("wait")
        again.send("", "q", b"")
        fails = [True, True]

        def fail_at_first(connection: sqlite3.Connection) -> None:
            if fails and fails.pop():
                connection.execute("INSERT OR ROLLBACK INTO account VALUES (NULL, -1)")

        again.run(lambda connection: None)
        bad = d.batch()
        bad.execute("INSERT OR ROLLBACK INTO account VALUES ('a', -1)")
        done = await asyncio.gather(d.store.commit(again), d.store.commit(bad), return_exceptions=True)
        assert [type(one) for one in done] == [Committed, WriteUndone]
        assert d.counts() == (1, 0, 0)
        late = d.batch()
        late.note("wait", b"event")
        await d.store.commit(late)
        close = d.batch()
        close.close("wait")
        close.run(fail_at_first)
        for _ in range(2):
            with pytest.raises(WriteUndone):
                await d.store.commit(close)
        assert d.counts() == (1, 0, 1)
        await d.store.commit(close)
        assert d.counts() == (1, 0, 0)


async def test_more_than_could_ever_fit_is_refused_at_the_line(tmp_path: Path) -> None:
    async with desk(tmp_path, outbox=2, journal=2) as d:
        batch = d.batch()
        for _ in range(2):
            batch.send("", "q", b"")
            batch.note("stream", b"event")
        with pytest.raises(OptionError, match="at most 2 items"):
            batch.send("", "q", b"")
        with pytest.raises(OptionError, match="at most 2 items"):
            batch.note("stream", b"event")
        await d.store.commit(batch)
        assert d.counts() == (2, 0, 2)
