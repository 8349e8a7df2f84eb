"""Hosts that join a third become one mesh, or are told that they cannot."""

import asyncio
import logging
import socket
from typing import Any

import pytest

from cybernetic import Agent, System
from cybernetic.nodes import LinkRefused, LinkUnreachable
from cybernetic.nodes.host.driver_memory import MemoryHost
from cybernetic.nodes.link import MemoryAddress, TcpAddress, UnixAddress, network, own_address
from cybernetic.nodes.plan.membership import Member
from cybernetic.nodes.plan.reach import apart, way_to
from cybernetic.testing import settle

SECRET = "known to all nodes"


def one(name: str, **options: Any) -> System:
    return System(node=name, host=f"host-of-{name}", host_port=MemoryHost(), secret=SECRET, **options)


def names(system: System) -> list[str]:
    return sorted(node.name for node in system.nodes)


class Holder(Agent):
    """Holds a name."""

    def node(self) -> str:
        return self.ref.node


async def test_hosts_that_join_a_third_and_listen_nowhere_themselves_are_one_mesh() -> None:
    loop = asyncio.get_running_loop()
    async with (
        one("hub", listen=["memory:hub"]) as hub,
        one("edge-1", join=["memory:hub"]) as first,
        one("edge-2", join=["memory:hub"]) as second,
    ):
        assert loop.time() < 1
        assert names(hub) == names(first) == names(second) == ["edge-1", "edge-2", "hub"]
        await first.start(Holder, name="x")
        await settle(second)
        for system in (hub, first, second):
            assert await system.named("x", Holder).call(Holder.node) == "edge-1"


async def test_the_nodes_made_by_hosts_that_join_are_in_the_mesh_too() -> None:
    async with (
        one("hub", listen=["memory:hub"]),
        one("edge-1", join=["memory:hub"], nodes=1) as first,
        one("edge-2", join=["memory:hub"], nodes=1) as second,
    ):
        await asyncio.sleep(0.1)
        assert (
            names(first) == names(second) == ["edge-1", "edge-1.worker-1", "edge-2", "edge-2.worker-1", "hub"]
        )


async def test_of_two_hosts_that_refuse_to_listen_the_second_is_turned_away_at_once() -> None:
    loop = asyncio.get_running_loop()
    async with one("hub", listen=["memory:hub"]) as hub:
        async with one("edge-1", join=["memory:hub"], listen=False) as first:
            with pytest.raises(
                LinkRefused, match=r"edge-2 of host 'host-of-edge-2' and edge-1 of host .* to listen"
            ):
                async with one("edge-2", join=["memory:hub"], listen=False):
                    pass
            assert loop.time() < 1
            assert names(hub) == names(first) == ["edge-1", "hub"]
        await settle(hub)
        async with one("edge-2", join=["memory:hub"], listen=False):
            assert names(hub) == ["edge-2", "hub"]


async def test_one_that_refuses_to_listen_is_linked_with_all_that_do() -> None:
    async with (
        one("hub", listen=["memory:hub"]),
        one("edge-2", join=["memory:hub"], listen=False) as quiet,
        one("edge-1", join=["memory:hub"]) as first,
        one("edge-3", join=["memory:hub"]) as third,
    ):
        await asyncio.sleep(0.1)
        assert names(quiet) == names(first) == names(third) == ["edge-1", "edge-2", "edge-3", "hub"]


async def test_two_that_cannot_reach_each_other_and_came_at_different_nodes_do_not_both_stay(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with (
        one("hub-1", listen=["memory:hub-1"]) as hub,
        one("hub-2", listen=["memory:hub-2"]) as other,
        one("edge-1", join=["memory:hub-1"], listen=False) as first,
    ):
        async with one("edge-2", join=["memory:hub-2"], listen=False) as second:
            assert names(other) == ["edge-2", "hub-2"]
            with caplog.at_level(logging.WARNING, "cybernetic.nodes"):
                assert hub._cluster is not None
                assert other._cluster is not None
                await hub._cluster.join(other._cluster._listeners[0].address)
                await asyncio.sleep(30)
            assert names(hub) == names(other) == names(first) == ["edge-1", "hub-1", "hub-2"]
            assert names(second) == ["edge-2"]
            said = [
                line for line in caplog.messages if line.startswith("not joined again") and "listen" in line
            ]
            assert len(said) == 1
        await asyncio.sleep(1)
        assert names(first) == ["edge-1", "hub-1", "hub-2"]


def test_an_address_on_loopback_is_no_way_for_another_host_that_listens_elsewhere() -> None:
    def node(name: str, address: str) -> Member:
        return Member(name, "1.a", address, f"host-of-{name}", {})

    inside, far = node("inside", "tcp:127.0.0.1:1"), node("far", "tcp:10.0.0.2:2")
    assert way_to(inside, far) is None
    assert str(way_to(far, inside)) == "tcp:10.0.0.2:2"
    assert str(way_to(inside, node("also", "tcp:127.0.0.1:3"))) == "tcp:127.0.0.1:1"
    assert way_to(node("local", "unix:/run/x"), far) is None
    assert apart(inside, far) is None
    assert apart(node("local", "unix:/run/x"), node("silent", "")) is not None


async def test_a_cut_between_two_of_three_that_lasts_is_mended_when_it_can_be() -> None:
    async with (
        one("hub", listen=["memory:hub"]),
        one("edge-1", join=["memory:hub"]) as first,
        one("edge-2", join=["memory:hub"]) as second,
    ):
        await first.start(Holder, name="x", type="temporary")
        called = network()._names
        network()._names = {name: factory for name, factory in called.items() if not name.startswith("edge")}
        for pair in network().pairs:
            hellos = [getattr(end.get_protocol(), "hello", b"") for end in pair.ends]
            if not any(b"hub" in hello for hello in hellos):
                pair.cut()
        await asyncio.sleep(30)
        assert names(first) == ["edge-1", "hub"]
        assert names(second) == ["edge-2", "hub"]
        held = await second.start(Holder, name="x", type="temporary")
        network()._names = called
        await asyncio.sleep(40)
        assert names(first) == names(second) == ["edge-1", "edge-2", "hub"]
        assert second.alive(held)
        assert await first.named("x", Holder).call(Holder.node) == "edge-2"


async def test_who_joins_listens_at_the_address_it_goes_from(monkeypatch: pytest.MonkeyPatch) -> None:
    assert await own_address(TcpAddress("127.0.0.1", 4711), "me") == TcpAddress("127.0.0.1", 0)
    assert await own_address(UnixAddress("/run/hub"), "me") is None
    found = await own_address(MemoryAddress("hub"), "me")
    assert isinstance(found, MemoryAddress)
    assert found.name.startswith("me-")

    async def unknown(*_: Any, **__: Any) -> Any:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", unknown)
    with pytest.raises(LinkUnreachable, match=r"tcp:nowhere:1: Name or service not known"):
        await own_address(TcpAddress("nowhere", 1), "me")
