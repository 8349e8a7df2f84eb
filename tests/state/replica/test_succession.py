"""Whose are the rights of one that died, when stores are copied and put back, nodes cut off, and clocks step."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from cybernetic.core import OptionError, Refusal
from cybernetic.state import AWSet, Escrow, ReplicaOptions
from tests.state.replica.fleet import Fleet, fleet
from tests.state.replica.test_custody import give, grant, spend
from tests.support import soak

LEASE = 4.0
DAY = 86_400.0
LIMIT = 60
ROLES = {"a": "guardian", "b": "ward", "c": "none"}


def saved(path: Path) -> bytes:
    """What a store has on the disk now, though it is open."""
    copy = path.with_suffix(".copy")
    with closing(sqlite3.connect(path)) as source, closing(sqlite3.connect(copy)) as target:
        source.backup(target)
    body = copy.read_bytes()
    copy.unlink()
    return body


async def put_back(f: Fleet, name: str, body: bytes, **options: Any) -> None:
    """Have one begin again from a backup, put into the file that is there, so that nobody sees it from that."""
    assert f.folder is not None
    if name in f.refs:
        await f.kill(name)
    await f.stores.pop(name).close()
    for end in "-wal", "-shm":
        (f.folder / f"{name}{end}").unlink(missing_ok=True)
    with (f.folder / name).open("r+b") as file:
        file.truncate(0)
        file.write(body)
    await f.start(name, **options)


@asynccontextmanager
async def household(folder: Path, **options: Any) -> AsyncIterator[Fleet]:
    """A guardian "a", its ward "b" and a "c" on its own, who all know of each other and have 20 each."""
    async with fleet(Escrow, "", folder, lease=LEASE, tidy=5.0, **options) as f:
        for name, role in ROLES.items():
            await f.start(name, custody=role)
        await asyncio.sleep(2.5)
        await f.change("a", grant, LIMIT)
        for name in "bc":
            await f.change("a", give, (await f.status(name)).replica, 20)
        await asyncio.sleep(2.5)
        yield f


async def rights(f: Fleet, name: str) -> int:
    """What one may spend of its own, leased or not."""
    return int((await f.value(name)).rights((await f.status(name)).replica))


async def test_a_backup_that_was_greeted_and_told_nothing_yet_has_no_rights_of_a_former_start(
    tmp_path: Path,
) -> None:
    async with household(tmp_path) as f:
        backup = saved(tmp_path / "c")
        await f.change("c", spend, 20)
        await asyncio.sleep(2.0)
        await f.kill("c")
        hellos = b"\xa5hello"  # the word, as frames have it
        f.net.spoil = lambda frame: frame if hellos in frame else b""
        await put_back(f, "c", backup)
        await asyncio.sleep(4 * LEASE)
        assert f.refs["c"]._agent._roll._known <= f.refs["c"]._agent._roll._confirmed
        assert await rights(f, "c") == 0
        f.net.spoil = None
        await asyncio.sleep(2 * LEASE)
        assert await rights(f, "c") == 0
        assert (await f.value("c")).used == 20


async def test_a_backup_of_a_start_that_has_a_successor_takes_nothing(tmp_path: Path) -> None:
    async with household(tmp_path) as f:
        backup = saved(tmp_path / "c")
        await f.kill("c")
        await f.start("c")
        await asyncio.sleep(3 * LEASE)
        assert await rights(f, "c") == 20
        f.net.part("ab", "c")
        await f.change("c", spend, 20)  # of which nobody hears
        f.net.heal()
        for n in range(2):
            await (put_back(f, "c", backup) if n == 0 else f.start("c"))
            await asyncio.sleep(3 * LEASE)
            assert await rights(f, "c") == 0
            await f.kill("c")


async def test_a_store_copied_to_nodes_that_are_cut_off_gives_none_of_them_rights(tmp_path: Path) -> None:
    async with household(tmp_path) as f:
        await f.kill("c")
        body = saved(tmp_path / "c")
        for name in "de":
            (tmp_path / name).write_bytes(body)
        f.net.part("ab", "c", "d", "e")
        f.steps["d"] = 25 * 3600.0
        await f.start("cde")
        await asyncio.sleep(3 * LEASE)
        assert [await rights(f, name) for name in "cde"] == [0, 0, 0], "no known peer confirms it"
        f.net.part("abcd", "e")
        await asyncio.sleep(3 * LEASE)
        assert sum([await rights(f, name) for name in "cde"]) <= 20


@pytest.mark.parametrize("lost", [b"", b"\xa5stale"], ids=["told", "not told"])
async def test_of_two_copies_that_meet_the_same_peers_one_at_a_time_only_the_first_follows(
    tmp_path: Path, lost: bytes
) -> None:
    """Neither is seen to be a copy by its file, as where a whole machine was copied."""
    async with household(tmp_path) as f:
        if lost:
            f.net.spoil = lambda frame: b"" if lost in frame else frame
        await f.kill("c")
        body = saved(tmp_path / "c")
        for name in "de":
            (tmp_path / name).write_bytes(body)
            f.net.part("ab" + name)
            await f.start(name)
            roll = f.refs[name]._agent._roll
            assert roll.former == [], "another file than before"
            roll.former = [roll.line[-1]]
            await asyncio.sleep(2.5)
            if name == "d":
                f.net.groups = []  # what it does then nobody hears of
            await asyncio.sleep(3 * LEASE)
        assert [await rights(f, name) for name in "de"] == [20, 0]


async def test_a_start_that_no_peer_can_confirm_has_nothing_of_the_one_before_until_a_person_says_so(
    tmp_path: Path,
) -> None:
    async with fleet(Escrow, "a", tmp_path, lease=LEASE) as f:
        await f.change("a", grant, 10)
        await f.kill("a")
        await f.start("a")
        await asyncio.sleep(3 * LEASE)
        assert await rights(f, "a") == 0
        (former,) = (await f.value("a")).store.trie.items()
        await f.change("a", lambda value, by: value.succeed(by.replica, former[0]))
        assert await rights(f, "a") == 10


@pytest.mark.parametrize("trusted", [False, True])
async def test_a_store_that_never_had_a_peer_may_be_an_old_one_put_back_and_only_a_person_can_say_that_it_is_not(
    trusted: bool, tmp_path: Path
) -> None:
    """Nothing in the file, nor about it, tells: it is the file it was, and never had a peer before or after."""
    async with fleet(Escrow, "a", tmp_path, lease=LEASE, trust_store=trusted) as f:
        await f.change("a", grant, 10)
        backup = saved(tmp_path / "a")
        await f.change("a", spend, 10)
        await put_back(f, "a", backup)
        archive, roll = f.refs["a"]._agent._archive, f.refs["a"]._agent._roll
        assert not archive.moved
        assert not roll._known
        await asyncio.sleep(3 * LEASE)
        assert await rights(f, "a") == (10 if trusted else 0), "what was spent would be spent again"


async def test_a_wall_clock_that_steps_by_a_day_gives_nobody_up(tmp_path: Path) -> None:
    async with household(tmp_path) as f:
        await f.kill("c")
        f.net.part("ab", "c")
        await f.start("c")
        await asyncio.sleep(1.0)
        f.steps["c"] = f.steps["a"] = DAY + 3600.0
        await asyncio.sleep(2.0)
        for name in "ac":
            assert (await f.status(name)).counts.evicted == 0
        assert await rights(f, "c") == 0
        f.steps["c"] = -DAY
        f.net.heal()
        await asyncio.sleep(3 * LEASE)
        assert await rights(f, "c") == 20
        assert (await f.status("a")).counts.evicted == 0


async def test_of_two_that_find_each_other_to_be_of_one_store_at_most_one_takes_the_place_of_the_former(
    tmp_path: Path,
) -> None:
    async with fleet(Escrow, "a", tmp_path, lease=LEASE, trust_store=True) as f:
        await f.change("a", grant, 10)
        await f.kill("a")
        (tmp_path / "b").write_bytes(saved(tmp_path / "a"))
        await f.start("ab")
        await asyncio.sleep(2.0)
        assert [] in [f.refs[name]._agent._roll.former for name in "ab"]
        await asyncio.sleep(3 * LEASE)
        assert sum([await rights(f, name) for name in "ab"]) <= 10


async def test_a_peer_confirms_a_start_when_it_is_on_its_disk(tmp_path: Path) -> None:
    async with fleet(AWSet, "ab", tmp_path) as f:
        roll, other = (f.refs[name]._agent._roll for name in "ab")
        await asyncio.sleep(0.2)
        assert roll.members.keys() == {other.site}
        roll._noted = {}
        assert (roll.noted(other.site), other.noted("unknown")) == ("", "")
        await asyncio.sleep(2.0)
        other_record = f.refs["b"]._agent._archive.record
        assert other_record.known()[roll.site].replica == roll.replica == other.noted(roll.site)


WHAT = "spend give cut cut heal kill start start backup restore restore copy copy clock wait wait wait"
steps = st.tuples(st.sampled_from(WHAT.split()), st.sampled_from("abcd"), st.integers(1, 20))


class Town:
    """A household, and what may befall it."""

    def __init__(self, f: Fleet) -> None:
        self.f, self.spent = f, 0
        self.backups: dict[str, bytes] = {}
        self.roles = dict(ROLES)

    async def do(self, what: str, name: str, amount: int) -> None:
        f = self.f
        match what:
            case "cut":
                self.cut(name)
                f.net.loss = 0.3 if amount % 3 == 0 else 0.0
            case "heal":
                f.net.heal()
            case "wait":
                await asyncio.sleep((amount % 3 + 0.3) * LEASE)
            case "clock":
                f.steps[name] = (amount - 10) * DAY / 4
            case "start" if name in self.roles and name not in f.refs:
                await f.start(name, custody=self.roles[name])
            case _ if name not in f.refs or f.folder is None:
                pass
            case "spend":
                await self.spend(name)
            case "give":
                await self.give(name, "abc"[amount % 3], amount)
            case "kill":
                await f.kill(name)
            case "backup":
                self.backups[name] = saved(f.folder / name)
            case "restore" if self.backups:
                name = sorted(self.backups)[amount % len(self.backups)]
                if name not in f.refs or not await self.heard(name):
                    return
                if amount % 2:
                    self.cut(name)
                await put_back(f, name, self.backups[name], custody=self.roles[name])
            case "copy" if "d" not in self.roles:
                if amount % 2:
                    self.cut("d")
                (f.folder / "d").write_bytes(saved(f.folder / name))
                self.roles["d"] = self.roles[name]
                await f.start("d", custody=self.roles["d"])

    def cut(self, name: str) -> None:
        """Have one hear nobody."""
        self.f.net.groups = [{name}, set("abcd") - {name}]

    async def heard(self, name: str) -> bool:
        """Whether anybody else of the three has what is spent there by now: else nobody could know better."""
        await self.spend(name)
        await asyncio.sleep(2.0)
        mine = (await self.f.value(name)).context
        others = [await self.f.value(other) for other in ROLES if other in self.f.refs and other != name]
        return any(mine <= other.context for other in others)

    async def spend(self, name: str) -> None:
        """Spend all that it believes to have: what goes too far shows at once."""
        status, value = await self.f.status(name), await self.f.value(name)
        amount = value.spendable(status.replica, self.f.wall(name)) or 1
        try:
            await self.f.change(name, spend, amount)
        except Refusal:
            return
        self.spent += amount
        assert self.spent <= LIMIT

    async def give(self, name: str, to: str, amount: int) -> None:
        if to in self.f.refs:
            try:
                await self.f.change(name, give, (await self.f.status(to)).replica, amount)
            except Refusal:
                pass


@given(st.lists(steps, min_size=8, max_size=soak(30, 60)))
@example([("backup", "c", 1), ("restore", "c", 1), ("wait", "a", 2)])
@example([("copy", "c", 1), ("wait", "a", 2)])
@example([("kill", "c", 1), ("start", "c", 1), ("wait", "a", 2), ("clock", "c", 20), ("wait", "a", 2)])
@settings(max_examples=soak(10, 1000))
async def test_no_more_is_spent_than_was_granted_whatever_becomes_of_stores_nodes_and_clocks(
    done: list[tuple[str, str, int]],
) -> None:
    """Stores copied while in use, put back from backups; nodes cut off, killed and started; wall clocks that step."""
    with TemporaryDirectory() as folder:
        async with household(Path(folder)) as f:
            town = Town(f)
            for each in done:
                await town.do(*each)
            for healed in False, True:
                if healed:
                    f.net.heal()
                for name in town.roles:
                    await town.do("start", name, 1)
                await asyncio.sleep(2.5 * LEASE)
                for name in f.refs:
                    await town.spend(name)
            await asyncio.sleep(3.0)
            value = await f.value("a")
            assert value.used == town.spent
            hands = value.balances().values()
            assert min(hands, default=0) >= 0, "the same right was in two hands"
            assert sum(hands) <= value.left
            assert value.granted == LIMIT
            assert await f.same()


def test_what_is_trusted_and_how_much_is_leased_is_said_plainly() -> None:
    for wrong in 0.0, 1.5:
        with pytest.raises(OptionError, match="slice"):
            ReplicaOptions(slice=wrong)
    with pytest.raises(OptionError, match="trust_store"):
        ReplicaOptions(trust_store="yes")  # type: ignore[arg-type]
