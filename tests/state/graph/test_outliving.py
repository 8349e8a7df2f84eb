"""What is waited for of what was put in: whatever a file names, a look gives the loop back, and costs nothing later."""

import sys
from collections.abc import Iterator
from itertools import count
from typing import Any

import pytest

from cybernetic.crdt import Context
from cybernetic.state.graph.entries import State, key_for
from cybernetic.state.graph.facts import Fact
from cybernetic.state.graph.outliving import Outliving
from cybernetic.state.graph.records import Record
from cybernetic.state.graph.solve import STRIDE
from tests.state.graph.apart import WHO, Node

ANN = Fact("ann", "knows", "bob")
MANY = 5 * STRIDE
CALLS = 80  # of one key looked at, at most


def stretches(breaths: Iterator[None]) -> list[int]:
    """How many calls are made before each breath, and after the last."""
    made = [0]

    def counted(frame: Any, event: str, arg: Any) -> None:
        made[-1] += event in ("call", "c_call")

    before = sys.getprofile()
    sys.setprofile(counted)
    try:
        for _ in breaths:
            made.append(0)
    finally:
        sys.setprofile(before)
    return made


def loaded(changes: list[list[list[Any]]]) -> Node:
    """A node into which records were put that name these changes, each a fact of its own."""
    node = Node("b", count(1))
    records: list[Record] = [
        {"subject": f"s{n}", "predicate": "is", "object": 1, "who": WHO, "at": [1, n, "z"], "change": one}
        for n, one in enumerate(changes)
    ]
    node.load(records)
    return node


FILES: dict[str, Any] = {
    "each another replica": [[[f"r{n}-{k}", 1] for k in range(8)] for n in range(MANY // 8)],
    "each another change": [[["r", 8 * n + k + 1] for k in range(8)] for n in range(MANY // 8)],
    "all the same change": [[["r", 1]]] * MANY,
}


@pytest.mark.parametrize("file", FILES)
def test_a_look_gives_the_loop_back_whatever_a_file_names_and_costs_nothing_while_nothing_is_heard(
    file: str,
) -> None:
    node = loaded(FILES[file])
    first = stretches(node.book.look())
    assert max(first) <= STRIDE * CALLS
    for _ in range(2):
        assert sum(stretches(node.book.look())) < CALLS
    node.say(Fact("ann", "is", 1))  # one more change that nobody waits for
    assert sum(stretches(node.book.look())) < CALLS


@pytest.mark.parametrize("file", FILES)
def test_what_was_waited_for_is_found_with_breaths_when_it_is_heard(file: str) -> None:
    node = loaded(FILES[file])
    list(node.book.look())
    heard = Context.of([(replica, n) for one in FILES[file] for replica, n in one])
    node.book.state = node.state = node.state.join(node.state.from_store(None, heard))
    made = stretches(node.book.look())
    assert len(made) > MANY // STRIDE
    assert max(made) <= STRIDE * CALLS
    assert len(list(node.book.outlived())) == len(FILES[file])
    assert sum(stretches(node.book.look())) < CALLS


@pytest.mark.parametrize("file", FILES)
def test_what_nobody_asks_for_any_more_is_let_go_with_breaths(file: str) -> None:
    node = loaded(FILES[file])
    outliving = Outliving()
    for key in node.state:
        if len(key) == 4:
            outliving.note(node.state, key, False)
    made = stretches(outliving.look(State()))
    assert len(made) > MANY // STRIDE
    assert max(made) <= STRIDE * CALLS
    assert not outliving._awaited


def test_what_is_over_by_its_past_alone_is_looked_at_no_more_when_that_is_forgotten() -> None:
    a, b = (Node(name, count(1)) for name in "ab")
    a.say(ANN)
    b.load(a.export(names_changes=False))
    a.remove(ANN)
    b.hear(a)
    assert list(b.book.outlived()) == [key_for(ANN, WHO)]
    a.forget_past()
    b.hear(a)
    assert list(b.book.outlived()) == []
    assert b.export()
