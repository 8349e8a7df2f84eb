"""A value made of another without being checked anew: it is what `replace` makes, of subclasses too, and cheaper."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from math import inf
from typing import Any

import pytest

from cybernetic.vsm.bargain import Ledger, Purse, Vector
from cybernetic.vsm.changed import changed
from cybernetic.vsm.coordination.lending import LeaseDesk
from cybernetic.vsm.coordination.relay import Relay
from cybernetic.vsm.damping import FairQueue, LeaseTable, SharedPacer
from cybernetic.vsm.ports.waiting import handed, refused
from cybernetic.vsm.variety import VarietyLedger

ONE = Vector(usd=1)


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


def _purse() -> Purse:
    purse, _ = Purse("a", 60.0, ONE).reserve("a#1", ONE, 1.0, inf)
    return purse


def _relay() -> Relay:
    owner: Any = None
    return Relay(owner, owner, "port", SharedPacer(1.0, frozenset("ab"), 1.0, 0.0))


@pytest.mark.parametrize(
    ("kind", "make", "act"),
    [
        (Ledger, _purse, lambda purse: handed(purse, 0, "a#1", 10.0)),
        (Ledger, _purse, lambda purse: refused(purse, 0, "a#1", ONE)),
        (LeaseTable, LeaseDesk, lambda desk: desk.known(1.0)),
        (SharedPacer, _relay, lambda relay: relay.sharing(2.0)),
    ],
)
def test_what_is_kept_in_thousands_is_not_looked_through_anew_for_one_change(
    kind: type, make: Callable[[], Any], act: Callable[[Any], object], monkeypatch: pytest.MonkeyPatch
) -> None:
    value, checked = make(), list[object]()
    monkeypatch.setattr(kind, "__post_init__", lambda made: checked.append(made))
    act(value)
    assert not checked
