"""Who may join and who may not; what a broken link, a bad peer and a departure do to the others."""

import asyncio
from typing import Any

import pytest

from cybernetic import Agent, DynamicSupervisor, OptionError, StartFailed, Supervisor, System, attach, child
from cybernetic.nodes import LinkRefused, LinkUnreachable, NodeLost
from cybernetic.nodes.host.driver_memory import MemoryHost
from cybernetic.nodes.link import network
from cybernetic.nodes.remote import ops
from cybernetic.testing import settle

SECRET = "known to all nodes"


def one(name: str = "one", **options: Any) -> System:
    return System(node=name, host_port=MemoryHost(), secret=SECRET, listen=[f"memory:{name}"], **options)


class Holder(Agent):
    """Holds a name."""

    def node(self) -> str:
        return self.ref.node

    def ask(self, node: str) -> bool:
        return node in [each.name for each in self.system._engine.elsewhere._cluster.members]  # type: ignore[attr-defined]


async def test_hosts_join_know_each_other_and_part() -> None:
    async with one("one", nodes=1) as first:
        first.spawn(Holder, name="here")
        async with one("two", nodes=["far"], join=["memory:one"]) as second:
            await asyncio.sleep(0.1)
            for system, own in ((first, "one"), (second, "two")):
                names = [node.name for node in system.nodes]
                assert names[0] == own
                assert sorted(names) == ["far", "one", "two", "worker-1"]
            assert await second.named("here", Holder).call(Holder.node) == "one"
        await settle(first)
        assert sorted(node.name for node in first.nodes) == ["one", "worker-1"]


async def test_a_name_that_a_living_node_has_is_refused_and_nothing_else_happens() -> None:
    async with one("one") as first, one("two", join=["memory:one"]):
        with pytest.raises(LinkRefused, match=r"name: expected one that no living node has, got.*'two'"):
            async with System(node="two", host_port=MemoryHost(), secret=SECRET, join=["memory:one"]):
                pass
        with pytest.raises(LinkRefused, match="name: expected one that no living node has"):
            async with System(node="one", host_port=MemoryHost(), secret=SECRET, join=["memory:one"]):
                pass
        assert sorted(node.name for node in first.nodes) == ["one", "two"]


async def test_a_wrong_secret_is_refused_and_a_right_one_still_gets_in() -> None:
    async with one("one") as first:
        with pytest.raises(LinkRefused, match="secret"):
            async with System(node="bad", host_port=MemoryHost(), secret="x" * 20, join=["memory:one"]):
                pass
        async with one("two", join=["memory:one"]):
            assert [node.name for node in first.nodes] == ["one", "two"]


async def test_nobody_to_join_is_said_after_ten_seconds() -> None:
    loop = asyncio.get_running_loop()
    begin = loop.time()
    with pytest.raises(LinkUnreachable, match="memory:nowhere"):
        async with System(node="alone", host_port=MemoryHost(), secret=SECRET, join=["memory:nowhere"]):
            pass
    assert 10 <= loop.time() - begin < 12


async def test_an_address_in_use_is_said() -> None:
    async with one("one"):
        with pytest.raises(LinkRefused, match=r"memory:one.*listened to already"):
            async with System(node="two", host_port=MemoryHost(), secret=SECRET, listen=["memory:one"]):
                pass


async def test_without_a_secret_nobody_listens_or_joins(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CYBERNETIC_SECRET", raising=False)
    for options in ({"listen": ["memory:a"]}, {"join": ["memory:a"]}):
        with pytest.raises(OptionError, match="secret: expected what all nodes of the cluster know"):
            System(host_port=MemoryHost(), **options)  # type: ignore[arg-type]
    for bad in (
        {"nodes": -1},
        {"nodes": "worker"},
        {"nodes": ["a", "a"]},
        {"listen": "tcp:x:1"},
        {"node": "a/b"},
    ):
        with pytest.raises(OptionError):
            System(secret=SECRET, **bad)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "message",
    [
        (999, 1),
        (ops.CAST,),
        (ops.CALL, "x"),
        ("text",),
        (ops.MEMBERS, [(1, 2)]),
        (ops.DEATH, 1),
        (ops.START, 1),
    ],
    ids=repr,
)
async def test_a_message_that_is_none_closes_its_link_with_a_reason_and_the_link_is_made_anew(
    message: Any,
) -> None:
    async with (
        one("one") as first,
        one("two", join=["memory:one"]) as second,
        one("three", join=["memory:one"]),
    ):
        await asyncio.sleep(0.1)
        before = {node.name: node.incarnation for node in first.nodes}
        assert second._cluster is not None
        second._cluster.peers["one"].post(message)
        await settle(first)
        assert [node.name for node in first.nodes] == ["one", "three"]
        await asyncio.sleep(5)
        assert {node.name: node.incarnation for node in first.nodes} == before


async def test_a_cut_between_two_is_mended_and_the_third_never_notices() -> None:
    async with (
        one("one") as first,
        one("two", join=["memory:one"]) as second,
        one("three", join=["memory:one"]),
    ):
        await asyncio.sleep(0.1)
        first.spawn(Holder, name="early")
        second.spawn(Holder, name="late")
        await asyncio.sleep(0.1)
        old = first.whereis("late")
        assert old is not None
        (pair,) = [
            pair
            for pair in network().pairs
            if {b"one" in getattr(end.get_protocol(), "hello", b"") for end in pair.ends} == {True, False}
            and any(b"two" in getattr(end.get_protocol(), "hello", b"") for end in pair.ends)
        ]
        pair.cut()
        await settle(first)
        assert not first.alive(old)
        assert first.whereis("late") is None
        await asyncio.sleep(5)
        new = first.whereis("late")
        assert new is not None
        assert new != old
        assert await first.named("late", Holder).call(Holder.node) == "two"
        assert await second.named("early", Holder).call(Holder.node) == "one"


class Cell(Supervisor):
    """One child in a process of its own, one at home."""

    def children(self) -> Any:
        return [child(Holder, id="home", name="home"), child(Holder, id="cell", name="cell", isolate=True)]


class Lost(Supervisor):
    """Asks for a node where there are none."""

    def children(self) -> Any:
        return [child(Holder, node="worker-1")]


async def test_a_system_of_one_process_makes_one_for_an_isolated_agent() -> None:
    async with System(host_port=MemoryHost()) as system:
        await system.start(Cell)
        assert await system.named("home", Holder).call(Holder.node) == "main"
        assert await system.named("cell", Holder).call(Holder.node) == "main.cell.1"
        assert [node.kind for node in system.nodes] == ["node", "isolated"]


async def test_a_node_is_not_to_be_had_in_a_system_of_one_process() -> None:
    async with System() as system:
        with pytest.raises(StartFailed, match="expected a system of several nodes"):
            await system.start(Lost)


async def test_joining_two_nodes_of_one_cluster_links_once_with_each() -> None:
    lost: list[Any] = []
    end = attach(NodeLost, lost.append)
    async with (
        one("one"),
        one("two", join=["memory:one"]),
        one("three", join=["memory:one", "memory:two"], nodes=1) as third,
    ):
        assert sorted(node.name for node in third.nodes) == ["one", "three", "three.worker-1", "two"]
        await asyncio.sleep(1)
        assert lost == []
    end()


async def test_after_a_long_partition_all_pairs_are_linked_again() -> None:
    async with (
        one("one", nodes=1) as first,
        one("two", nodes=1, join=["memory:one"]) as second,
    ):
        await asyncio.sleep(0.1)
        before = sorted(node.name for node in first.nodes)
        assert before == ["one", "two", "two.worker-1", "worker-1"]
        inside = [{b"one", b"worker-1"}, {b"two", b"two.worker-1"}]

        def names(pair: Any) -> set[bytes]:
            hellos = [getattr(end.get_protocol(), "hello", b"") for end in pair.ends]
            known = (b"two.worker-1", b"worker-1", b"two", b"one")
            return {name for name in known if any(_says(hello, name) for hello in hellos)}

        across = [pair for pair in network().pairs if names(pair) not in inside]
        assert len(across) == 4
        called, network()._names = network()._names, {}
        for pair in across:
            pair.cut()
        await asyncio.sleep(30)
        assert sorted(node.name for node in first.nodes) == ["one", "worker-1"]
        network()._names = called
        await asyncio.sleep(60)
        assert sorted(node.name for node in first.nodes) == before
        assert sorted(node.name for node in second.nodes) == before
        ref = await _on(first, "worker-1")
        assert await ref.call(Holder.ask, "two.worker-1")


def _says(hello: bytes, name: bytes) -> bool:
    return bytes([0xA0 + len(name)]) + name in hello


async def _on(system: System, node: str) -> Any:
    nursery = await system.start(DynamicSupervisor, type="temporary")
    return await nursery.call(DynamicSupervisor.start_child, child(Holder, node=node, restart="temporary"))
