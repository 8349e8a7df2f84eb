"""What no frame can carry: it is not made, or kept and not claimed to be told; nothing is lost of it."""

import asyncio
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any

import pytest

from cybernetic.core import attach
from cybernetic.state import MV, AWMap, AWSet, Escrow, Replica, ReplicaRefused
from cybernetic.state.replica.custody import step
from cybernetic.state.replica.frames import Frames, News
from cybernetic.wire import Codec
from tests.state.replica.fleet import Fleet, add, fleet, remove
from tests.state.replica.test_custody import give, grant
from tests.state.replica.test_redating import put, there

SMALL = 4096  # bytes of a frame
DEAD = 400  # whose names are too many for one
LARGE = "v" * 2 * SMALL


def written(value: Any, by: Any, key: Any, text: str) -> Any:
    return value.put(key, value.at(key, MV).set(by.replica, text))


def with_dead(guardian: str, many: int) -> Escrow:
    """Wards of one guardian that are over, each of which spent 1 and has nothing left."""
    value = Escrow()
    for n in range(many):
        ward = f"ward-{n:016d}"
        for act, *args in (
            ("grant", ward, 1),
            ("spend", ward, 1, 0.0),
            ("entrust", ward, guardian),
            ("settle_for", ward, ward),
        ):
            value = value.join(getattr(value, act)(*args))
    return value


def test_of_the_dead_as_many_are_taken_over_as_there_is_room_for_and_the_others_keep_their_rows() -> None:
    codec = Codec()
    value = with_dead("g", DEAD)
    rows = value.store.trie.size

    def fits(delta: Escrow) -> bool:
        return len(codec.encode(delta)) <= SMALL

    for _ in range(100):
        delta = value.absorb("g", fits)
        if not delta:
            break
        assert fits(delta)
        value = value.join(delta)
    estate = value.store.trie.get(("estate", "g"))
    assert 100 < len(estate.absorbed) < DEAD
    assert value.store.trie.size == rows - len(estate.absorbed) + 1
    assert (value.granted, value.used, value.left) == (DEAD, DEAD, 0)
    before = len(estate.absorbed)
    value = value.join(value.succeed("g'", "g"))
    assert value.absorb("g'", fits), "who comes after it begins an estate of its own"
    value = value.join(value.absorb("g'", fits))
    assert len(value.store.trie.get(("estate", "g")).absorbed) == before
    assert not value.absorb("g'", lambda delta: False)
    assert (value.granted, value.used, value.left) == (DEAD, DEAD, 0)


async def test_an_estate_grows_no_larger_than_a_frame_and_all_replicas_have_it() -> None:
    async with fleet(Escrow, "", largest=SMALL) as f:
        await f.start("a", custody="guardian")
        await f.start("b")
        await asyncio.sleep(2)
        me = (await f.status("a")).replica
        f.refs["a"]._agent._write(with_dead(me, DEAD))
        await asyncio.sleep(20)
        await f.start("c")
        await asyncio.sleep(5)
        assert await f.same()
        value = await f.value("c")
        assert len(value.store.trie.get(("estate", me)).absorbed) > 100
        assert value.used == DEAD
        for name in "abc":
            status = await f.status(name)
            assert (status.counts.oversized, status.counts.diverged) == (0, 0)


async def test_a_row_of_a_guardian_that_no_frame_can_carry_is_refused_by_name_and_the_others_are_leased() -> (
    None
):
    told: list[Any] = []
    detach = attach(ReplicaRefused, told.append)
    async with fleet(Escrow, "", largest=1024, lease=9.0, most_peers=20) as f:
        await f.start("a", custody="guardian")
        names = "bcdefghijklmnopq"
        await f.start(names, custody="ward")
        await asyncio.sleep(3)
        await f.change("a", grant, 1000)
        for n in range(5):  # names that fill the row
            await f.change("a", give, f"{n}" * 100, 1)
        for name in names:
            await f.change("a", give, (await f.status(name)).replica, 10)
        await asyncio.sleep(30)
        assert {event.what for event in told} == {"oversized"}
        assert (await f.status("a")).counts.oversized > 0
        value = await f.value("q")
        leased = [value.lease_of((await f.status(name)).replica) for name in names]
        assert None in leased
        assert any(lease is not None and lease.until > f.wall("a") for lease in leased), "these are extended"
        assert await f.same()
        assert value.left == 1000
    detach()


async def hear(f: Fleet, name: str, delta: Any) -> None:
    """Have one hear a delta, of whatever size."""
    f.refs[name].cast(Replica.hear, Frames(f.kind, 65_536).write(News(0, delta)), "x")
    await asyncio.sleep(0.1)


@pytest.mark.parametrize("kind", [MV, AWMap])
async def test_who_was_not_sent_a_place_too_large_is_not_told_that_it_knows_it(kind: Any) -> None:
    async with fleet(kind, "", largest=SMALL) as f:
        await f.start("ab")
        delta = MV[Any]().set("x", LARGE)
        await hear(f, "a", AWMap[Any]().put("k", delta) if kind is AWMap else delta)
        await asyncio.sleep(5)
        assert (await f.value("a")).context.knows("x", 1)
        assert not (await f.value("b")).context.knows("x", 1)
        assert (await f.status("a")).counts.oversized > 0
        streams = (await f.status("a")).counts.streams
        await asyncio.sleep(60)
        assert (await f.status("a")).counts.streams < streams + 10, "it is tried less and less often"
        await f.start("c", largest=8 * SMALL)
        await hear(f, "c", AWMap[Any]().put("k", delta) if kind is AWMap else delta)
        await asyncio.sleep(5)
        value = await f.value("b")
        assert (value.at("k", MV) if kind is AWMap else value).values == (LARGE,)
        assert (await f.status("b")).counts.diverged == 0


async def test_nor_who_learns_the_whole_anew_and_what_it_has_there_stays() -> None:
    async with fleet(AWMap, "", largest=SMALL, tidy=1.0, gone_unkept=5.0) as f:

        def put(value: Any, by: Any, key: str) -> Any:
            return value.put(key, value.at(key, AWSet).add(by.replica, 1))

        def drop(value: Any, by: Any, key: str) -> Any:
            return value.remove(by.replica, key)

        await f.start("ab")
        delta = AWMap[Any]().put("k", MV[Any]().set("x", LARGE))
        for name in "ab":
            await hear(f, name, delta)
        await f.change("a", put, "gone")
        await asyncio.sleep(2)
        f.net.part("a", "b")
        await f.change("a", drop, "gone")
        await asyncio.sleep(10)
        f.net.heal()
        await asyncio.sleep(5)
        assert (await f.status("b")).counts.rejoined == 1
        value = await f.value("b")
        assert "gone" not in value
        assert value.at("k", MV).values == (LARGE,)


async def test_one_who_was_not_sent_a_place_rejoins_all_the_same_and_is_not_sent_the_whole_again(
    tmp_path: Path,
) -> None:
    async with fleet(AWMap, "ab", tmp_path, tidy=1.0, gone=20.0, largest=SMALL) as f:
        await f.change("a", put, "stays", "goes")
        await asyncio.sleep(3)
        f.net.part("a", "b")
        for name in "ab":  # two writes that a frame carries, at a place that none does
            await f.change(name, written, "large", name * 3000)
        f.net.heal()
        await asyncio.sleep(5)
        await f.start("c")
        await asyncio.sleep(10)
        f.net.part("ab", "c")
        await f.change("a", remove, "goes")
        await asyncio.sleep(60)
        f.net.heal()
        await asyncio.sleep(60)
        assert "goes" not in await there(f, "c")
        wholes = [(await f.status(name)).counts.wholes for name in "ab"]
        await asyncio.sleep(300)
        again = [(await f.status(name)).counts.wholes for name in "ab"]
        assert again == wholes, "not again and again, though it lacks a place for ever"
        await f.change("b", written, "large", "short")
        await asyncio.sleep(65)
        assert await f.same()


async def test_a_set_of_small_elements_is_told_whatever_its_size() -> None:
    async with fleet(AWSet, "ab", largest=1024, leaves=1000) as f:
        await f.change("a", add, *[f"element {n}" for n in range(500)])
        await f.change("a", remove, "element 7")
        await asyncio.sleep(3)
        assert len(await f.value("b")) == 499
        assert (await f.status("a")).counts.oversized == 0


def test_what_is_too_large_is_done_last() -> None:
    value = with_dead("g", 3)
    for act, *args in (("grant", "g", 10), ("entrust", "w", "g"), ("give", "g", "w", 5)):
        value = value.join(getattr(value, act)(*args))

    def fits(delta: Escrow) -> bool:
        return delta.store.trie.get(("estate", "g")) is not None

    delta = step(value, "g", "guardian", [], ["w"], 0.0, 10.0, 1.0, fits)
    assert delta is not None
    assert fits(delta)
    value = value.join(delta)
    late = step(value, "g", "guardian", [], ["w"], 0.0, 10.0, 1.0, fits)
    assert late is not None
    assert not fits(late), "it is not made, and told of"
    assert "w" in dict(late.store.trie.get("g").leases)


def crowd(wards: int) -> tuple[Escrow, list[str], Callable[[Escrow], bool]]:
    """A guardian "g" of wards with rights of their own, too many for a frame; and what fits into one."""
    codec = Codec()
    value = Escrow().join(Escrow().grant("g", 10**9))
    names = [f"ward-{n:016d}" for n in range(wards)]
    for name in names:
        value = value.join(value.entrust(name, "g"))
        value = value.join(value.grant(name, 1000))
    return value, names, lambda delta: len(codec.encode(delta)) <= SMALL


def cared(value: Escrow, live: Collection[str], now: float, fits: Callable[[Escrow], bool]) -> Escrow:
    """The value after all that the guardian has to do."""
    while (delta := step(value, "g", "guardian", [], live, now, 30.0, 0.25, fits)) and fits(delta):
        value = value.join(delta)
    return value


def test_a_guardian_whose_row_is_full_goes_on_for_those_it_leases_to() -> None:
    value, names, fits = crowd(150)
    value = cared(value, names, 0.0, fits)
    leased = [name for name in names if value.lease_of(name) is not None]
    assert 10 < len(leased) < len(names)
    for now in range(10, 200, 10):  # what they have spent grows by a byte, and by two
        for name in leased:
            value = value.join(value.spend(name, 40, float(now)))
        value = cared(value, names, float(now), fits)
        for name in leased:
            assert (lease := value.lease_of(name)) is not None
            assert lease.until > now + 15.0
    value = cared(value, names[1:], 300.0, fits)
    assert value.lease_of(names[0]) is None, "one that is dead is given up on"
    assert not fits(value.fullest("g", names))


@pytest.mark.parametrize("many", [3, 20, 70])
def test_leases_are_extended_one_by_one_where_they_do_not_fit_together(many: int) -> None:
    value, names, _ = crowd(many)
    value = cared(value, names, 0.0, lambda delta: True)

    def fits(delta: Escrow) -> bool:
        """What extends more than one lease is too large."""
        leases: dict[str, Any] = dict(delta.store.trie.get("g").leases)
        return len([name for name in names if leases[name] != value.lease_of(name)]) < 2

    for _ in range(many):
        delta = step(value, "g", "guardian", [], names, 20.0, 30.0, 0.25, fits)
        assert delta is not None
        assert fits(delta)
        value = value.join(delta)
    assert {lease.until for name in names if (lease := value.lease_of(name)) is not None} == {50.0}
