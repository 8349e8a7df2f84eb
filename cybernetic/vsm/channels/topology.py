"""Who may say something to whom, on which channel: the viable system as a table."""

from collections.abc import Iterator

from cybernetic.core import Refusal
from cybernetic.vsm.channels.channel import Channel, Role
from cybernetic.wire import travels

_UNIT = (Role.MANAGEMENT, Role.PORTER)
_META = (Role.CONTROL, Role.INTELLIGENCE, Role.POLICY)
_ALL_LOOPS = tuple(role for role in Role if role not in (Role.ALGEDONODE, Role.OPERATION))

TOPOLOGY: frozenset[tuple[Channel, Role, Role]] = frozenset(
    [
        # interventions and policy, down; what became of them, up
        (Channel.COMMAND, Role.CONTROL, Role.MANAGEMENT),
        (Channel.COMMAND, Role.MANAGEMENT, Role.CONTROL),
        (Channel.COMMAND, Role.PORTER, Role.CONTROL),
        # what is to be done again, and for whom there is no work
        (Channel.COMMAND, Role.CONTROL, Role.ENVIRONMENT),
        # the bargain
        (Channel.BARGAIN, Role.CONTROL, Role.MANAGEMENT),
        (Channel.BARGAIN, Role.MANAGEMENT, Role.CONTROL),
        # the work, with what one unit hands on to another: through the environment, which alone knows who takes what,
        # who has room and money for it, and who waits for whom
        (Channel.OPERATIONS, Role.ENVIRONMENT, Role.MANAGEMENT),
        # what is seen of the environment
        (Channel.ENVIRONMENT, Role.ENVIRONMENT, Role.INTELLIGENCE),
        (Channel.ENVIRONMENT, Role.PORTER, Role.INTELLIGENCE),
        # system 2: it grants, plans and tells, and commands nobody
        *((Channel.COORDINATION, role, Role.COORDINATION) for role in (*_UNIT, Role.AUDIT)),
        *(
            (Channel.COORDINATION, Role.COORDINATION, role)
            for role in (*_UNIT, Role.ENVIRONMENT, Role.CONTROL)
        ),
        (Channel.COORDINATION, Role.CONTROL, Role.COORDINATION),
        (Channel.COORDINATION, Role.ENVIRONMENT, Role.COORDINATION),
        # system 3*: past the management, both ways
        (Channel.AUDIT, Role.AUDIT, Role.PORTER),
        (Channel.AUDIT, Role.PORTER, Role.AUDIT),
        (Channel.AUDIT, Role.ENVIRONMENT, Role.AUDIT),
        (Channel.AUDIT, Role.AUDIT, Role.CONTROL),
        (Channel.AUDIT, Role.CONTROL, Role.AUDIT),
        # systems 3, 4 and 5
        *((Channel.METASYSTEM, one, other) for one in _META for other in _META if one is not other),
        # pain, from anywhere, and the word of who takes it over
        *((Channel.ALGEDONIC, role, Role.ALGEDONODE) for role in _ALL_LOOPS),
        *(
            (Channel.ALGEDONIC, Role.ALGEDONODE, role)
            for role in (Role.MANAGEMENT, Role.CONTROL, Role.POLICY)
        ),
    ]
)
"""Every (channel, from, to) that there is. What is not here is refused."""


@travels(name="vsm.NotInTopology")
class NotInTopology(Refusal):
    """A message was to go where no channel leads. `channel`, `sender` and `role` say between whom."""

    def __init__(self, channel: Channel, sender: Role, role: Role) -> None:
        ways = ", ".join(found.value for found in between(sender, role)) or "none"
        super().__init__(
            f"channel: expected one that leads from {sender.value} to {role.value} ({ways}), got: {channel.value}"
        )
        self.channel, self.sender, self.role = channel, sender, role


def between(sender: Role, role: Role) -> list[Channel]:
    """The channels that lead from one role to another."""
    return [channel for channel in Channel if (channel, sender, role) in TOPOLOGY]


def check_way(channel: Channel, sender: Role, role: Role) -> None:
    """Raises `NotInTopology` unless the table has the way."""
    if (channel, sender, role) not in TOPOLOGY:
        raise NotInTopology(channel, sender, role)


def topology_table() -> Iterator[str]:
    """The table as lines that a person reads, by channel."""
    for channel in Channel:
        ways = sorted((a.value, b.value) for found, a, b in TOPOLOGY if found is channel)
        yield f"{channel.value}: " + ", ".join(f"{a} -> {b}" for a, b in ways)
