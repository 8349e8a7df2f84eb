"""Who watches at the top, where there is no level above: the deadman of the ladder itself, and the last to call."""

from collections.abc import Callable, Sequence
from typing import Any

from cybernetic.core import Kill, Reason, attach
from cybernetic.runtime import Agent
from cybernetic.supervision import GaveUp
from cybernetic.vsm.algedonic.algedonode import Algedonode
from cybernetic.vsm.algedonic.deadmen import Deadmen, Key
from cybernetic.vsm.algedonic.humans import Page, called, resolved
from cybernetic.vsm.algedonic.showing import BOOKS, within
from cybernetic.vsm.algedonic.watcher import VIGIL, Watcher
from cybernetic.vsm.channels.channel import Role
from cybernetic.vsm.channels.ear import level_of
from cybernetic.vsm.ladder.clocks import Clocks, Paging
from cybernetic.vsm.ladder.signals import Cause, Pain, PainKey, Severity
from cybernetic.vsm.pulse import pulse_at
from cybernetic.vsm.timing import now

LATE = 1.0  # seconds; who is missed is so after longer
FIRST = 7.5  # seconds of the first period of books: until then they may still be opening


class Vigil(Watcher):
    """Expects the top's algedonode to show that it lives, and its books, as the algedonode ends with these; it pages a
    human by itself when one does not. What hangs it ends, as the algedonode does with all else. It pages also when the
    top, its channels or its level have used up their restarts, for then nobody else is left to say so.

    The algedonode expects the same of the vigil: each is the other's deadman.

    Args:
        path: of the top.
        human: sinks for pages, tried in order.
        top: the address of the top itself.
        paging: how often a human is called.
        clocks: of the top: the vigil looks as often as its algedonode.
    """

    def __init__(self, path: str, human: Sequence[Any], top: Any, paging: Paging, clocks: Clocks) -> None:
        self._period, self._within = clocks.look, clocks.beat
        self.path, self._human, self._paging, self._top = path, tuple(human), paging, top
        self._node = self.system.named(f"{path}:algedonode", Algedonode)
        self._unsaid: list[Pain] = []
        self._attempts: dict[Key, int] = {}  # calls for each that is silent
        self._detach: Callable[[], None] = lambda: None

    def setup(self) -> None:
        """Begin to watch."""
        self._turned = now()
        self._again, self._since = dict[Key, float](), dict[Key, float]()
        first = max(FIRST, within(BOOKS, pulse_at(self.system, self.path)))
        loops = [(Role.ALGEDONODE.value, self.path, self._within)]
        if not level_of(self.path):  # those of a level of another system show it to the one above
            loops.append((BOOKS, self.path, first))
        self._deadmen = Deadmen(loops, self._turned)
        self._detach = attach(GaveUp, self._gave_up)
        self.ref.every(self._period).cast(Vigil.turn)

    def shows(self, role: str, path: str, period: float) -> None:
        """The algedonode, or the books of the top, show that they live."""
        key = role, path
        if self._deadmen.beat(key, period, now()) and self._attempts.pop(key, 0):
            self.task(self._over(self._silence(key).key))

    def works(self, role: str, path: str) -> None:
        """The books of the top are busy."""
        self._deadmen.works((role, path))

    def turn(self) -> None:
        """Show that it lives; page while one of them is silent, with growing pauses."""
        self._node.cast(Algedonode.shows, VIGIL, self.path, self._within)
        at = now()
        if at - self._turned > min(
            self._within, self._period + LATE
        ):  # it was away: it may not have heard all
            self._deadmen.forgive(at)
        self._turned = at
        for key in self._deadmen.missed(at):
            self._again[key] = self._since[key] = at
        for key in self._deadmen.silent:
            self._look_at(key, at)
            self._call_again(key, at)

    def _call_again(self, key: Key, at: float) -> None:
        attempt = self._attempts.get(key, 0) + 1
        if at >= self._again[key] and attempt <= self._paging.attempts:
            self._attempts[key] = attempt
            self._again[key] = at + self._paging.wait(attempt)
            self.task(self._call(self._silence(key), attempt))

    def _look_at(self, key: Key, at: float) -> None:
        """Who hangs is ended, and its supervisor puts another in its place; but books may take long to open."""
        who = self.system.whereis(f"{self.path}:{key[0]}", Agent)
        if key[0] == BOOKS and who is not None and _begins(who):
            self._deadmen.works(key)
        if self._deadmen.hangs(key, who, at) and who is not None:
            self._deadmen.ended(key, at)
            self.exit(who, Kill())

    def _silence(self, key: Key) -> Pain:
        return Pain(self.path, f"{key[0]} silent", Cause.HEARTBEAT, Severity.ALERT, 1.0, self._since[key])

    # What gives up.

    def _gave_up(self, event: GaveUp) -> None:
        """Heard of any supervisor in the process: of the top's own it is said to a human before all is over."""
        parts = (self.system.whereis(f"{self.path}:{part}") for part in ("channels", "level"))
        if event.supervisor in (self._top, *parts):
            index = f"restarts of {event.id}"
            self._unsaid.append(Pain(self.path, index, Cause.EXHAUSTED, Severity.CRITICAL, 1.0, now()))
            self.ref.cast(Vigil.say)

    async def say(self) -> None:
        """Page a human for what has given up."""
        while self._unsaid:
            await self._call(self._unsaid.pop(0), 1)

    async def terminate(self, reason: Reason) -> None:
        """Say what is unsaid: with the top the vigil ends, too."""
        self._detach()
        await self.say()

    # The human.

    async def _call(self, pain: Pain, attempt: int) -> None:
        for sink in self._human:
            if await called(sink, Page(pain, attempt, self.path)) is None:
                return

    async def _over(self, key: PainKey) -> None:
        for sink in self._human:
            await resolved(sink, key)


def _begins(who: Any) -> bool:
    """Whether an agent is still in its `setup`."""
    info = who.inspect().info()
    return info.status == "waiting" and not info.reductions
