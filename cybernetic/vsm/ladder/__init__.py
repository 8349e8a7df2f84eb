"""The algedonic ladder: pain climbs from its owner to a human, with two clocks per level, once per pain."""

from cybernetic.vsm.ladder.arousal import Feeling, Sensitivity, arouse
from cybernetic.vsm.ladder.climb import Climb, Stage
from cybernetic.vsm.ladder.clocks import Clocks, Paging, Rungs, time_to_human
from cybernetic.vsm.ladder.deadman import Deadman, ErrorBurst
from cybernetic.vsm.ladder.effects import (
    AckRefused,
    Cleared,
    Effect,
    Folded,
    Heard,
    Noticed,
    Owned,
    Paged,
    Pleased,
    Raised,
    Unanswered,
)
from cybernetic.vsm.ladder.ladder import Ladder, Move
from cybernetic.vsm.ladder.signals import Cause, Pain, PainKey, Pleasure, Severity
from cybernetic.vsm.ladder.storm import StormRule

__all__: tuple[str, ...] = (
    "AckRefused",
    "Cause",
    "Cleared",
    "Climb",
    "Clocks",
    "Deadman",
    "Effect",
    "ErrorBurst",
    "Feeling",
    "Folded",
    "Heard",
    "Ladder",
    "Move",
    "Noticed",
    "Owned",
    "Paged",
    "Paging",
    "Pain",
    "PainKey",
    "Pleased",
    "Pleasure",
    "Raised",
    "Rungs",
    "Sensitivity",
    "Severity",
    "Stage",
    "StormRule",
    "Unanswered",
    "arouse",
    "time_to_human",
)
