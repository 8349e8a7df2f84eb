"""What the ladder asks its surroundings to do, as values: the machine decides, somebody else sends."""

from dataclasses import dataclass

from cybernetic.vsm.decisions.question import Reception
from cybernetic.vsm.decisions.verdicts import Verdict
from cybernetic.vsm.ladder.signals import PainKey, Severity


@dataclass(frozen=True, slots=True)
class Noticed:
    """Tell the unit, and nobody else."""

    key: PainKey
    at: float


@dataclass(frozen=True, slots=True)
class Raised:
    """Tell `level` (0: the owner) that it hurts, and expect an acknowledgement."""

    key: PainKey
    level: int
    severity: Severity
    at: float


@dataclass(frozen=True, slots=True)
class Paged:
    """Page a human through sink number `sink`; `attempt` counts from 1."""

    key: PainKey
    sink: int
    attempt: int
    at: float


@dataclass(frozen=True, slots=True)
class Owned:
    """`by` took the pain over at `level`, and has until `until` (seconds)."""

    key: PainKey
    level: int
    by: str
    until: float
    at: float


@dataclass(frozen=True, slots=True)
class Heard:
    """`by` at `level` knows of a critical pain and works on it; the page stands until a human answers."""

    key: PainKey
    level: int
    by: str
    at: float


@dataclass(frozen=True, slots=True)
class AckRefused:
    """An acknowledgement changed nothing: it came late, a second time, or from who was not asked (`why`)."""

    key: PainKey
    level: int
    by: str
    why: Reception
    at: float


@dataclass(frozen=True, slots=True)
class Cleared:
    """The pain is gone; tell the levels up to and including `level` (the human, too, if it came so far)."""

    key: PainKey
    level: int
    at: float


@dataclass(frozen=True, slots=True)
class Unanswered:
    """No human answered any page; `verdict` is what was declared for that case."""

    key: PainKey
    verdict: Verdict
    at: float


@dataclass(frozen=True, slots=True)
class Folded:
    """These pains are told as one from now on: withdraw them, and speak of `storm` alone."""

    keys: tuple[PainKey, ...]
    storm: PainKey
    at: float


@dataclass(frozen=True, slots=True)
class Pleased:
    """Tell `level` that something goes well."""

    key: PainKey
    level: int
    at: float


Effect = Noticed | Raised | Paged | Owned | Heard | AckRefused | Cleared | Unanswered | Folded | Pleased
"""Anything the ladder asks for."""
