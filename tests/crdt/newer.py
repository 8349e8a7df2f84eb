"""A version that knows one type of converging value more than this one."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from cybernetic.crdt import AWSet, travel
from cybernetic.crdt.lattice import KINDS
from cybernetic.crdt.parts import Names, Table


class NewerSet(AWSet):
    """A type of converging values that older versions do not know; it writes its names out."""

    kind = "newer-set"
    __slots__ = ()


del KINDS[NewerSet.kind]  # it is unknown here, but within `newer_version`


def _write_newer(branch: Any, names: Any, depth: int) -> Any:
    own = Names()
    body = travel._write_set(branch, own, depth)
    return [own.table(), body]


def _read_newer(parts: Any, table: Any, depth: int) -> Any:
    return travel._read_set(parts[1], Table(parts[0]), depth)


@contextmanager
def newer_version() -> Iterator[None]:
    """Who runs within knows the type."""
    travel.FORMS[NewerSet.kind] = _write_newer, _read_newer
    try:
        yield
    finally:
        del travel.FORMS[NewerSet.kind]
