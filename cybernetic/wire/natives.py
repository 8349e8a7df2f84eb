"""The types of Python's own that msgpack does not keep apart, or does not know, and how each travels.

None, bool, int of 64 bits, float, str, bytes, list and dict need no entry: msgpack's own code carries them.
"""

from collections.abc import Callable
from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from cybernetic.wire.entry import Entry, Parts, numbered, spread

_MICROSECOND = timedelta(microseconds=1)


def _elements(index: int) -> str:
    return f".element({index})"


def _zone_at(position: int) -> Callable[[int], str]:
    """The label of date and time parts, of which only the time zone may be unable to travel."""
    return lambda index: ".tzinfo" if index == position else numbered(index)


def _split_datetime(value: datetime) -> Parts:
    return (
        value.year,
        value.month,
        value.day,
        value.hour,
        value.minute,
        value.second,
        value.microsecond,
        value.fold,
        value.tzinfo,
    )


def _build_datetime(parts: list[Any]) -> datetime:
    year, month, day, hour, minute, second, microsecond, fold, zone = parts
    return datetime(year, month, day, hour, minute, second, microsecond, zone, fold=fold)


def _split_time(value: time) -> Parts:
    return (value.hour, value.minute, value.second, value.microsecond, value.fold, value.tzinfo)


def _build_time(parts: list[Any]) -> time:
    hour, minute, second, microsecond, fold, zone = parts
    return time(hour, minute, second, microsecond, zone, fold=fold)


def _split_timezone(value: timezone) -> Parts:
    offset, name = value.utcoffset(None), value.tzname(None)
    microseconds = offset // _MICROSECOND
    return (microseconds,) if timezone(offset).tzname(None) == name else (microseconds, name)


def _build_timezone(parts: list[Any]) -> timezone:
    microseconds, *name = parts
    return timezone(timedelta(microseconds=microseconds), *name)


def _split_zoneinfo(value: ZoneInfo) -> Parts:
    if value.key is None:
        raise ValueError("a time zone read from a file, without a key")
    return (value.key,)


def _split_int(value: int) -> Parts:
    return (value.to_bytes(value.bit_length() // 8 + 1, "big", signed=True),)


def _build_int(parts: list[Any]) -> int:
    (digits,) = parts
    if type(digits) is not bytes:
        raise TypeError(f"expected an integer's bytes, got: {type(digits).__qualname__}")
    return int.from_bytes(digits, "big", signed=True)


def _build_decimal(parts: list[Any]) -> Decimal:
    (digits,) = parts
    if type(digits) is not str:  # from a huge integer it would take time in the square of its length
        raise TypeError(f"expected a decimal number's digits, got: {type(digits).__qualname__}")
    return Decimal(digits)


def _build_uuid(parts: list[Any]) -> UUID:
    (digits,) = parts
    return UUID(bytes=digits)


# One letter each; the names of registered classes are longer.
NATIVES = (
    Entry("t", tuple, tuple, tuple),
    Entry("s", set, tuple, set, _elements),
    Entry("f", frozenset, tuple, frozenset, _elements),
    Entry("i", int, _split_int, _build_int),
    Entry("c", complex, lambda value: (value.real, value.imag), spread(complex)),
    Entry("D", Decimal, lambda value: (str(value),), _build_decimal),
    Entry("U", UUID, lambda value: (value.bytes,), _build_uuid),
    Entry("d", date, lambda value: (value.year, value.month, value.day), spread(date)),
    Entry("T", datetime, _split_datetime, _build_datetime, _zone_at(8)),
    Entry("h", time, _split_time, _build_time, _zone_at(5)),
    Entry("p", timedelta, lambda value: (value.days, value.seconds, value.microseconds), spread(timedelta)),
    Entry("z", timezone, _split_timezone, _build_timezone),
    Entry("Z", ZoneInfo, _split_zoneinfo, spread(ZoneInfo)),
)
