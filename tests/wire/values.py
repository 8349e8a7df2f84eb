"""Values that travel, for the tests of this room: classes of every kind, strategies, and a strict comparison."""

import zoneinfo
from dataclasses import dataclass, field, fields
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from enum import Enum, Flag, IntEnum
from typing import Any, NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

from hypothesis import strategies as st

from cybernetic.core import Crash, Killed, Normal, Reason, Refusal, Shutdown
from cybernetic.wire import TypeTable

TABLE = TypeTable()

# a machine may have no time zones installed
NAMED_ZONES = sorted({"Europe/Berlin", "America/New_York", "UTC"} & zoneinfo.available_timezones())


@dataclass(frozen=True, slots=True)
class Order:
    id: object
    note: object = None


@dataclass
class Sized:
    width: int
    height: int = field(default=2, kw_only=True)
    girth: int = field(init=False)

    def __post_init__(self) -> None:
        if self.width < 0:
            raise ValueError("a negative width")
        self.girth = 2 * (self.width + self.height)


class Point(NamedTuple):
    x: object
    y: object = 0


class Colour(Enum):
    RED = "red"
    CRIMSON = "red"  # noqa: PIE796 - an alias
    GREEN = (0, 1)


class Level(IntEnum):
    LOW = 1
    HIGH = 2


class Rights(Flag):
    READ = 1
    WRITE = 2


class Money:
    def __init__(self, cents: object, currency: str) -> None:
        self.cents, self.currency = cents, currency


class Overdrawn(Refusal):
    def __init__(self, account: str, missing: int) -> None:
        super().__init__(f"{account} lacks {missing}")
        self.account, self.missing = account, missing


@dataclass(frozen=True, slots=True)
class Bored(Reason):
    since: float


for cls in (Order, Sized, Point, Colour, Level, Rights, Overdrawn, Bored):
    TABLE.register(cls, f"tests.{cls.__name__}")
TABLE.register(Money, "tests.Money", encode=lambda money: (money.cents, money.currency), decode=Money)


def same(one: Any, other: Any) -> bool:
    """Whether two values are equal in type and content, all the way down."""
    if type(one) is not type(other):
        return False
    match one:
        case float() | complex() | Decimal():
            return repr(one) == repr(other)
        case dict():
            return len(one) == len(other) and all(map(same, one.items(), other.items()))
        case set() | frozenset():
            return len(one) == len(other) and all(any(same(each, its) for its in other) for each in one)
        case list() | tuple():
            return len(one) == len(other) and all(map(same, one, other))
        case datetime() | time():
            zones = [repr(value.tzinfo) for value in (one, other)]
            bare = [value.replace(tzinfo=None) for value in (one, other)]
            return zones[0] == zones[1] and bare[0] == bare[1] and one.fold == other.fold
        case Reason() | Order() | Sized():
            names = [each.name for each in fields(one)]
            return all(same(getattr(one, name), getattr(other, name)) for name in names)
        case Money() | BaseException():
            return same(vars(one), vars(other)) and same(getattr(one, "args", ()), getattr(other, "args", ()))
    return bool(one == other)


_offsets = st.timedeltas(timedelta(hours=-23), timedelta(hours=23))
_zones = st.one_of(
    st.none(),
    st.just(UTC),
    st.builds(timezone, _offsets),
    st.builds(timezone, _offsets, st.text(max_size=5)),
    st.sampled_from([*map(ZoneInfo, NAMED_ZONES), None]),
)
_folds = st.sampled_from([0, 1])


def _with_zone(value: Any, zone: Any, fold: int) -> Any:
    return value.replace(tzinfo=zone, fold=fold)


_numbers = st.one_of(
    st.integers(-(2**70), 2**70),
    st.integers(-130, 260),
    st.sampled_from([2**63 - 1, 2**63, 2**64 - 1, 2**64, -(2**63), -(2**63) - 1, 2**500, -(2**500)]),
    st.floats(allow_nan=False),
    st.complex_numbers(allow_nan=False),
    st.decimals(allow_nan=False),
)
_moments = st.one_of(
    st.dates(),
    st.timedeltas(),
    st.builds(_with_zone, st.datetimes(), _zones, _folds),
    st.builds(_with_zone, st.times(), _zones, _folds),
    _zones,
)
_text = st.one_of(st.text(), st.text(st.characters(categories=["Cs", "Lu"]), max_size=3))

_scalars = st.one_of(
    st.none(),
    st.booleans(),
    _numbers,
    _moments,
    _text,
    st.binary(),
    st.uuids(),
    st.sampled_from([*Colour, *Level, Rights.READ, Rights.READ | Rights.WRITE, Rights(0)]),
    st.sampled_from([Normal(), Killed(), Shutdown(), Shutdown("x"), Bored(1.5), Crash("E", "text")]),
)


@st.composite
def scalars(draw: st.DrawFn) -> Any:
    """The simple values; composite, so that the strategies made of them have a short name."""
    return draw(_scalars)


_hashable = st.recursive(
    scalars(),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4).map(tuple),
        st.frozensets(inner, max_size=4),
        st.builds(Order, inner, inner),
        st.builds(Point, inner, inner),
    ),
    max_leaves=6,
)


@st.composite
def hashables(draw: st.DrawFn) -> Any:
    """Values that can be keys."""
    return draw(_hashable)


hashable = hashables()

travelling = st.recursive(
    st.one_of(
        hashable,
        st.just(float("nan")),
        st.just(Decimal("sNaN")),
        st.builds(Sized, st.integers(0, 9), height=st.integers(0, 9)),
        st.builds(Overdrawn, st.text(), st.integers()),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=5),
        st.lists(inner, max_size=5).map(tuple),
        st.dictionaries(hashable, inner, max_size=4),
        st.sets(hashable, max_size=4),
        st.builds(Order, inner, inner),
        st.builds(Money, inner, st.text(max_size=3)),
        st.builds(Shutdown, inner),
    ),
    max_leaves=20,
)

EXAMPLES: list[Any] = [
    None,
    (),
    [],
    ("cast", 17, "add", b"bytes", {"a": 1, "b": [1, 2.5, None]}),
    [(1, 2), [3, 4], {(5, 6): {7, 8}}],
    Order(Order(1, (2,)), [Point(3), {"k": frozenset([4])}]),
    {"when": datetime(2024, 2, 29, 23, 59, 59, 999_999, UTC), "day": date(1, 1, 1)},
    (Decimal("1.10"), UUID(int=5), 1j, 2**80, timedelta(days=-1, microseconds=1), time(1, 2, fold=1)),
    (Sized(3, height=4), Colour.GREEN, Level.HIGH, Rights.READ | Rights.WRITE, Money((1,), "EUR")),
    (Overdrawn("savings", 3), Bored(2.0), Crash("ValueError", "no", "trace")),
    {"\ud800": "\udfff"},
]
