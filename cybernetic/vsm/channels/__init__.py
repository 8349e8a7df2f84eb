"""The channels of a level: who may say what to whom, and what carries it."""

from cybernetic.vsm.channels.channel import Channel, Role
from cybernetic.vsm.channels.ear import Ear, address, hears, level_of, line_name
from cybernetic.vsm.channels.line import Line, LineState
from cybernetic.vsm.channels.member import Member
from cybernetic.vsm.channels.note import Note
from cybernetic.vsm.channels.topology import TOPOLOGY, NotInTopology, between, topology_table

__all__: tuple[str, ...] = (
    "Channel",
    "Ear",
    "Line",
    "LineState",
    "Member",
    "NotInTopology",
    "Note",
    "Role",
    "TOPOLOGY",
    "address",
    "between",
    "hears",
    "level_of",
    "line_name",
    "topology_table",
)
