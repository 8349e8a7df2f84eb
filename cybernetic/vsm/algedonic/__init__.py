"""The algedonic channel's end in each level: pain is felt, climbs, and wakes a human."""

from cybernetic.vsm.algedonic.algedonode import Algedonode
from cybernetic.vsm.algedonic.humans import ConsoleHuman, HumanSink, Page

__all__: tuple[str, ...] = (
    "Algedonode",
    "ConsoleHuman",
    "HumanSink",
    "Page",
)
