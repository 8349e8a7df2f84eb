"""How a charter is handed to a level that is about to start: it stands in the process before its supervisor does."""

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
