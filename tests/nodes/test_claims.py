"""Names of the whole cluster: replicas that have heard the same agree, and who loses a name is told, once."""

from collections import Counter, deque
from itertools import combinations, permutations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule

from cybernetic.core import OptionError
from cybernetic.nodes.plan.claims import Changed, Claim, Claims, Effect, Lost, wins
from tests.support import soak

NODES = ("a", "b", "c")
PAIRS = tuple(combinations(NODES, 2))
NAMES = st.sampled_from(["x", "y"])
STAMPS = st.integers(0, 3).map(float)
CLAIMS = st.builds(
    Claim, NAMES, st.sampled_from(NODES), st.sampled_from("12"), st.integers(0, 2), STAMPS, st.just("C")
)


class Cluster(RuleBasedStateMachine):
    """Three replicas; links that carry messages in order, break, and exchange everything when they are made anew.

    Clocks go wrong at will: a stamp is anything. A name that a node knows to be held is claimed there all the same.
    """

    def __init__(self) -> None:
        super().__init__()
        self.serial = 0
        self.incarnations = dict.fromkeys(NODES, 1)
        self.replicas = {node: Claims(node, "1") for node in NODES}
        self.links = {pair: deque[tuple[str, Claim]]() for pair in permutations(NODES, 2)}
        self.up = set(PAIRS)
        self.seen: dict[str, dict[str, Claim]] = {node: {} for node in NODES}  # as `Changed` has told
        self.living: set[Claim] = set()
        self.told: Counter[Claim] = Counter()

    @rule(node=st.sampled_from(NODES), name=NAMES, stamp=STAMPS)
    def claim(self, node: str, name: str, stamp: float) -> None:
        if any(own.name == name for own in self.replicas[node].all_local()):
            return
        self.serial += 1
        claim = Claim(name, node, str(self.incarnations[node]), self.serial, stamp, "C")
        self.living.add(claim)
        self.tell(node, "claim", claim)
        self.follow(node, self.replicas[node].claim(claim))

    @precondition(lambda self: self.living)
    @rule(data=st.data())
    def release(self, data: st.DataObject) -> None:
        claim = data.draw(st.sampled_from(sorted(self.living, key=lambda claim: claim.serial)))
        self.living.remove(claim)
        self.tell(claim.node, "release", claim)
        self.follow(claim.node, self.replicas[claim.node].release(claim))

    @rule(link=st.sampled_from(sorted(permutations(NODES, 2))))
    def deliver(self, link: tuple[str, str]) -> None:
        if self.links[link]:
            what, claim = self.links[link].popleft()
            replica = self.replicas[link[1]]
            self.follow(link[1], (replica.learn if what == "claim" else replica.forget)(claim))

    @rule(pair=st.sampled_from(PAIRS))
    def cut(self, pair: tuple[str, str]) -> None:
        if pair not in self.up:
            return
        self.up.remove(pair)
        for here, there in permutations(pair):
            self.links[here, there].clear()
            self.follow(here, self.replicas[here].lost(there, str(self.incarnations[there])))
            assert not any(claim.node == there for claim in self.replicas[here])

    @rule(pair=st.sampled_from(PAIRS))
    def mend(self, pair: tuple[str, str]) -> None:
        if pair in self.up:
            return
        self.up.add(pair)
        for here, there in permutations(pair):
            self.links[here, there].extend(("claim", claim) for claim in self.replicas[here].all_local())

    @rule(node=st.sampled_from(NODES))
    def crash(self, node: str) -> None:
        for pair in PAIRS:
            if node in pair:
                self.cut(pair)
        self.incarnations[node] += 1
        self.replicas[node] = Claims(node, str(self.incarnations[node]))
        self.seen[node] = {}
        self.living = {claim for claim in self.living if claim.node != node}

    def teardown(self) -> None:
        for pair in PAIRS:
            self.mend(pair)
        while any(self.links.values()):
            for link in self.links:
                self.deliver(link)
        for name in ("x", "y"):
            claims = [claim for claim in self.living if claim.name == name]
            assert len(claims) <= 1, "every loser was told"
            holder = claims[0] if claims else None
            assert all(replica.holder(name) == holder for replica in self.replicas.values())
        for node, replica in self.replicas.items():
            assert {claim.name: claim for claim in replica} == self.seen[node], "every change was told"
            assert {*replica.all_local()} == {claim for claim in self.living if claim.node == node}
        assert all(count == 1 for count in self.told.values()), "every loser was told once"

    def tell(self, node: str, what: str, claim: Claim) -> None:
        for here, there in self.links:
            if here == node and tuple(sorted((here, there))) in self.up:
                self.links[here, there].append((what, claim))

    def follow(self, node: str, effects: list[Effect]) -> None:
        for effect in effects:
            if isinstance(effect, Changed):
                assert effect.holder != self.seen[node].get(effect.name), "a change changes something"
                self.seen[node].pop(effect.name, None)
                if effect.holder is not None:
                    self.seen[node][effect.name] = effect.holder
            else:
                assert effect.claim.node == node
                assert effect.winner.name == effect.claim.name
                assert wins(effect.winner, effect.claim)
                self.told[effect.claim] += 1
                self.living.remove(effect.claim)
                self.tell(node, "release", effect.claim)


TestCluster = Cluster.TestCase
TestCluster.settings = settings(max_examples=soak(60, 2000), stateful_step_count=40)


@given(CLAIMS, CLAIMS, CLAIMS)
def test_claims_are_in_a_total_order(a: Claim, b: Claim, c: Claim) -> None:
    b, c = (Claim("x", o.node, o.incarnation, o.serial, o.stamp, o.cls) for o in (b, c))
    a = Claim("x", a.node, a.incarnation, a.serial, a.stamp, a.cls)
    assert wins(a, b) + wins(b, a) == (a != b)
    assert wins(a, c) or not (wins(a, b) and wins(b, c))


def test_the_later_wins_then_the_greater_node_then_the_greater_serial() -> None:
    assert wins(Claim("x", "a", "1", 1, 2.0, "C"), Claim("x", "b", "1", 2, 1.0, "C"))
    assert wins(Claim("x", "b", "1", 1, 1.0, "C"), Claim("x", "a", "1", 2, 1.0, "C"))
    assert wins(Claim("x", "a", "1", 2, 1.0, "C"), Claim("x", "a", "2", 1, 1.0, "C"))


def test_who_loses_is_told_to_whom() -> None:
    claims = Claims("a", "1")
    own, later = Claim("x", "a", "1", 1, 1.0, "C"), Claim("x", "b", "1", 1, 2.0, "C")
    assert claims.claim(own) == [Changed("x", own)]
    assert claims.learn(later) == [Lost(own, later), Changed("x", later)]
    assert claims.learn(later) == []
    assert claims.release(own) == []
    assert claims.all_local() == []
    assert claims.lost("b", "1") == [Changed("x", None)]


def test_an_earlier_claim_waits_behind_until_the_later_is_gone() -> None:
    claims = Claims("c", "1")
    early, late = Claim("x", "a", "1", 1, 1.0, "C"), Claim("x", "b", "1", 1, 2.0, "C")
    claims.learn(late)
    assert claims.learn(early) == []
    assert claims.forget(late) == [Changed("x", early)]
    assert claims.forget(early) == [Changed("x", None)]
    assert claims.holder("x") is None


def test_a_claim_that_a_known_one_beats_is_lost_at_once() -> None:
    claims = Claims("a", "1")
    later, own = Claim("x", "b", "1", 1, 2.0, "C"), Claim("x", "a", "1", 1, 1.0, "C")
    claims.learn(later)
    assert claims.claim(own) == [Lost(own, later)]
    assert claims.holder("x") == later


def test_news_of_an_old_incarnation_does_not_touch_a_newer() -> None:
    claims = Claims("a", "1")
    old, new = Claim("x", "b", "1", 1, 2.0, "C"), Claim("x", "b", "2", 1, 3.0, "C")
    claims.learn(old)
    claims.learn(new)
    assert claims.lost("b", "1") == []
    assert claims.forget(old) == []
    assert claims.holder("x") == new


def test_an_agent_that_takes_a_name_anew_is_not_touched_by_the_release_of_the_former() -> None:
    claims = Claims("a", "1")
    former, latter = Claim("x", "b", "1", 1, 1.0, "C"), Claim("x", "b", "1", 2, 2.0, "C")
    claims.learn(former)
    claims.learn(latter)
    assert claims.forget(former) == []
    assert claims.holder("x") == latter


def test_no_node_speaks_for_another() -> None:
    claims = Claims("a", "1")
    own = Claim("x", "a", "1", 1, 1.0, "C")
    assert claims.learn(own) == []
    claims.claim(own)
    assert claims.forget(own) == []
    with pytest.raises(OptionError, match="one of a"):
        claims.claim(Claim("x", "b", "1", 1, 1.0, "C"))
