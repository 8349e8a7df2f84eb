"""The page of guarantees and the tests agree: each guarantee has tests that exist, each statement has its place."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.architecture.tree import ROOT

PAGE = ROOT / "docs" / "guarantees.md"
REST = "## What is not promised"

# How many numbered statements the specification of OTP's semantics has of each kind.
KINDS = {
    "P": 16,
    "L": 7,
    "M": 8,
    "GS": 24,
    "CALL": 13,
    "CS": 9,
    "SF": 3,
    "SU": 6,
    "R": 7,
    "ST": 8,
    "RI": 10,
    "RF": 7,
    "T": 10,
    "AS": 6,
    "API": 11,
    "DS": 9,
    "PS": 6,
    "N": 5,
    "REG": 14,
    "PG": 7,
    "TK": 14,
    "AG": 1,
    "SY": 8,
    "LG": 5,
    "AP": 7,
    "EX": 5,
    "DR": 9,
    "PY": 9,
}
STATEMENTS = frozenset(f"{kind}-{number}" for kind, last in KINDS.items() for number in range(1, last + 1))

BY_TYPE_CHECKERS = frozenset(
    {"PY-9"}
)  # it is about types, which tests/types proves without a test of its name

ITEM = re.compile(r"^(?P<number>\d+)\. (?P<text>.*(?:\n(?!\d+\. |#).*)*)", re.M)
EXCUSE = re.compile(r"^- (?P<text>.*(?:\n(?!- |#).*)*)", re.M)
BRACKETS = re.compile(r"\[(?P<statements>[A-Z]+-\d+(?:, [A-Z]+-\d+)*)\]")
PROOF = re.compile(r"`(?P<test>tests/[^`]*)`")
NAMED_BY = re.compile(r"(?:^test|(?<=\d))_(?P<kind>[a-z]+)_(?P<number>\d+)(?=_|$)")


class Guarantee(NamedTuple):
    """One numbered guarantee: the statements it answers to and the tests that prove it."""

    number: int
    statements: frozenset[str]
    proofs: tuple[str, ...]


def names_in(folder: Path) -> frozenset[str]:
    """Every test below `folder`, as `tests/file.py::name`; a state machine's test case counts as one."""
    return frozenset(
        f"tests/{path.relative_to(folder).as_posix()}::{name}"
        for path in folder.rglob("test_*.py")
        for name in _names(ast.parse(path.read_text()))
    )


def _names(syntax: ast.Module) -> Iterator[str]:
    for node in ast.walk(syntax):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_"):
            yield node.name
        elif isinstance(node, ast.Assign):
            yield from (
                name.id for name in node.targets if isinstance(name, ast.Name) and name.id.startswith("Test")
            )


def statements_of(test: str) -> frozenset[str]:
    """The statements that a test is named by: `test_ri_1_ri_2_...` has RI-1 and RI-2."""
    found = (f"{m['kind'].upper()}-{m['number']}" for m in NAMED_BY.finditer(test.rpartition("::")[2]))
    return frozenset(statement for statement in found if statement.partition("-")[0] in KINDS)


def guarantees(page: str) -> list[Guarantee]:
    """The numbered part of the page."""
    return [
        Guarantee(
            int(item["number"]),
            _in_brackets(item["text"]),
            tuple(m["test"] for m in PROOF.finditer(item["text"])),
        )
        for item in ITEM.finditer(page.partition(REST)[0])
    ]


def excused(page: str) -> frozenset[str]:
    """The statements in the part about what is not promised that stand behind some words, the reason."""
    items = (item["text"] for item in EXCUSE.finditer(page.partition(REST)[2]))
    return frozenset().union(
        *(_in_brackets(text) for text in items if len(BRACKETS.sub("", text).split()) > 3)
    )


def _in_brackets(text: str) -> frozenset[str]:
    return frozenset(one for m in BRACKETS.finditer(text) for one in m["statements"].split(", "))


def faults(page: str, tests: frozenset[str], statements: frozenset[str] = STATEMENTS) -> Iterator[str]:
    """What is wrong with a page, beside these tests and these statements of the specification."""
    promised = guarantees(page)
    for place, guarantee in enumerate(promised, 1):
        if guarantee.number != place:
            yield f"guarantee {guarantee.number}: expected number {place}"
        if not guarantee.proofs:
            yield f"guarantee {guarantee.number}: expected a test, got: none"
        for proof in guarantee.proofs:
            if proof not in tests:
                yield f"guarantee {guarantee.number}: there is no test {proof}"
    kept = frozenset().union(*(guarantee.statements for guarantee in promised))
    named = {proof for guarantee in promised for proof in guarantee.proofs}
    for statement in sorted(statements - kept - excused(page)):
        yield f"{statement}: neither promised nor said why not"
    for statement in sorted(_in_brackets(page) - statements):
        yield f"{statement}: there is no such statement"
    shown = frozenset().union(*map(statements_of, tests))
    for statement in sorted(kept - shown - excused(page) - BY_TYPE_CHECKERS):
        yield f"{statement}: promised, and no test is named by it"
    for test in sorted(tests - named):
        for statement in sorted(statements_of(test) - kept):
            yield f"{test}: proves {statement}, which no guarantee has"


def test_the_page_and_the_tests_agree() -> None:
    assert not list(faults(PAGE.read_text(), names_in(ROOT / "tests")))


def test_the_specification_has_so_many_statements() -> None:
    assert len(STATEMENTS) == sum(KINDS.values()) == 244


GOOD = """# Page

1. An agent ends
   once. [P-1, P-2]
   `tests/test_a.py::test_p_1_once`
   `tests/test_a.py::test_p_2_for_a_reason`

2. It never ends, [x].
   `tests/test_b.py::TestIt`

## What is not promised

- Eternity. Nothing lasts for ever. [P-3]
"""
TESTS = frozenset(
    f"tests/{test}"
    for test in (
        "test_a.py::test_p_1_once",
        "test_a.py::test_p_1_again",
        "test_a.py::test_p_2_for_a_reason",
        "test_b.py::TestIt",
        "test_b.py::test_anything",
    )
)
THREE = frozenset({"P-1", "P-2", "P-3"})


def test_a_good_page_has_no_faults() -> None:
    assert not list(faults(GOOD, TESTS, THREE))


@pytest.mark.parametrize(
    ("before", "after", "fault"),
    [
        ("2. It", "3. It", "guarantee 3: expected number 2"),
        ("2. It", "1. It", "guarantee 1: expected number 2"),
        ("   `tests/test_b.py::TestIt`\n", "", "guarantee 2: expected a test, got: none"),
        ("::TestIt", "::TestThat", "guarantee 2: there is no test tests/test_b.py::TestThat"),
        ("test_a.py::test_p_1", "test_b.py::test_p_1", "no test tests/test_b.py::test_p_1_once"),
        ("[P-3]", "", "P-3: neither promised nor said why not"),
        ("Eternity. Nothing lasts for ever. ", "", "P-3: neither promised nor said why not"),
        ("[P-3]", "[P-3, P-4]", "P-4: there is no such statement"),
        ("[P-1, P-2]", "[P-2]", "P-1: neither promised nor said why not"),
        ("[P-1, P-2]", "[P-2]", "tests/test_a.py::test_p_1_again: proves P-1, which no guarantee has"),
    ],
)
def test_a_bad_page_is_seen(before: str, after: str, fault: str) -> None:
    page = GOOD.replace(before, after)
    assert page != GOOD
    assert any(fault in found for found in faults(page, TESTS, THREE))


def test_a_promise_that_no_test_is_named_by_is_seen() -> None:
    page = GOOD.replace("ever. [P-3]", "ever.").replace("[x]", "[P-3]")
    assert list(faults(page, TESTS, THREE)) == ["P-3: promised, and no test is named by it"]


def test_a_statement_that_is_only_excused_has_no_test() -> None:
    page = GOOD.replace("[P-1, P-2]", "[P-2]").replace("[P-3]", "[P-1, P-3]")
    assert [fault.partition(":")[0] for fault in faults(page, TESTS, THREE)] == ["tests/test_a.py"]


@pytest.mark.parametrize(
    ("name", "statements"),
    [
        ("test_p_1_once", {"P-1"}),
        ("test_ri_1_ri_2_one_more", {"RI-1", "RI-2"}),
        ("test_st_1_st_2_st_3_a_strategy", {"ST-1", "ST-2", "ST-3"}),
        ("test_call_10_cast", {"CALL-10"}),
        ("test_run_2_times", set()),
        ("test_it", set()),
    ],
)
def test_a_test_tells_its_statements_by_its_name(name: str, statements: set[str]) -> None:
    assert statements_of(f"tests/test_x.py::{name}") == statements


def test_tests_are_found_as_they_stand_in_files(tmp_path: Path) -> None:
    (tmp_path / "room").mkdir()
    (tmp_path / "room" / "test_x.py").write_text(
        "async def test_one():\n    ...\n\ndef helper():\n    ...\n\nTestIt = Machine.TestCase\n"
    )
    (tmp_path / "agents.py").write_text("def test_none():\n    ...\n")
    assert names_in(tmp_path) == {"tests/room/test_x.py::test_one", "tests/room/test_x.py::TestIt"}
