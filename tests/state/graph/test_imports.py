"""Imports into nodes that are cut off: what was removed stays so, what was said since or again stays, in any order.

A stamp is one act of saying. A node knows acts, and which of them have ended: both sets only grow, and what stands is
their difference. That is all there is to it as long as the past is kept, whoever puts in what.
"""

from itertools import count, pairwise
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from cybernetic.crdt import Stamp
from cybernetic.state.graph.entries import MOST_DOTS, key_for, standing
from cybernetic.state.graph.facts import Fact
from cybernetic.state.graph.outliving import SLACK
from tests.state.graph.apart import WHO, Node, heal, meet
from tests.support import soak

ANN = Fact("ann", "knows", "bob")
FACTS = (ANN, Fact("eve", "knows", "bob"))
places = st.integers(0, 2)
pairs = st.sampled_from([(0, 1), (1, 0), (0, 2), (2, 0), (1, 2), (2, 1)])
facts = st.sampled_from([FACTS[0], *FACTS])
causes = st.sampled_from([None, "a letter"])
chosen = st.integers(0, 10**6)


class Known:
    """What a node knows by the model: acts of saying, whether each came as it was said, and which have ended."""

    def __init__(self) -> None:
        self.acts: dict[tuple[Fact, Stamp], tuple[str | None, bool]] = {}
        self.ended: set[tuple[Fact, Stamp]] = set()

    def stands(self, fact: Fact) -> dict[Stamp, bool]:
        return {
            at: said
            for (one, at), (_, said) in self.acts.items()
            if one == fact and (one, at) not in self.ended
        }

    def end(self, fact: Fact) -> None:
        self.ended |= {(fact, at) for at in self.stands(fact)}

    def learn(self, other: "Known") -> None:
        for act, (cause, said) in other.acts.items():
            self.acts[act] = cause, said or self.acts.get(act, (cause, False))[1]
        self.ended |= other.ended

    def says(self, fact: Fact, cause: str | None) -> bool:
        """Whether it says so here already, and nothing else."""
        stands = self.stands(fact)
        return (
            len(stands) == 1
            and stands == dict.fromkeys(stands, True)
            and {self.acts[fact, at][0] for at in stands} == {cause}
        )


class Apart(RuleBasedStateMachine):
    """Three nodes that are cut off from each other but for the moments in which one hears another."""

    past = True

    def __init__(self) -> None:
        super().__init__()
        ticks = count(1)
        self.nodes = [Node(name, ticks, skew) for name, skew in (("a", 0), ("b", 3), ("c", -3))]
        self.starts = count(1)
        self.files: list[Any] = []

    @rule(at=places, names_changes=st.booleans())
    def save(self, at: int, names_changes: bool) -> None:
        if file := self.nodes[at].export(names_changes or not self.past):
            self.files.append(file)

    @rule(at=places, how=st.sampled_from(["tend", "restart", "forget", "forget_past"]))
    def by_itself(self, at: int, how: str) -> None:
        """What happens to a node now and then."""
        node = self.nodes[at]
        match how:
            case "restart":
                node.start(f"{node.name}{next(self.starts)}")
            case "forget":
                self.forget()
            case "forget_past" if not self.past:
                node.forget_past()
            case _:
                node.tend()

    def forget(self) -> None:
        """Marks that all know of are dropped."""
        stable = self.nodes[0].state.context
        for node in self.nodes[1:]:
            stable = stable.meet(node.state.context)
        if stable.unbroken:
            for node in self.nodes:
                node.forget(stable)

    @rule(pair=pairs, names_changes=st.booleans(), again=st.sampled_from([False, False, True]))
    def carry(self, pair: tuple[int, int], names_changes: bool, again: bool) -> None:
        """What one has is put into another at once."""
        at, other = pair
        self.save(other, names_changes)
        if self.files:
            (self.put_in_again if again else self.put_in)(at, -1)

    def put_in(self, at: int, which: int) -> None:
        raise NotImplementedError

    def put_in_again(self, at: int, which: int) -> None:
        raise NotImplementedError

    def file(self, which: int) -> Any:
        return self.files[which % len(self.files)]


class WithPast(Apart):
    """The past is kept: it is all as in the model."""

    def __init__(self) -> None:
        super().__init__()
        self.known = [Known() for _ in self.nodes]

    @rule(at=places, fact=facts, cause=causes)
    def say(self, at: int, fact: Fact, cause: str | None) -> None:
        made = self.nodes[at].say(fact, cause)
        self.said(self.known[at], fact, cause, made.at)

    @rule(at=places, fact=facts)
    def remove(self, at: int, fact: Fact) -> None:
        self.nodes[at].remove(fact)
        self.known[at].end(fact)

    @precondition(lambda self: self.files)
    @rule(at=places, which=chosen)
    def put_in(self, at: int, which: int) -> None:
        node, known = self.nodes[at], self.known[at]
        records = self.file(which)
        for record, came in zip(records, node.load(records), strict=True):
            fact, stamp = told(record)
            stands = known.stands(fact)
            if stands and max(stands) >= stamp:
                assert came == "known"
            elif (fact, stamp) in known.ended:
                assert came == "ended"
            else:
                assert came == "new"
                known.end(fact)
                known.acts[fact, stamp] = record.get("cause"), False

    @precondition(lambda self: self.files)
    @rule(at=places, which=chosen)
    def put_in_again(self, at: int, which: int) -> None:
        node, known = self.nodes[at], self.known[at]
        records = self.file(which)
        for record, came in zip(records, node.load(records, again=True), strict=True):
            fact, stamp = told(record)
            stands, cause = known.stands(fact), record.get("cause")
            latest = max(stands, default=None)
            if latest is not None and latest >= stamp:
                if stands[latest]:
                    assert came == "known"
                    continue
                cause = known.acts[fact, latest][0]
            now = standing(node.state, key_for(fact, WHO))
            assert now is not None
            assert came == ("known" if known.says(fact, cause) else "new")
            self.said(known, fact, cause, now.at)

    @rule(pair=pairs)
    def hear(self, pair: tuple[int, int]) -> None:
        at, other = pair
        self.nodes[at].hear(self.nodes[other])
        self.known[at].learn(self.known[other])

    @invariant()
    def it_is_as_in_the_model(self) -> None:
        for node, known in zip(self.nodes, self.known, strict=True):
            for fact in FACTS:
                assert node.standing(fact) == known.stands(fact)

    def teardown(self) -> None:
        heal(self.nodes)
        whole = Known()
        for known in self.known:
            whole.learn(known)
        for node in self.nodes:
            for fact in FACTS:
                stands, now = whole.stands(fact), standing(node.state, key_for(fact, WHO))
                assert node.standing(fact) == stands
                assert (None if now is None else now.at) == max(stands, default=None)
                assert bool(node.book.assertions(fact)) == bool(stands)

    @staticmethod
    def said(known: Known, fact: Fact, cause: str | None, at: Stamp) -> None:
        """A node was told to say something; `at` is the stamp of what stands then."""
        if known.says(fact, cause):
            assert at in known.stands(fact)
            return
        assert (fact, at) not in known.acts
        known.end(fact)
        known.acts[fact, at] = cause, True


class WithoutPast(Apart):
    """The past is forgotten at any time, and what one hears of another comes in parts: what was put in is known by its
    changes. What ends where only an import of it is known may come back, with who said it; all else holds.
    """

    past = False

    def __init__(self) -> None:
        super().__init__()
        self.acts: set[tuple[Fact, Stamp]] = set()
        self.ended: dict[tuple[Fact, Stamp], bool] = {}  # whether it was known as it was said

    @rule(pair=pairs)
    def hear(self, pair: tuple[int, int]) -> None:
        at, other = pair
        self.nodes[at].hear(self.nodes[other])

    @rule(pair=pairs, which=chosen)
    def hear_some(self, pair: tuple[int, int], which: int) -> None:
        at, other = pair
        self.nodes[at].hear_some(self.nodes[other], which)

    @rule(at=places, fact=facts, cause=causes)
    def say(self, at: int, fact: Fact, cause: str | None) -> None:
        self.watched(at, lambda node: node.say(fact, cause))

    @rule(at=places, fact=facts, forgets=st.booleans())
    def remove(self, at: int, fact: Fact, forgets: bool) -> None:
        self.watched(at, lambda node: node.remove(fact))
        if forgets:
            self.nodes[at].forget_past()

    @precondition(lambda self: self.files)
    @rule(at=places, which=chosen)
    def put_in(self, at: int, which: int) -> None:
        self.watched(at, lambda node: node.load(self.file(which)))

    @precondition(lambda self: self.files)
    @rule(at=places, which=chosen)
    def put_in_again(self, at: int, which: int) -> None:
        self.watched(at, lambda node: node.load(self.file(which), again=True))

    def watched(self, at: int, work: Any) -> None:
        """Do it, and note which acts came and which ended."""
        node = self.nodes[at]
        before = {fact: node.standing(fact) for fact in FACTS}
        work(node)
        for fact in FACTS:
            after = node.standing(fact)
            self.acts |= {(fact, stamp) for stamp in after}
            for stamp, said in before[fact].items():
                if stamp not in after:
                    self.ended[fact, stamp] = said or self.ended.get((fact, stamp), False)

    def teardown(self) -> None:
        heal(self.nodes)
        for fact in FACTS:
            now = standing(self.nodes[0].state, key_for(fact, WHO))
            left = [at for one, at in self.acts - self.ended.keys() if one == fact]
            if now is not None:
                assert not self.ended.get((fact, now.at))
            if left:
                assert now is not None
                assert now.at >= max(left)


def told(record: Any) -> tuple[Fact, Stamp]:
    """The act that a record tells of."""
    return Fact(record["subject"], record["predicate"], record["object"]), Stamp(*record["at"])


WithPast.TestCase.settings = settings(max_examples=soak(150, 5000), stateful_step_count=30)
WithoutPast.TestCase.settings = settings(max_examples=soak(150, 5000), stateful_step_count=30)
TestImportsWithThePast = WithPast.TestCase
TestImportsWithoutThePast = WithoutPast.TestCase


def three() -> list[Node]:
    """Three nodes of a graph that are cut off from each other."""
    ticks = count(1)
    return [Node(name, ticks) for name in "abc"]


def shows(*nodes: Node) -> list[bool]:
    """Who of them says that ann knows bob."""
    return [standing(node.state, key_for(ANN, WHO)) is not None for node in nodes]


@pytest.mark.parametrize("first", ["plain", "again"])
def test_what_one_node_brings_back_stays_where_another_only_puts_it_in(first: str) -> None:
    a, b, c = three()
    a.say(ANN)
    backup = a.export()
    a.remove(ANN)
    for node in (b, c) if first == "again" else (c, b):
        assert node.load(backup, again=node is b) == ["new"]
    heal([a, b, c])
    assert shows(a, b, c) == [True, True, True]
    c.remove(ANN)
    heal([a, b, c])
    assert shows(a, b, c) == [False, False, False]


def test_what_was_put_in_before_can_be_brought_back_too() -> None:
    a, b, c = three()
    a.say(ANN, "a letter")
    backup = a.export()
    a.remove(ANN)
    assert [b.load(backup, again) for again in (False, True, True)] == [["new"], ["new"], ["known"]]
    heal([a, b, c])
    assert shows(a, b, c) == [True, True, True]
    (now,) = c.book.assertions(ANN)
    assert now.cause == "a letter"


@pytest.mark.parametrize("forgotten", [False, True])
def test_what_was_put_in_from_an_import_of_what_was_removed_goes(forgotten: bool) -> None:
    a, b, c = three()
    a.say(ANN)
    b.load(a.export())
    second = b.export()
    a.remove(ANN)
    if forgotten:
        a.forget_past()
    assert second[0]["change"] == [["b", 1], ["a", 1]]
    assert c.load(second) == ["new"]
    heal([a, c])
    assert shows(a, c) == [False, False]
    assert a.load(second) == ["ended"]


def test_what_was_removed_where_it_had_been_put_in_stays_out_when_its_past_is_forgotten() -> None:
    a, b, c = three()
    a.say(ANN)
    first = a.export()
    b.load(first)
    second = b.export()
    b.remove(ANN)
    b.forget_past()
    assert b.load(second) == ["ended"]
    assert c.load(second) == ["new"]
    heal([b, c])
    assert shows(b, c) == [False, False]


def test_what_was_removed_where_it_had_been_put_in_goes_also_where_it_was_said() -> None:
    a, b, c = three()
    a.say(ANN)
    b.load(a.export())
    c.load(a.export())
    b.remove(ANN)
    heal([a, b, c])
    assert shows(a, b, c) == [False, False, False]
    assert [period.how for period in a.book.history(ANN)] == ["removed"]


def test_taking_out_what_is_over_takes_back_nothing_that_was_removed_meanwhile() -> None:
    a, b, c = three()
    a.say(ANN)
    backup = a.export()
    a.remove(ANN)
    b.say(ANN, "a letter")
    c.load(backup)
    c.hear(b)
    b.remove(ANN)
    c.hear(a)
    assert c.tend()
    heal([a, b, c])
    assert shows(a, b, c) == [False, False, False]


def test_nodes_that_put_in_the_same_at_once_write_nothing_of_it_anew() -> None:
    a, b, c = three()
    other = Node("o", count(1))
    other.say(ANN)
    for node in a, b, c:
        node.load(other.export())
    meet([a, b, c])
    assert [node.tend() for node in (a, b, c)] == [False, False, False]
    assert len(a.writes()[key_for(ANN, WHO)]) == 3
    assert c.remove(ANN) == b.book.assertions(ANN)
    heal([a, b, c])
    assert shows(a, b, c) == [False, False, False]


def test_an_import_of_imports_names_the_nearest_changes_and_the_first() -> None:
    ticks = count(1)
    nodes = [Node(f"n{n}", ticks) for n in range(2 * MOST_DOTS)]
    nodes[0].say(ANN)
    for one, other in pairwise(nodes):
        assert other.load(one.export()) == ["new"]
    (record,) = nodes[-1].export()
    assert len(record["change"]) == MOST_DOTS
    assert record["change"][0] == [nodes[-1].name, 1]
    assert record["change"][-1] == ["n0", 1]
    nodes[0].remove(ANN)
    nodes[0].forget_past()
    heal([nodes[0], nodes[-1]])
    assert shows(nodes[0], nodes[-1]) == [False, False]


def test_changes_that_nobody_asks_for_any_more_are_not_waited_for() -> None:
    a, b, _ = three()
    for n in range(3 * SLACK):
        a.say(Fact("ann", "counts", n))
    backup = a.export()
    for _ in range(3):
        for record in backup:
            b.load([record])
            b.remove(told(record)[0])
        b.forget_past()
        b.tend()
        assert len(b.book._outliving._awaited.get("a", ())) <= SLACK


@pytest.mark.parametrize("more", [0, 3 * SLACK])
def test_one_change_may_be_waited_for_at_several_places(more: int) -> None:
    """As where a file was changed by hand."""
    a, b, _ = three()
    for _ in range(2):
        a.say(ANN)
        (record,) = a.export()
        a.remove(ANN)
    a.forget_past()
    facts = [Fact(who, "knows", "bob") for who in ("ann", "eve", "joe")]
    b.load([record | {"subject": fact.subject} for fact in facts])
    for n in range(more):
        b.load([record | {"subject": f"x{n}", "change": ["z", n + 1]}])
        b.remove(Fact(f"x{n}", "knows", "bob"))
    assert [b.tend(), len(b.book)] == [False, 3]
    heal([a, b])
    assert len(b.book) == 0


def test_what_was_put_in_besides_what_was_said_is_one_and_was_said() -> None:
    a, _, c = three()
    said = a.say(ANN)
    c.load(a.export())
    c.hear(a)
    assert len(c.writes()[key_for(ANN, WHO)]) == 2
    assert c.say(ANN) == said
    assert c.load(a.export(), again=True) == ["known"]
    assert c.export() == a.export()
