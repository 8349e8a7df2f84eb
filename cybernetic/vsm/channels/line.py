"""The agent that carries one channel of one level, and what it counts."""

import logging
from dataclasses import dataclass
from math import inf, log
from typing import Any, ClassVar

from cybernetic.core import CannotTravel, Refusal, number
from cybernetic.runtime import Agent, Deferred, Named
from cybernetic.vsm.channels.channel import Channel, Role
from cybernetic.vsm.channels.ear import Ear, address
from cybernetic.vsm.channels.note import Note
from cybernetic.vsm.channels.topology import NotInTopology, check_way
from cybernetic.vsm.timing import now
from cybernetic.wire import travels

_log = logging.getLogger("cybernetic.vsm")


@travels(name="vsm.LineState")
@dataclass(frozen=True, slots=True)
class LineState:
    """What a line has carried: notes `carried`, those `refused` by the table, and `late` ones that were let go.

    `dropped` gave way in a flood, and `lost` came to somebody who had no ear for them, or could not travel: variety
    that the channel did not carry. `utilisation` is its load against its capacity (more than .8 is too much), `age` how
    long the last note had waited when its turn came, seconds (more than a period is too long). All of it was measured
    when the note came whose id is `source` ("": none has come), but for `dropped`: of those that gave way nobody knows.
    """

    channel: Channel
    carried: int
    refused: int
    late: int
    utilisation: float
    dropped: int = 0
    lost: int = 0
    age: float = 0.0
    source: str = ""

    @property
    def fidelity(self) -> float:
        """The share of what was said that was understood, 1 where nothing was said (Beer's third principle)."""
        said = self.carried + self.dropped
        return 1.0 if not said else max(0.0, 1.0 - (self.lost + self.dropped) / said)


FULL = 0.8  # of the capacity


@travels(name="vsm.NotCarried")
class NotCarried(Refusal):
    """A note came to a line that may not pass it on: to that of another channel, or when its deadline was over."""

    def __init__(self, expected: str, got: str) -> None:
        super().__init__(f"note: expected {expected}, got: {got}")


class Line(Agent):
    """One channel of one level: it refuses what the table of topology does not have, and passes on the rest in order.

    Each channel has an agent of its own, so a flood on one delays no other (T-CH-isolation).

    Args:
        channel: which one.
        level: the path of the level.
        capacity: notes a second it is meant for; see `LineState.utilisation`.
        period: seconds of the loop it serves.
    """

    mailbox_limit: ClassVar[int | None] = 10_000

    def __init__(self, channel: Channel, level: str, capacity: float = 1000.0, period: float = 1.0) -> None:
        self.channel, self.level = channel, level
        self._capacity, self._period = (
            number("capacity", capacity, above=0),
            number("period", period, above=0),
        )
        self._half = self._period / 2
        self._full = self._watched = True  # a predecessor may have been, and may have said so
        self._born = now()
        self._age, self._old = 0.0, -inf  # of the last note, and when one that is too old came last
        self._rate, self._at = 0.0, 0.0  # notes a second, as of when
        self._carried = self._refused = self._late = self._lost = 0
        self._last = ""  # the id of the last note
        self._known: dict[tuple[Role, str], Named[Ear]] = {}

    def setup(self) -> None:
        """Look once enough was carried to tell, whatever was before."""
        self.ref.after(2 * self._period).cast(Line.look)

    def carry(self, note: Note) -> None:
        """Pass a note on; nobody waits for an answer."""
        if self._accepts(note):
            try:
                self._to(note).cast(Ear.take, note)
            except CannotTravel as error:  # what one sender says must not end the channel of all
                self._lost += 1
                _log.warning("%s: a note of %s was dropped: %s", self.channel.value, note.path_from, error)

    def relay(self, note: Note) -> Deferred[Any]:
        """Pass a note on, and the answer back. Raises what the one spoken to raises, `NotInTopology`, `NotCarried`."""
        check_way(note.channel, note.sender, note.role)  # whoever asks is told, so it need not be counted
        answer = self.defer()
        if self._accepts(note):
            self.task(self._relayed(note, answer))
        else:
            answer.fail(self._why_not(note))
        return answer

    def state(self) -> LineState:
        """What it has carried so far."""
        info = self.ref.inspect().info()
        return LineState(
            self.channel,
            self._carried,
            self._refused,
            self._late,
            self._rate_at(now()) / self._capacity,
            0 if info is None else info.dropped,
            self._lost,
            self._age,
            self._last,
        )

    def look(self) -> None:
        """A period after it was loaded with more than `FULL` of its capacity, or late: whether it still is."""
        was, self._full = self._full, self._too_much(now())
        if was or self._full:
            self.loaded(self._full)
        self._watched = False
        self._watch(now())

    def loaded(self, full: bool) -> None:
        """Override: for a period it has been loaded with too much (told each period), or (not `full`) is no more."""

    def _watch(self, at: float) -> None:
        if not self._watched and self._too_much(at):
            self._watched = True
            self.ref.after(self._period).cast(Line.look)

    def misheard(self) -> None:
        """A note that was carried came to somebody who had no ear for its body."""
        self._lost += 1

    async def _relayed(self, note: Note, answer: Deferred[Any]) -> None:
        left = None if note.deadline is None else max(0.001, note.deadline - now())
        try:
            value = await self._to(note).within(left).call(Ear.take, note)
        except Exception as error:
            answer.fail(error)
        else:
            answer.reply(value)

    def _accepts(self, note: Note) -> bool:
        at, self._last = now(), note.id
        self._rate, self._at = self._rate_at(at) + log(2.0) / self._half, at
        if note.sent_at:
            self._age = max(0.0, at - note.sent_at)
            self._old = at if self._age > self._period else self._old
        self._watch(at)
        try:
            check_way(note.channel, note.sender, note.role)
        except NotInTopology:
            self._refused += 1
            return False
        if note.channel is not self.channel:
            self._refused += 1
            return False
        if note.late(at):
            self._late += 1
            return False
        self._carried += 1
        return True

    def _why_not(self, note: Note) -> NotCarried:
        """Why a note that the table has a way for is not passed on."""
        if note.channel is not self.channel:
            return NotCarried(
                f"one for the channel {self.channel.value!r}", f"one for {note.channel.value!r}"
            )
        return NotCarried("one before its deadline", f"one {now() - (note.deadline or 0.0):g} s after it")

    def _too_much(self, at: float) -> bool:
        """Beer's second principle: more than it is meant for, or what waits does so for longer than a period (1.9)."""
        age = max(self._period, at - self._born)
        known = 1.0 - 2.0 ** (-age / self._half)  # of the average, as far as it was born then
        return self._rate_at(at) > known * FULL * self._capacity or at - self._old < self._half

    def _rate_at(self, at: float) -> float:
        """The average rate, with weights that halve every half period, as `variety.ChannelLoad` has it."""
        return float(self._rate * 2.0 ** ((self._at - at) / self._half))

    def _to(self, note: Note) -> Named[Ear]:
        key = note.role, note.path_to
        known = self._known.get(key)
        if known is None:
            known = self._known[key] = self.system.named(address(*key), Ear)
        return known
