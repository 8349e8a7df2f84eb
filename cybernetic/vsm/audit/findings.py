"""What one audit found: the report of a unit beside what the verifier saw with its own eyes."""

from dataclasses import dataclass

from cybernetic.core import OptionError, flag, number
from cybernetic.vsm.checks import instance, word


@dataclass(frozen=True, slots=True)
class Account:
    """One account of a task: did it succeed (`good`), what did it cost (>= 0), how long did it take (seconds,
    >= 0)? `ports` names those at fault, where that is known.

    Raises `OptionError`.
    """

    good: bool
    cost: float = 0.0
    seconds: float = 0.0
    ports: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        flag("good", self.good)
        number("cost", self.cost, least=0)
        number("seconds", self.seconds, least=0)
        if not isinstance(self.ports, tuple):
            raise OptionError("ports", "a tuple of names", self.ports)


@dataclass(frozen=True, slots=True)
class AuditFinding:
    """The audit of one task: `reported` by the unit, `verified` on an independent path, for the unit at
    `path`.

    Raises `OptionError`.
    """

    task: str
    path: str
    reported: Account
    verified: Account

    def __post_init__(self) -> None:
        word("task", self.task)
        word("path", self.path)
        for name in ("reported", "verified"):
            instance(name, getattr(self, name), Account)

    @property
    def discrepant(self) -> bool:
        """Whether a success was reported that is none: what the cusum counts."""
        return self.reported.good and not self.verified.good

    @property
    def commendable(self) -> bool:
        """Whether the work is better than its report: a success not claimed, or one at less cost than
        reported.
        """
        if not self.verified.good:
            return False
        return not self.reported.good or self.cost_gap < 0

    @property
    def cost_gap(self) -> float:
        """Verified minus reported cost: above 0 it was more expensive than was told."""
        return self.verified.cost - self.reported.cost

    @property
    def seconds_gap(self) -> float:
        """Verified minus reported seconds: above 0 it took longer than was told."""
        return self.verified.seconds - self.reported.seconds
