"""The last resort: what is done at a level when no human answers for its pain. It needs nothing of systems 2 to 5."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from math import inf
from typing import Any

from cybernetic.core import Shutdown
from cybernetic.runtime import Agent, Named
from cybernetic.supervision import Supervisor
from cybernetic.vsm.books.books import Books
from cybernetic.vsm.books.entry import Entry
from cybernetic.vsm.channels.channel import Channel, Role
from cybernetic.vsm.channels.ear import level_of
from cybernetic.vsm.decisions.verdicts import Allow, Deny
from cybernetic.vsm.ladder.signals import Cause, PainKey
from cybernetic.vsm.operations.messages import Intervention, Resumption, Rung
from cybernetic.vsm.timing import now
from cybernetic.wire import travels

OVER = "what hurt is over"


@travels(name="vsm.Denial")
@dataclass(frozen=True, slots=True)
class Denial:
    """Nobody answered: why, the paths of what may not go on, and whether the level above says so of this one."""

    reason: str
    paths: tuple[str, ...]
    above: bool = False


class LastResort:
    """Carries out what was declared for the silence of all humans: a silence never comes to leave by itself.

    What is held here is said again and again while it is; who is held says so as often, and hears when it is not any
    more. So it is no matter who was away, or had begun anew, when either was said for the first time.

    A part of the level's own that is silent or dead does nothing that could be denied, so that is no matter of its
    units: they are autonomous without it.

    Args:
        node: the algedonode, called from within it only.
        path: of its level.
        loops: what beats in it; the managements among them are told.
        elsewhere: paths of units whose inside is a level of another system.
        denied: what a denial comes to, "suspend" or "stop".

    Attributes:
        denials: in force, by the pain they are for.
    """

    def __init__(
        self,
        node: Any,
        path: str,
        loops: Iterable[tuple[str, str, float]],
        elsewhere: Collection[str],
        denied: str,
    ) -> None:
        self._node, self._path, self._denied = node, path, denied
        beats = tuple(loops)
        self._units = tuple(one for role, one, _ in beats if role == Role.MANAGEMENT.value)
        self._levels = frozenset(one for role, one, _ in beats if role == Role.ALGEDONODE.value) | {
            *elsewhere
        }
        self._books: Named[Books] = node.system.named(f"{path}:books", Books)
        self.denials: dict[PainKey, Denial] = {}

    async def begin(self) -> None:
        """Go on from the books."""
        self.denials = dict(await self._books.call(Books.load, "denials") or {})

    def unanswered(self, key: PainKey, members: Collection[PainKey], verdict: Allow | Deny) -> None:
        """No human answered for a pain; `members` are those it stands for, if it is a storm."""
        if isinstance(verdict, Allow):
            return
        if self._denied == "stop":
            self._node.task(self._stop(verdict.reason))
        else:
            paths = sorted({one.path for one in members or (key,) if self._matters(one)})
            self._deny(key, Denial(verdict.reason, tuple(paths)))

    def deny(self, key: PainKey, reason: str) -> None:
        """The level above says that this one may not go on; what is denied here anyway stays as it is."""
        if key not in self.denials:  # it is said again and again
            self._deny(key, Denial(reason, (key.path,), above=True))

    def _deny(self, key: PainKey, denial: Denial) -> None:
        self.denials[key] = denial
        self._keep(key, self._of(denial), Rung.SUSPEND.name, _why(key, denial.reason))
        self._suspend(key)

    def let_go(self, key: PainKey, why: str) -> None:
        """The level above says that this one may go on."""
        if key in self.denials and self.denials[key].above:
            self.over(key, why)

    def again(self) -> None:
        """Say once more what holds: what was born since does not know. Ask whether what is held from above still is."""
        for key in self.denials:
            self._suspend(key)
        told = tuple(key for key, one in self.denials.items() if one.above)
        if told and level_of(self._path):
            self._algedonode(level_of(self._path)).cast(type(self._node).held, self._path, told)

    def held(self, unit: str, keys: Collection[PainKey] = ()) -> None:
        """A unit says that it is held, a level for which pains (`keys`): it hears if it is not any more."""
        if unit in self._levels:
            for key in keys:
                if not any(unit in self._of(one) and _same(key, at) for at, one in self.denials.items()):
                    self._say(unit, "let_go", key, OVER)
        elif unit in self._units and unit not in self._held():
            self._node.tell(Channel.ALGEDONIC, Role.MANAGEMENT, Resumption(OVER), unit)

    def over(self, key: PainKey, why: str) -> None:
        """It hurts no more."""
        denial = self.denials.pop(key, None)
        if denial is not None:
            free = [unit for unit in self._of(denial) if unit not in self._held()]
            self._keep(key, free, "RESUMED", why)
            for unit in free:
                self._say(unit, "let_go", key, why)

    def resumed(self, unit: str) -> bool:
        """A human lets a unit go on, or (its path) the whole level; whether the level above holds it even so."""
        about = [key for key, one in self.denials.items() if unit == self._path or unit in self._of(one)]
        for key in about:
            if not self.denials[key].above:
                self.over(key, "a human lets it go on")
        return any(key in self.denials for key in about)

    def _matters(self, key: PainKey) -> bool:
        gone = key.cause in (Cause.HEARTBEAT.value, Cause.EXIT.value)
        return key.path != self._path or not gone

    def _suspend(self, key: PainKey) -> None:
        denial = self.denials[key]
        for unit in self._of(denial):
            self._say(unit, "deny", key, denial.reason)

    def _of(self, denial: Denial) -> tuple[str, ...]:
        """The units that are denied: those there, or all where it is about the level."""
        paths = denial.paths
        return self._units if self._path in paths else tuple(unit for unit in self._units if unit in paths)

    def _held(self) -> set[str]:
        return {unit for denial in self.denials.values() for unit in self._of(denial)}

    def _say(self, unit: str, what: str, key: PainKey, reason: str) -> None:
        """Tell the management of a unit; of a level, its algedonode, for its system 3 may be dead."""
        if unit in self._levels:
            below = PainKey(unit, key.index, key.cause)
            self._algedonode(unit).cast(getattr(type(self._node), what), below, reason)
        else:
            suspend = Intervention(Rung.SUSPEND, _why(key, reason), inf)
            word = suspend if what == "deny" else Resumption(reason)
            self._node.tell(Channel.ALGEDONIC, Role.MANAGEMENT, word, unit, cause=self._node.why(key))

    def _algedonode(self, level: str) -> Any:
        return self._node.system.named(f"{level}:algedonode", type(self._node))

    def _keep(self, key: PainKey, units: Collection[str], rung: str, why: str) -> None:
        """Into the books, and what that comes to for units into the log."""
        self._books.cast(Books.save, "denials", dict(self.denials))
        for unit in units:
            body = {"unit": unit, "rung": rung, "why": why, "until": None}
            entry = Entry("intervention", self._path, body, now()).because(self._node.why(key))
            self._books.cast(Books.note, entry)

    async def _stop(self, reason: str) -> None:
        """End the level, as whoever keeps it would."""
        above = level_of(self._path)
        if not above:
            await self._node.system.named(self._path, Agent).stop(Shutdown(reason), timeout=None)
            return
        keeper = self._node.system.named(f"{above}:operations", Supervisor)
        await keeper.within(None).call(Supervisor.terminate_child, self._path.rpartition("/")[2])


def _why(key: PainKey, reason: str) -> str:
    return f"{key.index}: {reason}"


def _same(one: PainKey, other: PainKey) -> bool:
    """Whether two are the same pain, wherever they are felt."""
    return (one.index, one.cause) == (other.index, other.cause)
