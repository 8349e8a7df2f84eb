"""Assertions as plain records, and as JSON Lines: a way out of a graph, and back in."""

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from cybernetic.core import OptionError, known
from cybernetic.crdt import Stamp, checked_stamp
from cybernetic.state.graph.facts import Assertion, assertion_of, fact_of

FIELDS = ("subject", "predicate", "object", "who", "at", "cause", "confidence", "until")
LONGEST_LINE = 100_000  # characters

Record = dict[str, Any]
"""The fields of `FIELDS`; `at` is a stamp's parts in a list. What is None is left out."""


def record_of(assertion: Assertion) -> Record:
    """The record of an assertion: what JSON can say."""
    fact, who, at, cause, confidence, until = assertion
    record: Record = {**fact._asdict(), "who": who, "at": list(at)}
    rest = {"cause": cause, "confidence": confidence, "until": until}
    return record | {name: value for name, value in rest.items() if value is not None}


def recorded(record: object, who: str, now: Stamp) -> Assertion:
    """The assertion that a record tells. One without `who` is by `who`, one without `at` is of `now`.

    Raises `OptionError` for what is none, and for a field that is unknown or out of bounds.
    """
    if not isinstance(record, Mapping):
        raise OptionError("record", "an object with subject, predicate and object", record)
    known("record", record.keys(), FIELDS)
    at = record.get("at")
    if at is not None and not (isinstance(at, list | tuple) and len(at) == 3):
        raise OptionError("at", "a list of milliseconds, counter and node", at)
    return assertion_of(
        fact_of(*[record.get(name) for name in FIELDS[:3]]),
        record.get("who", who),
        now if at is None else checked_stamp(*at),
        record.get("cause"),
        record.get("confidence", 1.0),
        record.get("until"),
    )


def write_lines(records: Iterable[Record]) -> Iterator[str]:
    """JSON Lines of records, each with its end."""
    for record in records:
        yield json.dumps(record) + "\n"


def read_lines(lines: Iterable[str]) -> Iterator[Record]:
    """The records of JSON Lines, lazily; empty lines are passed over. Raises `OptionError` that names the line."""
    for number, line in enumerate(lines, 1):
        if len(line) > LONGEST_LINE:
            raise OptionError(f"line {number}", f"at most {LONGEST_LINE} characters", line[:60])
        if line.strip():
            yield _record(number, line)


def _record(number: int, line: str) -> Record:
    try:
        found = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise OptionError(f"line {number}", f"an object in JSON ({error})", line[:60]) from None
    if not isinstance(found, dict):
        raise OptionError(f"line {number}", "an object in JSON", line[:60])
    return found
