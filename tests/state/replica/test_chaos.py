"""Loss, repetition, reordering, partition, kills: two seconds after the heal all are the same, and nothing is lost."""

import asyncio
from pathlib import Path
from random import Random
from typing import Any

import pytest

from cybernetic.core import Refusal
from cybernetic.state import AWMap, AWSet
from tests.crdt.world import TYPES, Op, change, shown
from tests.state.replica.fleet import Fleet, add, fleet, remove
from tests.support import SEED, soak

NAMES = "abcde"


def random_op(chance: Random, depth: int = 2) -> Op:
    inner = random_op(chance, depth - 1) if depth else None
    return Op(chance.randrange(8), chance.randrange(5), chance.randrange(4), inner)


def edit(value: Any, by: Any, op: Op) -> Any:
    return change(value, by.replica, op, by.stamp().millis)


async def trouble(f: Fleet, chance: Random, names: str) -> None:
    """Something happens to the network."""
    what = chance.randrange(6)
    f.net.loss = chance.choice([0.0, 0.3, 0.9])
    f.net.twice = chance.choice([0.0, 0.3])
    f.net.slowest = chance.choice([0.001, 0.1, 1.5])
    if what < 3:
        left = {name for name in names if chance.random() < 0.5}
        f.net.groups = [left, set(names) - left]
    elif what == 3:
        f.net.groups = None


@pytest.mark.parametrize("kind", TYPES, ids=lambda kind: kind.__name__)
@pytest.mark.parametrize("round_", range(soak(2, 40)))
async def test_whatever_happened_all_are_the_same_two_seconds_after_the_heal(kind: Any, round_: int) -> None:
    chance = Random(repr((SEED, kind.kind, round_)))
    names = NAMES[: chance.randint(3, 5)]
    async with fleet(kind, names, seed=round_, tidy=chance.choice([0.7, 60.0])) as f:
        for _ in range(soak(60, 120)):
            if chance.random() < 0.15:
                await trouble(f, chance, names)
            try:
                await f.change(chance.choice(names), edit, random_op(chance))
            except Refusal:
                pass
            if chance.random() < 0.3:
                await asyncio.sleep(chance.uniform(0.0, 1.5))
        f.net.heal()
        f.net.slowest = 0.05
        await asyncio.sleep(2.0)
        values = await f.values()
        assert [shown(value) for value in values] == [shown(values[0])] * len(names)
        assert len({value.context for value in values}) == 1
        await asyncio.sleep(2.0)
        digests = {(await f.status(name)).digest for name in names}
        assert len(digests - {None}) == len(digests) == 1
        assert not any([(await f.status(name)).counts.diverged for name in names])


@pytest.mark.parametrize("round_", range(soak(2, 30)))
async def test_no_acknowledged_change_is_lost_though_replicas_are_killed(tmp_path: Path, round_: int) -> None:
    chance = Random(repr((SEED, round_)))
    names = "abc"
    there: set[int] = set()
    async with fleet(AWSet, names, tmp_path, seed=round_, tidy=0.7) as f:
        for n in range(soak(80, 300)):
            what = chance.random()
            name = chance.choice(names)
            if what < 0.1:
                await trouble(f, chance, names)
            elif what < 0.15:
                await f.kill(name)
                await f.start(name)
            elif what < 0.3 and there:
                gone = chance.choice(sorted(there))
                if gone in await f.value(name):
                    await f.change(name, remove, gone)
                    there.discard(gone)
            else:
                await f.change(name, add, n)
                there.add(n)
            await asyncio.sleep(chance.choice([0.0, 0.05, 0.4]))
        f.net.heal()
        f.net.slowest = 0.05
        await asyncio.sleep(2.0)
        for value in await f.values():
            assert set(value) == there
        for name in names:
            await f.kill(name)
        await f.start("a")
        assert set(await f.value("a")) == there


async def test_a_map_of_maps_converges_in_pieces_of_one_leaf() -> None:
    chance = Random(SEED)
    async with fleet(AWMap, "abc", leaves=1, tidy=0.5) as f:
        f.net.loss = 0.3
        for _ in range(40):
            await f.change(chance.choice("abc"), edit, random_op(chance))
        f.net.heal()
        await asyncio.sleep(2.0)
        values = await f.values()
        assert [shown(value) for value in values] == [shown(values[0])] * 3
