"""How agents find each other: registries of keys, groups with members, topics with subscribers."""

from cybernetic.naming.agents import GroupsAgent, RegistryAgent, TopicsAgent
from cybernetic.naming.groups import Groups
from cybernetic.naming.messages import Joined, Left, Published, Registered, Unregistered
from cybernetic.naming.registry import Registry
from cybernetic.naming.shared import SharedHost
from cybernetic.naming.table import Entry
from cybernetic.naming.topics import Topics
from cybernetic.naming.via import Via

__all__ = (
    "Entry",
    "Groups",
    "GroupsAgent",
    "Joined",
    "Left",
    "Published",
    "Registered",
    "Registry",
    "RegistryAgent",
    "SharedHost",
    "Topics",
    "TopicsAgent",
    "Unregistered",
    "Via",
)
