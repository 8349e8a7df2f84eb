"""Rights to spend inside of maps: leased, taken back, asked for and followed as those of a counter on its own."""

import asyncio
from pathlib import Path
from random import Random
from typing import Any

import pytest

from cybernetic.core import Refusal
from cybernetic.crdt import LWW, Stamp
from cybernetic.state import AWMap, Escrow, PNCounter, RightsLacking
from cybernetic.state.replica import rights
from cybernetic.state.replica.custody import step
from cybernetic.state.replica.escrows import Escrows, counter, put
from tests.state.replica.fleet import Fleet, fleet
from tests.support import SEED, soak

LEASE = 9.0
CASH, TILL = ("cash",), ("shop", ("north", 1), "till")


def on(value: Any, by: Any, place: Any, act: str, *args: Any) -> Any:
    """Do something with the counter at a place."""
    return put(value, place, getattr(counter(value, place), act)(by.replica, *args))


def spend(value: Any, by: Any, place: Any, amount: int) -> Any:
    """Spend at a place."""
    return on(value, by, place, "spend", amount, by.now())


async def household(f: Fleet, place: Any, wards: str = "b") -> dict[str, str]:
    """A guardian "a" that has given 60 to each ward at a place; ids by name."""
    await f.start("a", custody="guardian")
    await f.start(wards, custody="ward")
    await asyncio.sleep(2.0)
    ids = {name: (await f.status(name)).replica for name in "a" + wards}
    await f.change("a", on, place, "grant", 60 * len(wards))
    for name in wards:
        await f.change("a", on, place, "give", ids[name], 60)
    await asyncio.sleep(4.0)
    return ids


async def at(f: Fleet, name: str, place: Any) -> Escrow:
    """The counter at a place as one has it."""
    return counter(await f.value(name), place)


@pytest.mark.parametrize("place", [CASH, TILL])
async def test_rights_of_the_dead_in_maps_come_back_after_the_lease_but_for_a_slice(place: Any) -> None:
    async with fleet(AWMap, "", lease=LEASE, slice=0.5) as f:
        ids = await household(f, place)
        assert (await at(f, "b", place)).keeper(ids["b"]) == ids["a"]
        await f.change("b", spend, place, 10)
        await asyncio.sleep(1.0)
        await f.kill("b")
        await asyncio.sleep(LEASE / 3)
        assert (await at(f, "a", place)).rights(ids["a"]) == 0
        await asyncio.sleep(3 * LEASE)
        value = await at(f, "a", place)
        assert value.lease_of(ids["b"]) is None
        assert 25 <= value.rights(ids["a"]) <= 30
        assert value.rights(ids["a"]) + value.rights(ids["b"]) == value.left == 50


@pytest.mark.parametrize("place", [CASH, TILL])
async def test_who_ends_in_order_leaves_to_its_guardian_what_it_has_in_maps(place: Any) -> None:
    async with fleet(AWMap, "", lease=LEASE) as f:
        ids = await household(f, place)
        await f.change("b", spend, place, 10)
        await f.stop("b")
        await asyncio.sleep(3.0)
        assert (await at(f, "a", place)).rights(ids["a"]) == 50


@pytest.mark.parametrize("place", [CASH, TILL])
async def test_what_starts_before_had_in_maps_is_that_of_the_next_start_and_their_rows_go(
    place: Any, tmp_path: Path
) -> None:
    async with fleet(AWMap, "", tmp_path, lease=LEASE) as f:
        ids = await household(f, place)
        await f.change("a", on, place, "grant", 7)
        await f.change("b", spend, place, 10)
        await f.kill("a")
        await f.start("a", custody="guardian")
        await asyncio.sleep(2 * LEASE)
        later = (await f.status("a")).replica
        value = await at(f, "b", place)
        assert (value.rights(later), value.keeper(ids["b"]), value.absorbed(ids["a"])) == (7, later, True)
        await f.change("b", spend, place, 13)
        await f.kill("b")
        await f.start("b", custody="ward")
        await asyncio.sleep(3 * LEASE)
        value = await at(f, "a", place)
        assert (value.absorbed(ids["b"]), value.rights(later), value.left) == (True, 44, 44)
        assert await f.same()


async def test_a_ward_asks_where_it_lacks_rights_and_nowhere_else() -> None:
    async with fleet(AWMap, "", lease=LEASE, slice=0.25) as f:
        ids = await household(f, CASH)
        await f.change("a", on, TILL, "grant", 60)
        await f.change("a", on, TILL, "give", ids["b"], 60)
        await asyncio.sleep(4.0)
        for place, asked in (CASH, [40, 0]), (TILL, [40, 40]):
            with pytest.raises(RightsLacking):
                await f.change("b", spend, place, 40)
            await asyncio.sleep(2.5)
            await f.change("b", spend, place, 40)
            rows = [(await at(f, "b", each)).store.trie.get(ids["b"]) for each in (CASH, TILL)]
            assert [row.asks for row in rows] == asked


async def test_a_ward_has_a_guardian_where_it_has_something_and_no_row_where_it_has_not() -> None:
    async with fleet(AWMap, "", lease=LEASE) as f:
        ids = await household(f, CASH, "bc")
        await f.change("a", on, TILL, "grant", 60)
        await f.change("a", on, TILL, "give", ids["b"], 6)
        await asyncio.sleep(4.0)
        value = await at(f, "c", TILL)
        assert {row for row, _ in value.store.trie.items()} == {ids["a"], ids["b"]}
        assert value.keeper(ids["b"]) == ids["a"]


@pytest.mark.parametrize("round_", range(soak(2, 40)))
async def test_no_more_is_spent_in_maps_than_was_granted_whoever_dies_or_is_cut_off(round_: int) -> None:
    chance = Random(repr((SEED, round_)))
    async with fleet(AWMap, "", seed=round_, lease=LEASE) as f:
        await household(f, CASH, "bcd")
        await f.change("a", on, TILL, "grant", 90)
        spent = dict.fromkeys((CASH, TILL), 0)

        async def tried(name: str, edit: Any, *args: Any) -> bool:
            try:
                await f.change(name, edit, *args)
            except Refusal:
                return False
            return True

        for _ in range(soak(60, 200)):
            what, name, place = chance.random(), chance.choice("abcd"), chance.choice((CASH, TILL))
            if what < 0.15:
                left = {one for one in "abcd" if chance.random() < 0.5}
                f.net.groups = [left, set("abcd") - left]
            elif what < 0.2 and name != "a":
                await f.kill(name)
                await f.start(name, custody="ward")
            elif what < 0.35:
                to = (await f.status(chance.choice("bcd"))).replica
                await tried("a", on, place, "give", to, chance.randint(1, 20))
            else:
                amount = chance.randint(1, 20)
                spent[place] += amount if await tried(name, spend, place, amount) else 0
            await asyncio.sleep(chance.choice([0.0, 0.3, 3.0]))
        f.net.heal()
        await asyncio.sleep(4 * LEASE)
        assert await f.same()
        for place, granted in (CASH, 180), (TILL, 90):
            value = await at(f, "a", place)
            assert 0 < spent[place] <= granted == value.granted
            assert value.used <= spent[place], "those that died while they were cut off took it with them"
            assert min(value.balances().values(), default=0) >= 0
            assert sum(value.balances().values()) == value.left


async def test_counters_that_did_not_change_are_looked_at_now_and_then(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    looks: list[Any] = []

    def looked(*args: Any) -> Any:
        looks.append(args[1])
        return step(*args)

    monkeypatch.setattr(rights, "step", looked)
    async with fleet(AWMap, "", lease=LEASE) as f:
        await household(f, CASH)
        for n in range(20):
            await f.change("a", on, (n,), "grant", 1)
        await asyncio.sleep(LEASE)
        looks.clear()
        await asyncio.sleep(LEASE)
        assert len(looks) <= 2 * 21 * 10, (
            "twenty-one, of two replicas, eight times, and again when one has changed"
        )
        await f.change("a", on, (3,), "grant", 1)
        looks.clear()
        await asyncio.sleep(0.6)
        assert 1 <= len(looks) <= 2 * 21


async def test_counters_are_found_in_steps_and_in_whatever_is_joined() -> None:
    value: Any = AWMap[Any]()
    edit = {}
    for n in range(5000):
        edit[n] = value.put(n, LWW[int]().set("x", Stamp(n + 1, 0, "x"), n))
    stores: dict[Any, Any] = {}
    for delta in edit.values():
        stores |= dict(delta.store.trie.items())
    value = AWMap.from_store(type(value.store).of(stores), next(iter(edit.values())).context)
    value = value.join(put(value, TILL, Escrow().grant("y", 1)))
    escrows = Escrows(AWMap)
    finding = escrows.find(value)
    turns = 0
    while True:
        try:
            finding.send(None)
        except StopIteration:
            break
        turns += 1
    assert turns >= 4
    assert list(escrows) == [TILL]
    delta = put(value, CASH, counter(value, CASH).grant("y", 1))
    escrows.joined(delta)
    escrows.joined(value.put("n", PNCounter().increment("z", 1)))
    assert list(escrows) == [TILL, CASH]
    assert list(escrows.due(0.0)) == [TILL, CASH]
    escrows.looked(TILL, 5.0)
    assert [list(escrows.due(before)) for before in (5.0, 5.1)] == [[CASH], [TILL, CASH]]
    escrows.looked(CASH, 6.0)
    assert list(escrows.due(5.0)) == []
    escrows.again(6.0)
    assert list(escrows.due(0.0)) == [TILL, CASH]
    escrows.looked(TILL, 6.1)
    assert list(escrows.due(0.0)) == [CASH]


def test_among_very_many_counters_those_that_are_due_are_found_in_steps() -> None:
    escrows = Escrows(AWMap)
    inner = counter(AWMap[Any](), CASH).grant("y", 1)
    for n in range(3500):
        escrows.joined(put(AWMap[Any](), (n,), inner))
        escrows.looked((n,), 1.0)
    assert list(escrows.due(1.0)) == [None] * 3
    escrows.again(1.0)
    found = list(escrows.due(0.0))
    assert len(found) == 3503
    assert found.index(None) == 1000


def test_counters_under_one_and_true_and_one_point_zero_are_looked_after_each_by_itself() -> None:
    places = [(1,), (1.0,), (True,), ("shop", (1, "a")), ("shop", (True, "a"))]
    escrows = Escrows(AWMap)
    for place in places:
        escrows.joined(put(AWMap[Any](), place, Escrow().grant("y", 1)))
    assert [repr(place) for place in escrows] == [repr(place) for place in places]
    escrows.looked((True,), 5.0)
    assert [repr(place) for place in escrows.due(5.0)] == [repr(one) for one in places if one[0] is not True]


async def test_rights_of_the_dead_come_back_under_keys_that_python_takes_for_equal() -> None:
    async with fleet(AWMap, "", lease=LEASE, slice=0.5) as f:
        ids = await household(f, (1,))
        await f.change("a", on, (True,), "grant", 60)
        await f.change("a", on, (True,), "give", ids["b"], 60)
        await asyncio.sleep(4.0)
        await f.kill("b")
        await asyncio.sleep(5 * LEASE)
        for place in (1,), (True,):
            value = await at(f, "a", place)
            assert value.lease_of(ids["b"]) is None
            assert value.rights(ids["a"]) == 30
