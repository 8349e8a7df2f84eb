"""What goes to a level elsewhere by a way of its own: pain, audits, the words of system 2."""

from cybernetic.vsm.channels.channel import Channel


def ways_of(pain: str | None, audit: str | None, coordination: str | None) -> dict[Channel, str]:
    """The names of the outlets, by channel; what has none goes with all else."""
    named = {Channel.ALGEDONIC: pain, Channel.AUDIT: audit, Channel.COORDINATION: coordination}
    return {channel: name for channel, name in named.items() if name is not None}
