"""The graph's agent over time: what is watched, what expires, partitions, and how little one turn does."""

import asyncio
from collections import Counter
from pathlib import Path
from random import Random
from typing import Any

import pytest

from cybernetic import System
from cybernetic.core import Kill
from cybernetic.runtime import Ref
from cybernetic.state import Changed, Graph, GraphRefused, GroupPeers, Replica, Var
from cybernetic.state.graph import book, lapsed
from cybernetic.state.graph.drawing import PERIODS
from cybernetic.state.graph.entries import shown
from cybernetic.state.graph.past import MOST_PAST
from cybernetic.state.graph.solve import STRIDE, unified
from tests.nodes.stage import WHERES, stage
from tests.state.graph.agents import Watcher, rows
from tests.state.replica.net import Net, clock

X, Y = Var("x"), Var("y")
ANN = ("ann", "knows", "bob")


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
        (period,) = await graph.call(Graph.history, *ANN)
        assert (period.how, period.by) == ("expired", None)
        await asyncio.sleep(61.0)
        assert await graph.call(Graph.history, *ANN) == (period,)
        await asyncio.sleep(240.0)
        assert await graph.call(Graph.history, *ANN) == ()
        assert len(await replica.call(Replica.value)) == 0


async def test_whatever_is_asked_right_after_the_time_of_a_fact_is_answered_without_it() -> None:
    """Long before the next look for what has expired, and each by a graph that was asked nothing else."""

    async def asked(question: Any, *args: Any) -> tuple[Any, Any]:
        async with System() as system:
            graph = await system.start(Graph, "world", None, None, GroupPeers, clock)
            await asyncio.sleep(0.25)
            await graph.call(Graph.add, *ANN, who="clerk", ttl=1.0)
            await asyncio.sleep(0.99)
            before = await graph.call(question, *args)
            await asyncio.sleep(0.02)
            return before, await graph.call(question, *args)

    before, after = await asked(Graph.query, ("ann", X, Y))
    assert (len(before.rows), after.rows) == (1, ())
    before, after = await asked(Graph.assertions, *ANN)
    assert (len(before), after) == (1, ())
    before, after = await asked(Graph.history, *ANN)
    assert ([one.how for one in before], [one.how for one in after]) == ([None], ["expired"])
    before, after = await asked(Graph.around, "ann")
    assert (len(before.facts), after.facts) == (1, ())
    before, after = await asked(Graph.path, "ann", "bob")
    assert (len(before), after) == (1, None)
    before, after = await asked(Graph.page)
    assert (len(before["records"]), after["records"]) == (1, [])


async def test_a_renewed_fact_stays() -> None:
    async with System() as system:
        graph = await system.start(Graph, "world", None, None, GroupPeers, clock)
        for _ in range(20):
            await graph.call(Graph.add, *ANN, who="clerk", ttl=10.0)
            await asyncio.sleep(9.0)
        assert len(await rows(graph, (X, "knows", Y))) == 1
        assert len(await graph.call(Graph.history, *ANN)) == 1


async def test_a_step_of_the_clock_forward_hides_nothing_once_it_is_corrected() -> None:
    ahead = 0.0
    async with System() as system:
        graph = await system.start(Graph, "world", None, None, GroupPeers, lambda: clock() + ahead)
        watcher = await system.start(Watcher, graph, ("ann", X, Y))
        await watcher.call(Watcher.begin)
        await graph.call(Graph.add, *ANN, who="clerk", ttl=3600.0)
        ahead = 3630.0
        await asyncio.sleep(1.0)
        assert await rows(graph, (X, "knows", Y)) == []
        ahead = 0.0
        await asyncio.sleep(1.0)
        assert await rows(graph, (X, "knows", Y)) == [{"x": "ann", "y": "bob"}]
        await graph.call(Graph.add, "ann", "likes", "bob", who="clerk", ttl=600.0)
        await asyncio.sleep(1.0)
        assert await rows(graph, (X, "likes", Y)) == [{"x": "ann", "y": "bob"}]
        told = await watcher.call(Watcher.heard)
        assert [(len(one.added), len(one.removed)) for one in told] == [(1, 0), (0, 1), (1, 0), (1, 0)]


async def test_a_clock_that_is_wrong_by_days_for_an_hour_takes_nothing_out() -> None:
    ahead, keep = 0.0, 6000.0
    async with System() as system:
        graph = await system.start(Graph, "world", None, None, GroupPeers, lambda: clock() + ahead, keep)
        await graph.call(Graph.add, *ANN, who="clerk", ttl=keep)
        await graph.call(Graph.add, "ann", "knew", "eve", who="clerk")
        await graph.call(Graph.remove, "ann", "knew", "eve", by="clerk")
        replica = await graph.call(Graph.replica)
        size = len(await replica.call(Replica.value))
        ahead = 10 * 86_400.0
        await asyncio.sleep(3600.0)
        assert await rows(graph, (X, "knows", Y)) == []
        assert len(await replica.call(Replica.value)) == size
        ahead = 0.0
        await asyncio.sleep(1.0)
        assert await rows(graph, (X, "knows", Y)) == [{"x": "ann", "y": "bob"}]
        await asyncio.sleep(keep)
        assert len(await replica.call(Replica.value)) < size


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
            return shown(*_)

        monkeypatch.setattr("cybernetic.state.graph.book.shown", count)
        started = asyncio.ensure_future(system.start(Graph, "world", tmp_path / "world"))
        while not started.done():
            turn += 1
            await asyncio.sleep(0)
        assert sum(looks.values()) == 1500
        assert max(looks.values()) <= 200


@pytest.mark.parametrize("until", [None, 1.0])
async def test_no_turn_reads_more_than_a_little_of_the_history_of_one_fact(
    until: float | None, monkeypatch: Any
) -> None:
    """Whether many sources say it, or what they said has expired, or was taken back."""
    reads, most = Counter[str](), 0
    run = asyncio.Handle._run

    def turn(handle: Any) -> None:
        nonlocal most
        before = reads.copy()
        run(handle)
        most = max(most, (reads - before).total())

    def counted(of: Any, name: str) -> None:
        real = getattr(of, name)

        def read(*args: Any) -> Any:
            reads[name] += 1
            return real(*args)

        monkeypatch.setattr(of, name, read)

    fact = dict(zip(("subject", "predicate", "object"), ANN, strict=True))
    async with System() as system:
        graph = await system.start(Graph, "world", None, None, GroupPeers, clock)
        now = clock()
        for at in (0, 300):
            told = [{**fact, "who": f"s{n}", "until": until and now + until} for n in range(at, at + 300)]
            await graph.call(Graph.load, told)
        await asyncio.sleep(2.0)
        for name in ("period", "standing"):
            counted(book, name)
        counted(lapsed, "_there")
        monkeypatch.setattr(asyncio.Handle, "_run", turn)
        assert len(await graph.call(Graph.history, *ANN)) == 600
        assert reads["standing" if until is None else "_there"] == 600
        if until is None:
            await graph.call(Graph.remove, *ANN, by="judge")
            await asyncio.sleep(0.01)
            assert len(await graph.call(Graph.history, *ANN)) == reads["period"] > PERIODS
    assert most <= PERIODS


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


@pytest.mark.parametrize("where", WHERES)
async def test_who_watches_may_be_anywhere(where: str) -> None:
    async with stage(where) as s:
        graph = await s.here(Graph, "world")
        watcher = await s.spawn(Watcher, graph, ("ann", "knows", X))
        watch = await watcher.call(Watcher.begin)
        await graph.call(Graph.add, *ANN, who="clerk")
        await asyncio.sleep(0.1)
        assert await watcher.call(Watcher.heard) == [Changed(watch.token, ({"x": "bob"},), ())]
        watcher.exit(Kill())
        await asyncio.sleep(0.1)
        assert (await graph.call(Graph.status)).watches == 0


async def test_what_has_expired_is_not_exported() -> None:
    async with System() as system:
        graph = await system.start(Graph, "world", None, None, GroupPeers, clock)
        await graph.call(Graph.add, *ANN, who="clerk", ttl=5.0)
        await graph.call(Graph.add, *ANN, who="nurse")
        assert len((await graph.call(Graph.page))["records"]) == 2
        await asyncio.sleep(6.0)
        assert [one["who"] for one in (await graph.call(Graph.page))["records"]] == ["nurse"]


async def test_where_time_is_simulated_facts_expire_with_all_else() -> None:
    async with System() as system:
        graph = await system.start(Graph, "world")
        await graph.call(Graph.add, *ANN, who="clerk", ttl=3600.0)
        for seconds, known in (3599.0, 1), (1.0, 0):
            await asyncio.sleep(seconds)
            assert len(await rows(graph, ("ann", "knows", X))) == known


async def test_what_many_sources_say_is_taken_back_in_steps_and_what_is_said_after_it_stands() -> None:
    async with System() as system:
        graph = await system.start(Graph, "world")
        fact = {"subject": "ann", "predicate": "knows", "object": "bob"}
        for at in (0, 300):
            await graph.call(Graph.load, [{**fact, "who": f"source {n}"} for n in range(at, at + 300)])
        gone = asyncio.ensure_future(graph.call(Graph.remove, *fact.values(), by="judge"))
        said = asyncio.ensure_future(graph.call(Graph.add, *fact.values(), who="source 7"))
        assert await gone == 600
        (stands,) = await graph.call(Graph.assertions, *fact.values())
        assert stands == await said
        await asyncio.sleep(2.0)
        assert len(await graph.call(Graph.history, *fact.values())) == MOST_PAST + 1
