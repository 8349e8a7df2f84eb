"""The graph's agent: what is said here is known there, asked, watched, expired, and there again after a restart."""

import asyncio
from collections import Counter
from pathlib import Path
from random import Random
from typing import Any

import pytest

from cybernetic import Agent, CallFailed, Killed, NoProc, Normal, System
from cybernetic.core import Kill
from cybernetic.runtime import Ref
from cybernetic.state import Changed, Fact, Graph, GraphRefused, GroupPeers, Replica, Var
from cybernetic.state.graph.entries import standing
from cybernetic.state.graph.exports import PAGE
from cybernetic.state.graph.solve import STRIDE, unified
from tests.nodes.stage import WHERES, stage
from tests.state.replica.net import Net, clock

X, Y = Var("x"), Var("y")
ANN = ("ann", "knows", "bob")


class Watcher(Agent):
    """Watches a query of a graph, and keeps what it is told."""

    def __init__(self, graph: Ref[Graph], *patterns: Any) -> None:
        self.graph, self.patterns = graph, patterns
        self.told: list[Changed] = []

    async def begin(self) -> Any:
        return await self.graph.call(Graph.watch, *self.patterns)

    async def begin_with(self, *patterns: Any) -> Any:
        self.patterns = patterns
        try:
            return await self.begin()
        except GraphRefused as refused:
            raise GraphRefused(refused.why) from None

    async def end(self, token: str) -> bool:
        return await self.graph.call(Graph.unwatch, token)

    def receive(self, message: Any) -> None:
        self.told.append(message)

    def heard(self) -> list[Changed]:
        return self.told


async def rows(graph: Ref[Graph], *patterns: Any) -> list[Any]:
    return sorted((await graph.call(Graph.query, *patterns)).rows, key=str)


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


async def test_what_expires_is_answered_no_more_told_and_taken_out() -> None:
    async with System() as system:
        graph = await system.start(Graph, "world", None, None, GroupPeers, clock, 200.0)
        watcher = await system.start(Watcher, graph, ("ann", "knows", X))
        await graph.call(Graph.add, *ANN, who="clerk", ttl=10.0)
        await watcher.call(Watcher.begin)
        await asyncio.sleep(9.9)
        assert await rows(graph, (X, "knows", Y)) == [{"x": "ann", "y": "bob"}]
        await asyncio.sleep(0.1)
        assert await rows(graph, (X, "knows", Y)) == []
        (told,) = await watcher.call(Watcher.heard)
        assert (told.added, told.removed) == ((), ({"x": "bob"},))
        replica = await graph.call(Graph.replica)
        assert len(await replica.call(Replica.value)) == 1
        assert await graph.call(Graph.history, *ANN) == ()
        await asyncio.sleep(61.0)
        (period,) = await graph.call(Graph.history, *ANN)
        assert (period.how, period.by) == ("expired", None)
        await asyncio.sleep(240.0)
        assert await graph.call(Graph.history, *ANN) == ()
        assert len(await replica.call(Replica.value)) == 0


async def test_a_renewed_fact_stays() -> None:
    async with System() as system:
        graph = await system.start(Graph, "world", None, None, GroupPeers, clock)
        for _ in range(20):
            await graph.call(Graph.add, *ANN, who="clerk", ttl=10.0)
            await asyncio.sleep(9.0)
        assert len(await rows(graph, (X, "knows", Y))) == 1
        assert len(await graph.call(Graph.history, *ANN)) == 1


async def test_graphs_that_were_parted_know_the_same_within_two_seconds() -> None:
    net, chance = Net(5), Random(5)
    net.loss, net.twice, net.slowest = 0.3, 0.2, 0.5
    async with System() as system:
        graphs = [
            await system.start(Graph, "world", None, None, net.peers(name), clock) for name in ("a", "b", "c")
        ]
        watcher = await system.start(Watcher, graphs[2], (X, "p", Y))
        shown = {str(row) for row in (await watcher.call(Watcher.begin)).rows}
        net.part("ab", "c")
        for _ in range(300):
            graph = chance.choice(graphs)
            fact = chance.choice("stu"), "p", chance.randrange(5)
            if chance.random() < 0.6:
                ttl = chance.choice([None, 1.0, 100.0])
                graph.cast(Graph.add, *fact, who=chance.choice("me"), ttl=ttl, confidence=chance.random())
            else:
                graph.cast(Graph.remove, *fact, by="me")
            await asyncio.sleep(0.02)
        net.heal()
        await asyncio.sleep(2.0)
        told = [await rows(graph, (X, "p", Y)) for graph in graphs]
        assert told[0] == told[1] == told[2] != []
        for row in told[0]:
            fact = row["x"], "p", row["y"]
            for ask in (Graph.assertions, Graph.history):
                said = [await graph.call(ask, *fact) for graph in graphs]
                assert said[0] == said[1] == said[2]
        for news in await watcher.call(Watcher.heard):
            added, removed = ({str(row) for row in some} for some in (news.added, news.removed))
            assert added.isdisjoint(shown)
            assert removed <= shown
            shown = shown - removed | added
        assert shown == {str(row) for row in told[2]}


async def test_no_turn_does_more_than_a_little(monkeypatch: Any) -> None:
    """Between two turns of the loop at most a few hundred facts are looked at, however many there are."""
    looks = Counter[float]()
    turn = 0

    def count(*_: Any) -> Any:
        looks[turn] += 1
        return unified(*_)

    monkeypatch.setattr("cybernetic.state.graph.solve.unified", count)
    async with System() as system:
        graph = await system.start(Graph, "world")
        for at in range(0, 2000, 500):
            records = [{"subject": f"s{n}", "predicate": "p", "object": n} for n in range(at, at + 500)]
            await graph.call(Graph.load, records)
        asked = graph.request(Graph.query, (X, "p", Y), (Y, "p", Var("z")), (X, "q", X))
        assert (await asked).rows == ()
        asked = graph.request(Graph.query, (X, "p", Y), (Y, Var("z"), X))
        done = asyncio.ensure_future(asked)
        while not done.done():
            turn += 1
            await asyncio.sleep(0)
        assert sum(looks.values()) >= 2000
        assert max(looks.values()) <= 2 * STRIDE


async def test_no_turn_follows_more_than_a_little(monkeypatch: Any, tmp_path: Path) -> None:
    async with System() as system:
        graph = await system.start(Graph, "world", tmp_path / "world")
        for at in range(0, 1500, 500):
            await graph.call(
                Graph.load, [{"subject": f"s{n}", "predicate": "p", "object": n} for n in range(at, at + 500)]
            )
        await graph.stop()
        looks = Counter[int]()
        turn = 0

        def count(*_: Any) -> Any:
            looks[turn] += 1
            return standing(*_)

        monkeypatch.setattr("cybernetic.state.graph.book.standing", count)
        started = asyncio.ensure_future(system.start(Graph, "world", tmp_path / "world"))
        while not started.done():
            turn += 1
            await asyncio.sleep(0)
        assert sum(looks.values()) == 1500
        assert max(looks.values()) <= 200


async def test_a_watch_that_costs_too_much_is_ended_and_said_so(monkeypatch: Any) -> None:
    monkeypatch.setattr("cybernetic.state.graph.watching.MOST_NEWS", 10)
    async with System() as system:
        graph = await system.start(Graph, "world")
        watcher = await system.start(Watcher, graph, (X, "p", Y))
        watch = await watcher.call(Watcher.begin)
        await graph.call(Graph.load, [{"subject": f"s{n}", "predicate": "p", "object": n} for n in range(50)])
        await system.drain()
        (told,) = await watcher.call(Watcher.heard)
        assert (told.token, told.added, told.removed) == (watch.token, (), ())
        assert "at most 10 answers" in str(told.ended)
        assert (await graph.call(Graph.status)).watches == 0
        with pytest.raises(GraphRefused, match="at most 10000 answers to watch"):
            await crowded(graph, watcher)


async def crowded(graph: Ref[Graph], watcher: Ref[Watcher]) -> None:
    for at in range(102):
        await graph.call(Graph.add, f"s{at}", "q", at, who="me")
    far = await graph.call(Graph.query, (X, "q", Y), (Var("a"), "q", Var("b")), limit=10_000)
    assert not far.complete
    await watcher.call(Watcher.begin_with, (X, "q", Y), (Var("a"), "q", Var("b")))


async def test_who_watches_is_told_what_comes_and_goes() -> None:
    async with System() as system:
        graph = await system.start(Graph, "world")
        await graph.call(Graph.add, *ANN, who="clerk")
        watcher = await system.start(Watcher, graph, (X, "knows", Y), (Y, "age", Var("n")))
        watch = await watcher.call(Watcher.begin)
        assert watch.rows == ()
        await graph.call(Graph.add, "bob", "age", 5, who="nurse")
        await graph.call(Graph.add, "bob", "age", 5, who="doctor")
        await graph.call(Graph.remove, *ANN, by="judge")
        await system.drain()
        row: Any = {"x": "ann", "y": "bob", "n": 5}
        told = await watcher.call(Watcher.heard)
        assert told == [Changed(watch.token, (row,), ()), Changed(watch.token, (), (row,))]
        assert await watcher.call(Watcher.end, watch.token)
        assert not await watcher.call(Watcher.end, watch.token)
        await graph.call(Graph.add, *ANN, who="clerk")
        assert len(await watcher.call(Watcher.heard)) == 2
        await watcher.call(Watcher.begin)
        assert (await graph.call(Graph.status)).watches == 1
        await watcher.stop()
        assert (await graph.call(Graph.status)).watches == 0


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
        (Graph.load, ([5],), {}, "record: expected an object"),
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
            assert await one.call(Graph.load, records, "me") == len(records)
        await one.call(Graph.add, "a0", "b", 0, who="you", confidence=0.5, cause="so")
        pages = [await one.call(Graph.page)]
        await one.call(Graph.remove, "a5", "b", 5, by="me")
        while pages[-1]["next"] is not None:
            pages.append(await one.call(Graph.page, pages[-1]["next"]))
        assert [len(page["records"]) for page in pages] == [PAGE, PAGE, 8]
        for page in pages:
            assert await two.call(Graph.load, page["records"]) == len(page["records"])
            assert await two.call(Graph.load, page["records"]) == 0
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
