"""What stands in the log, in plain words."""

from types import SimpleNamespace

import pytest

from cybernetic.observe.telling import spoken, told
from cybernetic.vsm.books.entry import Entry


@pytest.mark.parametrize(
    ("kind", "body", "says"),
    [
        ("quarantine", {"port": "kb", "why": "it lies", "lifted": False}, "kb is taken out of use: it lies"),
        ("quarantine", {"port": "kb", "why": "mended", "lifted": True}, "kb may be used again: mended"),
        (
            "finding",
            {"unit": "shop/a", "gap": 0.14, "ports": ["kb"]},
            "reported ok, verified wrong: 14% of the successes of shop/a; kb",
        ),
        (
            "pain",
            {
                "what": "Raised",
                "effect": "Raised(key=PainKey(path='shop/a', index='x', cause='limits'), level=1)",
            },
            "shop/a x (limits) climbs",
        ),
        (
            "redone",
            {"unit": "shop/a", "good": ["1", "2"], "failed": {}},
            "tasks of shop/a are done again: 2 good",
        ),
        (
            "talk",
            {
                "proposal": SimpleNamespace(issue="demand of a"),
                "state": "agreed",
                "change": "weights {'shop/a': 1.2049, 'shop/b': 0.5}",
            },
            "systems 3 and 4 on demand of a: agreed, weights a 1.20, b 0.50",
        ),
        ("odd", {"one": 1, "two": "b"}, "one: 1, two: b"),
        ("odd", "  a\n text ", "a text"),
        ("odd", None, ""),
    ],
)
def test_an_entry_is_one_line(kind: str, body: object, says: str) -> None:
    line = told(Entry(kind, "shop", body, 3.0, "root", "cause", number=7), "shop")
    assert line.text == says
    assert (line.kind, line.number, line.level, line.root, line.cause) == (kind, 7, "shop", "root", "cause")


def test_a_long_entry_is_cut() -> None:
    assert len(told(Entry("odd", "shop", "x" * 1000), "shop").text) == 200


def test_a_change_is_said_without_the_signs_of_a_program() -> None:
    assert (
        spoken("weights {'acme/orders': 0.401234, 'acme/support': 0.35}")
        == "weights orders 0.40, support 0.35"
    )
