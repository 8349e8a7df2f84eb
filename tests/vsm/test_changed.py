"""A value made of another one without being checked anew: it is what `replace` makes, of subclasses too."""

from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from cybernetic.vsm.changed import changed
from cybernetic.vsm.damping import FairQueue, LeaseTable
from cybernetic.vsm.variety import VarietyLedger


@dataclass(frozen=True, slots=True)
class Table(LeaseTable):
    note: str = field(default="", kw_only=True)


@dataclass(frozen=True)
class OpenTable(LeaseTable):
    note: str = ""


@dataclass(frozen=True, slots=True)
class Below(Table):
    more: int = 0


@dataclass(frozen=True, slots=True)
class Queue(FairQueue[str]):
    note: str = ""


@dataclass(frozen=True, slots=True)
class Entropy(VarietyLedger):
    note: str = ""


@pytest.mark.parametrize(
    ("value", "fields"),
    [
        (LeaseTable(5.0), {"epoch": 2}),
        (Table(5.0, note="mine"), {"epoch": 2}),
        (Table(5.0), {"note": "other"}),
        (OpenTable(5.0, note="mine"), {"epoch": 2}),
        (OpenTable(5.0), {"note": "other"}),
        (Below(5.0, note="mine", more=3), {"seen": 1.0}),
        (FairQueue[str](), {"count": 3}),
        (Queue(note="mine"), {"count": 3}),
        (Entropy(note="mine"), {}),
    ],
)
def test_it_is_what_replace_makes_of_classes_and_their_subclasses(value: Any, fields: dict[str, Any]) -> None:
    made = changed(value, **fields)
    assert type(made) is type(value)
    assert made == replace(value, **fields)


def test_what_a_subclass_adds_stays_through_the_operations_of_the_class() -> None:
    table, _ = Table(5.0, note="mine").request("key", "a", 0.0)
    assert table.note == "mine"
