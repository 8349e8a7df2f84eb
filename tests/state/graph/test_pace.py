"""What is asked of a graph at once, or has much to tell, takes several turns of the loop. Their work is counted."""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from cybernetic import System
from cybernetic.runtime import Ref
from cybernetic.state import Graph, Var
from cybernetic.state.graph import graph as graphs
from cybernetic.state.graph import solve
from cybernetic.state.graph.keeping import Keeping
from cybernetic.state.graph.patterns import Query
from cybernetic.state.graph.solve import STRIDE
from tests.state.graph.agents import Watcher, rows

X, Y = Var("x"), Var("y")
MANY = 200


@contextmanager
def counted(monkeypatch: pytest.MonkeyPatch, of: Any, name: str) -> Iterator[Counter[str]]:
    """Counts calls: "all" of them, and the "most" in one turn of the loop."""
    counts = Counter[str]()
    run, real = asyncio.Handle._run, getattr(of, name)

    def turn(handle: Any) -> None:
        before = counts["all"]
        run(handle)
        counts["most"] = max(counts["most"], counts["all"] - before)

    def called(*args: Any, **kwargs: Any) -> Any:
        counts["all"] += 1
        return real(*args, **kwargs)

    with monkeypatch.context() as patch:
        patch.setattr(of, name, called)
        patch.setattr(asyncio.Handle, "_run", turn)
        yield counts


async def _linked(graph: Ref[Graph], things: int) -> None:
    """Facts from the hub to so many things."""
    for at in range(0, things, 500):
        facts = [{"subject": "hub", "predicate": "to", "object": f"s{n}"} for n in range(at, at + 500)]
        await graph.call(Graph.load, facts)


def _add(graph: Ref[Graph], n: int) -> Any:
    return graph.request(Graph.add, f"s{n}", "p", n, who="me")


def _remove(graph: Ref[Graph], n: int) -> Any:
    return graph.request(Graph.remove, f"s{n}", "p", n, by="me")


def _ask(graph: Ref[Graph], n: int) -> Any:
    return graph.request(Graph.query, (f"s{n}", "p", X))


@pytest.mark.parametrize(
    ("ask", "of", "name"),
    [(_add, Keeping, "_change"), (_remove, Keeping, "_change"), (_ask, graphs, "drawn")],
)
async def test_what_is_asked_at_once_is_done_over_several_turns(
    ask: Callable[[Ref[Graph], int], Any], of: Any, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with System() as system:
        graph = await system.start(Graph, "world")
        if ask is not _add:
            for one in [_add(graph, n) for n in range(MANY)]:
                await one
        with counted(monkeypatch, of, name) as counts:
            await asyncio.sleep(0.01)  # turns are counted from their begin to their end
            asked = [ask(graph, n) for n in range(MANY)]
            answers = [await one for one in asked]
            await asyncio.sleep(0.01)
        assert counts["all"] == MANY
        assert counts["most"] <= 25
        there = await rows(graph, (X, "p", Y))
    assert len(there) == (0 if ask is _remove else MANY)
    if ask is _ask:
        assert [answer.rows for answer in answers] == [({"x": n},) for n in range(MANY)]


async def test_who_removes_what_was_just_said_finds_it_however_much_is_asked_at_once() -> None:
    async with System() as system:
        graph = await system.start(Graph, "world")
        said = [(_add(graph, n), _remove(graph, n)) for n in range(MANY)]
        assert [(await added).who for added, _ in said] == ["me"] * MANY
        assert [await removed for _, removed in said] == [1] * MANY
        assert await rows(graph, (X, "p", Y)) == []


async def test_many_answers_that_come_with_one_fact_are_told_to_all_who_watch_over_several_turns(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with System() as system:
        graph = await system.start(Graph, "world")
        await _linked(graph, 1000)
        watchers = [
            await system.start(Watcher, graph, ("hub", "to", X), (Y, "opens", "hub")) for _ in range(3)
        ]
        for watcher in watchers:
            await watcher.call(Watcher.begin)
        with counted(monkeypatch, Query, "told") as counts:
            await graph.call(Graph.add, "key", "opens", "hub", who="me")
            await asyncio.sleep(0.1)
        for watcher in watchers:
            (told,) = await watcher.call(Watcher.heard)
            assert {row["x"] for row in told.added} == {f"s{n}" for n in range(1000)}
    assert counts["all"] == 3000
    assert counts["most"] <= STRIDE


async def test_what_many_watch_is_found_over_several_turns_for_all_and_for_many_facts_that_come_together(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with System() as system:
        graph = await system.start(Graph, "world")
        for n in range(10):
            await _add(graph, n)
        watchers = [
            await system.start(Watcher, graph, (X, "opens", Y), (Y, "p", Var("z"))) for _ in range(50)
        ]
        for watcher in watchers:
            await watcher.call(Watcher.begin)
        facts = [{"subject": f"key {n}", "predicate": "opens", "object": f"s{n}"} for n in range(40)]
        with counted(monkeypatch, solve, "unified") as counts:
            await graph.call(Graph.load, facts)
            await asyncio.sleep(0.1)
        for watcher in watchers:
            added = [row for told in await watcher.call(Watcher.heard) for row in told.added]
            assert {row["z"] for row in added} == set(range(10))
    assert counts["all"] == 50 * (40 + 10)  # a fact meets a pattern, and is followed to where the next is met
    assert counts["most"] <= STRIDE


async def test_what_is_around_a_thing_is_put_together_over_several_turns(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with System() as system:
        graph = await system.start(Graph, "world")
        await _linked(graph, 1000)
        with counted(monkeypatch, graphs, "_fact") as counts:
            await asyncio.sleep(0.01)
            found = await graph.call(Graph.around, "hub")
            await asyncio.sleep(0.01)
    assert len(found.facts) == counts["all"] == 1000
    assert counts["most"] <= STRIDE
