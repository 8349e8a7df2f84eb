"""The channels of a level as they stand in it: one that has to carry too much for too long hurts."""

from functools import cached_property
from math import inf

from cybernetic.runtime import Named
from cybernetic.vsm.algedonic.messages import Felt, Relief
from cybernetic.vsm.channels.channel import Channel, Role
from cybernetic.vsm.channels.ear import line_name, line_role
from cybernetic.vsm.channels.line import Line
from cybernetic.vsm.channels.messages import Beat
from cybernetic.vsm.channels.note import Note, note_id
from cybernetic.vsm.ladder.signals import Cause, Pain
from cybernetic.vsm.timing import now


class FeelingLine(Line):
    """A line whose load is felt: the pain `<channel> full`, of the level, as long as it lasts (1.9, capacity); and that
    is missed when it hangs, as whatever else has a round.
    """

    _beaten = -inf  # when it showed last that it lives

    def setup(self) -> None:
        """Show that it lives."""
        super().setup()
        self.ref.every(self._period).cast(FeelingLine.turn)

    def turn(self) -> None:
        """A round: it carries what there is to carry. In a flood that gives way to what is new the notes show it."""
        at = now()
        if at - self._beaten > self._half:
            self._beaten = at
            self._say(Beat(line_role(self.channel), self.level, self._period))

    def loaded(self, full: bool) -> None:
        """Say so, on the algedonic channel."""
        pain = Pain(self.level, f"{self.channel.value} full", Cause.LIMITS, since=now())
        self._say(Felt(pain) if full else Relief(pain.key))

    def _accepts(self, note: Note) -> bool:
        self.turn()
        return super()._accepts(note)

    def _say(self, body: object) -> None:
        id, level = note_id(), self.level
        note = Note(
            Channel.ALGEDONIC, Role.CHANNEL, level, Role.ALGEDONODE, level, body, id, id, sent_at=now()
        )
        self._nerve.cast(Line.carry, note)

    @cached_property
    def _nerve(self) -> Named[Line]:
        return self.system.named(line_name(self.level, Channel.ALGEDONIC), Line)


class LossyFeelingLine(FeelingLine):
    """One on which only the latest word counts: in a flood the oldest gives way."""

    overflow = "drop_oldest"
