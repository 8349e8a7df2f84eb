"""Algedonic signals: pain and pleasure as values with nearly no content, and what keeps two of them apart."""

from dataclasses import dataclass
from enum import Enum, IntEnum

from cybernetic.core import number
from cybernetic.vsm.checks import instance, word


class Severity(IntEnum):
    """How far a pain goes. A notice stays, an alert climbs, a critical pain is everywhere at once."""

    NOTICE = 0
    ALERT = 1
    CRITICAL = 2


class Cause(Enum):
    """Where a pain comes from."""

    LIMITS = "limits"  # an index outside its limits
    REGIME = "regime"  # a filter saw a step, a slope or a transient
    EXHAUSTED = "exhausted"  # a supervisor's restart intensity
    EXIT = "exit"
    HEARTBEAT = "heartbeat"
    ERRORS = "errors"
    AUDIT = "audit"
    INVARIANT = "invariant"
    STORM = "storm"  # many pains, told as one

    @property
    def statistical(self) -> bool:
        """Whether it is read off an index, and so may be noise: such pain is filtered, events are not."""
        return self in (Cause.LIMITS, Cause.REGIME)

    @property
    def absence(self) -> bool:
        """Whether it says that something is not there: it ended, gave up, or is not heard."""
        return self in (Cause.EXIT, Cause.EXHAUSTED, Cause.HEARTBEAT)


@dataclass(frozen=True, slots=True, order=True)
class PainKey:
    """What makes two pains the same: the path it hurts at, the index or event, and the cause."""

    path: str
    index: str
    cause: str


@dataclass(frozen=True, slots=True)
class Pain:
    """Something is wrong at `path`. One bit and a pointer: who wants to know more looks there.

    `index` names what hurts, `cause` why it is known; `intensity` (>= 0) is how much (for an index its z),
    `since` (seconds) when it began. Raises `OptionError`.
    """

    path: str
    index: str
    cause: Cause
    severity: Severity = Severity.ALERT
    intensity: float = 1.0
    since: float = 0.0

    def __post_init__(self) -> None:
        word("path", self.path)
        word("index", self.index)
        instance("cause", self.cause, Cause)
        instance("severity", self.severity, Severity)
        number("intensity", self.intensity, least=0)
        number("since", self.since)

    @property
    def key(self) -> PainKey:
        """What makes it the same pain as another."""
        return PainKey(self.path, self.index, self.cause.value)


@dataclass(frozen=True, slots=True)
class Pleasure:
    """Something goes better than it has to, at `path`, lastingly: news for every level, with no clock behind
    it.

    `index`, `intensity` (>= 0) and `since` (seconds) as for `Pain`. Raises `OptionError`.
    """

    path: str
    index: str
    intensity: float = 1.0
    since: float = 0.0

    def __post_init__(self) -> None:
        word("path", self.path)
        word("index", self.index)
        number("intensity", self.intensity, least=0)
        number("since", self.since)

    @property
    def key(self) -> PainKey:
        """What makes it the same pleasure as another."""
        return PainKey(self.path, self.index, "pleasure")
