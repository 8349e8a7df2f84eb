"""Patterns and facts: what may be asked and said, and what is said of anything else."""

from typing import Any

import pytest
from hypothesis import given

from cybernetic import OptionError
from cybernetic.crdt.hlc import Stamp
from cybernetic.state.graph.facts import Assertion, Fact, Period, assertion_of, fact_of
from cybernetic.state.graph.patterns import Var, pattern_of, query_of
from cybernetic.wire import Codec, DamagedMessage
from tests.state.graph.worlds import facts

X = Var("x")


def test_a_query_numbers_its_variables_and_tells_answers_by_name() -> None:
    query = query_of([("a", X, True), (X, "knows", Var("y"))])
    assert query.names == ("x", "y")
    assert query.told(("likes", (float, 1.0))) == {"x": "likes", "y": 1.0}


@pytest.mark.parametrize(
    ("patterns", "says"),
    [
        ([], "patterns: expected 1 to 16 patterns"),
        ([("a", "b", "c")] * 17, "patterns: expected 1 to 16 patterns"),
        ("abc", "patterns: expected 1 to 16 patterns, got: 'abc'"),
        (["abc"], r"patterns\[0\]: expected \(subject, predicate, object\), got: 'abc'"),
        ([("a", "b", "c"), ("a", "b")], r"patterns\[1\]: expected \(subject, predicate, object\)"),
        ([(5, "b", "c")], r"patterns\[0\].subject: expected a text of 1 to 1000 characters, got: 5"),
        ([("a", "", "c")], r"patterns\[0\].predicate: expected a text of 1"),
        ([("a", "b", None)], r"patterns\[0\].object: expected a text, a whole number"),
        ([("a", "b", float("nan"))], "object: expected a text, a whole number"),
        ([("a", "b", 2**63)], "object: expected a text, a whole number"),
        ([("a", "b", "\ud800")], "object: expected a text"),
    ],
)
def test_a_query_that_cannot_be_says_what_is_wrong_and_where(patterns: Any, says: str) -> None:
    with pytest.raises(OptionError, match=says):
        query_of(patterns)


@pytest.mark.parametrize("name", ["", "a b", "?x", 5, "x" * 101])
def test_a_variable_has_a_name(name: Any) -> None:
    with pytest.raises(OptionError, match="variable: expected a name"):
        Var(name)


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("?who knows ann", (Var("who"), "knows", "ann")),
        ("ann ?how ?what", ("ann", Var("how"), Var("what"))),
        ("'ann b' age 5", ("ann b", "age", 5)),
        ("5 is 1.5", ("5", "is", 1.5)),
        ("a is true", ("a", "is", True)),
        ("""a is '"true"'""", ("a", "is", "true")),
        ("a is null", ("a", "is", "null")),
        ("a is [1]", ("a", "is", "[1]")),
    ],
)
def test_a_typed_pattern_means_what_it_says(typed: str, meant: Any) -> None:
    assert pattern_of(typed) == meant
    assert query_of([pattern_of(typed)])


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        ("ann knows", "three words"),
        ("ann knows bob well", "three words"),
        ("ann 'knows bob", "quotes closed"),
        ("? knows ann", "variable: expected a name"),
    ],
)
def test_a_typed_pattern_that_is_none_says_why(typed: str, says: str) -> None:
    with pytest.raises(OptionError, match=says):
        pattern_of(typed)


@given(facts)
def test_facts_travel(fact: Fact) -> None:
    codec = Codec()
    at = Stamp(5, 0, "one")
    period = Period(Assertion(fact, "me", at, "cause", 0.5, 7.0), at, "removed", "you", None)
    back = codec.decode(codec.encode(period))
    assert back == period
    assert type(back.assertion.fact.object) is type(fact.object)
    assert codec.decode(codec.encode((X, "knows", "ann"))) == (X, "knows", "ann")


def test_what_travels_is_checked_where_it_arrives() -> None:
    codec = Codec()
    for wrong in (Fact("", "b", "c"), Fact("a", "b", None), Var.__new__(Var)):  # type: ignore[arg-type]
        if isinstance(wrong, Var):
            object.__setattr__(wrong, "name", "no name")
        with pytest.raises(DamagedMessage):
            codec.decode(codec.encode(wrong))


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"fact": 5}, "fact: expected a Fact"),
        ({"who": ""}, "who: expected a text"),
        ({"at": 5}, "at: expected a Stamp"),
        ({"cause": ""}, "cause: expected a text"),
        ({"confidence": 1.1}, "confidence: expected a number from 0 to 1, got: 1.1"),
        ({"confidence": -0.1}, "confidence: expected a finite number >= 0"),
        ({"until": float("inf")}, "until: expected a finite number"),
    ],
)
def test_an_assertion_that_cannot_be_says_why(change: Any, says: str) -> None:
    parts = {
        "fact": fact_of("a", "b", "c"),
        "who": "me",
        "at": Stamp(1, 0, "n"),
        "cause": None,
        "confidence": 1,
        "until": None,
    }
    assert assertion_of(**parts)
    with pytest.raises(OptionError, match=says):
        assertion_of(**{**parts, **change})
