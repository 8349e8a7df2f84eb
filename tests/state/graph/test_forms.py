"""JSON Lines and GraphML: what goes out comes back as it was, and what is damaged is refused with its line."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cybernetic import OptionError
from cybernetic.apps.control.lines import ANSWER_BYTES
from cybernetic.state import Stamp
from cybernetic.state.graph.entries import MOST_DOTS
from cybernetic.state.graph.exports import PAGE
from cybernetic.state.graph.facts import Assertion, Fact
from cybernetic.state.graph.graphml import read_graphml, write_graphml
from cybernetic.state.graph.patterns import spelled, typed
from cybernetic.state.graph.records import (
    LONGEST_LINE,
    LONGEST_REPLICA,
    UNSTAMPED,
    read_lines,
    record_of,
    recorded,
    write_lines,
)
from cybernetic.state.graph.terms import LONGEST_NAME, LONGEST_TEXT

GOOD = '{"subject": "a", "predicate": "b", "object": "c"}\n'
texts = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20) | st.sampled_from(
    ['"5"', "5", "true", "\r", "a\r\nb", "<&>", " ", "?x", "[1]", '"', "NaN"]
)
values = (
    texts
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.booleans()
)
assertions = st.builds(
    Assertion,
    st.builds(Fact, texts, texts, values),
    texts,
    st.builds(Stamp, st.integers(0, 2**48 - 1), st.integers(0, 2**32 - 1), texts),
    st.none() | texts,
    st.floats(0, 1),
    st.none() | st.floats(0, 1e12),
)


def same(found: Any, told: Any) -> bool:
    return found == told and [type(one.fact.object) for one in found] == [
        type(one.fact.object) for one in told
    ]


@given(st.lists(assertions, max_size=5))
def test_what_goes_out_as_lines_comes_back(told: Any) -> None:
    lines = list(write_lines(map(record_of, told)))
    assert all(line.count("\n") == 1 for line in lines)
    assert same([recorded(one, "me")[0] for one in read_lines(lines)], told)


@given(st.lists(assertions, max_size=5), st.integers(1, 50))
def test_what_goes_out_as_graphml_comes_back(told: Any, size: int) -> None:
    document = "".join(write_graphml(map(record_of, told))).encode()
    pieces = [document[at : at + size] for at in range(0, len(document), size)]
    assert same([recorded(one, "me")[0] for one in read_graphml(pieces)], told)


@given(assertions, st.lists(st.tuples(texts, st.integers(1, 2**63 - 1)), max_size=MOST_DOTS).map(tuple))
def test_the_changes_that_an_assertion_came_with_go_out_and_come_back(told: Any, dots: Any) -> None:
    record = record_of(told, dots)
    (line,) = read_lines(write_lines([record]))
    assert recorded(line, "me") == (told, dots)
    (edge,) = read_graphml(["".join(write_graphml([record])).encode()])
    assert recorded(edge, "me") == (told, dots)


@given(values)
def test_a_spelled_value_is_typed_back(value: Any) -> None:
    back = typed(spelled(value))
    assert (type(back), back) == (type(value), value)


@pytest.mark.parametrize("sign", ["\U0001f600", "\x01", "<", '"'])
def test_the_largest_record_goes_out_and_comes_back(sign: str) -> None:
    name, dots = sign * LONGEST_NAME, tuple((sign * LONGEST_REPLICA, 2**62 + n) for n in range(MOST_DOTS))
    stamp = Stamp(2**40, 2**31, sign * LONGEST_REPLICA)
    fact = Fact(name, name, sign * LONGEST_TEXT)
    told = Assertion(fact, name, stamp, name, 0.1234567890123456, 1.234567890123456e9)
    record = record_of(told, dots)
    (line,) = write_lines([record])
    for lines in ([line], [line.encode()]):
        assert [recorded(one, "-") for one in read_lines(lines)] == [(told, dots)]
    document = "".join(write_graphml([record])).encode()
    assert [recorded(one, "-") for one in read_graphml([document])] == [(told, dots)]
    assert PAGE * LONGEST_LINE < ANSWER_BYTES


def test_a_record_may_leave_out_what_is_usual() -> None:
    record = {"subject": "a", "predicate": "b", "object": 5}
    assert recorded(record, "me") == (Assertion(Fact("a", "b", 5), "me", UNSTAMPED), ())


@pytest.mark.parametrize(
    ("record", "says"),
    [
        (5, "record: expected an object"),
        ({"subject": "a", "predicate": "b"}, "object: expected a text"),
        ({"subject": "a", "predicate": "b", "object": None}, "object: expected a text"),
        ({"subject": "a", "predicate": "b", "object": "c", "at": 5}, "at: expected a list"),
        ({"subject": "a", "predicate": "b", "object": "c", "at": [-1, 0, "n"]}, "millis: expected"),
        (
            {"subject": "a", "predicate": "b", "object": "c", "whom": "d"},
            "record: expected one of the options",
        ),
        ({"subject": "a", "predicate": "b", "object": "c", "confidence": 2}, "confidence: expected"),
        ({"subject": "a", "predicate": "b", "object": "c", "change": ["n", 0]}, "change: expected a list"),
        ({"subject": "a", "predicate": "b", "object": "c", "change": ["n", True]}, "change: expected a list"),
    ],
)
def test_a_record_that_is_none_says_why(record: Any, says: str) -> None:
    with pytest.raises(OptionError, match=says):
        recorded(record, "me", 1000.0)


@pytest.mark.parametrize(
    ("lines", "says"),
    [
        ([GOOD, "\n", "{\n"], "line 3: expected an object in JSON"),
        ([GOOD, "\n", "{}\n"], "line 3: subject: expected a text"),
        ([GOOD, GOOD.replace("}", ', "at": [1061000, 0, "n"]}')], r"line 2: at: expected at most 60 s in"),
        ([GOOD.encode(), GOOD.replace("a", "é").encode("latin-1")], "line 2: expected UTF-8 .* at byte 14"),
        (["[]"], "line 1: expected an object in JSON, got: '\\[\\]'"),
        (["[" * 50_000], "line 1: expected an object in JSON"),
        (["{" + " " * LONGEST_LINE], f"line 1: expected at most {LONGEST_LINE} characters"),
    ],
)
def test_a_line_that_is_none_is_named(lines: Any, says: str) -> None:
    with pytest.raises(OptionError, match=says):
        list(read_lines(lines, 1000.0))


def test_a_file_may_begin_with_a_mark_and_hold_empty_lines() -> None:
    lines = [b"\xef\xbb\xbf" + GOOD.encode(), b"\r\n", GOOD.replace("\n", "\r\n").encode()]
    assert [one["object"] for one in read_lines(lines)] == ["c", "c"]


FOREIGN = b"""<?xml version="1.0"?>
<g:graphml xmlns:g="http://graphml.graphdrawing.org/xmlns">
<g:key id="d0" for="edge" attr.name="label"/><g:key id="d1" attr.name="weight"/>
<g:graph edgedefault="directed"><g:desc>ours</g:desc>
<g:node id="ann"/><g:node id="bob"><g:data key="d1">5</g:data></g:node>
<g:edge source="ann" target="bob"><g:data key="d0">knows</g:data><g:data key="d1">7</g:data></g:edge>
</g:graph></g:graphml>"""


def test_a_document_from_elsewhere_is_read_by_ids_and_labels() -> None:
    assert list(read_graphml([FOREIGN])) == [{"subject": "ann", "object": "bob", "predicate": "knows"}]


@pytest.mark.parametrize(
    ("document", "says"),
    [
        (b"{}", "document: expected GraphML, got: 'not well-formed"),
        (FOREIGN[:-20], "document: expected GraphML, got: 'unclosed token"),
        (FOREIGN.replace(b'directed"', b'undirected"'), "line 4: expected a directed graph"),
        (FOREIGN.replace(b'target="bob"', b'target="eve"'), "line 6: expected an edge between nodes"),
        (FOREIGN.replace(b">knows<", b"><"), "line 6: predicate: expected a text"),
        (FOREIGN.replace(b' target="bob"', b""), "line 6: expected an attribute target"),
        (b"<!DOCTYPE graphml [<!ENTITY a 'aaaa'>]><graphml/>", "without a document type"),
        (b"<graph><data key='value'>" + b"a" * 200_000 + b"</data></graph>", "at most 120002 characters"),
    ],
)
def test_a_document_that_is_none_is_refused(document: bytes, says: str) -> None:
    with pytest.raises(OptionError, match=says):
        list(read_graphml([document[at : at + 64] for at in range(0, len(document), 64)]))
