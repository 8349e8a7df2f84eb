"""A question to a person: silence yields what was declared, and is recorded as silence."""

from math import nan

import hypothesis.strategies as st
import pytest
from hypothesis import given

from cybernetic.core import OptionError
from cybernetic.vsm.decisions import (
    Allow,
    Deny,
    Escalate,
    Question,
    QuestionState,
    Reception,
    open_question,
    time_to_verdict,
)

ASK = Escalate("human", 10.0, Deny("no answer"))
CHAIN = Escalate("lead", 10.0, Escalate("owner", 20.0, Allow()))


def test_an_answer_in_time_counts() -> None:
    question, reception = open_question(ASK, 0.0).answer(Allow(), "human", 9.9)
    assert reception is Reception.TAKEN
    assert (question.verdict, question.by, question.state) == (Allow(), "human", QuestionState.ANSWERED)


def test_silence_yields_what_was_declared_and_is_no_refusal() -> None:
    question = open_question(ASK, 0.0).tick(10.0)
    assert question.verdict == Deny("no answer")
    assert question.state is QuestionState.TIMED_OUT
    assert question.by is None


def test_only_a_declared_approval_follows_from_silence() -> None:
    assert open_question(Escalate("human"), 0.0).tick(1e9).verdict == Deny("nobody answered in time")
    assert open_question(CHAIN, 0.0).tick(30.0).verdict == Allow()


def test_late_double_and_unauthorised_answers_are_told_apart_and_change_nothing() -> None:
    question = open_question(ASK, 0.0)
    late, reception = question.answer(Allow(), "human", 10.0)
    assert (reception, late.verdict) == (Reception.LATE, Deny("no answer"))
    same, reception = question.answer(Allow(), "stranger", 5.0)
    assert (reception, same.verdict) == (Reception.UNAUTHORISED, None)
    answered, _ = question.answer(Deny("never"), "human", 5.0)
    same, reception = answered.answer(Allow(), "human", 6.0)
    assert (reception, same.verdict) == (Reception.DOUBLE, Deny("never"))
    assert answered.answer(Allow(), "stranger", 6.0)[1] is Reception.UNAUTHORISED


def test_a_chain_asks_one_after_the_other() -> None:
    question = open_question(CHAIN, 0.0)
    assert question.answer(Allow(), "owner", 5.0)[1] is Reception.UNAUTHORISED
    question = question.tick(10.0)
    assert question.escalation.to == "owner"
    assert question.due == 30.0
    assert question.answer(Allow(), "lead", 15.0)[1] is Reception.LATE
    question, reception = question.answer(Deny("no"), "owner", 29.0)
    assert (reception, question.verdict) == (Reception.TAKEN, Deny("no"))
    assert question.answer(Allow(), "lead", 40.0)[1] is Reception.LATE


EVENTS = st.lists(
    st.tuples(st.floats(0, 15), st.sampled_from(["lead", "owner", "human", None]), st.booleans()), max_size=12
)


@given(st.sampled_from([ASK, CHAIN]), EVENTS)
def test_every_question_ends_in_time_and_only_once(
    escalation: Escalate, events: list[tuple[float, str | None, bool]]
) -> None:
    question, now, taken, final = open_question(escalation, 0.0), 0.0, 0, None
    for passed, who, yes in events:
        now += passed
        if who is None:
            question = question.tick(now)
        else:
            question, reception = question.answer(Allow() if yes else Deny("no"), who, now)
            taken += reception is Reception.TAKEN
        if final is not None:
            assert (question.verdict, question.state) == final
        elif question.verdict is not None:
            final = (question.verdict, question.state)
        assert (question.verdict is None) == (question.state is QuestionState.OPEN)
        assert question.verdict is not None or now < time_to_verdict(escalation)
    assert taken <= 1
    assert (question.state is QuestionState.ANSWERED) == (taken == 1)


@given(st.floats(0, 50), st.floats(0, 50))
def test_how_often_one_looks_makes_no_difference(one: float, other: float) -> None:
    early, late = sorted((one, other))
    question = open_question(CHAIN, 0.0)
    assert question.tick(early).tick(late) == question.tick(late)


@pytest.mark.parametrize(
    ("make", "name"),
    [
        (lambda: open_question(ASK, nan), "now"),
        (lambda: open_question(Allow(), 0.0), "escalation"),  # type: ignore[arg-type]
        (lambda: open_question(ASK, 5.0).tick(4.0), "now"),
        (lambda: open_question(ASK, 0.0).answer(ASK, "human", 1.0), "verdict"),
        (lambda: open_question(ASK, 0.0).answer(Allow(), "", 1.0), "by"),
    ],
)
def test_bad_input_is_named(make: object, name: str) -> None:
    with pytest.raises(OptionError) as caught:
        make()  # type: ignore[operator]
    assert caught.value.name == name


def test_a_question_is_a_value() -> None:
    assert open_question(ASK, 0.0) == Question(ASK, 0.0)
