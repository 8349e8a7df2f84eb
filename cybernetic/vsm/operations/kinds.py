"""Which units take a task: those that declare its kind, else those that declare none."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from cybernetic.core import OptionError
from cybernetic.vsm.operations.refusals import NoSuchKind


def kinds_of(declared: Any) -> tuple[str, ...]:
    """The kinds of tasks that a unit declares, none: any. Raises `OptionError` for what are no words."""
    if isinstance(declared, list | tuple) and all(isinstance(one, str) and one for one in declared):
        return tuple(declared)
    raise OptionError("kinds", "words, such as ('ticket',)", declared)


class Kinds:
    """What the units of a level take, by path. A unit that declares no kind takes whatever nobody else declares.

    Args:
        declared: the kinds of tasks of each unit that declares any, by path.
    """

    def __init__(self, declared: Mapping[str, Sequence[str]]) -> None:
        self._declared = {path: frozenset(kinds) for path, kinds in declared.items() if kinds}

    def takes(self, unit: str, kind: str) -> bool:
        """Whether a unit does tasks of a kind."""
        return kind in self._declared.get(unit, {kind})

    def takers(self, units: Collection[str], kind: str) -> list[str]:
        """Those of the units that a task of a kind is for. Raises `NoSuchKind` where there is none."""
        own = [unit for unit in units if kind in self._declared.get(unit, ())]
        found = own or [unit for unit in units if unit not in self._declared]
        if not found:
            raise NoSuchKind(kind, self.of(units))
        return found

    def needs(self, unit: str, others: Collection[str]) -> bool:
        """Whether there are tasks that a unit takes and none of the `others` does."""
        own = self._declared.get(unit)
        if own is None:
            return all(other in self._declared for other in others)
        return any(all(kind not in self._declared.get(other, ()) for other in others) for kind in own)

    def check(self, unit: str, kind: str) -> None:
        """Raises `NoSuchKind` for a kind that a unit does not take."""
        if not self.takes(unit, kind):
            raise NoSuchKind(kind, self.of([unit]))

    def of(self, units: Iterable[str]) -> list[str]:
        """All the kinds that some units declare."""
        return sorted({kind for unit in units for kind in self._declared.get(unit, ())})
