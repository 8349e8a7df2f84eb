"""The graph's agent: what is said here is known there, asked, exported, and there again after a restart."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from cybernetic import CallFailed, Killed, NoProc, Normal, System
from cybernetic.core import Kill
from cybernetic.state import Fact, Graph, GraphRefused, Var
from cybernetic.state.graph.exports import PAGE
from tests.nodes.stage import WHERES, stage
from tests.state.graph.agents import rows

X, Y = Var("x"), Var("y")
ANN = ("ann", "knows", "bob")
GOOD = dict(zip(("subject", "predicate", "object"), ANN, strict=True))


@pytest.mark.parametrize("where", WHERES)
async def test_what_is_said_on_one_node_is_answered_on_another(where: str) -> None:
    async with stage(where) as s:
        near, far = await s.here(Graph, "world"), await s.spawn(Graph, "world")
        await asyncio.sleep(1.0)
        said = await near.call(Graph.add, *ANN, who="clerk", confidence=0.5, cause="a letter")
        assert (said.fact, said.who, said.confidence, said.cause) == (Fact(*ANN), "clerk", 0.5, "a letter")
        await far.call(Graph.add, "bob", "age", 5, who="nurse")
        await asyncio.sleep(2.0)
        for graph in (near, far):
            assert await rows(graph, (X, "knows", Y), (Y, "age", Var("n"))) == [
                {"x": "ann", "y": "bob", "n": 5}
            ]
            assert await graph.call(Graph.assertions, *ANN) == (said,)
        await far.call(Graph.remove, *ANN, by="judge", why="a mistake")
        await asyncio.sleep(2.0)
        assert await rows(near, (X, "knows", Y)) == []
        ((period,),) = (await near.call(Graph.history, *ANN),)
        assert (period.assertion, period.how, period.by, period.why) == (
            said,
            "removed",
            "judge",
            "a mistake",
        )
        assert period.end is not None
        assert period.end > said.at


async def test_what_was_acknowledged_is_there_after_a_restart(tmp_path: Path) -> None:
    async with System() as system:
        graph = await system.start(Graph, "world", tmp_path / "world")
        await graph.call(Graph.add, *ANN, who="clerk")
        await graph.call(Graph.add, *ANN, who="clerk", confidence=0.5)
        before = await graph.call(Graph.history, *ANN)
        await graph.stop()
        graph = await system.start(Graph, "world", tmp_path / "world")
        assert await rows(graph, (X, "knows", Y)) == [{"x": "ann", "y": "bob"}]
        assert await graph.call(Graph.history, *ANN) == before
        assert len(before) == 2


@pytest.mark.parametrize("end", ["stop", "kill"])
async def test_a_graph_and_its_replica_end_together(end: str, tmp_path: Path) -> None:
    async with System() as system:
        graph = await system.start(Graph, "world", tmp_path / "world")
        replica = await graph.call(Graph.replica)
        if end == "stop":
            await graph.stop()
            assert await system.wait(replica) in (Normal(), NoProc())
        else:
            graph.exit(Kill())
            assert await system.wait(replica) in (Killed(), NoProc())
        graph = await system.start(Graph, "world", tmp_path / "world")
        (await graph.call(Graph.replica)).exit(Kill())
        assert await system.wait(graph) in (Killed(), NoProc())
        await (
            await system.start(Graph, "world", tmp_path / "world")
        ).stop()  # the store is let go of by then


async def test_who_says_and_takes_back_at_once_has_taken_it_back() -> None:
    async with System() as system:
        graph = await system.start(Graph, "world")
        graph.cast(Graph.add, *ANN, who="clerk")
        graph.cast(Graph.remove, *ANN, by="clerk")
        assert await graph.call(Graph.remove, *ANN, by="clerk") == 0
        assert await rows(graph, (X, "knows", Y)) == []
        assert [one.how for one in await graph.call(Graph.history, *ANN)] == ["removed"]


async def test_what_is_taken_back_while_it_is_loaded_is_taken_back() -> None:
    async with System() as system:
        graph = await system.start(Graph, "world")
        records = [{"subject": "ann", "predicate": "knows", "object": n} for n in range(100)]
        loaded = graph.request(Graph.load, records)
        removed = [graph.request(Graph.remove, "ann", "knows", n, by="me") for n in range(100)]
        assert await loaded == {"new": 100, "ended": 0}
        assert [await one for one in removed] == [1] * 100
        assert await rows(graph, ("ann", "knows", X)) == []


async def test_who_has_an_answer_to_what_was_said_finds_it() -> None:
    async with System() as system:
        graph = await system.start(Graph, "world")
        for n in range(50):
            await graph.call(Graph.add, "ann", "knows", f"b{n}", who="clerk")
            assert await rows(graph, ("ann", "knows", f"b{n}")) == [{}]


async def test_a_source_is_taken_back_alone_or_all_at_once() -> None:
    async with System() as system:
        graph = await system.start(Graph, "world")
        for who in ("a", "b", "c"):
            await graph.call(Graph.add, *ANN, who=who)
        assert await graph.call(Graph.remove, *ANN, by="me", who="b") == 1
        assert [one.who for one in await graph.call(Graph.assertions, *ANN)] == ["a", "c"]
        assert await graph.call(Graph.remove, *ANN, by="me") == 2
        assert (await graph.call(Graph.status)).facts == 0


async def test_what_is_around_and_the_way_from_one_to_another() -> None:
    async with System() as system:
        graph = await system.start(Graph, "world")
        for s, p, o in (ANN, ("bob", "knows", "eve"), ("eve", "age", 5), ("ann", "likes", "tea")):
            await graph.call(Graph.add, s, p, o, who="clerk")
        found = await graph.call(Graph.around, "ann", hops=2, predicates=["knows"])
        assert found.facts == ((1, Fact(*ANN)), (2, Fact("bob", "knows", "eve")))
        assert found.complete
        assert not (await graph.call(Graph.around, "ann", limit=1)).complete
        way = await graph.call(Graph.path, "ann", 5, direction="out")
        assert way == (Fact(*ANN), Fact("bob", "knows", "eve"), Fact("eve", "age", 5))
        assert await graph.call(Graph.path, "ann", 5, hops=2) is None
        assert await graph.call(Graph.path, "ann", "ann") == ()


@pytest.mark.parametrize(
    ("method", "args", "kwargs", "says"),
    [
        (Graph.add, ("", "b", "c"), {"who": "me"}, "subject: expected a text"),
        (Graph.add, ("a", "b", None), {"who": "me"}, "object: expected a text, a whole number"),
        (Graph.add, ("a", "b", "c"), {"who": 5}, "who: expected a text"),
        (Graph.add, ("a", "b", "c"), {"who": "me", "ttl": 0}, "ttl: expected a finite number > 0"),
        (Graph.add, ("a", "b", "c"), {"who": "me", "confidence": 2}, "confidence: expected"),
        (Graph.remove, ("a", "b", "c"), {"by": None}, "by: expected a text"),
        (Graph.query, (), {}, "patterns: expected 1 to 16"),
        (Graph.query, (("a", "b"),), {}, r"patterns\[0\]: expected \(subject"),
        (Graph.query, (("a", "b", "c"),), {"limit": 0}, "limit: expected an integer >= 1"),
        (Graph.query, (("a", "b", "c"),), {"limit": 10_001}, "limit: expected 1 to 10000"),
        (Graph.lookup, ("?x knows ?y",), {}, "patterns: expected a list of texts"),
        (Graph.lookup, (["?x knows"],), {}, "pattern: expected three words"),
        (Graph.lookup, ([5],), {}, "pattern: expected a text"),
        (Graph.watch, (("a", "b", X),), {}, "watch: expected an agent to tell"),
        (Graph.around, ("a",), {"hops": 65}, "hops: expected 1 to 64"),
        (Graph.path, ("a", "b"), {"direction": "up"}, "direction: expected one of"),
        (Graph.page, (7,), {}, "cursor: expected the one given last"),
        (Graph.load, (5,), {}, "records: expected a list"),
        (Graph.load, ([{}] * 501,), {}, "records: expected a list of at most 500, got: 501 of them"),
        (Graph.load, ([5],), {}, r"records\[0\]: record: expected an object"),
        (Graph.load, ([GOOD, GOOD, {**GOOD, "who": ""}],), {}, r"records\[2\]: who: expected a text"),
        (Graph.load, ([],), {"again": 1}, "again: expected True or False"),
        (
            Graph.load,
            ([{"subject": "a", "predicate": "b", "object": "c", "at": [10**14, 0, "n"]}],),
            {},
            "at: expected at most 60 s in the future",
        ),
    ],
)
async def test_what_cannot_be_is_refused_and_the_graph_lives(
    method: Any, args: Any, kwargs: Any, says: str
) -> None:
    async with System() as system:
        graph = await system.start(Graph, "world")
        with pytest.raises(GraphRefused, match=says):
            await graph.call(method, *args, **kwargs)
        assert (await graph.call(Graph.status)).facts == 0


async def test_a_search_too_long_is_refused(monkeypatch: Any) -> None:
    monkeypatch.setattr("cybernetic.state.graph.drawing.MOST_BREATHS", 1)
    async with System() as system:
        graph = await system.start(Graph, "world")
        await graph.call(
            Graph.load, [{"subject": f"a{n}", "predicate": "b", "object": n} for n in range(500)]
        )
        assert len(await rows(graph, (X, "b", 7))) == 1
        with pytest.raises(GraphRefused, match="looks at up to 200 facts"):
            await graph.call(Graph.query, (X, "b", Y), (Y, "b", X))


async def test_a_page_after_another_is_all_that_stood_at_the_beginning() -> None:
    async with System() as system:
        one, two = await system.start(Graph, "one"), await system.start(Graph, "two")
        count = 2 * PAGE + 7
        for at in range(0, count, 100):
            records = [
                {"subject": f"a{n}", "predicate": "b", "object": n} for n in range(at, min(at + 100, count))
            ]
            assert await one.call(Graph.load, records, "me") == {"new": len(records), "ended": 0}
        await one.call(Graph.add, "a0", "b", 0, who="you", confidence=0.5, cause="so")
        pages = [await one.call(Graph.page)]
        await one.call(Graph.remove, "a5", "b", 5, by="me")
        while pages[-1]["next"] is not None:
            pages.append(await one.call(Graph.page, pages[-1]["next"]))
        assert [len(page["records"]) for page in pages] == [PAGE, PAGE, 8]
        for page in pages:
            for new in len(page["records"]), 0:
                assert await two.call(Graph.load, page["records"]) == {"new": new, "ended": 0}
        assert await two.call(Graph.assertions, "a0", "b", 0) == await one.call(
            Graph.assertions, "a0", "b", 0
        )
        assert (await two.call(Graph.status)).facts == count


async def test_a_call_about_what_is_gone_fails() -> None:
    async with System() as system:
        graph = await system.start(Graph, "world")
        await graph.stop()
        with pytest.raises(CallFailed):
            await graph.call(Graph.query, (X, "b", Y))
