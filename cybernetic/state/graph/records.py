"""Assertions as plain records, and as JSON Lines: a way out of a graph, and back in."""

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from cybernetic.core import OptionError, known
from cybernetic.crdt import Stamp, checked_stamp
from cybernetic.state.graph.entries import MOST_DOTS, Dot, Dots
from cybernetic.state.graph.facts import Assertion, assertion_of, fact_of
from cybernetic.state.graph.terms import LONGEST_NAME, LONGEST_TEXT

FIELDS = ("subject", "predicate", "object", "who", "at", "cause", "confidence", "until", "change")
LONGEST_REPLICA = 200  # characters
ESCAPED = 12  # characters that JSON may write for one
LONGEST_LINE = 2_000 + ESCAPED * (
    LONGEST_TEXT + 4 * LONGEST_NAME + (MOST_DOTS + 1) * LONGEST_REPLICA
)  # characters
AHEAD = 60.0  # seconds that a stamp may be in the future: peers refuse more
UNSTAMPED = Stamp(0, 0, "-")
"""The stamp of an assertion that is given one when it is written."""

Record = dict[str, Any]
"""The fields of `FIELDS`; `at` is a stamp's parts in a list, `change` those of a dot, or a list of several such.

What is None is left out.
"""


def record_of(assertion: Assertion, dots: Dots = ()) -> Record:
    """The record of an assertion, and of the changes that it came with in its graph and before: what JSON can say."""
    fact, who, at, cause, confidence, until = assertion
    record: Record = {**fact._asdict(), "who": who, "at": list(at)}
    change: Any = [list(dot) for dot in dots]
    rest = {"cause": cause, "confidence": confidence, "until": until}
    rest |= {"change": change[0] if len(dots) == 1 else change or None}
    return record | {name: value for name, value in rest.items() if value is not None}


def recorded(record: object, who: str, now: float | None = None) -> tuple[Assertion, Dots]:
    """The assertion that a record tells, and the changes that it came with in its graph and before, if it says so.

    Args:
        record: as `record_of` makes it; one without `at` is `UNSTAMPED`.
        who: the source of one that names none.
        now: seconds since 1970, for which its stamp may not be too far in the future. None: it may.

    Raises `OptionError` for what is none, and for a field that is unknown or out of bounds.
    """
    if not isinstance(record, Mapping):
        raise OptionError("record", "an object with subject, predicate and object", record)
    known("record", record.keys(), FIELDS)
    at = record.get("at")
    if at is not None and not (isinstance(at, list | tuple) and len(at) == 3):
        raise OptionError("at", "a list of milliseconds, counter and node", at)
    if at is not None and now is not None and checked_stamp(*at).millis > (now + AHEAD) * 1000:
        raise OptionError("at", f"at most {AHEAD:g} s in the future", list(at))
    assertion = assertion_of(
        fact_of(*[record.get(name) for name in FIELDS[:3]]),
        record.get("who", who),
        UNSTAMPED if at is None else checked_stamp(*at),
        record.get("cause"),
        record.get("confidence", 1.0),
        record.get("until"),
    )
    return assertion, _dots(record.get("change"))


def recorded_at(place: str, record: object, who: str, now: float | None = None) -> tuple[Assertion, Dots]:
    """As `recorded`. Raises an `OptionError` that names the record's place, such as a line."""
    try:
        return recorded(record, who, now)
    except OptionError as error:
        raise OptionError(f"{place}: {error.name}", error.expected, error.got) from None


def checked_record(place: str, record: Record, now: float | None) -> Record:
    """A record that `recorded` takes. Raises an `OptionError` that names its place."""
    recorded_at(place, record, "-", now)
    return record


def _dots(change: object) -> Dots:
    match change:
        case None:
            return ()
        case [[*_], *_] if len(change) <= MOST_DOTS:
            return tuple([_dot(one) for one in change])
    return (_dot(change),)


def _dot(change: object) -> Dot:
    match change:
        case [str() as replica, int() as number] if (
            type(number) is int and 0 < len(replica) <= LONGEST_REPLICA and 0 < number < 2**63
        ):
            return replica, number
    raise OptionError("change", f"a list of a replica and a number, or of at most {MOST_DOTS} such", change)


def write_lines(records: Iterable[Record]) -> Iterator[str]:
    """JSON Lines of records, each with its end."""
    for record in records:
        yield json.dumps(record) + "\n"


def read_lines(lines: Iterable[str | bytes], now: float | None = None) -> Iterator[Record]:
    """The records of JSON Lines, lazily; empty lines are passed over.

    Args:
        lines: texts, or UTF-8.
        now: seconds since 1970: stamps more than a minute later are refused, as a graph would. None: they are not.

    Raises an `OptionError` that names the line, also where a graph would refuse what it tells.
    """
    for number, line in enumerate(lines, 1):
        place = f"line {number}"
        if len(line) > LONGEST_LINE:
            raise OptionError(place, f"at most {LONGEST_LINE} characters", line[:60])
        found = _loaded(place, line if isinstance(line, str) else _decoded(place, line))
        if found is not None:
            yield checked_record(place, found, now)


def _loaded(place: str, line: str) -> Record | None:
    """The object in a line; None in an empty one."""
    text = line.removeprefix("\ufeff").strip()  # some programs begin a file so
    if not text:
        return None
    try:
        found = json.loads(text, object_pairs_hook=_each_once)
    except (ValueError, RecursionError) as error:
        raise OptionError(place, f"an object in JSON ({error})", line[:60]) from None
    if not isinstance(found, dict):
        raise OptionError(place, "an object in JSON", line[:60])
    return found


def _each_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"{twice!r} stands there more than once")
    return found


def _decoded(place: str, line: bytes) -> str:
    try:
        return line.decode()
    except UnicodeDecodeError as error:
        raise OptionError(place, f"UTF-8 ({error.reason} at byte {error.start + 1})", line[:60]) from None
