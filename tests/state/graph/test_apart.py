"""What becomes of imports into nodes that are cut off from each other, case by case; `test_imports` has any order."""

from itertools import count, pairwise

import pytest

from cybernetic.state.graph.entries import MOST_DOTS, key_for, standing
from cybernetic.state.graph.facts import Fact
from cybernetic.state.graph.outliving import SLACK
from tests.state.graph.apart import WHO, Node, heal, meet

ANN = Fact("ann", "knows", "bob")


def three() -> list[Node]:
    """Three nodes of a graph that are cut off from each other."""
    ticks = count(1)
    return [Node(name, ticks) for name in "abc"]


def shows(*nodes: Node) -> list[bool]:
    """Who of them says that ann knows bob."""
    return [standing(node.state, key_for(ANN, WHO)) is not None for node in nodes]


@pytest.mark.parametrize("first", ["plain", "again"])
def test_what_one_node_brings_back_stays_where_another_only_puts_it_in(first: str) -> None:
    a, b, c = three()
    a.say(ANN)
    backup = a.export()
    a.remove(ANN)
    for node in (b, c) if first == "again" else (c, b):
        assert node.load(backup, again=node is b) == ["new"]
    heal([a, b, c])
    assert shows(a, b, c) == [True, True, True]
    c.remove(ANN)
    heal([a, b, c])
    assert shows(a, b, c) == [False, False, False]


def test_what_was_put_in_before_can_be_brought_back_too() -> None:
    a, b, c = three()
    a.say(ANN, "a letter")
    backup = a.export()
    a.remove(ANN)
    assert [b.load(backup, again) for again in (False, True, True)] == [["new"], ["new"], ["known"]]
    heal([a, b, c])
    assert shows(a, b, c) == [True, True, True]
    (now,) = c.book.assertions(ANN)
    assert now.cause == "a letter"


@pytest.mark.parametrize("forgotten", [False, True])
def test_what_was_put_in_from_an_import_of_what_was_removed_goes(forgotten: bool) -> None:
    a, b, c = three()
    a.say(ANN)
    b.load(a.export())
    second = b.export()
    a.remove(ANN)
    if forgotten:
        a.forget_past()
    assert second[0]["change"] == [["b", 1], ["a", 1]]
    assert c.load(second) == ["new"]
    heal([a, c])
    assert shows(a, c) == [False, False]
    assert a.load(second) == ["ended"]


def test_what_was_removed_where_it_had_been_put_in_stays_out_when_its_past_is_forgotten() -> None:
    a, b, c = three()
    a.say(ANN)
    first = a.export()
    b.load(first)
    second = b.export()
    b.remove(ANN)
    b.forget_past()
    assert b.load(second) == ["ended"]
    assert c.load(second) == ["new"]
    heal([b, c])
    assert shows(b, c) == [False, False]


def test_what_was_removed_where_it_had_been_put_in_goes_also_where_it_was_said() -> None:
    a, b, c = three()
    a.say(ANN)
    b.load(a.export())
    c.load(a.export())
    b.remove(ANN)
    heal([a, b, c])
    assert shows(a, b, c) == [False, False, False]
    assert [period.how for period in a.book.history(ANN)] == ["removed"]


def test_taking_out_what_is_over_takes_back_nothing_that_was_removed_meanwhile() -> None:
    a, b, c = three()
    a.say(ANN)
    backup = a.export()
    a.remove(ANN)
    b.say(ANN, "a letter")
    c.load(backup)
    c.hear(b)
    b.remove(ANN)
    c.hear(a)
    assert c.tend()
    heal([a, b, c])
    assert shows(a, b, c) == [False, False, False]


def test_who_hears_what_had_ended_takes_out_what_it_put_in_without_a_word_from_others() -> None:
    a, b, c = three()
    a.say(ANN)
    b.load(a.export())
    c.load(a.export(names_changes=False))
    a.remove(ANN)
    for node in b, c:
        node.hear(a)
        assert shows(node) == [True]
        assert node.tend()
        assert shows(node) == [False]


def test_what_has_ended_is_not_ended_once_more_by_who_removes_what_had_been_put_in() -> None:
    a, b, _ = three()
    a.say(ANN)
    b.load(a.export())
    a.remove(ANN)
    b.hear(a)
    assert len(b.remove(ANN)) == 1
    assert b.book.history(ANN) == a.book.history(ANN)
    assert len(b.book.history(ANN)) == 1


@pytest.mark.parametrize("again", [False, True])
def test_what_is_put_in_ends_nothing_that_was_said(again: bool) -> None:
    a, b, c = three()
    if again:
        a.say(ANN)
        b.load(a.export(), again=True)
        a.remove(ANN)
    else:
        b.say(ANN)
    a.say(ANN, "a letter")
    backup = a.export()
    a.remove(ANN)
    c.hear(b)
    for node in b, c:
        assert node.load(backup) == ["new"]
        assert [one.cause for one in node.book.assertions(ANN)] == ["a letter"]
    heal([a, b, c])
    for node in a, b, c:
        assert [one.cause for one in node.book.assertions(ANN)] == [None]
    c.load([backup[0] | {"change": ["z", 1], "at": [*backup[0]["at"][:2], "z"]}])
    c.remove(ANN)
    heal([a, b, c])
    assert shows(a, b, c) == [False, False, False]


def test_what_is_put_in_in_place_of_an_import_does_not_end_what_that_was_elsewhere() -> None:
    a, b, c = three()
    a.say(ANN)
    c.load(a.export())
    b.say(ANN, "a letter")
    c.load(b.export())
    b.remove(ANN)
    heal([a, b, c])
    for node in a, b, c:
        assert [one.cause for one in node.book.assertions(ANN)] == [None]


def test_nodes_that_put_in_the_same_at_once_write_nothing_of_it_anew() -> None:
    a, b, c = three()
    other = Node("o", count(1))
    other.say(ANN)
    for node in a, b, c:
        node.load(other.export())
    meet([a, b, c])
    assert [node.tend() for node in (a, b, c)] == [False, False, False]
    assert len(a.writes()[key_for(ANN, WHO)]) == 3
    assert c.remove(ANN) == b.book.assertions(ANN)
    heal([a, b, c])
    assert shows(a, b, c) == [False, False, False]


def test_an_import_of_imports_names_the_nearest_changes_and_the_first() -> None:
    ticks = count(1)
    nodes = [Node(f"n{n}", ticks) for n in range(2 * MOST_DOTS)]
    nodes[0].say(ANN)
    for one, other in pairwise(nodes):
        assert other.load(one.export()) == ["new"]
    (record,) = nodes[-1].export()
    assert len(record["change"]) == MOST_DOTS
    assert record["change"][0] == [nodes[-1].name, 1]
    assert record["change"][-1] == ["n0", 1]
    nodes[0].remove(ANN)
    nodes[0].forget_past()
    heal([nodes[0], nodes[-1]])
    assert shows(nodes[0], nodes[-1]) == [False, False]


def test_changes_that_nobody_asks_for_any_more_are_not_waited_for() -> None:
    a, b, _ = three()
    for n in range(3 * SLACK):
        a.say(Fact("ann", "counts", n))
    backup = a.export()
    for _ in range(3):
        for record in backup:
            b.load([record])
            b.remove(Fact(record["subject"], record["predicate"], record["object"]))
        b.forget_past()
        b.tend()
        assert len(b.book._outliving._awaited) <= SLACK


@pytest.mark.parametrize("more", [0, 3 * SLACK])
def test_one_change_may_be_waited_for_at_several_places(more: int) -> None:
    """As where a file was changed by hand."""
    a, b, _ = three()
    for _ in range(2):
        a.say(ANN)
        (record,) = a.export()
        a.remove(ANN)
    a.forget_past()
    facts = [Fact(who, "knows", "bob") for who in ("ann", "eve", "joe")]
    b.load([record | {"subject": fact.subject} for fact in facts])
    for n in range(more):
        b.load([record | {"subject": f"x{n}", "change": ["z", n + 1]}])
        b.remove(Fact(f"x{n}", "knows", "bob"))
    assert [b.tend(), len(b.book)] == [False, 3]
    b.hear(a)
    assert [b.tend(), len(b.book)] == [True, 0]


def test_what_was_put_in_besides_what_was_said_is_one_and_was_said() -> None:
    a, _, c = three()
    said = a.say(ANN)
    c.load(a.export())
    c.hear(a)
    assert len(c.writes()[key_for(ANN, WHO)]) == 2
    assert c.say(ANN) == said
    assert c.load(a.export(), again=True) == ["known"]
    assert c.export() == a.export()
