"""What a viable system declares of the world it shares: the graph of facts of its units, systems and levels."""

from dataclasses import dataclass, replace
from typing import Self

from cybernetic.core import OptionError, number
from cybernetic.wire import travels

WEEK = 7 * 86_400.0
_LONGEST = 180  # characters of a name


@travels(name="vsm.World")
@dataclass(frozen=True, slots=True)
class World:
    """A graph of facts that a level and those within it share: `world = World()` in a `ViableSystem`.

    Each process that parts of them run in has a replica of its own, so it is read and written also while nodes are cut
    off, and is the same everywhere a moment after. It is kept in the `data` of the level or unit that begins there,
    where that is declared.

    Args:
        name: worlds of one name are one, wherever they are declared. None: one of the level's own, by its path.
        keep: seconds for which the past of a fact is kept, > 0. A week by default.

    Raises `OptionError`.
    """

    name: str | None = None
    keep: float = WEEK

    def __post_init__(self) -> None:
        if self.name is not None and (type(self.name) is not str or not 0 < len(self.name) <= _LONGEST):
            raise OptionError("name", f"text of 1 to {_LONGEST} characters, or None", self.name)
        number("keep", self.keep, above=0.0)

    def at(self, path: str) -> Self:
        """The world of the level at `path` that declares it: it has a name."""
        return replace(self, name=self.name or f"{path}:world")
