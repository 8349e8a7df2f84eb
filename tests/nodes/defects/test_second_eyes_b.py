"""Hosts whose names or files are not what others think: names that are taken, addresses that lead nowhere."""

import asyncio
import errno
from typing import Any

import pytest

from cybernetic import OptionError, System
from cybernetic.nodes import LinkRefused
from cybernetic.nodes.link import TcpAddress, network, parse_address
from cybernetic.nodes.link.ways import _serve_at_port
from cybernetic.nodes.plan.membership import Member, taken
from cybernetic.nodes.plan.reach import PLACES, seen_at, ways_to
from cybernetic.nodes.system import _first, _others
from tests.nodes.cluster.mesh import inside, names, one, until

MISSING = "unix:/nowhere/at/all"


def member(name: str, address: str = "", **fields: Any) -> Member:
    return Member(name, "1.a", address, **({"host": "here", "capabilities": {}} | fields))


def door(node: str, **options: Any) -> System:
    return one(f"{node}.door", "hub", nodes=[node], only_door=True, **options)


# Names.


async def test_a_node_called_as_the_worker_of_another_is_refused_at_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    loop = asyncio.get_running_loop()
    async with one("hub", nodes=1) as hub:
        begin = loop.time()
        with pytest.raises(
            LinkRefused, match=r"name: expected one that no living.*'worker-1'.*\(made by hub\)"
        ):
            async with door("worker-1"):
                pass
        assert loop.time() - begin < 1.0
        assert names(hub) == ["hub", "worker-1"]
    assert caplog.text.count("a connection was refused") <= 1


async def test_so_is_one_called_as_a_worker_that_is_about_to_be_made_anew() -> None:
    async with one("hub", nodes=1) as hub:
        hub._door.closing()  # type: ignore[union-attr]  # so that it stays away
        hub._host.kill("worker-1", 1)  # type: ignore[union-attr]
        inside(hub).peers["worker-1"].link.abort("it was killed")
        await until(lambda: names(hub) == ["hub"])
        for joiner in (door("worker-1"), one("worker-1", "hub"), one("other", "hub", nodes=["hub"])):
            with pytest.raises(LinkRefused, match="expected one that no living node has"):
                async with joiner:
                    pass


async def test_one_that_makes_a_node_of_a_name_that_the_third_has_is_refused_by_the_second() -> None:
    async with one("hub") as hub, one("second", "hub", nodes=["far"]):
        with pytest.raises(
            LinkRefused, match=r"got: 'far', which is that of a node of host 'here' \(made by second\)"
        ):
            async with one("third", "hub", nodes=["far"]):
                pass
        assert names(hub) == ["far", "hub", "second"]


async def test_a_door_that_comes_again_is_not_refused_for_its_own_node() -> None:
    async with one("hub", nodes=1) as hub:
        async with door("edge") as edge:
            before = names(hub)
            inside(edge).peers["hub"].link.abort("the line is cut")
            await until(lambda: "edge.door" not in names(hub))
            assert "edge" in names(hub)
            await until(lambda: names(hub) == before)
        async with door("edge"):
            assert names(hub) == before


async def test_a_second_of_one_name_is_refused_by_the_name_that_was_typed() -> None:
    async with one("hub"), door("edge"):
        with pytest.raises(LinkRefused) as refused:
            async with door("edge", listen=["memory:another"]):
                pass
        assert str(refused.value) == (
            "memory:hub: name: expected one that no living node has, got: 'edge', "
            "which is that of a node of host 'here'"
        )


def test_a_name_is_taken_by_who_has_it_or_makes_it_and_not_by_its_own_maker() -> None:
    main = member("main", makes="worker-1/worker-2", host="first")
    worker = member("worker-1", maker="main", host="first")
    assert taken(worker, [main]) is None
    assert taken(main, [worker]) is None
    assert taken(member("worker-1"), [member("worker-1", host="first")]) is None, "incarnations decide"
    assert "made by main" in str(taken(member("worker-2"), [worker, main]))
    assert "'worker-1'" in str(taken(member("d", makes="worker-1"), [worker]))
    assert taken(member("worker-1", maker="d"), [main]) is not None
    assert taken(member("d", makes="edge"), [main, worker]) is None


def test_a_system_is_not_called_as_one_of_the_nodes_it_makes() -> None:
    with pytest.raises(OptionError, match="node: expected another name than those of its 2 nodes"):
        System(node="worker-2", nodes=2)
    System(node="worker-2", nodes=1)


# Addresses.


@pytest.mark.parametrize("gone", ["m1", "m2"])
async def test_when_the_first_way_to_a_node_fails_its_next_address_is_called(gone: str) -> None:
    async with one("hub") as hub, one("m", "hub", listen=["memory:m1", "memory:m2"]):
        ear = network()._names.pop(gone)
        try:
            async with one("a", "hub") as last:
                assert names(last) == ["a", "hub", "m"]
                inside(last).peers["m"].link.abort("the line is cut")
                await until(lambda: not inside(last).is_linked("m"))
                await until(lambda: inside(last).is_linked("m"), 5.0)
                assert names(hub) == ["a", "hub", "m"]
        finally:
            network()._names[gone] = ear


async def test_who_is_not_meant_is_passed_by_on_the_way_to_who_is() -> None:
    async with one("hub"), one("m", "hub", listen=["memory:m1", "memory:m2"]) as m:
        names_, wrong = network()._names, inside(m).me.address.split()[0].removeprefix("memory:")
        names_[wrong], ear = names_["hub"], names_[wrong]
        try:
            async with one("a", "hub") as last:
                assert names(last) == ["a", "hub", "m"]
        finally:
            names_[wrong] = ear


async def test_who_has_the_place_of_a_lost_node_by_now_keeps_its_link() -> None:
    async with one("hub"), one("x", "hub") as x, one("m", "hub") as m, one("a", "hub") as last:
        ears, (place,) = network()._names, inside(m).me.address.split()
        before = {name: inside(last).peers[name] for name in ("hub", "x")}
        ears[place.removeprefix("memory:")] = ears["x"]
        inside(last).peers["m"].link.abort("the line is cut")
        await until(lambda: not inside(last).is_linked("m"))
        await asyncio.sleep(3)
        assert {name: inside(last).peers[name] for name in before} == before
        assert not inside(x).peers["a"].lost


async def test_a_node_in_whose_only_place_another_is_is_not_waited_for() -> None:
    clock, ears = asyncio.get_running_loop().time, network()._names
    async with one("hub") as hub, one("m", "hub"):
        place = inside(hub).members["m"].address.removeprefix("memory:")
        ears[place], ear = ears["hub"], ears[place]
        try:
            begin = clock()
            async with one("a", "hub") as last:
                assert names(last) == ["a", "hub"]
                assert clock() - begin < 1.0
                assert "hub is not the node that was meant: m#" in inside(last).unreached["m"]
        finally:
            ears[place] = ear


async def test_a_door_whose_node_reaches_nobody_has_not_joined() -> None:
    loop = asyncio.get_running_loop()
    async with one("hub") as hub:
        inside(hub).me = inside(hub).me._replace(address="memory:nowhere")
        begin = loop.time()
        with pytest.raises(LinkRefused, match=r"edge: expected to be linked.*got none.*hub:.*memory:nowhere"):
            async with door("edge"):
                pass
        assert 9 < loop.time() - begin < 15


async def test_a_door_has_joined_where_its_node_reaches_one_of_two() -> None:
    async with one("hub"), one("m", "hub") as m:
        inside(m).me = inside(m).me._replace(address="memory:nowhere")
        async with door("edge") as edge:
            assert {"edge", "hub"} <= set(names(edge))


def test_a_host_of_the_same_name_is_called_at_all_its_addresses() -> None:
    there = member("m", f"{MISSING} tcp:10.0.0.1:1 tcp:10.0.0.2:1")
    assert list(map(str, ways_to(there, member("a")))) == there.address.split()
    far = list(map(str, ways_to(there, member("a", "tcp:10.0.0.3:1", host="other"))))
    assert far == ["tcp:10.0.0.1:1", "tcp:10.0.0.2:1"]


def test_a_host_is_called_by_its_name_and_by_the_number_at_which_it_was_met() -> None:
    told = member("m", f"{MISSING} tcp:alpha:45 tcp:localhost:46")
    assert seen_at(told, "10.0.0.5").address == f"{told.address} tcp:10.0.0.5:45"
    assert seen_at(seen_at(told, "10.0.0.5"), "10.0.0.5") == seen_at(told, "10.0.0.5"), "once"
    assert seen_at(told, "fd00::5").address.endswith(" tcp:[fd00::5]:45")
    assert seen_at(told, None) == told
    grown = told
    for n in range(100):
        grown = seen_at(grown, f"10.0.0.{n}")
    assert len(grown.address.split()) <= PLACES + 1


@pytest.mark.parametrize(
    "text", ["tcp:h:2-1", "tcp:h:0-1", "tcp:h:1-", "tcp:h:-1", "tcp:h:1-70000", "tcp:h:1-2-3"]
)
def test_ports_that_are_none_are_refused(text: str) -> None:
    with pytest.raises(OptionError):
        System(listen=[text], secret="0123456789abcdef")


def test_several_ports_are_listened_at_and_not_called() -> None:
    several = parse_address("tcp:0.0.0.0:4711-4713")
    assert isinstance(several, TcpAddress)
    assert (str(several), list(several.ports)) == ("tcp:0.0.0.0:4711-4713", [4711, 4712, 4713])
    assert str(_first(several)) == "tcp:0.0.0.0:4711"
    assert str(_others(several)) == "tcp:0.0.0.0:4712-4713"
    assert str(_others(TcpAddress("h", 4711, 4712))) == "tcp:h:4712-4712"
    assert str(_others(TcpAddress("h", 4711))) == "tcp:h:0"
    with pytest.raises(OptionError, match="one port of each address"):
        System(join=["tcp:h:1-2"], secret="0123456789abcdef")


@pytest.mark.parametrize("used", [(), (4712,), (4712, 4713)])
async def test_the_first_port_that_nobody_uses_is_listened_at(
    used: tuple[int, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    tried: list[int] = []

    async def create_server(factory: Any, host: str, port: int, **options: Any) -> str:
        tried.append(port)
        if port in used:
            raise OSError(errno.EADDRINUSE, "in use")
        return f"{host}:{port}"

    loop = asyncio.get_running_loop()
    monkeypatch.setattr(loop, "create_server", create_server)
    address = TcpAddress("h", 4712, 4713)
    if len(used) == 2:
        with pytest.raises(OSError, match="in use"):
            await _serve_at_port(loop, address, asyncio.Protocol)
    else:
        assert str(await _serve_at_port(loop, address, asyncio.Protocol)) == f"h:{4712 + len(used)}"
    assert tried == [4712, 4713][: len(used) + 1]


async def test_what_a_host_says_of_its_own_nodes_is_completed_by_where_it_was_met(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with one("hub", nodes=1), one("edge", "hub") as edge:
        cluster = inside(edge)
        hub = cluster.peers["hub"]
        monkeypatch.setattr(type(hub.link), "place", "10.0.0.5")
        told = [member("near", "tcp:alpha:45"), member("far", "tcp:beta:46", host="elsewhere")]
        near, far = cluster.mesh._as_told([tuple(each) for each in told], hub)
        assert near.address == "tcp:alpha:45 tcp:10.0.0.5:45"
        assert far.address == "tcp:beta:46"
