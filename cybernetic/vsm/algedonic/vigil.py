"""Who watches at the top, where there is no level above: the deadman of the ladder itself, and the last to call."""

from collections import deque
from collections.abc import Callable, Collection, Sequence
from typing import Any

from cybernetic.core import CallError, Kill, Reason, Refusal, attach
from cybernetic.runtime import Agent
from cybernetic.supervision import GaveUp
from cybernetic.vsm.algedonic.algedonode import Algedonode
from cybernetic.vsm.algedonic.deadmen import Deadmen, Key
from cybernetic.vsm.algedonic.humans import Page
from cybernetic.vsm.algedonic.showing import BOOKS, within
from cybernetic.vsm.algedonic.sinks import Sinks
from cybernetic.vsm.algedonic.watcher import VIGIL, Watcher
from cybernetic.vsm.books.books import Books
from cybernetic.vsm.books.entry import Entry
from cybernetic.vsm.channels.channel import Role
from cybernetic.vsm.channels.ear import level_of
from cybernetic.vsm.ladder.clocks import Clocks, Paging
from cybernetic.vsm.ladder.signals import Cause, Pain, PainKey, Severity
from cybernetic.vsm.pulse import pulse_at
from cybernetic.vsm.timing import now

LATE = 1.0  # seconds; who is missed is so after longer
LINES = 100  # of the log that are kept until there are books again; the oldest are given up
OWED = "owed by the vigil"  # the name in the books of what is to be said again
FIRST = 7.5  # seconds of the first period of books: until then they may still be opening


class Vigil(Watcher):
    """Expects the top's algedonode to show that it lives, and its books, as the algedonode ends with these; it pages a
    human by itself when one does not. What hangs it ends, as the algedonode does with all else. It pages also when the
    top, its channels or its level have used up their restarts, for then nobody else is left to say so. And it says
    that it is over of what an algedonode had paged for that nobody knows of any more, as the books have forgotten it.

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
        self.path, self._paging, self._top = path, paging, top
        self._node = self.system.named(f"{path}:algedonode", Algedonode)
        self._books = self.system.named(f"{path}:books", Books)
        self._sinks = Sinks(self, human, self._jot, lambda owed: self._books.cast(Books.save, OWED, owed))
        self._lines: deque[Entry] = deque(maxlen=LINES)
        self._loaded = False
        self._paged: dict[PainKey, bool] = {}  # by an algedonode; whether no algedonode knows of it any more
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
        self._node.cast(Algedonode.watched)
        self.ref.every(self._period).cast(Vigil.turn)

    def shows(self, role: str, path: str, period: float) -> None:
        """The algedonode, or the books of the top, show that they live."""
        key = role, path
        if self._deadmen.beat(key, period, now()) and self._attempts.pop(key, 0):
            self.task(self._sinks.over(self._silence(key).key))
        if not self._unkept:
            self._go_on()

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
        self._sinks.again()

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

    # What an algedonode pages for.

    def paged(self, key: PainKey) -> None:
        """The algedonode calls a human for a pain."""
        self._paged[key] = False
        self._sinks.settle(key)

    def told(self, key: PainKey) -> None:
        """He is told that it is over."""
        self._paged.pop(key, None)

    def holds(self, keys: Collection[PainKey]) -> None:
        """An algedonode has begun, and knows of these pains: others that were paged for are over, where books live."""
        self._paged = {key: key not in keys for key in self._paged}
        self._forgotten()

    def _forgotten(self) -> None:
        if not self._unkept:
            for key in [key for key, lost in self._paged.items() if lost]:
                del self._paged[key]
                self.task(self._sinks.over(key))

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

    # The human, and the log.

    async def _call(self, pain: Pain, attempt: int) -> None:
        self._sinks.settle(pain.key)
        await self._sinks.page(Page(pain, attempt, self.path))

    @property
    def _unkept(self) -> bool:
        """Whether what is written now may be lost."""
        return (BOOKS, self.path) in self._deadmen.silent

    def _jot(self, kind: str, body: object) -> None:
        self._lines.append(Entry(kind, self.path, body, now()))
        if not self._unkept:
            self._go_on()

    def _go_on(self) -> None:
        """There are books: write what is unwritten, and say what is unsaid."""
        while self._lines:
            self._books.cast(Books.note, self._lines.popleft())
        self._forgotten()
        if not self._loaded:
            self._loaded = True
            self.task(self._load())

    async def _load(self) -> None:
        """What a predecessor had to say again."""
        try:
            owed: Collection[PainKey] = await self._books.call(Books.load, OWED) or ()
        except (CallError, Refusal):
            self._loaded = False
        else:
            silent = {self._silence(key).key for key in self._deadmen.silent if key in self._since}
            self._sinks.begin(key for key in owed if key not in silent)


def _begins(who: Any) -> bool:
    """Whether an agent is still in its `setup`."""
    info = who.inspect().info()
    return info.status == "waiting" and not info.reductions
