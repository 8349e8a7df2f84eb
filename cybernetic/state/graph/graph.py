"""`Graph`: the agent that keeps a graph of facts, the same on all nodes, and answers what is asked of it."""

import asyncio
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from cybernetic.core import flag, number
from cybernetic.crdt import key_of, slot_of
from cybernetic.runtime import Deferred, Ref
from cybernetic.state.graph.answers import Answers, Around, GraphRefused, GraphStatus, Watching
from cybernetic.state.graph.drawing import MOST_ANSWERS, all_of, checked, drawn, limit_of
from cybernetic.state.graph.edits import adding, loading, removing, steps
from cybernetic.state.graph.entries import Dots, State, key_for, place_of
from cybernetic.state.graph.facts import Assertion, Fact, Period, assertion_of, fact_of
from cybernetic.state.graph.keeping import STEP, Keeping
from cybernetic.state.graph.patterns import Pattern, Query, pattern_of, query_of
from cybernetic.state.graph.pen import Restored
from cybernetic.state.graph.records import UNSTAMPED, Record, recorded_at
from cybernetic.state.graph.solve import solve
from cybernetic.state.graph.terms import Value, text, value_of
from cybernetic.state.graph.triples import Triple
from cybernetic.state.graph.walk import around, hops_of, path, way_of
from cybernetic.state.replica.replica import Replica

MOST_RECORDS = 500  # loaded at once


class Graph(Keeping):
    """Keeps facts, each with who asserts it, since when, why and how surely; the same on every node that has one.

        child(Graph, "world", "data/world.sqlite", name="world")          # on each node
        await world.call(Graph.add, "ann", "knows", "bob", who="clerk", confidence=0.9, ttl=3600)
        found = await world.call(Graph.query, ("ann", "knows", Var("x")), (Var("x"), "age", Var("n")))

    A fact shows while any source's assertion of it stands. Who asserts it anew while it is being removed elsewhere
    wins; who only says again what stands there does not. What has expired is answered no more; it is removed from the
    replicas by the one that wrote it after a minute, by any after ten; hours later where the wall clock is in doubt, as
    when it has stepped forward, or where the node has just started (`Belief`). Bad arguments are refused with
    `GraphRefused`. Long searches give the loop back every 200 facts; what else is asked of the agent waits meanwhile.

    It keeps its value by a `Replica` of its own, linked to it.

    Args:
        name: what it is called among replicas, 1 to 180 characters: graphs of one name are one.
        store, options, peers: as for `Replica`.
        now: the wall clock, seconds since 1970. Default: where time is simulated, in tests, the loop's.
        keep: seconds for which the past of a fact is kept, > 0; of each fact 16 at most, those that ended last. A
            week by default.

    Raises `OptionError`, and at its start what `Replica` does.
    """

    # saying

    def add(
        self,
        subject: str,
        predicate: str,
        object: Value,
        *,
        who: str,
        cause: str | None = None,
        confidence: float = 1.0,
        ttl: float | None = None,
    ) -> Deferred[Assertion]:
        """Assert a fact; answers with the assertion when it lasts, as `Replica.change` does.

        What the same source said of it before is replaced, and becomes its past. Saying the same again changes
        nothing, so a removal made elsewhere that is heard of later ends it all the same; with another `ttl` it is anew.

        Args:
            subject: of the fact, see `Fact`.
            predicate: of it.
            object: of it.
            who: the source.
            cause: because of what it says so.
            confidence: how sure it is, 0 to 1.
            ttl: seconds after which it expires, > 0; None: never.
        """
        fact = checked(fact_of, subject, predicate, object)
        until = None if ttl is None else self._now() + checked(number, "ttl", ttl, above=0.0)
        said = checked(assertion_of, fact, who, UNSTAMPED, cause, confidence, until)
        answer: Deferred[Assertion] = self._pace.do(self._add, said)
        return answer

    async def remove(
        self,
        subject: str,
        predicate: str,
        object: Value,
        *,
        by: str,
        who: str | None = None,
        why: str | None = None,
    ) -> int | Deferred[int]:
        """Take back what source `who` asserts of a fact, or what all do (None); answers how many assertions that were.

        What is said elsewhere at the same time stays. `by` and `why` stand in the fact's history.
        """
        fact = checked(fact_of, subject, predicate, object)
        for name, value in (("by", by), ("who", who), ("why", why)):
            if value is not None or name == "by":
                checked(text, name, value)
        await self._pace.turn()
        keys, ended = self._book.keys(fact, who), self._book.ended
        edits = steps(lambda some: removing(some, by, why, ended), keys, STEP)
        if len(edits) <= 1:
            return self._change(edits, len)
        made: list[Assertion] = []
        await self._steps(edits, made)
        return len(made)

    async def load(self, records: list[Record], who: str = "import", again: bool = False) -> dict[str, int]:
        """Put in at most 500 records, with their stamps where they have some: those of an export, or of somebody else.

        Returns `{"new": n, "ended": m}`: how many changed something, and how many stay out because they are over. One
        that tells less than what stands, by its stamp, changes nothing, so loading again is loading once. One that
        stood here and was removed or replaced since stays so, and what its source said before that stays out: the
        graph knows it by its past, and by the `change` that an export names. Where this node has not heard of that yet
        it comes in, and goes again, everywhere, soon after it has: of many, 2,000 each half second at most. What the
        same source had said here shows again then. One that names no `change` comes back once its past is forgotten
        (`keep`). One whose time is over does not come back in any case.

        Args:
            records: as `page` gives them; of each, `subject`, `predicate` and `object` will do.
            who: the source of those that name none.
            again: say here, with a stamp of now, what was removed, replaced or only put in, or is not known here: it
                stays until somebody removes it who has heard of that. What stands as said here is left as it is, and
                so ends where it was removed elsewhere, unheard of here: load it again after that.
        """
        if not isinstance(records, list | tuple) or len(records) > MOST_RECORDS:
            came = f"{len(records)} of them" if isinstance(records, list | tuple) else type(records).__name__
            raise GraphRefused(f"records: expected a list of at most {MOST_RECORDS}, got: {came}")
        now = self._now()
        told = []
        for at, record in enumerate(records):
            told.append(checked(recorded_at, f"records[{at}]", record, who, now))
            if len(told) % STEP == 0:
                await asyncio.sleep(0)
        lasting = [one for one in told if one[0].until is None or one[0].until > now]
        done = Counter([how for _, how in await self._loaded(lasting, checked(flag, "again", again))])
        return {"new": done["new"], "ended": done["ended"] + len(told) - len(lasting)}

    # asking

    async def query(self, *patterns: Pattern, limit: int = 1000) -> Answers:
        """What makes all patterns true at once, each a `(subject, predicate, object)` of values and `Var`s.

        Args:
            patterns: 1 to 16.
            limit: answers at most, 1 to 10,000.

        Raises `GraphRefused` also for a search that looks at more than two million facts.
        """
        query = checked(query_of, patterns)
        await self._expire()
        rows, complete = await drawn(self._told(query), checked(limit_of, limit))
        return Answers(tuple(rows), complete)

    async def lookup(self, patterns: list[str], limit: int = 1000) -> dict[str, Any]:
        """`query` for those who type: patterns such as "?who knows ann" (`pattern_of`), an answer that JSON can say."""
        if not isinstance(patterns, list | tuple):
            raise GraphRefused(f"patterns: expected a list of texts, got: {patterns!r}")
        found = await self.query(
            *[checked(pattern_of, checked(text, "pattern", one, 50_000)) for one in patterns], limit=limit
        )
        return {"rows": list(found.rows), "complete": found.complete}

    async def assertions(self, subject: str, predicate: str, object: Value) -> tuple[Assertion, ...]:
        """Who asserts a fact now, the first first."""
        fact = checked(fact_of, subject, predicate, object)
        await self._expire()
        return tuple(sorted(await all_of(self._book.said(fact)), key=lambda one: one.at))

    async def history(self, subject: str, predicate: str, object: Value) -> tuple[Period, ...]:
        """The periods in which a fact was asserted, by their beginning: those that ended, and those that stand."""
        fact = checked(fact_of, subject, predicate, object)
        await self._expire()
        ended = await all_of(self._book.ended_of(fact))
        stand = [Period(one) for one in await all_of(self._book.said(fact))]
        return tuple(sorted([*ended, *stand], key=lambda one: one.assertion.at))

    async def around(
        self,
        start: str,
        *,
        hops: int = 1,
        direction: str = "both",
        predicates: Sequence[str] | None = None,
        limit: int = 1000,
    ) -> Around:
        """The facts within so many steps of a thing.

        Args:
            start: the thing.
            hops: steps, 1 to 64.
            direction: "out" from subjects to objects, "in" from objects to subjects, "both".
            predicates: only facts with one of these, at most 16; None: any.
            limit: facts at most, 1 to 10,000.
        """
        search = around(
            self._book.triples,
            checked(text, "start", start),
            checked(hops_of, hops),
            checked(way_of, direction, predicates),
        )
        await self._expire()
        told = (one and (one[0], _fact(one[1])) for one in search)  # None is a breath
        found, complete = await drawn(told, checked(limit_of, limit))
        return Around(tuple(found), complete)

    async def path(
        self,
        start: str,
        goal: Value,
        *,
        hops: int = 6,
        direction: str = "both",
        predicates: Sequence[str] | None = None,
    ) -> tuple[Fact, ...] | None:
        """One of the shortest chains of facts between two things; None if none has at most `hops` (1 to 64).

        `direction` and `predicates` say which facts it may take, see `Way`.
        """
        search = path(
            self._book.triples,
            checked(text, "start", start),
            slot_of(checked(value_of, "goal", goal)),
            checked(hops_of, hops),
            checked(way_of, direction, predicates),
        )
        await self._expire()
        found, _ = await drawn(search, 1)
        return tuple([_fact(triple) for triple in found[0]]) if found else None

    async def page(self, cursor: int | None = None) -> dict[str, Any]:
        """All assertions that stand, page by page, as they were when the first page was asked for (`cursor` None).

        Returns `{"records": [...], "next": cursor}` with records as `record_of` makes them; `next` is None at the end.
        Raises `GraphRefused` for a cursor that is not the last one given: too many began one after this.
        """
        await self._expire()
        if cursor is None:
            cursor = self._exports.begin(self._book.state, self._book.now)
        records, following = await self._exports.page(cursor)
        return {"records": records, "next": following}

    # watching

    async def watch(self, *patterns: Pattern) -> Watching:
        """Have a `Changed` sent to the caller, an agent, whenever answers of a query come or go, until it ends.

        Changes that cancel each other at once are not told, and expiry is told within a second. Returns the answers
        now. A graph that is started again knows of no watches: monitor it before, and on `Down` watch anew. Raises
        `GraphRefused` where the answers are more than 10,000, and outside of an agent.
        """
        watcher = self.sender
        if watcher is None:
            raise GraphRefused("watch: expected an agent to tell, got: a call from outside of one")
        query = checked(query_of, patterns)
        await self._expire()
        rows, complete = await drawn(self._told(query), MOST_ANSWERS)
        if not complete:
            raise GraphRefused(f"expected a query of at most {MOST_ANSWERS} answers to watch, got: more")
        return Watching(self._lookout.add(watcher, query), tuple(rows))

    def unwatch(self, watch: str) -> bool:
        """Watch the query of this token no more; whether it was watched."""
        return self._lookout.drop(watch)

    # of itself

    def status(self) -> GraphStatus:
        """How it does."""
        return GraphStatus(len(self._book), len(self._lookout), self._id)

    def replica(self) -> Ref[Replica[State]]:
        """The agent that keeps its value, for `Replica.status`."""
        return self._kept()

    def _add(self, said: Assertion) -> Deferred[Assertion]:
        fact, who = said.fact, said.who
        edit = adding(said, self._book.surplus(fact), self._book.ended)
        if not self._book.foresee(fact, who):
            return self._change([edit], lambda made: made[0])

        def ended(made: bool) -> None:
            (self._book.landed if made else self._book.dismiss)(fact, who)

        return self._change([edit], lambda made: made[0], ended)

    async def _loaded(
        self, imports: list[tuple[Assertion, Dots]], again: bool
    ) -> list[tuple[Assertion, Restored]]:
        """Have imports put in; what came of each."""
        made: list[tuple[Assertion, Restored]] = []
        foreseen = [one for one, _ in imports if self._book.foresee(one.fact, one.who)]
        try:
            await self._steps(steps(lambda some: loading(some, again, self._book.ended), imports, STEP), made)
        finally:
            new = {place_of(key_for(one.fact, one.who)) for one, how in made if how == "new"}
            for one in foreseen:
                there = place_of(key_for(one.fact, one.who)) in new
                (self._book.landed if there else self._book.dismiss)(one.fact, one.who)
        return made

    def _told(self, query: Query) -> Iterator[Any]:
        return (None if row is None else query.told(row) for row in solve(self._book.triples, query))


def _fact(triple: Triple) -> Fact:
    return Fact(triple[0], triple[1], key_of(triple[2]))
