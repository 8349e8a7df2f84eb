"""What has no round of its own shows that it lives all the same, and is missed when it hangs: books, and a world."""

from asyncio import Future
from pathlib import Path
from typing import Any

from cybernetic.state import Graph
from cybernetic.vsm.algedonic.watcher import VIGIL, Watcher
from cybernetic.vsm.books.books import KEEP, Books
from cybernetic.vsm.channels.channel import Channel, Role
from cybernetic.vsm.channels.ear import level_of, line_name
from cybernetic.vsm.channels.line import Line
from cybernetic.vsm.channels.messages import Beat
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


def at_work(role: str, who: Any) -> object:
    """Who bears a role, as far as he hangs. Books and a world show that they live when all is done that came before:
    who goes on handling messages is another each time, for he is busy and is not to be ended.
    """
    if who is None or role not in (BOOKS, WORLD):
        return who
    info = who.inspect().info()
    return None if info is None else (who, info.reductions)


class LivingBooks(Books):
    """Books that are missed when they hang, and ended, by who watches one level above: all that needs them begins anew
    with them. A disk that does not answer is missed, too; nobody ends that.
    """

    def __init__(
        self, data: Path | str | None = None, path: str = "books", keep: int = KEEP, beside: str | None = None
    ) -> None:
        super().__init__(data, path, keep, beside)
        self._path, self._round = path, pulse_at(self.system, path)
        self._asked: Future[Any] | None = None

    async def setup(self) -> None:
        """Open them, and begin to show."""
        await super().setup()
        self.ref.every(within(BOOKS, self._round)).cast(LivingBooks.turn)
        self.turn()

    def turn(self) -> None:
        """They do what they are asked for; whether the disk does is seen when it has answered."""
        self._shows(BOOKS)
        if self._file is not None and (self._asked is None or self._asked.done()):
            self._asked = self._kept.load(BOOKS)
            self._asked.add_done_callback(self._answered_by_disk)

    def _answered_by_disk(self, done: "Future[Any]") -> None:
        if not done.cancelled() and done.exception() is None:
            self._shows(DISK)

    def _shows(self, what: str) -> None:
        period, above = within(what, self._round), level_of(self._path)
        if above:
            _say(self.system, Beat(what, self._path, period), above)
        else:
            vigil = self.system.named(f"{self._path}:{VIGIL}", Watcher)
            vigil.cast(Watcher.shows, what, self._path, period)


class LivingGraph(Graph):
    """The graph of a world, that is missed when it hangs, and ended.

    Args:
        path: of the level or unit with which the world begins in this process.
        level: path of the level that misses it.
        of: the arguments of a graph.
    """

    def __init__(self, path: str, level: str, *of: Any) -> None:
        super().__init__(*of)
        self._path, self._level, self._round = path, level, pulse_at(self.system, level)

    async def setup(self) -> None:
        """Begin, and show it."""
        await super().setup()
        self.ref.every(within(WORLD, self._round)).cast(LivingGraph.turn)
        self.turn()

    def turn(self) -> None:
        """It does what it is asked for."""
        _say(self.system, Beat(WORLD, self._path, within(WORLD, self._round)), self._level)


def _say(system: Any, beat: Beat, level: str) -> None:
    """Say it to who watches the parts of a level; what a unit keeps speaks as its management does."""
    id, sender = note_id(), Role.CHANNEL if beat.path == level else Role.MANAGEMENT
    to = Channel.ALGEDONIC, sender, beat.path, Role.ALGEDONODE, level
    note = Note(*to, beat, id, id, sent_at=now())
    system.named(line_name(level, Channel.ALGEDONIC), Line).cast(Line.carry, note)
