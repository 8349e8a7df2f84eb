"""Policies with a history: versions only rise, and what was decided once can be decided again."""

from math import nan

import hypothesis.strategies as st
import pytest
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from cybernetic.core import OptionError
from cybernetic.vsm.decisions import Action, Allow, Deny, Policy, PolicyChange, Rulebook

YES = Policy("p", 1, lambda action, context: Allow())
NO = Policy("p", 2, lambda action, context: Deny("no"))
OTHER = Policy("q", 7, lambda action, context: Allow())


def test_adopt_decide_roll_back() -> None:
    book = Rulebook().adopt(YES, 0.0).adopt(NO, 1.0, "too lax").adopt(OTHER, 2.0)
    assert book.decide(Action("x")).denied
    assert book.decide(Action("x"), revision=1).allowed
    back = book.rollback("p", 1, 3.0, "too strict")
    assert back.decide(Action("x")).allowed
    assert back.version("p") == 3
    assert back.amendments[-1].restores == 1
    assert back.policies[0].decide is YES.decide
    assert book.decide(Action("x")).denied  # the old book is as it was


def test_diff_names_what_came_went_and_changed() -> None:
    book = Rulebook().adopt(YES, 0.0).adopt(OTHER, 0.0).adopt(NO, 1.0).retire("q", 2.0)
    assert book.diff(2, 4) == (PolicyChange("p", YES, NO), PolicyChange("q", OTHER, None))
    assert book.diff(4, 2) == (PolicyChange("p", NO, YES), PolicyChange("q", None, OTHER))
    assert book.diff(3, 3) == ()
    assert book.diff(0, 1) == (PolicyChange("p", None, YES),)


def test_a_retired_policy_comes_back_under_a_new_version_only() -> None:
    book = Rulebook().adopt(YES, 0.0).retire("p", 1.0)
    assert book.policies == ()
    assert book.decide(Action("x")).denied  # nobody allows it any more
    with pytest.raises(OptionError):
        book.adopt(YES, 2.0)
    assert book.rollback("p", 1, 2.0).version("p") == 2


@pytest.mark.parametrize(
    ("make", "name"),
    [
        (lambda: Rulebook().adopt(NO, 0.0).adopt(YES, 1.0), "version"),
        (lambda: Rulebook().adopt(YES, 0.0).adopt(YES, 1.0), "version"),
        (lambda: Rulebook().adopt("p", 0.0), "policy"),  # type: ignore[arg-type]
        (lambda: Rulebook().adopt(YES, nan), "now"),
        (lambda: Rulebook().adopt(YES, 1.0).adopt(NO, 0.0), "now"),
        (lambda: Rulebook().retire("p", 0.0), "name"),
        (lambda: Rulebook().adopt(YES, 0.0).rollback("p", 5, 1.0), "version"),
        (lambda: Rulebook().at(1), "revision"),
        (lambda: Rulebook().diff(0, 1), "after"),
        (lambda: Rulebook().diff(1, 0), "before"),
    ],
)
def test_bad_input_is_named(make: object, name: str) -> None:
    with pytest.raises(OptionError) as caught:
        make()  # type: ignore[operator]
    assert caught.value.name == name


class Books(RuleBasedStateMachine):
    """Any history: versions and revisions rise, and each revision goes on saying what it said."""

    def __init__(self) -> None:
        super().__init__()
        self.book = Rulebook()
        self.seen: list[tuple[Policy, ...]] = [()]
        self.versions: dict[str, int] = {}

    def take(self, book: Rulebook) -> None:
        assert book.revision == self.book.revision + 1
        self.book = book
        self.seen.append(book.policies)

    @rule(name=st.sampled_from("abc"), step=st.integers(1, 3))
    def adopt(self, name: str, step: int) -> None:
        version = self.versions.get(name, 0) + step
        self.take(self.book.adopt(Policy(name, version, lambda a, c: Allow()), float(self.book.revision)))
        self.versions[name] = version

    @precondition(lambda self: self.book.policies)
    @rule(data=st.data())
    def retire(self, data: st.DataObject) -> None:
        name = data.draw(st.sampled_from([policy.name for policy in self.book.policies]))
        self.take(self.book.retire(name, float(self.book.revision)))

    @precondition(lambda self: self.versions)
    @rule(data=st.data())
    def rollback(self, data: st.DataObject) -> None:
        name = data.draw(st.sampled_from(sorted(self.versions)))
        one = data.draw(st.sampled_from([a for a in self.book.amendments if a.name == name and a.policy]))
        self.take(self.book.rollback(name, one.policy.version, float(self.book.revision)))
        assert self.book.version(name) == self.versions[name] + 1
        self.versions[name] += 1

    @invariant()
    def no_version_is_used_twice(self) -> None:
        labels = [one.policy.label for one in self.book.amendments if one.policy]
        assert len(labels) == len(set(labels))

    def teardown(self) -> None:
        """What each revision said then it says still."""
        assert [self.book.at(revision) for revision in range(self.book.revision + 1)] == self.seen


TestBooks = Books.TestCase
