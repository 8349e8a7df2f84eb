"""What the algedonode watches for its end: the units of its level, what keeps them, and the levels within."""

from collections.abc import Iterable
from typing import Any

from cybernetic.core import Down, NoProc, Reason, Token
from cybernetic.runtime import Agent
from cybernetic.vsm.algedonic.nerves import Nerves, Watched
from cybernetic.vsm.channels.channel import Role
from cybernetic.vsm.ladder.signals import Pain, PainKey

End = tuple[str, Watched, Reason]


class Ends:
    """Monitors for an algedonode, and what it feels of the ends it hears of.

    Args:
        node: the algedonode; called from within it only.
        path: of its level.
        loops: what should beat; what beats lives, and may end.
        nerves: what turns ends into pains.
    """

    def __init__(self, node: Any, path: str, loops: Iterable[tuple[str, str, float]], nerves: Nerves) -> None:
        self._node, self._path, self._nerves = node, path, nerves
        self._lives = _lives(path, tuple(loops))
        self._watching: dict[Token, tuple[str, Watched]] = {}
        self._abrupt: list[End] = []
        self._orderly: list[End] = []
        self._all_gone = (
            False  # whether what keeps the units has just ended unordered, and all of them with it
        )

    def look(self, now: float) -> list[PainKey]:
        """Watch what is not watched because it was not there; the pains that are over, since it is back."""
        if len(self._watching) < len(self._lives):
            watched = set(self._watching.values())
            for (path, what), name in self._lives.items():
                if (path, what) not in watched:
                    self._watching[self._node.monitor(self._named(name))] = path, what
        felt = self._nerves.paths
        return (
            self._nerves.over({path for path in felt if self._alive(self._back(path))}, now) if felt else []
        )

    def down(self, message: Down) -> bool:
        """Take the news of an end; whether it is of something that was there."""
        found = self._watching.pop(message.token, None)
        if found is None or isinstance(message.reason, NoProc):
            return False
        (self._orderly if message.reason.orderly else self._abrupt).append((*found, message.reason))
        return True

    def abrupt(self, now: float) -> list[Pain]:
        """What is felt of the ends that nobody ordered; where what keeps all units is among them, that alone is."""
        ends, self._abrupt = self._abrupt, []
        self._all_gone = self._all_gone or any(what is Watched.UNITS for _, what, _ in ends)
        return self._felt([end for end in ends if end[1] is Watched.UNITS or not self._all_gone], now)

    def orderly(self, now: float) -> list[Pain]:
        """What is felt of the others: whoever restarts others gives up in order.

        To be asked a moment later, for when the level is being stopped its metasystem goes first, and nothing is felt;
        and when all units end since what keeps them has, that alone is.
        """
        ends, self._orderly = self._orderly, []
        gone, self._all_gone = self._all_gone, False
        if gone or not ends or not self._alive(f"{self._path}:metasystem"):
            return []
        return self._felt([end for end in ends if end[1] is Watched.UNITS] or ends, now)

    def _felt(self, ends: list[End], now: float) -> list[Pain]:
        return [pain for end in ends for pain in self._nerves.ended(*end, now)]

    def _back(self, path: str) -> str:
        """The name of what has to be there for an end at `path` to be over: a top need not bear its path for a name."""
        return self._lives.get((path, Watched.UNITS), path)

    def _alive(self, name: str) -> bool:
        return bool(self._node.system.alive(self._named(name)))

    def _named(self, name: str) -> Any:
        return self._node.system.named(name, Agent)


def _lives(path: str, loops: tuple[tuple[str, str, float], ...]) -> dict[tuple[str, Watched], str]:
    """What is watched, by where and what, and its name."""
    within = {one for role, one, _ in loops if role == Role.ALGEDONODE.value}
    found = {(path, Watched.UNITS): f"{path}:operations"}
    for unit in (one for role, one, _ in loops if role == Role.MANAGEMENT.value):
        found[unit, Watched.LEVEL if unit in within else Watched.OPERATION] = unit
        found[unit, Watched.UNIT] = f"{unit}:unit"
    return found
