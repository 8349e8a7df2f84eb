"""One value on several replicas: changed anywhere, the same everywhere, there again after a restart."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from cybernetic import System
from cybernetic.state import AWSet, Replica
from tests.nodes.stage import WHERES, stage


def add(value: Any, by: Any, *elements: Any) -> Any:
    return value.add(by.replica, *elements)


def remove(value: Any, by: Any, *elements: Any) -> Any:
    return value.remove(by.replica, *elements)


@pytest.mark.parametrize("where", WHERES)
async def test_replicas_of_one_name_are_the_same(where: str) -> None:
    async with stage(where) as s:
        near = await s.here(Replica, AWSet.kind, "facts")
        far = await s.spawn(Replica, AWSet.kind, "facts")
        await asyncio.sleep(1.0)
        await near.call(Replica.change, add, "sky is blue")
        assert set(await near.call(Replica.value)) == {"sky is blue"}
        await asyncio.sleep(0.2)
        assert set(await far.call(Replica.value)) == {"sky is blue"}
        await near.call(Replica.change, remove, "sky is blue")
        await near.call(Replica.change, add, "grass is green")
        await asyncio.sleep(2.0)
        assert set(await far.call(Replica.value)) == {"grass is green"}
        one, two = await near.call(Replica.status), await far.call(Replica.status)
        assert one.digest == two.digest is not None
        assert [peer.lacks for peer in one.peers] == [0]


async def test_what_was_acknowledged_is_there_after_a_restart(tmp_path: Path) -> None:
    async with System() as system:
        ref = await system.start(Replica, AWSet, "facts", tmp_path / "facts")
        for n in range(100):
            await ref.call(Replica.change, add, n)
        await ref.call(Replica.change, remove, 7)
        await ref.stop()
        ref = await system.start(Replica, AWSet, "facts", tmp_path / "facts")
        assert set(await ref.call(Replica.value)) == set(range(100)) - {7}
        assert (await ref.call(Replica.status)).starts == 2
