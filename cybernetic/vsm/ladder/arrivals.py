"""An index that stops arriving is a missed heartbeat, and not steady: when is what does not come any more lost?"""

from dataclasses import dataclass, replace
from math import log, log1p
from typing import Self

from cybernetic.core import OptionError, number, whole

UNLIKELY = 1e-4  # chance of a run of misses by which an index is held to be lost


@dataclass(frozen=True, slots=True)
class Arrivals:
    """How often an index came with a task: a value, fed once a task.

    It may belong to some tasks only. Of `tasks` tasks up to its last it came with `came`, so it comes with about
    `(came + 1) / (tasks + 2)` of them (Laplace's rule of succession); since then it `missed` some. It is lost when so
    long a run of misses is less likely than one in ten thousand. What never came is not missed. Raises `OptionError`.
    """

    came: int = 0
    tasks: int = 0
    missed: int = 0

    def __post_init__(self) -> None:
        if whole("came", self.came) > whole("tasks", self.tasks):
            raise OptionError("came", f"at most `tasks`, {self.tasks}", self.came)
        number("missed", whole("missed", self.missed))  # beyond what floats hold nothing is weighed

    def after(self, arrived: bool) -> Self:
        """After one more task, with which it came or did not."""
        if not arrived:
            return replace(self, missed=self.missed + 1)
        return type(self)(self.came + 1, self.tasks + self.missed + 1)

    @property
    def lost(self) -> bool:
        """Whether it should have come again by now."""
        share = (self.came + 1) / (self.tasks + 2)
        if share < 0.5:
            miss = log1p(-share)
        else:  # so near to 1 that no float tells it from that, of what comes nearly always
            miss = log(self.tasks - self.came + 1) - log(self.tasks + 2)
        return self.came > 0 and self.missed * miss < log(UNLIKELY)
