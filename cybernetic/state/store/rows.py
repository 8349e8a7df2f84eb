"""Many rows in few statements: SQLite lets go of Python's lock once for each statement, and getting it back costs."""

import sqlite3
from collections.abc import Iterable, Sequence
from functools import lru_cache
from itertools import chain
from typing import Any

from cybernetic.state.store.schema import ROWS

CHUNKS = (128, 16, 4, 1)  # rows to a statement; few sizes, so that all are prepared once


def insert(
    connection: sqlite3.Connection, table: str, rows: Sequence[tuple[Any, ...]], then: str = ""
) -> list[tuple[Any, ...]]:
    """Insert `rows`, all of one width, into `table` in their order.

    `then` is SQL that follows the values: what to do where there is one already, what to return. Answers with what
    it returned, in any order.
    """
    found: list[tuple[Any, ...]] = []
    done, total = 0, len(rows)
    for size in CHUNKS:
        while total - done >= size:
            values = list(chain.from_iterable(rows[done : done + size]))
            found += connection.execute(_insertion(table, len(rows[0]), size, then), values)
            done += size
    return found


@lru_cache
def _insertion(table: str, width: int, rows: int, then: str) -> str:
    row = f"({','.join('?' * width)})"
    return f"INSERT INTO {table} VALUES {','.join([row] * rows)} {then}"


def spans(numbers: Iterable[int]) -> list[tuple[int, int]]:
    """The fewest ranges (first, last), ascending, that hold exactly `numbers`."""
    found: list[tuple[int, int]] = []
    for number in sorted(set(numbers)):
        if found and number == found[-1][1] + 1:
            found[-1] = (found[-1][0], number)
        else:
            found.append((number, number))
    return found


def place(box: int, number: int) -> int:
    """The key of row `number` of a box or stream."""
    return box * ROWS + number


def reach(box: int, after: int = 0) -> tuple[int, int]:
    """The first and last key a row of a box or stream may have whose number is above `after`."""
    return place(box, min(max(after, 0), ROWS - 2) + 1), place(box, ROWS - 1)
