"""What every part of a level has in common: how it speaks on channels, hears, and shows that it lives."""

from typing import Any

from cybernetic.vsm.channels.channel import Channel, Role
from cybernetic.vsm.channels.ear import Ear, NotUnderstood, level_of, line_name
from cybernetic.vsm.channels.line import Line
from cybernetic.vsm.channels.messages import Beat
from cybernetic.vsm.channels.note import Note, Why, note_id
from cybernetic.vsm.channels.topology import check_way
from cybernetic.vsm.pulse import pulse_at
from cybernetic.vsm.timing import now

PATIENCE = 5.0  # seconds for an answer on a channel, unless said otherwise


class Member(Ear):
    """A part of a level, that speaks and hears on its channels.

    Args:
        path: of the unit, for a part of one; else of the level.

    Attributes:
        period: seconds of the loop it runs (`cycle`); None: it runs none. A class says it for a pulse of 1.
        pulse: seconds of a round of the level.
    """

    period: float | None = None

    def __init__(self, path: str) -> None:
        self.path = path
        self.level = level_of(path) if self.role.in_unit else path
        self._lines: dict[Channel, Any] = {}
        self.pulse = pulse_at(self.system, self.level)
        if self.period is not None and self.role is not Role.ALGEDONODE:
            self.period *= self.pulse

    def setup(self) -> Any:
        """Begin the loop, if it has one."""
        if self.period is not None:
            self.ref.every(self.period).cast(type(self).turn)

    def take(self, note: Note) -> Any:
        """A note has come. Raises `NotUnderstood`, which the line counts: what nobody has an ear for is lost."""
        if type(note.body) not in self._ears:
            self._line(note.channel).cast(Line.misheard)
            raise NotUnderstood(self.role, note.body)
        return super().take(note)

    def tell(
        self,
        channel: Channel,
        role: Role,
        body: object,
        to: str | None = None,
        *,
        cause: Note | Why | None = None,
        disturbance: str | None = None,
        deadline: float | None = None,
    ) -> None:
        """Say something, without waiting. `to`: the path spoken to; None: of the level. Raises `NotInTopology`.

        What is said because of nothing that was said before began with its disturbance, if it has one.
        """
        note = self._note(channel, role, body, to, cause, disturbance, deadline)
        self._line(channel).cast(Line.carry, note)

    async def ask(
        self,
        channel: Channel,
        role: Role,
        body: object,
        to: str | None = None,
        *,
        cause: Note | Why | None = None,
        disturbance: str | None = None,
        patience: float | None = PATIENCE,
    ) -> Any:
        """Say something and wait `patience` seconds for the answer (None: as long as it takes).

        Raises `NotInTopology`, what the one spoken to refuses with, `CallFailed` where there is nobody, `CallTimeout`.
        """
        note = self._note(
            channel, role, body, to, cause, disturbance, None if patience is None else now() + patience
        )
        return await self._line(channel).within(patience).call(Line.relay, note)

    def turn(self) -> Any:
        """One turn of the loop; then it shows that it lives (Beer's fourth principle)."""
        result = self.cycle()
        return self._beat() if result is None else self._cycled(result)

    async def _cycled(self, cycle: Any) -> None:
        await cycle
        self._beat()

    def _beat(self) -> None:
        if self.role is not Role.ALGEDONODE:
            assert self.period is not None
            self.tell(Channel.ALGEDONIC, Role.ALGEDONODE, Beat(self.role.value, self.path, self.period))

    def cycle(self) -> Any:
        """Override: what the loop does, sync or async."""

    def _note(
        self,
        channel: Channel,
        role: Role,
        body: object,
        to: str | None,
        cause: Note | Why | None,
        disturbance: str | None,
        deadline: float | None,
    ) -> Note:
        check_way(channel, self.role, role)
        id = note_id()
        where = self.level if to is None else to
        root, begun = disturbance or id, disturbance
        note = Note(
            channel, self.role, self.path, role, where, body, id, root, begun, disturbance, now(), deadline
        )
        return note.because(cause)

    def _line(self, channel: Channel) -> Any:
        known = self._lines.get(channel)
        if known is None:
            known = self._lines[channel] = self.system.named(line_name(self.level, channel), Line)
        return known
