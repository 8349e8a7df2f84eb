"""What the answers of a running system look like as text."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cybernetic.apps.control.lines import Malformed, line, parse, plain
from cybernetic.apps.control.views import agent_text, answer_text, clean, top_head, top_text, tree_text
from cybernetic.apps.control.words import arguments

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
)


def record(id: str | None, cls: str, ref: str, *children: Any, **other: Any) -> dict[str, Any]:
    return {
        "id": id,
        "name": None,
        "class": cls,
        "ref": ref,
        "node": "main",
        "status": "idle",
        "restart": "permanent",
        "kind": "supervisor" if children else "worker",
        "children": list(children),
        **other,
    }


def test_a_tree_is_drawn_with_branches() -> None:
    shop = record(None, "Shop", "main.1", record("till", "Till", "main.2"), record("c", "Cart", "main.3"))
    lone = record(None, "Job", "main.9", status="waiting", restart=None)
    assert tree_text({"trees": [shop], "apart": [lone], "cut": True, "nodes": []}).splitlines() == [
        "Shop main.1",
        "├─ till Till main.2",
        "└─ c Cart main.3",
        "",
        "in no tree:",
        "  Job main.9 (waiting)",
        "",
        "(there are more than are shown)",
    ]


def test_an_empty_system_says_so() -> None:
    assert tree_text({"trees": [], "apart": [], "cut": False, "nodes": []}) == "(no agents)"


def node(name: str, **other: Any) -> dict[str, Any]:
    return {
        "name": name,
        "kind": "node",
        "host": "alpha",
        "pid": None,
        "here": False,
        "capabilities": {},
        **other,
    }


def test_a_tree_says_which_nodes_are_linked() -> None:
    nodes = [
        node("main", pid=7, here=True),
        node("edge.door", kind="door"),
        node("e\x1b", capabilities={"gpu": True}),
    ]
    assert tree_text({"trees": [], "apart": [], "cut": False, "nodes": nodes}).splitlines() == [
        "(no agents)",
        "",
        "nodes:",
        "  main on alpha pid 7  <- asked",
        "  edge.door (door) on alpha",
        "  e\\x1b on alpha gpu=true",
    ]


def test_top_says_on_how_many_nodes_and_which_did_not_answer() -> None:
    numbers = {"agents": 1, "started": 2, "ended": 3, "dead_letters": 4}
    answer = {
        "agents": [],
        "lag": 0.0,
        "statistics": numbers,
        "nodes": [node("main", here=True), node("edge"), node("far"), node("far.door", kind="door")],
        "silent": ["far"],
    }
    assert top_head(answer) == (
        "1 agents on 2 nodes, 2 started, 3 ended, 4 dead letters; loop lag 0.0 ms; no answer in a second: far"
    )
    assert top_head(answer | {"nodes": [], "silent": []}).startswith("1 agents, 2 started")


def test_what_would_move_the_cursor_is_escaped() -> None:
    assert agent_text(record("a\x1b[2J\n", "A", "main.1")) == "a\\x1b[2J\\n A main.1"
    assert answer_text("\x1b[31m") == "\\x1b[31m"


@given(st.text())
def test_clean_text_is_one_printable_line(text: str) -> None:
    assert clean(text).isprintable()


def test_columns_of_top_line_up() -> None:
    agents = [
        {
            "ref": "main.1",
            "name": None,
            "class": "A",
            "status": "idle",
            "length": 5,
            "reductions": 7,
            "held": 0,
        },
        {
            "ref": "main.22",
            "name": "x",
            "class": "B",
            "status": "idle",
            "length": 1,
            "reductions": 9,
            "held": 1,
        },
    ]
    numbers = {"agents": 2, "started": 3, "ended": 1, "dead_letters": 0}
    assert top_text(
        {"agents": agents, "lag": 0.0015, "statistics": numbers, "nodes": [], "silent": []}
    ).splitlines() == [
        "2 agents, 3 started, 1 ended, 0 dead letters; loop lag 1.5 ms",
        "agent        class  status  length  reductions  held",
        "main.1       A      idle         5           7     0",
        "main.22 'x'  B      idle         1           9     1",
    ]


def test_arguments_are_literals_keywords_or_words() -> None:
    words = ["5", "true", "None", "(1, 2)", "left", "a-b=c", "n=3", "name=x=y", '"k=v"', "[1"]
    assert arguments(words) == (
        [5, True, None, (1, 2), "left", "a-b=c", "k=v", "[1"],
        {"n": 3, "name": "x=y"},
    )


@given(st.lists(st.text()))
def test_any_words_are_arguments(words: list[str]) -> None:
    args, kwargs = arguments(words)
    assert len(args) + len(kwargs) <= len(words)


@given(st.dictionaries(st.text(), VALUES))
def test_a_line_says_what_was_put_in(value: dict[str, Any]) -> None:
    text = line(value)
    assert (text.count(b"\n"), parse(text)) == (1, value)


class Rude:
    def __repr__(self) -> str:
        raise ValueError


def test_what_json_cannot_say_is_shown() -> None:
    assert plain([object, float("nan"), Rude(), {1: 2}, {3}]) == [
        "<class 'object'>",
        "nan",
        "<Rude, whose repr raised ValueError>",
        "{1: 2}",
        "{3}",
    ]


@pytest.mark.parametrize("text", [b"", b"{}", b"nonsense\n", b"[1]\n", b"\xff\n", b"[" * 100_000 + b"\n"])
def test_what_is_no_object_on_a_line_is_refused(text: bytes) -> None:
    with pytest.raises(Malformed, match="expected a"):
        parse(text)
