"""The channels of a level as they stand in it: one that has to carry too much for too long hurts."""

from cybernetic.vsm.algedonic.messages import Felt, Relief
from cybernetic.vsm.channels.channel import Channel, Role
from cybernetic.vsm.channels.ear import line_name
from cybernetic.vsm.channels.line import Line
from cybernetic.vsm.channels.note import Note, note_id
from cybernetic.vsm.ladder.signals import Cause, Pain
from cybernetic.vsm.timing import now


class FeelingLine(Line):
    """A line whose load is felt: the pain `<channel> full`, of the level, as long as it lasts (1.9, capacity)."""

    def loaded(self, full: bool) -> None:
        """Say so, on the algedonic channel."""
        pain = Pain(self.level, f"{self.channel.value} full", Cause.LIMITS, since=now())
        id = note_id()
        note = Note(
            Channel.ALGEDONIC,
            Role.CHANNEL,
            self.level,
            Role.ALGEDONODE,
            self.level,
            Felt(pain) if full else Relief(pain.key),
            id,
            id,
            sent_at=now(),
        )
        self.system.named(line_name(self.level, Channel.ALGEDONIC), Line).cast(Line.carry, note)


class LossyFeelingLine(FeelingLine):
    """One on which only the latest word counts: in a flood the oldest gives way."""

    overflow = "drop_oldest"
