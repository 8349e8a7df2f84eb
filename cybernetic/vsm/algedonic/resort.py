"""The last resort: what is done at a level when no human answers for its pain. It needs nothing of systems 2 to 5."""

from collections.abc import Collection, Iterable, Mapping
from math import inf
from typing import Any

from cybernetic.core import Shutdown
from cybernetic.runtime import Agent
from cybernetic.supervision import Supervisor
from cybernetic.vsm.channels.channel import Channel, Role
from cybernetic.vsm.channels.ear import level_of
from cybernetic.vsm.decisions.verdicts import Allow, Deny
from cybernetic.vsm.ladder.signals import Cause, PainKey
from cybernetic.vsm.operations.messages import Intervention, Resumption, Rung


class LastResort:
    """Carries out what was declared for the silence of all humans: a silence never comes to leave by itself.

    A part of the level's own that is silent or dead does nothing that could be denied, so that is no matter of its
    units: they are autonomous without it.

    Args:
        node: the algedonode, called from within it only.
        path: of its level.
        loops: what beats in it; the managements among them are told.
        denied: what a denial comes to, "suspend" or "stop".
        known: the denials in force, from the books.

    Attributes:
        denials: in force, by the pain they are for: why, and the paths of what may not go on.
    """

    def __init__(
        self,
        node: Any,
        path: str,
        loops: Iterable[tuple[str, str, float]],
        denied: str,
        known: Mapping[PainKey, tuple[str, tuple[str, ...]]] | None = None,
    ) -> None:
        self._node, self._path, self._denied = node, path, denied
        beats = tuple(loops)
        self._units = tuple(one for role, one, _ in beats if role == Role.MANAGEMENT.value)
        self._nested = frozenset(one for role, one, _ in beats if role == Role.ALGEDONODE.value)
        self.denials: dict[PainKey, tuple[str, tuple[str, ...]]] = dict(known or {})

    def unanswered(self, key: PainKey, members: Collection[PainKey], verdict: Allow | Deny) -> None:
        """No human answered for a pain; `members` are those it stands for, if it is a storm."""
        if isinstance(verdict, Allow):
            return
        if self._denied == "stop":
            self._node.task(self._stop(verdict.reason))
        else:
            paths = sorted({one.path for one in members or (key,) if self._matters(one)})
            self.deny(key, verdict.reason, tuple(paths))

    def deny(self, key: PainKey, reason: str, paths: tuple[str, ...] | None = None) -> None:
        """What hurts may not go on; `paths`: of what that is. Default: where it hurts."""
        self.denials[key] = reason, (key.path,) if paths is None else paths
        self._suspend(key)

    def again(self) -> None:
        """Say it once more: what was born since does not know."""
        for key in self.denials:
            self._suspend(key)

    def over(self, key: PainKey, why: str) -> bool:
        """It hurts no more; whether something may go on for that."""
        denied = self.denials.pop(key, None)
        if denied is None:
            return False
        held = {unit for _, paths in self.denials.values() for unit in self._of(paths)}
        for unit in self._of(denied[1]):
            if unit not in held:
                self._say(unit, Resumption(why), "let_go", key, why)
        return True

    def resumed(self, unit: str) -> bool:
        """A human lets a unit go on, or (its path) the whole level; whether something was held."""
        mine = [
            key for key, (_, paths) in self.denials.items() if unit == self._path or unit in self._of(paths)
        ]
        for key in mine:
            self.over(key, "a human lets it go on")
        return bool(mine)

    def _matters(self, key: PainKey) -> bool:
        gone = key.cause in (Cause.HEARTBEAT.value, Cause.EXIT.value)
        return key.path != self._path or not gone

    def _suspend(self, key: PainKey) -> None:
        reason, paths = self.denials[key]
        one = Intervention(Rung.SUSPEND, f"{key.index}: {reason}", inf)
        for unit in self._of(paths):
            self._say(unit, one, "deny", key, reason)

    def _of(self, paths: tuple[str, ...]) -> tuple[str, ...]:
        """The units that pains at `paths` are about: those there, or all where one is about the level."""
        return self._units if self._path in paths else tuple(unit for unit in self._units if unit in paths)

    def _say(self, unit: str, word: object, within: str, key: PainKey, reason: str) -> None:
        """Tell the management of a unit; of a level, its algedonode, for its system 3 may be dead."""
        if unit in self._nested:
            node = self._node.system.named(f"{unit}:algedonode", type(self._node))
            below = PainKey(unit, key.index, key.cause)
            node.cast(getattr(type(self._node), within), below, reason)
        else:
            self._node.tell(Channel.ALGEDONIC, Role.MANAGEMENT, word, unit)

    async def _stop(self, reason: str) -> None:
        """End the level, as whoever keeps it would."""
        above = level_of(self._path)
        if not above:
            await self._node.system.named(self._path, Agent).stop(Shutdown(reason), timeout=None)
            return
        keeper = self._node.system.named(f"{above}:operations", Supervisor)
        await keeper.within(None).call(Supervisor.terminate_child, self._path.rpartition("/")[2])
