"""The channels of a viable system and the roles they connect, as enumerations."""

from enum import Enum

from cybernetic.wire import travels


@travels(name="vsm.Channel")
class Channel(Enum):
    """What runs between the systems of one level: Beer's six vertical components, the algedonic signal beside them,
    and the conversation of systems 3, 4 and 5 among themselves (*The Heart of Enterprise*, first axiom).
    """

    COMMAND = "command"  # corporate intervention and requirements
    BARGAIN = "bargain"  # resources down, accountability up
    OPERATIONS = "operations"  # between units: hand-offs
    ENVIRONMENT = "environment"  # what units share outside: seen, not sent
    COORDINATION = "coordination"  # system 2
    AUDIT = "audit"  # system 3*
    ALGEDONIC = "algedonic"  # pain and pleasure, up any number of levels
    METASYSTEM = "metasystem"  # systems 3, 4 and 5 with each other: none of the six

    __hash__ = object.__hash__  # a member is itself alone, and every note is looked up by it

    @property
    def vertical(self) -> bool:
        """Whether it is one of the six of the first axiom."""
        return self not in (Channel.ALGEDONIC, Channel.METASYSTEM)


@travels(name="vsm.Role")
class Role(Enum):
    """Who speaks or is spoken to within one level."""

    OPERATION = "operation"  # system 1: does the work
    MANAGEMENT = "management"  # system 1: of one unit
    PORTER = "porter"  # system 1: the ports of one unit, and the evidence they leave
    COORDINATION = "coordination"  # system 2
    CONTROL = "control"  # system 3
    AUDIT = "audit"  # system 3*
    INTELLIGENCE = "intelligence"  # system 4
    POLICY = "policy"  # system 5
    ALGEDONODE = "algedonode"
    ENVIRONMENT = "environment"  # what brings the work
    CHANNEL = "channel"  # what carries all this, and has something to say of itself when it is too much

    __hash__ = object.__hash__

    @property
    def in_unit(self) -> bool:
        """Whether each unit has one, rather than the level."""
        return self in (Role.OPERATION, Role.MANAGEMENT, Role.PORTER)
