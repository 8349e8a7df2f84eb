"""An export is put in: what was lost comes back, what was removed since stays out unless it is said again."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from cybernetic import System
from cybernetic.state import Graph, GroupPeers, Replica, Var
from cybernetic.state.graph.facts import Fact
from tests.state.graph.agents import rows
from tests.state.replica.net import Net, clock

ANN = ("ann", "knows", "bob")
EVE = ("eve", "knows", "bob")
NONE = {"new": 0, "ended": 0}


async def exported(graph: Any) -> list[Any]:
    """All records, of a graph that has one page of them."""
    page = await graph.call(Graph.page)
    assert page["next"] is None
    return list(page["records"])


async def shown(graph: Any) -> list[Any]:
    """Who knows bob."""
    return [row["x"] for row in await rows(graph, (Var("x"), "knows", "bob"))]


def bare(records: list[Any]) -> list[Any]:
    """The records as a file has them that does not name changes."""
    return [{name: one[name] for name in one if name != "change"} for one in records]


async def filled(system: System, keep: float = 200.0, store: Path | None = None) -> Any:
    """A graph with two facts."""
    graph = await system.start(Graph, "world", store, None, GroupPeers, clock, keep)
    await graph.call(Graph.add, *ANN, who="clerk", cause="a letter", confidence=0.5)
    await graph.call(Graph.add, *EVE, who="clerk")
    return graph


async def test_what_was_removed_since_stays_out_and_what_is_new_there_comes_in() -> None:
    async with System() as system:
        graph = await filled(system)
        backup = await exported(graph)
        await graph.call(Graph.remove, *ANN, by="judge")
        assert await graph.call(Graph.load, backup) == {"new": 0, "ended": 1}
        assert await shown(graph) == ["eve"]
        other = await system.start(Graph, "other", None, None, GroupPeers, clock)
        assert await other.call(Graph.load, backup) == {"new": 2, "ended": 0}
        assert await shown(other) == ["ann", "eve"]
        assert (await other.call(Graph.assertions, *ANN))[0].at == (await graph.call(Graph.history, *ANN))[
            0
        ].assertion.at


async def test_what_was_removed_is_known_by_its_change_when_its_past_is_forgotten(tmp_path: Path) -> None:
    async with System() as system:
        graph = await filled(system, 5.0, tmp_path / "world")
        backup = await exported(graph)
        await graph.call(Graph.remove, *ANN, by="judge")
        await asyncio.sleep(60.0)
        assert await graph.call(Graph.history, *ANN) == ()
        await graph.stop()
        graph = await system.start(Graph, "world", tmp_path / "world", None, GroupPeers, clock, 5.0)
        assert await graph.call(Graph.load, backup) == {"new": 0, "ended": 1}
        assert await shown(graph) == ["eve"]
        assert await graph.call(Graph.load, bare(backup)) == {"new": 1, "ended": 0}  # nothing says so there


async def test_a_file_that_names_no_changes_is_known_by_the_past() -> None:
    async with System() as system:
        graph = await filled(system)
        backup = bare(await exported(graph))
        await graph.call(Graph.remove, *ANN, by="judge")
        assert await graph.call(Graph.load, backup) == {"new": 0, "ended": 1}
        assert await shown(graph) == ["eve"]


async def test_a_replica_that_has_not_heard_of_the_removal_yet_takes_nothing_back() -> None:
    """It says so itself or the other one does, as soon as they meet."""
    async with System() as system:
        one = await filled(system)
        two = await system.start(Graph, "world", None, None, GroupPeers, clock)
        await asyncio.sleep(2.0)
        backup = await exported(two)
        await one.call(Graph.remove, *ANN, by="judge")
        assert await two.call(Graph.load, backup) == NONE
        await asyncio.sleep(2.0)
        for graph in one, two:
            assert await shown(graph) == ["eve"]
            assert await graph.call(Graph.load, backup) == {"new": 0, "ended": 1}


@pytest.mark.parametrize("names_changes", [True, False])
async def test_what_was_removed_goes_again_where_a_node_that_has_just_started_puts_it_in(
    names_changes: bool,
) -> None:
    async with System() as system:
        one = await filled(system)
        backup = await exported(one)
        await one.call(Graph.remove, *ANN, by="judge")
        two = await system.start(Graph, "world", None, None, GroupPeers, clock)
        loaded = backup if names_changes else bare(backup)
        assert await two.call(Graph.load, loaded) == {"new": 2, "ended": 0}
        await asyncio.sleep(4.0)
        for graph in one, two:
            assert await shown(graph) == ["eve"]
            assert [period.how for period in await graph.call(Graph.history, *ANN)] == ["removed"]
        assert await two.call(Graph.load, loaded) == {"new": 0, "ended": 1}


async def two_apart(system: System, keep: float = 200.0) -> tuple[Net, Any, Any]:
    """Two nodes of one graph that know each other, and are cut off from each other."""
    net = Net()
    one, two = [
        await system.start(Graph, "world", None, None, net.peers(name), clock, keep) for name in ("a", "b")
    ]
    await asyncio.sleep(2.0)
    net.part("a", "b")
    return net, one, two


@pytest.mark.parametrize("keep", [200.0, 5.0])
async def test_what_was_said_and_removed_on_the_other_side_of_a_cut_goes_again_when_that_heals(
    keep: float,
) -> None:
    async with System() as system:
        net, one, two = await two_apart(system, keep)
        await one.call(Graph.add, *ANN, who="clerk")
        backup = await exported(one)
        await one.call(Graph.remove, *ANN, by="judge")
        await asyncio.sleep(40.0)
        assert bool(await one.call(Graph.history, *ANN)) == (keep > 40.0)
        assert await two.call(Graph.load, backup) == {"new": 1, "ended": 0}
        assert await shown(two) == ["ann"]
        net.heal()
        await asyncio.sleep(4.0)
        assert [await shown(graph) for graph in (one, two)] == [[], []]


@pytest.mark.parametrize("how", ["said here since", "put in again"])
async def test_what_is_said_here_stays_though_it_had_ended_elsewhere(how: str) -> None:
    async with System() as system:
        net, one, two = await two_apart(system)
        await one.call(Graph.add, *ANN, who="clerk")
        backup = await exported(one)
        await one.call(Graph.remove, *ANN, by="judge")
        await two.call(Graph.load, backup, "import", how == "put in again")
        if how == "said here since":
            await two.call(Graph.add, *ANN, who="clerk")
        net.heal()
        await asyncio.sleep(4.0)
        assert [await shown(graph) for graph in (one, two)] == [["ann"], ["ann"]]


async def test_what_stands_on_the_other_side_of_a_cut_is_put_in_and_is_one_when_that_heals() -> None:
    async with System() as system:
        net, one, two = await two_apart(system)
        said = await one.call(Graph.add, *ANN, who="clerk")
        await two.call(Graph.load, await exported(one))
        net.heal()
        await asyncio.sleep(4.0)
        for graph in one, two:
            assert await graph.call(Graph.assertions, *ANN) == (said,)
        assert await two.call(Graph.remove, *ANN, by="judge") == 1
        await asyncio.sleep(4.0)
        assert [await shown(graph) for graph in (one, two)] == [[], []]


@pytest.mark.parametrize("names_changes", [True, False])
async def test_nodes_that_put_in_one_export_while_they_are_cut_off_are_the_same_and_quiet_soon(
    names_changes: bool,
) -> None:
    async with System() as system:
        net, letters = Net(), "abc"
        nodes: list[Any] = [
            await system.start(Graph, "world", None, None, net.peers(name), clock) for name in letters
        ]
        await asyncio.sleep(2.0)
        net.part(*letters)
        for n in range(60):
            await nodes[0].call(Graph.add, f"x{n}", "knows", "bob", who="clerk")
        backup = await exported(nodes[0])
        backup = backup if names_changes else bare(backup)
        for node, gone in ((nodes[0], range(20)), (nodes[1], range(20, 40))):
            await node.call(Graph.load, backup)
            for n in gone:
                assert await node.call(Graph.remove, f"x{n}", "knows", "bob", by="judge") == 1
        back = [one for one in backup if one["subject"] in ("x1", "x21")]
        assert await nodes[2].call(Graph.load, backup) == {"new": 60, "ended": 0}
        assert await nodes[2].call(Graph.load, back, "import", True) == {"new": 2, "ended": 0}
        net.heal()
        await asyncio.sleep(4.0)
        replicas = [await node.call(Graph.replica) for node in nodes]
        known = [(await replica.call(Replica.value)).context for replica in replicas]
        for node in nodes:
            assert await shown(node) == sorted(["x1", "x21", *[f"x{n}" for n in range(40, 60)]])
        await asyncio.sleep(20.0)
        now = [(await replica.call(Replica.value)).context for replica in replicas]
        assert now == known == [known[0]] * 3


async def test_what_is_put_in_beside_what_was_said_is_told_to_others_and_kept(tmp_path: Path) -> None:
    async with System() as system:
        one = await filled(system, store=tmp_path / "world")
        two = await system.start(Graph, "world", None, None, GroupPeers, clock)
        (said,) = [record for record in await exported(one) if record["subject"] == "ann"]
        millis, counter, _ = said["at"]
        later = said | {"at": [millis + 1, counter, "z"], "change": [["z", 7], ["y", 3]], "cause": "a call"}
        assert await one.call(Graph.load, [later]) == {"new": 1, "ended": 0}
        await asyncio.sleep(2.0)
        await one.stop()
        one = await system.start(Graph, "world", tmp_path / "world", None, GroupPeers, clock)
        for graph in one, two:
            assert [told.cause for told in await graph.call(Graph.assertions, *ANN)] == ["a call"]
            (now,) = [record for record in await exported(graph) if record["subject"] == "ann"]
            assert now["change"][1:] == [["z", 7], ["y", 3]]
        assert await two.call(Graph.remove, *ANN, by="judge") == 1
        await asyncio.sleep(2.0)
        for graph in one, two:
            assert await shown(graph) == ["eve"]
            causes = [period.assertion.cause for period in await graph.call(Graph.history, *ANN)]
            assert causes == ["a letter", "a call"]


async def test_what_was_said_elsewhere_and_is_not_known_here_comes_in_though_an_earlier_one_has_ended() -> (
    None
):
    async with System() as system:
        graph = await filled(system)
        (before,) = [one for one in await exported(graph) if one["subject"] == "ann"]
        await graph.call(Graph.remove, *ANN, by="judge")
        millis, counter, _ = before["at"]
        later = before | {"at": [millis + 1, counter, "elsewhere"], "change": ["elsewhere", 7]}
        assert await graph.call(Graph.load, [later]) == {"new": 1, "ended": 0}


async def test_what_has_ended_is_said_again_where_that_is_wanted() -> None:
    async with System() as system:
        graph = await filled(system)
        backup = await exported(graph)
        await graph.call(Graph.remove, *ANN, by="judge")
        for new in 1, 0:
            assert await graph.call(Graph.load, backup, "import", True) == {"new": new, "ended": 0}
        first, second = await graph.call(Graph.history, *ANN)
        assert (first.how, first.by, second.how) == ("removed", "judge", None)
        assert second.assertion.at > first.end
        assert (second.assertion.who, second.assertion.cause) == ("clerk", "a letter")
        await graph.call(Graph.remove, *ANN, by="judge")
        assert await graph.call(Graph.load, backup) == {"new": 0, "ended": 1}


@pytest.mark.parametrize("again", [False, True])
async def test_what_is_over_does_not_come_back(again: bool) -> None:
    async with System() as system:
        graph = await system.start(Graph, "world", None, None, GroupPeers, clock)
        await graph.call(Graph.add, *ANN, who="clerk", ttl=10.0)
        backup = await exported(graph)
        await asyncio.sleep(11.0)
        other = await system.start(Graph, "other", None, None, GroupPeers, clock)
        for one in graph, other:
            assert await one.call(Graph.load, backup, "import", again) == {"new": 0, "ended": 1}
        replica = await other.call(Graph.replica)
        assert (await other.call(Graph.status)).facts == 0
        assert not (await replica.call(Replica.value))


async def test_who_takes_back_what_stayed_out_finds_nothing() -> None:
    async with System() as system:
        graph = await filled(system)
        backup = await exported(graph)
        await graph.call(Graph.remove, *ANN, by="judge")
        await graph.call(Graph.load, backup)
        engine: Any = system._engine
        (kept,) = [cell._agent._book for cell in engine.agents.values() if cell.cls is Graph]
        assert kept.keys(Fact(*ANN)) == []


async def test_what_was_said_before_a_load_is_still_on_its_way_after_it() -> None:
    async with System() as system:
        graph = await filled(system)
        backup = await exported(graph)
        await graph.call(Graph.remove, *ANN, by="judge")
        graph.cast(Graph.add, *ANN, who="clerk")
        graph.cast(Graph.load, backup)
        assert await graph.call(Graph.remove, *ANN, by="clerk") == 1
        assert await shown(graph) == ["eve"]
