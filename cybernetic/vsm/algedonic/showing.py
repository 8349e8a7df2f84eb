"""What has no round of its own shows that it lives all the same, and is missed when it hangs: books, and a world."""

import asyncio
from asyncio import Future
from collections.abc import Callable
from pathlib import Path
from typing import Any

from cybernetic.runtime import Named
from cybernetic.state import Graph
from cybernetic.vsm.algedonic.watcher import VIGIL, Watcher
from cybernetic.vsm.books.books import KEEP, Books
from cybernetic.vsm.channels.channel import Channel, Role
from cybernetic.vsm.channels.ear import level_of, line_name
from cybernetic.vsm.channels.line import Line
from cybernetic.vsm.channels.messages import AtWork, Beat
from cybernetic.vsm.channels.note import Note, note_id
from cybernetic.vsm.pulse import pulse_at
from cybernetic.vsm.timing import now

BOOKS, DISK, WORLD = "books", "disk", "world"
ROUNDS = {BOOKS: 2.0, DISK: 10.0, WORLD: 10.0}
"""Of the level, seconds where these are longer, within which each shows that it lives. A disk may be slow, and a world
has long answers to give.
"""


def within(what: str, pulse: float) -> float:
    """Seconds within which it shows that it lives: how long it may be busy does not depend on how fast a level goes."""
    return ROUNDS[what] * max(1.0, pulse)


class Rounds:
    """The rounds of an agent that has none: it shows that it lives when all is done that came before. While it is busy
    with that it says so itself, beside its mailbox, for who watches may be in another process, and cannot look.

    Args:
        agent: whose.
        what: it is.
        pulse: of the level, seconds.
        turn: the message that is a round; it calls `came`.
    """

    def __init__(self, agent: Any, what: str, pulse: float, turn: Any) -> None:
        self._agent, self._turn, self.period = agent, turn, within(what, pulse)
        self._due = False

    def came(self) -> None:
        """A round is done."""
        self._due = False

    async def go(self, busy: Callable[[], object]) -> None:
        """Go round and round; `busy` says that it is."""
        handled = 0
        while True:
            known, handled = handled, self._agent.ref.inspect().info().reductions
            if not self._due:
                self._due = True
                self._agent.ref.cast(self._turn)
            elif handled != known:
                busy()
            await asyncio.sleep(self.period)


class LivingBooks(Books):
    """Books that are missed when they hang, and ended, by who watches one level above: all that needs them begins anew
    with them. A disk that does not answer is missed, too; nobody ends that.
    """

    def __init__(
        self, data: Path | str | None = None, path: str = "books", keep: int = KEEP, beside: str | None = None
    ) -> None:
        super().__init__(data, path, keep, beside)
        self._path, self._pulse = path, pulse_at(self.system, path)
        self._rounds = Rounds(self, BOOKS, self._pulse, LivingBooks.turn)
        self._asked: Future[Any] | None = None

    async def setup(self) -> None:
        """Open them, and begin to show."""
        await super().setup()
        self.task(self._rounds.go(self._busy))

    def turn(self) -> None:
        """They do what they are asked for; whether the disk does is seen when it has answered."""
        self._rounds.came()
        self._shows(BOOKS)
        if self._file is not None and (self._asked is None or self._asked.done()):
            self._asked = self._kept.load(BOOKS)
            self._asked.add_done_callback(self._answered_by_disk)

    def _answered_by_disk(self, done: "Future[Any]") -> None:
        if done.cancelled() or done.exception() is not None or not self.system.alive(self.ref):
            return  # of one that has ended nobody hears, and there may be no system left to say it to
        self._shows(DISK)

    def _shows(self, what: str) -> None:
        period, above = within(what, self._pulse), level_of(self._path)
        if above:
            _say(self.system, Beat(what, self._path, period), above)
        else:
            self._vigil().cast(Watcher.shows, what, self._path, period)

    def _busy(self) -> None:
        if above := level_of(self._path):
            _say(self.system, AtWork(BOOKS, self._path), above)
        else:
            self._vigil().cast(Watcher.works, BOOKS, self._path)

    def _vigil(self) -> "Named[Watcher]":
        return self.system.named(f"{self._path}:{VIGIL}", Watcher)


class LivingGraph(Graph):
    """The graph of a world, that is missed when it hangs, and ended.

    Args:
        path: of the level or unit with which the world begins in this process.
        level: path of the level that misses it.
        of: the arguments of a graph.
    """

    def __init__(self, path: str, level: str, *of: Any) -> None:
        super().__init__(*of)
        self._path, self._level = path, level
        self._rounds = Rounds(self, WORLD, pulse_at(self.system, level), LivingGraph.turn)

    async def setup(self) -> None:
        """Begin, and show it."""
        await super().setup()
        self.task(self._rounds.go(self._busy))

    def turn(self) -> None:
        """It does what it is asked for."""
        self._rounds.came()
        _say(self.system, Beat(WORLD, self._path, self._rounds.period), self._level)

    def _busy(self) -> None:
        _say(self.system, AtWork(WORLD, self._path), self._level)


def _say(system: Any, word: Beat | AtWork, level: str) -> None:
    """Say it to who watches the parts of a level; what a unit keeps speaks as its management does."""
    id, sender = note_id(), Role.CHANNEL if word.path == level else Role.MANAGEMENT
    to = Channel.ALGEDONIC, sender, word.path, Role.ALGEDONODE, level
    note = Note(*to, word, id, id, sent_at=now())
    system.named(line_name(level, Channel.ALGEDONIC), Line).cast(Line.carry, note)
