"""Imports into nodes that are cut off: what was removed stays so, what was said since or again stays, in any order.

A stamp is one act of saying. A node knows acts, and which of them have ended: these sets only grow, and what stands is
their difference, without what was only put in and is no later than one of the same source that has ended. That is all
there is to it as long as the past is kept, whoever puts in what.
"""

from itertools import count
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from cybernetic.crdt import Stamp
from cybernetic.state.graph.entries import key_for, standing
from cybernetic.state.graph.facts import Fact
from tests.state.graph.apart import WHO, Node, heal
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
        self.replaced: set[tuple[Fact, Stamp]] = set()  # where they were put in, by a later import

    def over(self, fact: Fact, at: Stamp) -> bool:
        """Whether it does not stand where it is only put in: one as late or later has ended."""
        return any(one == fact and at <= other for one, other in self.ended | self.replaced)

    def stands(self, fact: Fact) -> dict[Stamp, bool]:
        return {
            at: said
            for (one, at), (_, said) in self.acts.items()
            if one == fact and not ((one, at) in self.ended if said else self.over(one, at))
        }

    def end(self, fact: Fact) -> None:
        self.ended |= {(fact, at) for at in self.stands(fact)}

    def learn(self, other: "Known") -> None:
        for act, (cause, said) in other.acts.items():
            self.acts[act] = cause, said or self.acts.get(act, (cause, False))[1]
        self.ended |= other.ended
        self.replaced |= other.replaced

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
            elif known.over(fact, stamp):
                assert came == "ended"
            else:
                assert came == "new"
                known.replaced |= {(fact, at) for at, said in stands.items() if not said}
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
            assert came == ("known" if known.says(fact, cause) else "new")
            self.said(known, fact, cause, max(node.standing(fact)))

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
