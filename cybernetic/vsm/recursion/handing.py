"""How a charter is handed to a level that is about to start, what is taken out of it, and who is in it."""

from collections.abc import Iterable
from itertools import accumulate
from typing import Any
from weakref import WeakKeyDictionary

from cybernetic.vsm.recursion.charter import Charter
from cybernetic.vsm.recursion.reach import downward

_handed: WeakKeyDictionary[Any, dict[str, Charter]] = WeakKeyDictionary()


def hand(system: Any, charter: Charter) -> None:
    """Leave the charter for the level at its path, which is started next in the same process."""
    _handed.setdefault(system, {})[charter.path] = charter


def handed(system: Any, path: str) -> Charter | None:
    """The charter left for a path; None: nobody did, it is at the top. It stays: a restart needs it again."""
    return _handed.get(system, {}).get(path)


_within: WeakKeyDictionary[Any, dict[str, tuple[str, ...]]] = WeakKeyDictionary()


_elsewhere: WeakKeyDictionary[Any, dict[str, tuple[str, ...]]] = WeakKeyDictionary()


_levels: WeakKeyDictionary[Any, dict[str, tuple[str, ...]]] = WeakKeyDictionary()


def enclose(
    system: Any,
    path: str,
    units: tuple[str, ...],
    elsewhere: tuple[str, ...] = (),
    levels: tuple[str, ...] = (),
) -> None:
    """A level that starts says which units (their paths) are in it, which of them are levels, and whom what it decides
    reaches as bytes only: units of another process or system, and itself, where its books are on a disk.
    """
    _within.setdefault(system, {})[path] = units
    _elsewhere.setdefault(system, {})[path] = elsewhere
    _levels.setdefault(system, {})[path] = levels


def reached_as_bytes(system: Any, path: str) -> tuple[str, ...]:
    """Whom what a level decides reaches as bytes only, at or below it, as far as is known in this process: that is
    enough, for who begins such a unit is of this process.
    """
    levels = _elsewhere.get(system, {}).items()
    return tuple(one for at, some in levels if at == path or at.startswith(f"{path}/") for one in some)


def all_here(system: Any, path: str) -> bool:
    """Whether all that is in a level, or in one within it, is of this process, as far as is known there."""
    levels = _elsewhere.get(system, {}).items()
    return all(one == at for at, some in levels if at == path or at.startswith(f"{path}/") for one in some)


def levels_here(system: Any, path: str) -> tuple[str, ...]:
    """The paths of the levels within one that are of this process: they live and end with it."""
    elsewhere = _elsewhere.get(system, {}).get(path, ())
    return tuple(one for one in _levels.get(system, {}).get(path, ()) if one not in elsewhere)


def boundary(system: Any, path: str) -> tuple[str, ...]:
    """The paths of the units of a level of this process; none of one that is not here."""
    return _within.get(system, {}).get(path, ())


def no_level(system: Any, path: str, target: str) -> bool:
    """Whether there surely is no level at `target`, be it the one at `path` or one within it, as far as is known in
    this process. One that is away is one.
    """
    known, inside = _levels.get(system, {}), tuple(reversed(downward(path, target)))
    steps = zip((path, *inside), inside, strict=False)
    astray = any(one not in known.get(level, (one,)) for level, one in steps)
    return astray or not (inside or target == path)


def no_unit(system: Any, path: str, target: str) -> bool:
    """As `no_level`, of a unit or a level."""
    level = target.rpartition("/")[0]
    known = boundary(system, level) if not no_level(system, path, level) else ()
    return no_level(system, path, target) and target not in known


_begun: WeakKeyDictionary[Any, set[str]] = WeakKeyDictionary()


def begins(system: Any, path: str, *, alone: bool = False) -> bool:
    """A level begins without books; whether it surely is the first time: none has begun at its path before, and the
    levels around it are of this process, and what they know ends with it. Books on a disk may be of another life, in
    which there was such a level as well. One that is `alone` was lent nothing by anybody: of another process that there
    was nobody could tell.
    """
    begun = _begun.setdefault(system, set())
    around = tuple(accumulate(path.split("/")[:-1], "{}/{}".format))
    first = alone or (bool(around) and all(_in_memory(system, level) for level in around))
    first &= path not in begun
    begun.add(path)
    return first


def may_know(system: Any, path: str) -> bool:
    """Whether a level around the one at `path` may know of another life: its books are on a disk, or elsewhere."""
    around = accumulate(path.split("/")[:-1], "{}/{}".format)
    return not all(_in_memory(system, level) for level in around)


def _in_memory(system: Any, level: str) -> bool:
    return bool(boundary(system, level)) and level not in _elsewhere[system].get(level, ())


_ablated: WeakKeyDictionary[Any, dict[str, frozenset[str]]] = WeakKeyDictionary()


def take_out(system: Any, path: str, systems: Iterable[str]) -> None:
    """Systems are taken out of a level for good: its supervisors leave them out whenever they begin anew."""
    known = _ablated.setdefault(system, {})
    known[path] = known.get(path, frozenset()) | frozenset(systems)


def taken_out(system: Any, path: str) -> frozenset[str]:
    """Which systems are taken out of a level, and out of those around it, as far as is known in this process."""
    known = _ablated.get(system, {})
    levels = accumulate(path.split("/"), "{}/{}".format)
    return frozenset().union(*(known.get(level, frozenset()) for level in levels))
