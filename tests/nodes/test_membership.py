"""Who is a member: one incarnation of a name at a time, and none that has left comes back by hearsay."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from cybernetic.core import OptionError
from cybernetic.nodes.plan.membership import REMEMBERED, Member, Members, Refused, dials

NAMES = st.sampled_from(["a", "b", "c"])
INCARNATIONS = st.sampled_from(["1", "2", "3"])


def member(name: str, incarnation: str = "1", **fields: Any) -> Member:
    return Member(
        name, incarnation, f"unix:/{name}", "host", **({"capabilities": {}, "kind": "node"} | fields)
    )


def of(*members: Member) -> Members:
    found = Members()
    for each in members:
        joined = found.joined(each)
        assert isinstance(joined, Members)
        found = joined
    return found


class News(RuleBasedStateMachine):
    """Joins and leaves, told in any order and any number of times."""

    def __init__(self) -> None:
        super().__init__()
        self.members = Members()
        self.left: set[tuple[str, str]] = set()
        self.model: dict[str, str] = {}

    @rule(name=NAMES, incarnation=INCARNATIONS)
    def join(self, name: str, incarnation: str) -> None:
        before = list(self.members)
        joined = self.members.joined(member(name, incarnation))
        assert list(self.members) == before, "a value does not change"
        possible = (name, incarnation) not in self.left and self.model.get(name, incarnation) == incarnation
        assert isinstance(joined, Members) == possible
        if isinstance(joined, Members):
            self.members = joined
            self.model[name] = incarnation

    @rule(name=NAMES, incarnation=INCARNATIONS)
    def leave(self, name: str, incarnation: str) -> None:
        before = list(self.members)
        after = self.members.left(name, incarnation)
        assert list(self.members) == before, "a value does not change"
        assert after.left(name, incarnation) == after
        self.members = after
        self.left.add((name, incarnation))
        if self.model.get(name) == incarnation:
            del self.model[name]

    @rule(name=NAMES, incarnation=INCARNATIONS)
    def link_anew(self, name: str, incarnation: str) -> None:
        self.members = self.members.returned(name, incarnation)
        self.left.discard((name, incarnation))

    @rule(told=st.lists(st.builds(member, NAMES, INCARNATIONS)))
    def hear(self, told: list[Member]) -> None:
        new = self.members.merge(told, me="a")
        assert len({each.name for each in new}) == len(new)
        assert all(isinstance(self.members.joined(each), Members) for each in new)
        names = {each.name for each in told if (each.name, each.incarnation) not in self.left}
        assert {each.name for each in new} == names - {"a"} - self.model.keys()
        for each in new:
            self.join(each.name, each.incarnation)

    @invariant()
    def the_members_are_those_of_the_model(self) -> None:
        assert {each.name: each.incarnation for each in self.members} == self.model
        assert len(self.members) == len(self.model)
        assert all(name in self.members and self.members[name].name == name for name in self.model)


TestNews = News.TestCase
TestNews.settings = settings(stateful_step_count=30)


def test_a_living_name_is_refused_to_another_incarnation() -> None:
    members = of(member("a"))
    refused = members.joined(member("a", "2"))
    assert isinstance(refused, Refused)
    assert str(refused) == (
        "name: expected one that no living node has, got: 'a', which is that of a node of host 'host'"
    )
    assert isinstance(members.left("a", "1").joined(member("a", "2")), Members)


def test_an_incarnation_that_has_left_is_refused() -> None:
    refused = of(member("a")).left("a", "1").joined(member("a"))
    assert isinstance(refused, Refused)
    assert str(refused) == "incarnation: expected one that has not left before, got: '1' of 'a'"


def test_a_node_that_links_itself_anew_was_not_gone() -> None:
    gone = of(member("a")).left("a", "1").left("b", "1")
    assert isinstance(gone.returned("a", "1").joined(member("a")), Members)
    assert isinstance(gone.returned("a", "1").joined(member("b")), Refused)
    assert gone.returned("a", "2") == gone


def test_leaving_may_be_heard_of_before_joining() -> None:
    assert isinstance(Members().left("a", "1").joined(member("a")), Refused)


def test_of_two_that_are_told_of_by_one_name_the_first_counts() -> None:
    assert Members().merge([member("b", "1"), member("b", "2")]) == [member("b", "1")]


def test_old_news_does_not_remove_a_newer_node() -> None:
    members = of(member("a", "2")).left("a", "1")
    assert members.get("a") == member("a", "2")
    assert members.get("b") is None


def test_what_has_left_is_remembered_up_to_a_bound() -> None:
    members = Members()
    for n in range(REMEMBERED + 1):
        members = members.left("a", str(n))
    assert isinstance(members.joined(member("a", "1")), Refused)
    assert isinstance(members.joined(member("a", "0")), Members)


@given(st.text(), st.text())
def test_of_two_nodes_just_one_dials(me: str, other: str) -> None:
    assert dials(me, other) + dials(other, me) == (me != other)


def test_a_member_travels_as_a_tuple() -> None:
    one = member("a", capabilities={"gpu": True}, kind="door")
    fields: tuple[Any, ...] = tuple(one)
    assert Member(*fields) == one
    assert one._replace(address="tcp:h:1").address == "tcp:h:1"


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": ""},
        {"name": "a\n"},
        {"name": b"a"},
        {"incarnation": 1},
        {"address": None},
        {"host": ""},
        {"capabilities": {"gpu": []}},
        {"capabilities": 7},
        {"kind": "nodes"},
        {"kind": []},
    ],
)
def test_what_is_no_member_is_refused(wrong: dict[str, Any]) -> None:
    fields = member("a")._asdict() | wrong
    with pytest.raises(OptionError, match=next(iter(wrong))):
        Member(**fields)
