"""Any value of a class, made from what its fields are declared to hold."""

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import fields, is_dataclass
from enum import Enum
from fractions import Fraction
from functools import cache
from math import fsum
from types import NoneType, UnionType
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

from hypothesis import strategies as st

from cybernetic.core import OptionError
from cybernetic.vsm.audit import AuditRecord, CusumDesign
from cybernetic.vsm.bargain import (
    AnotherPeriod,
    AnotherPurse,
    Budget,
    BudgetExhausted,
    Cost,
    Ledger,
    NoOpenBill,
    Purse,
    Seal,
    StaleContract,
    Vector,
)
from cybernetic.vsm.cyberstride import Forecast, Index, RegimeModel
from cybernetic.vsm.damping import LeaseLost, Plan
from cybernetic.vsm.decisions import Action, Escalate, Policy, Rulebook, Tier
from cybernetic.vsm.growing import Growing
from cybernetic.vsm.ladder import Cause, Clocks, Ladder, Paging, Pain, Rungs, Severity
from cybernetic.vsm.variety import Absorber, VarietyLedger
from tests.vsm.travel.rules import Cap, allows, refunds

Values = st.SearchStrategy[Any]

WORDS = st.text(min_size=1, max_size=8)
NAMES = st.sampled_from(("usd", "tokens", "calls", "human minutes", "ü"))
GRAINS = st.one_of(st.integers(1, 10), st.integers(1, 2**200))
PLAIN = st.one_of(
    st.none(), st.booleans(), st.integers(), WORDS, st.floats(0, 1), st.tuples(WORDS, st.integers())
)


def vectors(cls: type[Vector] = Vector) -> Values:
    return st.dictionaries(NAMES, GRAINS, max_size=3).map(cls.of_grains)


def policies() -> Values:
    decides = st.one_of(st.sampled_from((refunds, allows)), st.floats(1, 100).map(Cap))
    return st.builds(Policy, WORDS, st.integers(1, 9), decides, st.sampled_from(Tier))


@st.composite
def rulebooks(draw: st.DrawFn) -> Rulebook:
    """A book with a history: adopted, retired, rolled back."""
    book, now = Rulebook(), 0.0
    for _ in range(draw(st.integers(0, 5))):
        now += draw(st.floats(0, 9))
        name = draw(st.sampled_from("ab"))
        if draw(st.booleans()):
            decide = draw(st.sampled_from((refunds, allows)))
            book = book.adopt(Policy(name, book.version(name) + 1, decide), now, draw(WORDS))
        elif book.version(name):
            book = book.rollback(name, 1, now)
    return book


@st.composite
def ledgers(draw: st.DrawFn) -> Ledger:
    """A ledger that has been in use."""
    ledger = Ledger(Vector(usd=100.0, tokens=1e6), until=draw(st.sampled_from((3600.0, float("inf")))))
    for turn in range(draw(st.integers(0, 12))):
        at = 10.0 * turn
        key = draw(st.sampled_from("abcdef"))
        amount = Vector(usd=draw(st.floats(0, 3)), tokens=draw(st.integers(0, 1000)))
        match draw(st.integers(0, 3)):
            case 0 if not ledger.blocked and key not in ledger.open:
                ledger = ledger.reserve(key, amount, at, at + 30.0)
            case 1:
                ledger = ledger.settle(key, amount, final=draw(st.booleans()))
            case 2:
                ledger = ledger.expire(at)[0]
            case _:
                ledger = ledger.clear()
    return ledger


@st.composite
def plans(draw: st.DrawFn) -> Plan:
    """Shares in sixteenths, which sum to 1 exactly."""
    first = Fraction(draw(st.integers(0, 16)), 16)
    return Plan((("a", float(first)), ("b", float(1 - first))), draw(st.floats(0, 1e6)))


@st.composite
def ladders(draw: st.DrawFn) -> Ladder:
    """A ladder on which something is going on: pains, storms, pages, answers."""
    ladder, now = Ladder("acme", Rungs((Clocks(1.0, 10.0), Clocks(2.0, 20.0)))), 0.0
    for _ in range(draw(st.integers(0, 12))):
        now += draw(st.floats(0, 20))
        pain = Pain(
            draw(WORDS), "cost", draw(st.sampled_from(Cause)), draw(st.sampled_from(Severity)), since=now
        )
        ladder = ladder.feel(pain, now)[0] if draw(st.booleans()) else ladder.tick(now)[0]
        if draw(st.booleans()):
            ladder = ladder.ack(pain.key, 0, "support", now)[0]
    return ladder


@st.composite
def designs(draw: st.DrawFn) -> CusumDesign:
    """A share that is tolerated, and a higher one that is not."""
    low = draw(st.floats(0.001, 0.4))
    return CusumDesign(low, low + draw(st.floats(0.01, 0.5)), draw(st.floats(0.5, 10)))


def audited(found: list[bool]) -> AuditRecord:
    """A record of audits and canaries."""
    record = AuditRecord()
    for at, discrepant in enumerate(found):
        record = record.after(discrepant, float(at)).after_canary(not discrepant)
    return record


def grown(entries: dict[str, int]) -> Growing[str, int]:
    """Such a mapping, entry by entry."""
    table: Growing[str, int] = Growing()
    for key, value in entries.items():
        table = table.added(key, value)
    return table


def absorbed(disturbances: list[tuple[str, Absorber]]) -> VarietyLedger:
    """A ledger of disturbances, every second closed."""
    ledger = VarietyLedger()
    for at, (id, absorber) in enumerate(disturbances):
        ledger = ledger.enter(f"{id} {at}", "kind", float(at)).cross(f"{id} {at}", "S2")
        if at % 2 and absorber is not Absorber.OPERATION:
            ledger = ledger.close(f"{id} {at}", absorber, float(at))
    return ledger


@st.composite
def forecasts(draw: st.DrawFn) -> Forecast:
    """Gaussians whose probabilities sum to 1."""
    masses = draw(st.lists(st.floats(0.01, 1), min_size=1, max_size=4))
    shapes = [(draw(st.floats(-1e6, 1e6)), draw(st.floats(0.01, 1e6))) for _ in masses]
    return Forecast(tuple((mass / fsum(masses), *shape) for mass, shape in zip(masses, shapes, strict=True)))


QUADS = st.tuples(*[st.floats(0.5, 100)] * 4)

MADE: dict[type, Callable[[], Values]] = {
    Vector: vectors,
    Cost: lambda: vectors(Cost),
    Budget: lambda: st.builds(Budget.granting, vectors().filter(bool), st.floats(0.5, 1e6)),
    Action: lambda: st.builds(
        Action,
        WORDS,
        st.dictionaries(WORDS.filter(lambda name: name not in ("kind", "facts")), PLAIN, max_size=3),
    ),
    Policy: policies,
    Rulebook: rulebooks,
    Ledger: ledgers,
    Purse: lambda: st.builds(
        Purse,
        WORDS,
        st.floats(1, 1e4),
        vectors(),
        st.builds(Seal, *[st.integers(0, 9)] * 2),
        st.dictionaries(st.integers(0, 9), ledgers(), max_size=2),
    ),
    Plan: plans,
    Ladder: ladders,
    CusumDesign: designs,
    Forecast: forecasts,
    AuditRecord: lambda: st.lists(st.booleans(), max_size=9).map(audited),
    Paging: lambda: st.builds(
        Paging,
        st.integers(1, 9),
        *[st.floats(0.1, 60)] * 2,
        st.floats(1, 4),
        st.floats(60, 600),
        st.integers(1, 9),
        on_timeout=of(Escalate),
    ),
    Index: lambda: st.builds(
        Index, WORDS, st.none() | st.just((0.0, 2.0)), st.booleans(), st.none() | st.floats(0, 1)
    ),
    Growing: lambda: st.dictionaries(WORDS, st.integers(), max_size=60).map(grown),
    VarietyLedger: lambda: st.lists(st.tuples(WORDS, st.sampled_from(Absorber)), max_size=9).map(absorbed),
    RegimeModel: lambda: st.builds(RegimeModel, st.just((0.25,) * 4), QUADS, QUADS, QUADS),
    BudgetExhausted: lambda: st.builds(BudgetExhausted, WORDS, vectors(), vectors(), WORDS),
    NoOpenBill: lambda: st.builds(NoOpenBill, WORDS),
    AnotherPeriod: lambda: st.builds(AnotherPeriod, WORDS, st.floats(1, 100), st.floats(1, 100)),
    AnotherPurse: lambda: st.builds(AnotherPurse, WORDS, WORDS, WORDS),
    StaleContract: lambda: st.builds(StaleContract, WORDS, of(Seal), of(Seal), st.floats(1, 100)),
    LeaseLost: lambda: st.builds(LeaseLost, WORDS, st.integers(1, 9), WORDS),
}


@cache
def of(cls: type) -> Values:
    """Values of `cls`: by `MADE`, or by the hints of its fields; those that its constructor refuses left out."""
    if cls in MADE:
        return MADE[cls]()
    if issubclass(cls, Enum):
        return st.sampled_from(cls)
    hints = get_type_hints(cls)
    names = [one.name for one in fields(cls)] if is_dataclass(cls) else cls._fields  # type: ignore[attr-defined]
    parts = st.fixed_dictionaries({name: held(hints[name]) for name in names})
    return parts.map(lambda given: _tried(cls, given)).filter(lambda value: value is not None)


def held(hint: Any) -> Values:
    """Values of what a field is declared to hold."""
    origin, args = get_origin(hint), get_args(hint)
    if origin in (UnionType, Union):
        return st.one_of(*map(held, args))
    if origin is tuple:
        if args[1:] == (...,):
            return st.lists(held(args[0]), max_size=3).map(tuple)
        return st.tuples(*map(held, args))
    if origin is Mapping:
        return st.dictionaries(held(args[0]), held(args[1]), max_size=3)
    if origin is frozenset:
        return st.frozensets(held(args[0]), max_size=3)
    if origin in (Sequence, Iterable):
        return st.lists(held(args[0]), max_size=3).map(tuple)
    if hint in _SIMPLE:
        return _SIMPLE[hint]
    if isinstance(hint, TypeVar):
        return PLAIN
    return st.deferred(lambda: of(hint))


_SIMPLE: dict[Any, Values] = {
    bool: st.booleans(),
    int: st.integers(1, 9),
    float: st.floats(0.01, 1),
    str: WORDS,
    object: PLAIN,
    Any: PLAIN,
    Hashable: WORDS,
    NoneType: st.none(),
}


def _tried(cls: type, given: dict[str, Any]) -> Any:
    try:
        return cls(**given)
    except OptionError:
        return None
