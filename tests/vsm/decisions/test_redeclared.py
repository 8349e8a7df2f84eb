"""A book that outlives programs holds what the last one declares, beside what was amended by hand."""

from dataclasses import replace

import hypothesis.strategies as st
import pytest
from hypothesis import given

from cybernetic.vsm.decisions import Allow, Deny, Policy, Rulebook, Verdict
from cybernetic.vsm.decisions.redeclared import DECLARED, GONE, after, redeclared, said


def yes(action: object, context: object) -> Verdict:
    """Allows."""
    return Allow()


def no(action: object, context: object) -> Verdict:
    """Denies."""
    return Deny("no")


P1, P2, Q1 = Policy("p", 1, yes), Policy("p", 2, no), Policy("q", 1, no)
FIRST = redeclared(Rulebook(), (P1,), 0.0)


def test_what_a_first_program_declares_is_adopted() -> None:
    assert redeclared(Rulebook(), (P2, Q1), 5.0) == Rulebook().adopt(P2, 5.0, DECLARED).adopt(
        Q1, 5.0, DECLARED
    )


def test_what_is_declared_as_before_changes_nothing() -> None:
    assert redeclared(FIRST, (P1,), 9.0) == FIRST


def test_what_is_new_is_adopted_and_what_is_gone_retired() -> None:
    book = redeclared(FIRST, (P2, Q1), 9.0)
    assert book.policies == (P2, Q1)
    book = redeclared(book, (Q1,), 10.0)
    assert (book.policies, book.amendments[-1].why) == ((Q1,), GONE)


def test_what_is_declared_again_after_it_was_gone_or_as_an_older_version_holds_under_a_new_one() -> None:
    back = redeclared(redeclared(FIRST, (), 1.0), (P1,), 2.0)
    assert back.policies == (replace(P1, version=2),)
    older = redeclared(redeclared(FIRST, (P2,), 1.0), (P1,), 2.0)
    assert older.policies == (replace(P1, version=3),)
    for book in (back, older):
        assert redeclared(book, (P1,), 3.0) == book
        assert redeclared(book, (), 3.0).policies == ()
        assert redeclared(book, (P2,), 3.0).policies[0].decide is no


def test_what_was_amended_by_hand_stays_unless_a_newer_version_is_declared() -> None:
    by_hand = FIRST.adopt(replace(P2, version=3), 1.0, "for now")
    for declared in ((P1,), (P2,), ()):
        assert redeclared(by_hand, declared, 2.0) == by_hand
    assert redeclared(by_hand, (replace(P1, version=4),), 2.0).policies == (replace(P1, version=4),)
    retired = FIRST.retire("p", 1.0, "for now")
    assert redeclared(retired, (P1,), 2.0) == retired
    assert redeclared(retired, (P2,), 2.0).policies == (P2,)
    added = FIRST.adopt(Q1, 1.0)
    assert redeclared(added, (P1,), 2.0) == added
    restored = FIRST.adopt(P2, 1.0).rollback("p", 1, 2.0)
    assert redeclared(restored, (P2,), 3.0) == restored


def test_a_wording_that_stays_has_the_function_that_is_declared() -> None:
    renamed = replace(P1, decide=no)
    book = redeclared(FIRST, (renamed,), 1.0)
    assert (book.policies, book.revision) == ((renamed,), 1)


@pytest.mark.parametrize("why", [DECLARED, GONE])
def test_nobody_says_by_hand_what_the_program_says(why: str) -> None:
    by_hand = FIRST.adopt(P2, 1.0, said(why))
    assert redeclared(by_hand, (), 2.0) == by_hand
    assert said("too lax") == "too lax"


def test_a_clock_that_was_set_back_is_no_reason_to_fail() -> None:
    late = redeclared(Rulebook(), (P1,), 100.0)
    book = redeclared(late, (P2,), 7.0)
    assert (book.policies, book.amendments[-1].at) == ((P2,), 100.0)
    assert (after(book, 7.0), after(book, 107.0), after(Rulebook(), 7.0)) == (100.0, 107.0, 7.0)


POLICIES = st.lists(
    st.builds(Policy, st.sampled_from("pq"), st.integers(1, 3), st.sampled_from([yes, no])),
    max_size=2,
    unique_by=lambda policy: policy.name,
)


@given(st.lists(POLICIES, min_size=1, max_size=6))
def test_whatever_programs_follow_each_other_what_the_last_declares_is_what_holds(
    lives: list[list[Policy]],
) -> None:
    book = Rulebook()
    for n, policies in enumerate(lives):
        book = redeclared(book, policies, float(n))
        assert redeclared(book, policies, float(n)) == book
    assert {one.name: one.decide for one in book.policies} == {one.name: one.decide for one in lives[-1]}
    for name in "pq":
        versions = [one.policy.version for one in book.amendments if one.name == name and one.policy]
        assert versions == sorted(set(versions))
