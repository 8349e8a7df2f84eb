"""Systems 3 and 4 in conversation: every talk ends by its bound, and what is wrong between them has a name."""

from dataclasses import replace
from math import inf, nan
from sys import float_info

import hypothesis.strategies as st
import pytest
from hypothesis import given

from cybernetic.core import OptionError
from cybernetic.vsm.decisions import Reception
from cybernetic.vsm.homeostat import (
    AdaptationProposal,
    Balance,
    Bands,
    Conversation,
    ConversationState,
    Feasibility,
    Pathology,
    Side,
    Spoken,
    diagnose,
    imbalance,
    indices,
    open_conversation,
)

PROPOSAL = AdaptationProposal("p1", "orders", "two more packers", cost=10.0, benefit=40.0, horizon=3600.0)
YES, NO, LESS = Feasibility(True), Feasibility(False), Feasibility(False, "one more packer", 5.0, 0.1)


def talk(rounds: int = 2) -> Conversation:
    return open_conversation(PROPOSAL, 0.0, patience=10.0, ruling=60.0, rounds=rounds)


def said(one: Conversation, side: Side, what: Feasibility, now: float) -> Conversation:
    answered, reception = one.answer(side, what, now)
    assert reception is Reception.TAKEN
    return answered


def test_agreement_ends_it() -> None:
    agreed = said(talk(), Side.CONTROL, YES, 3.0)
    assert agreed.state is ConversationState.AGREED
    assert agreed.answers == ((Side.CONTROL, 3.0),)


def test_a_counter_is_answered_by_the_other_side() -> None:
    countered = said(talk(), Side.CONTROL, LESS, 3.0)
    assert (countered.turn, countered.change) == (Side.INTELLIGENCE, "one more packer")
    agreed = said(countered, Side.INTELLIGENCE, YES, 5.0)
    assert (agreed.state, agreed.change) == (ConversationState.AGREED, "one more packer")


def test_after_a_counter_the_other_side_has_all_its_patience() -> None:
    countered = said(talk(), Side.CONTROL, LESS, 8.0)
    assert said(countered, Side.INTELLIGENCE, YES, 17.0).state is ConversationState.AGREED
    late, reception = countered.answer(Side.INTELLIGENCE, YES, 18.0)
    assert (late.state, reception) == (ConversationState.DEADLOCK, Reception.LATE)


def test_answers_out_of_turn_or_out_of_time_change_nothing() -> None:
    assert talk().answer(Side.INTELLIGENCE, YES, 1.0) == (talk(), Reception.UNAUTHORISED)
    countered = said(talk(), Side.CONTROL, LESS, 3.0)
    assert countered.answer(Side.CONTROL, YES, 4.0) == (countered, Reception.DOUBLE)
    late, reception = talk().answer(Side.CONTROL, YES, 10.0)
    assert (late.state, reception) == (ConversationState.DEADLOCK, Reception.LATE)


def test_one_counter_too_many_is_a_deadlock_that_system_5_rules_on() -> None:
    stuck = said(said(talk(rounds=1), Side.CONTROL, LESS, 1.0), Side.INTELLIGENCE, LESS, 2.0)
    assert (stuck.state, stuck.due) == (ConversationState.DEADLOCK, 62.0)
    assert stuck.rule("wait a day", 10.0).state is ConversationState.RULED
    assert stuck.tick(62.0).state is ConversationState.ESCALATED


def test_a_no_and_silence_are_deadlocks() -> None:
    assert said(talk(), Side.CONTROL, NO, 1.0).state is ConversationState.DEADLOCK
    assert talk().tick(10.0).state is ConversationState.DEADLOCK
    assert talk().tick(70.0).state is ConversationState.ESCALATED


def test_a_proposal_can_be_withdrawn() -> None:
    assert talk().withdraw(1.0).state is ConversationState.REJECTED
    agreed = said(talk(), Side.CONTROL, YES, 1.0)
    assert agreed.withdraw(2.0) == agreed


@given(st.lists(st.tuples(st.floats(0, 12), st.sampled_from([YES, NO, LESS, None])), max_size=12))
def test_every_talk_ends_by_its_bound(events: list[tuple[float, Feasibility | None]]) -> None:
    one, now = talk(), 0.0
    for passed, answer in events:
        now += passed
        one = one.tick(now)
        if answer is not None and one.waiting:
            one = said(one, one.turn, answer, now)
        assert one.state.ended or now < one.bound
    assert one.tick(now + one.bound).state.ended
    assert one.rounds <= 2


QUIET = Balance(
    control=Spoken({"slots": 2, "cost": 2}, (5.0, 6.0, 7.0, 8.0)),
    intelligence=Spoken({"orders": 2, "prices": 2}, (5.0, 6.0, 7.0, 8.0)),
    change_spend=10.0,
    run_spend=90.0,
    reallocations=3,
    hours=1.0,
    proposals=8,
    reversed=1,
)


def test_a_balanced_period_is_healthy() -> None:
    assert QUIET.flow == pytest.approx(0.0)
    assert diagnose(QUIET, Bands(), 60.0).healthy


@pytest.mark.parametrize(
    ("change", "pathology"),
    [
        ({"intelligence": Spoken({"orders": 2, "prices": 2}, (5.0,))}, Pathology.CONTROL_DOMINATES),
        ({"change_spend": 1.0}, Pathology.CONTROL_DOMINATES),
        ({"reallocations": 7}, Pathology.INTELLIGENCE_DOMINATES),
        ({"reversed": 3}, Pathology.INTELLIGENCE_DOMINATES),
        ({"control": Spoken({"slots": 1, "cost": 1}, (61.0, 61.0))}, Pathology.DECOUPLED),
        ({"intelligence": Spoken({"orders": 1, "prices": 1}, (61.0, 61.0))}, Pathology.DECOUPLED),
        ({"control": Spoken({})}, Pathology.FLOW),
    ],
)
def test_each_pathology_has_its_sign(change: dict, pathology: Pathology) -> None:
    found = diagnose(replace(QUIET, **change), Bands(), 60.0).findings
    assert list(found) == [pathology]
    assert all(found[pathology])


def test_an_issue_raised_ten_times_is_still_one_issue() -> None:
    many = Spoken({"orders": 10, "prices": 1})
    assert 1 < many.variety < 1.6
    assert Spoken({"orders": 10}).variety == pytest.approx(1.0)
    assert Spoken(dict.fromkeys("abcd", 3)).variety == pytest.approx(4.0)
    assert Spoken({}).variety == 0


def test_flow_is_positive_when_system_4_brings_up_more() -> None:
    busy = replace(QUIET, intelligence=Spoken(dict.fromkeys("abcdef", 1)))
    assert busy.flow == pytest.approx(0.5)


COUNTS = st.dictionaries(st.sampled_from("abcd"), st.integers(0, 20))


@given(COUNTS, COUNTS, st.floats(0, 1e6), st.floats(0, 1e6))
def test_indices_stay_in_their_ranges(three: dict, four: dict, change: float, run: float) -> None:
    balance = Balance(Spoken(three), Spoken(four), change, run, 0, 1.0)
    assert -1 <= balance.flow <= 1
    assert 0 <= balance.change_share <= 1
    mirrored = Balance(Spoken(four), Spoken(three), change, run, 0, 1.0)
    assert mirrored.flow == pytest.approx(-balance.flow)


def test_both_sides_are_to_answer_and_the_indices_show_how_many_and_how_soon() -> None:
    mute = replace(QUIET, control=Spoken({"a": 10}, (2.0, 4.0)))
    assert diagnose(mute, Bands(), 60.0).findings.keys() >= {Pathology.INTELLIGENCE_DOMINATES}
    found = indices(mute, Bands())
    assert (found["replied"].value, found["replied"].held) == (0.2, False)
    assert (found["reply_time"].value, found["answer_time"].value) == (3.0, QUIET.intelligence.wait)


def test_where_a_band_has_no_end_nothing_is_too_much_and_the_other_still_is() -> None:
    torn = replace(QUIET, proposals=4, reversed=4, reallocations=100)
    assert imbalance(torn, Bands(churn=(0.0, inf))) == 3.0
    assert imbalance(torn, Bands(churn=(0.0, inf), regret=(0.0, inf))) == 0.0
    assert imbalance(torn, Bands(churn=(0.0, 10.0))) == 9.0
    assert imbalance(torn, Bands(churn=(0.0, 5e-324))) == float_info.max
    assert imbalance(torn, Bands(churn=(-1.0, 0.0), regret=(0.0, inf))) == 100.0


def test_figures_whose_sum_no_float_holds_are_weighed_all_the_same() -> None:
    half = replace(QUIET, change_spend=1.5e308, run_spend=1.5e308)
    assert half.change_share == 0.5
    assert replace(half, run_spend=0.5e308).change_share == pytest.approx(0.75)
    assert replace(half, change_spend=5e-324, run_spend=5e-324).change_share == 0.5
    assert Spoken({"a": 2}, (1.6e308, 1.5e308)).wait == 1.55e308


def test_a_side_is_decoupled_only_when_it_takes_more_than_a_period() -> None:
    for wait, found in ((60.0, False), (60.5, True)):
        slow = replace(QUIET, control=Spoken({"a": 1}, (wait,)))
        assert (Pathology.DECOUPLED in diagnose(slow, Bands(flow=(-1.0, 1.0)), 60.0).findings) is found


def test_a_side_dominates_only_when_it_answers_less_than_the_least() -> None:
    for answers, found in ((2, set()), (1, {Pathology.INTELLIGENCE_DOMINATES})):
        heard = replace(QUIET, control=Spoken({"a": 4}, (1.0,) * answers))
        assert diagnose(heard, Bands(flow=(-1.0, 1.0)), 60.0).findings.keys() == found
    for answers, found in ((2, set()), (1, {Pathology.CONTROL_DOMINATES})):
        heard = replace(QUIET, intelligence=Spoken({"a": 4}, (1.0,) * answers))
        assert diagnose(heard, Bands(flow=(-1.0, 1.0)), 60.0).findings.keys() == found


@pytest.mark.parametrize(
    ("make", "name"),
    [
        (lambda: AdaptationProposal("", "i", "c", 0.0, 0.0, 1.0), "id"),
        (lambda: replace(PROPOSAL, cost=-1.0), "cost"),
        (lambda: replace(PROPOSAL, benefit=nan), "benefit"),
        (lambda: replace(PROPOSAL, horizon=0.0), "horizon"),
        (lambda: replace(PROPOSAL, spread=inf), "spread"),
        (lambda: Feasibility(True, "but"), "counter"),
        (lambda: Feasibility(False, cost=nan), "cost"),
        (lambda: open_conversation(PROPOSAL, nan, patience=1.0, ruling=1.0), "now"),
        (lambda: open_conversation(PROPOSAL, 0.0, patience=0.0, ruling=1.0), "patience"),
        (lambda: open_conversation(PROPOSAL, 0.0, patience=1.0, ruling=inf), "ruling"),
        (lambda: open_conversation(PROPOSAL, 0.0, patience=1.0, ruling=1.0, rounds=-1), "rounds"),
        (lambda: said(talk(), Side.CONTROL, YES, 5.0).answer(Side.CONTROL, YES, 4.0), "now"),
        (lambda: talk().rule("x", 1.0), "state"),
        (lambda: talk().tick(-1.0), "now"),
        (lambda: Spoken({"a": -1}), "issues['a']"),
        (lambda: Spoken({"a": 1}, (nan,)), "answers[0]"),
        (lambda: Spoken({"a": 1}, (1.0, 2.0)), "answers"),
        (lambda: replace(QUIET, hours=0.0), "hours"),
        (lambda: replace(QUIET, reallocations=10**400), "reallocations"),
        (lambda: replace(QUIET, run_spend=nan), "run_spend"),
        (lambda: replace(QUIET, reversed=9), "reversed"),
        (lambda: Bands(flow=(1.0, 0.0)), "flow"),
        (lambda: Bands(churn=(nan, 1.0)), "churn"),
        (lambda: Bands(answered=7.0), "answered"),
        (lambda: diagnose(QUIET, Bands(), 0.0), "period"),
    ],
)
def test_bad_input_is_named(make: object, name: str) -> None:
    with pytest.raises(OptionError) as caught:
        make()  # type: ignore[operator]
    assert caught.value.name == name
