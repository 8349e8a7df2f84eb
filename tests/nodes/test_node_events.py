"""What the room tells to whoever listens."""

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest

from cybernetic import Agent, NameConflict, System, attach
from cybernetic.nodes import NameLost, NodeJoined, NodeLagging, NodeLost, NodeStopped
from cybernetic.nodes.host.driver_memory import MemoryHost
from cybernetic.nodes.link import network
from cybernetic.testing import settle
from tests.nodes.stage import FAR, TWO, stage


@pytest.fixture
def heard() -> Iterator[list[Any]]:
    told: list[Any] = []
    kinds = (NodeJoined, NodeLost, NodeLagging, NodeStopped, NameLost)
    ends = [attach(kind, told.append) for kind in kinds]
    yield told
    for end in ends:
        end()


class Holder(Agent):
    """Holds a name."""


async def test_nodes_join_lag_and_are_lost(heard: list[Any]) -> None:
    async with stage(TWO) as s:
        assert [(type(e), e.node) for e in heard if isinstance(e, NodeJoined)].count((NodeJoined, FAR)) == 1
        (pair,) = network().pairs
        pair.partition = True
        await asyncio.sleep(3)
        pair.partition = False
        await asyncio.sleep(1)
        lags = [e for e in heard if isinstance(e, NodeLagging) and e.node == FAR]
        assert [bool(e.seconds) for e in lags] == [True, False]
        assert 1.0 <= lags[0].seconds < 1.5
        s.kill_far()
        await settle(s.system)
        await asyncio.sleep(0.01)
        (lost,) = [e for e in heard if isinstance(e, NodeLost) and e.node == FAR]
        assert "gone" in lost.why or "cut" in lost.why
        (stopped,) = [e for e in heard if isinstance(e, NodeStopped)]
        assert (stopped.node, stopped.how) == (FAR, "it was killed on request")


async def test_a_silent_node_is_lost_after_ten_seconds_and_made_anew(heard: list[Any]) -> None:
    async with stage(TWO) as s:
        (pair,) = network().pairs
        pair.partition = True
        await asyncio.sleep(9)
        assert not [e for e in heard if isinstance(e, NodeLost)]
        await asyncio.sleep(3)
        assert [e.why for e in heard if isinstance(e, NodeLost) and e.node == FAR] == ["silent for 10 s"]
        await asyncio.sleep(1)
        assert [node.name for node in s.system.nodes] == ["main", FAR]


async def test_ex_4_a_name_given_twice_goes_to_the_later(heard: list[Any]) -> None:
    async with (
        System(nodes=1, host_port=MemoryHost(), node="one", secret="s" * 16, listen=["memory:one"]) as one,
        System(nodes=["far"], host_port=MemoryHost(), node="two", secret="s" * 16) as two,
    ):
        earlier = one.spawn(Holder, name="chief")
        await asyncio.sleep(1)
        later = two.spawn(Holder, name="chief")
        assert one._cluster is not None
        ended = asyncio.ensure_future(one.wait(earlier))
        await settle(one)
        assert two._cluster is not None
        await two._cluster.join(one._cluster._listeners[0].address)
        assert await ended == NameConflict("chief")
        await asyncio.sleep(0.01)
        for system in (one, two):
            found = system.whereis("chief")
            assert found is not None
            assert (found.node, found._serial) == ("two", later._serial)
        (lost,) = [e for e in heard if isinstance(e, NameLost)]
        assert (lost.taken, lost.loser) == ("chief", earlier)
