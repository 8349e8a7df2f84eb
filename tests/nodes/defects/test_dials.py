"""A node that tells of very many others: they are called a few at a time, and more than a cluster has are refused."""

import asyncio
from typing import Any

import pytest

from cybernetic import Agent, System
from cybernetic.nodes.host.driver_memory import MemoryHost
from cybernetic.nodes.link import network
from cybernetic.nodes.plan.membership import MOST
from cybernetic.nodes.remote import ops
from cybernetic.nodes.remote.peer import DIALS
from cybernetic.testing import settle

SECRET = "known to all nodes"


class Holder(Agent):
    """Holds a name."""


def one(name: str, **options: Any) -> System:
    return System(node=name, host_port=MemoryHost(), secret=SECRET, listen=[f"memory:{name}"], **options)


def members(count: int) -> list[Any]:
    return [(f"z{n}", "0.a", f"memory:z{n}", "elsewhere", {}, "node") for n in range(count)]


async def tell(system: System, message: Any) -> None:
    assert system._cluster is not None
    system._cluster.peers["one"].post((ops.MEMBERS, message))
    await asyncio.sleep(0.1)


async def test_few_are_called_at_a_time_and_others_are_linked_meanwhile() -> None:
    for n in range(100):
        network().listen(f"z{n}", asyncio.Protocol)  # who answers is silent
    async with one("one") as first, one("bad", join=["memory:one"]) as bad:
        await tell(bad, members(100))
        calling = [pair for pair in network().pairs if type(pair.ends[1].get_protocol()) is asyncio.Protocol]
        assert len(calling) == DIALS
        loop = asyncio.get_running_loop()
        begin = loop.time()
        async with one("good", join=["memory:one"]):
            assert "good" in [node.name for node in first.nodes]
        assert loop.time() - begin < 11  # it has heard of them as well
        await asyncio.sleep(10)
        assert first._cluster is not None
        assert list(first._cluster.peers) == ["bad"]


async def test_a_node_that_is_told_of_has_nothing_prepared_for_it_until_it_is_linked() -> None:
    async with one("one") as first, one("bad", join=["memory:one"]) as bad:
        for n in range(20):
            first.spawn(Holder, name=f"name {n}")
        await tell(bad, members(500))
        assert first._cluster is not None
        peers = first._cluster.peers
        assert len(peers) == 501
        assert not any(peer._waiting or peer._explained for peer in peers.values())
        first.spawn(Holder, name="one more")
        assert not any(peer._waiting or peer._explained for peer in peers.values())
        async with one("late", join=["memory:one"]) as late:
            assert late.whereis("name 7") is not None
            assert late.whereis("one more") is not None


@pytest.mark.parametrize("parts", [1, 2])
async def test_more_than_a_cluster_has_are_refused(parts: int, caplog: pytest.LogCaptureFixture) -> None:
    async with one("one") as first, one("bad", join=["memory:one"]) as bad, one("good", join=["memory:one"]):
        assert bad._cluster is not None
        told = members(MOST + 1)
        for part in range(parts):
            bad._cluster.peers["one"].post((ops.MEMBERS, told[part::parts]))
        await settle(first)
        assert f"expected a cluster of at most {MOST} nodes" in caplog.text
        assert "bad" not in [node.name for node in first.nodes]
        assert "good" in [node.name for node in first.nodes]
