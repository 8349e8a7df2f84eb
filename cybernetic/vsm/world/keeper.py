"""Who keeps the world in a process, and where those who share it find it."""

from pathlib import Path
from typing import Any
from urllib.parse import quote
from weakref import WeakKeyDictionary

from cybernetic.state import GroupPeers
from cybernetic.supervision import Backoff, Child, Supervisor, child
from cybernetic.vsm.algedonic.showing import LivingGraph
from cybernetic.vsm.timing import now
from cybernetic.vsm.world.declared import World

_AGAIN = Backoff(0.1, 10.0, jitter=0.2, reset_after=30.0)

_kept: WeakKeyDictionary[Any, set[str]] = WeakKeyDictionary()


class Keeper(Supervisor):
    """Keeps the graph of a world alive for ever, with growing pauses: its deaths are nobody else's business.

    Args:
        path: of the level or unit with which the world begins in this process.
        world: as declared, with its name.
        data: the folder in which it lasts; None: it does not, and what other processes have comes back from them.
        level: path of the level that misses it when it hangs.
    """

    max_restarts = 1_000_000
    max_seconds = 60.0

    def __init__(self, path: str, world: World, data: str | None, level: str) -> None:
        self._path, self._world, self._data, self._level = path, world, data, level

    def children(self) -> list[Child[Any]]:
        """The graph."""
        _kept.setdefault(self.system, set()).add(self._path)
        file = (
            None
            if self._data is None
            else Path(self._data).absolute() / f"{quote(self._path, safe=' ')}.world"
        )
        name, keep = self._world.name or self._path, self._world.keep
        graph = child(
            LivingGraph,
            self._path,
            self._level,
            name,
            file,
            None,
            GroupPeers,
            now,
            keep,
            name=world_name(self._path),
            backoff=_AGAIN,
        )
        return [graph]


def keeper(path: str, world: World, data: str | None, level: str | None = None) -> Child[Any]:
    """The child that keeps a world, from the level or unit at `path` on; see `Keeper`. `level`: None: that."""
    return child(Keeper, path, world, data, level or path, id="world")


def world_name(path: str) -> str:
    """The name under which the graph that begins at `path` is registered."""
    return f"{path}:world"


def world_of(system: Any, path: str) -> str | None:
    """The name of the graph that a part at `path` shares: of the nearest level or unit around it that begins one here.

    None: no world is declared there.
    """
    known = _kept.get(system)
    while known and path:
        if path in known:
            return world_name(path)
        path = path.rpartition("/")[0]
    return None
