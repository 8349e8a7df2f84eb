"""How a task ended: `Done` or `Failed`, values of their own where failing is not an exception."""

from dataclasses import dataclass
from typing import Generic, TypeVar

from cybernetic.core import Reason

R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Done(Generic[R]):
    """The task returned `value`."""

    value: R


@dataclass(frozen=True, slots=True)
class Failed:
    """The task ended without a value, for `reason`; `item` is what a stream had given it to work on."""

    reason: Reason
    item: object = None


@dataclass(frozen=True, slots=True)
class TimedOut(Reason):
    """The task was ended because it took longer than `seconds`."""

    seconds: float
