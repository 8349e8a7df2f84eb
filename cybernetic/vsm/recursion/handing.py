"""How a charter is handed to a level that is about to start, and who is in it to those who stand beside it."""

from typing import Any
from weakref import WeakKeyDictionary

from cybernetic.vsm.recursion.charter import Charter

_handed: WeakKeyDictionary[Any, dict[str, Charter]] = WeakKeyDictionary()


def hand(system: Any, charter: Charter) -> None:
    """Leave the charter for the level at its path, which is started next in the same process."""
    _handed.setdefault(system, {})[charter.path] = charter


def handed(system: Any, path: str) -> Charter | None:
    """The charter left for a path; None: nobody did, it is at the top. It stays: a restart needs it again."""
    return _handed.get(system, {}).get(path)


_within: WeakKeyDictionary[Any, dict[str, tuple[str, ...]]] = WeakKeyDictionary()


def enclose(system: Any, path: str, units: tuple[str, ...]) -> None:
    """A level that starts says which units (their paths) are in it."""
    _within.setdefault(system, {})[path] = units


def boundary(system: Any, path: str) -> tuple[str, ...]:
    """The paths of the units of a level of this process; none of one that is not here."""
    return _within.get(system, {}).get(path, ())
