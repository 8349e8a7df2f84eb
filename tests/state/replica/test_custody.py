"""Rights to spend: leased to the living, taken back from the dead, void for who returns; never overspent."""

import asyncio
from pathlib import Path
from random import Random
from typing import Any

import pytest

from cybernetic.core import OptionError, Refusal
from cybernetic.state import Escrow, ReplicaOptions, RightsLacking
from cybernetic.state.replica.custody import guardian_of, parting, step, wards_of
from tests.state.replica.fleet import Fleet, fleet
from tests.state.replica.net import clock
from tests.support import SEED, soak

LEASE = 9.0


def grant(value: Any, by: Any, amount: int) -> Any:
    return value.grant(by.replica, amount)


def give(value: Any, by: Any, to: str, amount: int) -> Any:
    return value.give(by.replica, to, amount, by.now())


def spend(value: Any, by: Any, amount: int) -> Any:
    return value.spend(by.replica, amount, by.now())


async def household(f: Fleet, wards: str, amount: int = 60) -> dict[str, str]:
    """A guardian "a" that has given `amount` to each ward; ids by name."""
    await f.start("a", custody="guardian")
    await f.start(wards, custody="ward")
    await asyncio.sleep(2.0)
    ids = {name: (await f.status(name)).replica for name in "a" + wards}
    await f.change("a", grant, amount * len(wards))
    for name in wards:
        await f.change("a", give, ids[name], amount)
    await asyncio.sleep(2.0)
    return ids


async def test_a_ward_spends_under_leases_that_are_extended() -> None:
    async with fleet(Escrow, "", lease=LEASE) as f:
        ids = await household(f, "b")
        assert guardian_of(await f.value("b"), ids["b"]) == ids["a"]
        for _ in range(12):
            await f.change("b", spend, 3)
            await asyncio.sleep(LEASE)
        assert (await f.value("a")).left == 24


async def test_a_lease_is_of_a_slice_and_of_more_when_the_ward_asks() -> None:
    async with fleet(Escrow, "", lease=LEASE, slice=0.25) as f:
        ids = await household(f, "b")
        value = await f.value("b")
        assert (value.lease_of(ids["b"]).ceiling, value.spendable(ids["b"], clock())) == (15, 15)
        for amount in 40, 20:
            with pytest.raises(RightsLacking):
                await f.change("b", spend, amount)
            await asyncio.sleep(1.5)
            await f.change("b", spend, amount)
        with pytest.raises(RightsLacking):
            await f.change("b", spend, 1)
        await asyncio.sleep(1.5)
        value = await f.value("a")
        assert (value.left, value.lease_of(ids["b"]).ceiling) == (0, 60), "there is nothing to ask for"


async def test_rights_of_the_dead_come_back_only_after_the_lease() -> None:
    async with fleet(Escrow, "", lease=LEASE, slice=0.5) as f:
        ids = await household(f, "b")
        await f.change("b", spend, 10)
        await asyncio.sleep(1.0)
        await f.kill("b")
        await asyncio.sleep(LEASE / 3)
        value = await f.value("a")
        assert value.rights(ids["a"]) == 0
        assert value.lease_of(ids["b"]) is not None
        await asyncio.sleep(2 * LEASE)
        value = await f.value("a")
        assert value.lease_of(ids["b"]) is None  # the epoch is void
        ceiling = dict(value.store.trie.get(ids["a"]).leases)[ids["b"]].ceiling
        assert (value.rights(ids["a"]), value.rights(ids["b"])) == (60 - ceiling, ceiling - 10)
        assert 30 <= ceiling <= 35


async def test_the_next_start_of_a_ward_says_that_the_former_is_over_and_its_guardian_has_all_of_it(
    tmp_path: Path,
) -> None:
    async with fleet(Escrow, "", tmp_path, lease=LEASE) as f:
        ids = await household(f, "b")
        await f.change("b", spend, 10)
        await asyncio.sleep(1.0)
        await f.kill("b")
        await f.start("b", custody="ward")
        await asyncio.sleep(LEASE + 1.0)
        assert not (await f.value("a")).ended(ids["b"]), "a lease after its start, and not before"
        await asyncio.sleep(4.0)
        value, later = await f.value("a"), (await f.status("b")).replica
        assert value.ended(ids["b"])
        assert dict(value.store.trie.get(ids["a"]).void) == {ids["b"]: 1}
        assert (value.rights(ids["a"]), value.rights(ids["b"]), value.left) == (50, 0, 50)
        await f.change("a", give, later, 50)
        await asyncio.sleep(2.0)
        await f.change("b", spend, 10)
        assert f.refs["b"]._agent._roll.former == [ids["b"]]
        await f.kill("b")
        await f.start("b", custody="ward")
        assert f.refs["b"]._agent._roll.former == [later], "of the first nothing is left to be said"


async def test_who_returns_finds_its_rights_void_and_the_guardian_gets_the_rest() -> None:
    async with fleet(Escrow, "", lease=LEASE) as f:
        ids = await household(f, "b")
        f.net.part("a", "b")
        await f.change("b", spend, 10)
        await asyncio.sleep(3 * LEASE)
        with pytest.raises(RightsLacking):
            await f.change("b", spend, 1)
        assert (await f.value("a")).rights(ids["a"]) == 45  # it may have spent all under its lease
        f.net.heal()
        await asyncio.sleep(0.6)
        with pytest.raises(RightsLacking):
            await f.change("b", spend, 15)
        await asyncio.sleep(4.0)
        value = await f.value("a")
        assert value.used == 10
        assert value.left == 50
        assert value.store.trie.get(ids["b"]).settled == 1, "it has said what it spent"
        assert value.lease_of(ids["b"]) is None or value.lease_of(ids["b"]).epoch == 2
        assert value.rights(ids["a"]) + value.rights(ids["b"]) == 50


async def test_who_ends_in_order_leaves_its_rights_to_its_guardian() -> None:
    async with fleet(Escrow, "", lease=LEASE) as f:
        ids = await household(f, "b")
        await f.change("b", spend, 10)
        await f.stop("b")
        await asyncio.sleep(1.0)
        assert (await f.value("a")).rights(ids["a"]) == 50


async def test_what_a_guardian_that_died_had_and_was_entrusted_is_that_of_its_next_start(
    tmp_path: Path,
) -> None:
    async with fleet(Escrow, "", tmp_path, lease=LEASE) as f:
        ids = await household(f, "b")
        await f.change("a", grant, 7)
        await f.change("b", spend, 10)
        await f.kill("a")
        await f.start("a", custody="guardian")
        later = (await f.status("a")).replica
        await asyncio.sleep(LEASE)
        assert (await f.value("a")).rights(
            later
        ) == 0  # its lease to the ward, and its own time, are not over
        await asyncio.sleep(5.0)
        value = await f.value("b")
        assert (value.rights(later), value.keeper(ids["b"])) == (7, later)
        await f.change("b", spend, 13)  # under a lease of the successor
        await f.kill("b")
        await asyncio.sleep(3 * LEASE)
        await f.start("b", custody="ward")  # as which the former is void, and another
        await f.kill("a")
        await f.start("a", custody="guardian")
        await asyncio.sleep(2 * LEASE)
        value, last = await f.value("b"), (await f.status("a")).replica
        assert (value.absorbed(ids["b"]), value.successor(ids["b"])) == (True, last)
        assert (value.rights(last), value.left) == (44, 44)


async def test_one_without_a_guardian_has_after_a_restart_what_it_had_before(tmp_path: Path) -> None:
    async with fleet(Escrow, "a", tmp_path, lease=LEASE, trust_store=True) as f:
        await f.change("a", grant, 50)
        for left in 40, 30, 20:
            await f.change("a", spend, 10)
            await f.kill("a")
            await f.start("a")
            with pytest.raises(RightsLacking):
                await f.change("a", spend, 1)
            await asyncio.sleep(LEASE + 3.0)
            assert (await f.value("a")).rights((await f.status("a")).replica) == left


async def test_nobody_follows_one_that_may_still_act(tmp_path: Path) -> None:
    """A store that was copied says that its last start is over; the peers know that it is not."""
    async with fleet(Escrow, "ab", tmp_path, lease=LEASE) as f:
        await f.change("a", grant, 50)
        await asyncio.sleep(2.0)
        one, roll = (await f.status("a")).replica, f.refs["b"]._agent._roll
        roll.former = [one]
        await asyncio.sleep(3 * LEASE)
        assert not roll.former
        assert (await f.value("b")).rights(one) == 50

        f.net.part("a", "b")
        await f.kill("b")
        await f.start("b")
        roll = f.refs["b"]._agent._roll
        roll.former = [one]
        await asyncio.sleep(3 * LEASE)
        assert (
            roll.followed(LEASE, f.refs["b"]._agent._copy.saved) == []
        )  # for it waits for who was not heard
        f.net.heal()
        await asyncio.sleep(2.0)
        assert not roll.former
        assert (await f.value("a")).rights(one) == 50


@pytest.mark.parametrize("round_", range(soak(3, 60)))
async def test_no_more_is_ever_spent_than_was_granted(round_: int) -> None:
    chance = Random(repr((SEED, round_)))
    async with fleet(Escrow, "", seed=round_, lease=LEASE) as f:
        await household(f, "bcd")
        spent = 0
        names = "abcd"
        for _ in range(soak(80, 300)):
            what, name = chance.random(), chance.choice(names)
            if what < 0.15:
                left = {one for one in names if chance.random() < 0.5}
                f.net.groups = [left, set(names) - left]
                f.net.loss, f.net.slowest = chance.choice([0.0, 0.5]), chance.choice([0.01, 2.0])
            elif what < 0.2 and name != "a":
                await f.kill(name)
                await f.start(name, custody="ward")
            elif what < 0.35:
                to = (await f.status(chance.choice(names))).replica
                await _refused_or(f, "a", give, to, chance.randint(1, 20))
            else:
                amount = chance.randint(1, 20)
                spent += amount if await _refused_or(f, name, spend, amount) else 0
            await asyncio.sleep(chance.choice([0.0, 0.3, 3.0]))
        assert 0 < spent <= 180
        f.net.heal()
        f.net.slowest = 0.01
        await asyncio.sleep(4 * LEASE)
        value = await f.value("a")
        assert value.granted == 180
        assert value.used <= spent


async def _refused_or(f: Fleet, name: str, edit: Any, *args: Any) -> bool:
    try:
        await f.change(name, edit, *args)
    except Refusal:
        return False
    return True


def test_what_is_to_be_done_is_decided_by_values_alone() -> None:
    value = Escrow().join(Escrow().grant("w", 5))
    assert step(value, "w", "none", ["g"], ["g"], 0.0, 10.0, 1.0) is None
    assert step(value, "w", "ward", [], ["x"], 0.0, 10.0, 1.0) is None
    for who, role, now in (("w", "ward", 0.0), ("g", "guardian", 0.0), ("g", "guardian", 6.0)):
        delta = step(value, who, role, ["h", "g"], ["w"], now, 10.0, 1.0)  # type: ignore[arg-type]
        assert delta is not None
        value = value.join(delta)
        assert step(value, who, role, ["h", "g"], ["w"], now, 10.0, 1.0) is None  # type: ignore[arg-type]
    assert guardian_of(value, "w") == "g"
    assert wards_of(value, "g") == ["w"]
    assert value.spendable("w", 15.9) == 5
    assert (
        step(value, "g", "guardian", [], [], 16.9, 10.0, 1.0) is None
    )  # the lease, and what clocks may differ by
    void = step(value, "g", "guardian", [], [], 17.1, 10.0, 1.0)
    assert void is not None
    assert value.join(void).spendable("w", 0.0) == 0


def test_wards_of_whom_nothing_is_left_are_not_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    value = Escrow().join(Escrow().grant("g", 100))
    for n in range(30):
        value = value.join(value.entrust(f"w{n}", "g"))
        value = value.join(value.give("g", f"w{n}", 1))
        value = value.join(value.settle_for("x", f"w{n}"))
    for _ in range(30):
        delta = step(value, "g", "guardian", [], [], 0.0, 10.0, 1.0)
        assert delta is not None
        value = value.join(delta)
    assert value.rights("g") == 100
    taken_over = step(value, "g", "guardian", [], [], 0.0, 10.0, 1.0)
    assert taken_over is not None
    value = value.join(taken_over)
    assert value.store.trie.size == 3, "of the guardian, of the dead, and of who said that they are over"
    monkeypatch.setattr(Escrow, "rights", None)
    assert step(value, "g", "guardian", [], [], 0.0, 10.0, 1.0) is None


def test_parting_leaves_nothing_where_there_is_no_heir() -> None:
    value = Escrow().join(Escrow().grant("g", 5))
    assert parting(value, "g", ["x"], 0.0) is None
    assert parting(Escrow(), "g", ["x"], 0.0) is None


def test_custody_is_one_of_three() -> None:
    with pytest.raises(OptionError, match="custody"):
        ReplicaOptions(custody="owner")  # type: ignore[arg-type]
