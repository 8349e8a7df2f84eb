"""Exit reasons: why an agent ended, as frozen values that compare and travel."""

import traceback as _traceback
from dataclasses import dataclass, field

from cybernetic.core.errors import Refusal


@dataclass(frozen=True, slots=True)
class Reason:
    """Why an agent ended. Subclass it (frozen) to give reasons of your own; those count as abnormal."""

    @property
    def orderly(self) -> bool:
        """True for the ends nobody needs to worry about: `Normal` and `Shutdown`."""
        return False


@dataclass(frozen=True, slots=True)
class Normal(Reason):
    """The agent had nothing left to do."""

    @property
    def orderly(self) -> bool:
        """Always true."""
        return True


@dataclass(frozen=True, slots=True)
class Shutdown(Reason):
    """The agent was asked to end, as a supervisor asks its children. `detail` may say more."""

    detail: object = None

    @property
    def orderly(self) -> bool:
        """Always true."""
        return True


@dataclass(frozen=True, slots=True)
class Kill(Reason):
    """As a signal: ends the target at once, trapping or not; everyone then observes `Killed`.

    Through a link, where it is somebody's own reason, it has no special force (OTP statement P-5).
    """


@dataclass(frozen=True, slots=True)
class Killed(Reason):
    """The agent was ended by an untrappable `Kill`."""


@dataclass(frozen=True, slots=True)
class NoProc(Reason):
    """There was no such agent: it was dead already, or nobody held the name."""


@dataclass(frozen=True, slots=True)
class NoConnection(Reason):
    """The node of the agent cannot be reached any more."""


@dataclass(frozen=True, slots=True)
class Cancelled(Reason):
    """A handler was cancelled by asyncio code that is not the runtime's."""


@dataclass(frozen=True, slots=True)
class Crash(Reason):
    """An uncaught exception, as strings: comparable and able to travel.

    `type` is the exception's class name, `text` its message, `traceback` the formatted traceback (not compared).
    `exception` is the live exception where it happened, else None (never compared, never sent).
    """

    type: str
    text: str
    traceback: str = field(default="", compare=False, repr=False)
    exception: BaseException | None = field(default=None, compare=False, repr=False)

    @classmethod
    def of(cls, error: BaseException) -> "Crash":
        """The reason for an uncaught `error`."""
        lines = _traceback.format_exception(error)
        return cls(type(error).__name__, str(error), "".join(lines), error)


@dataclass(frozen=True, slots=True)
class Refused(Reason):
    """A start was declined by raising a `Refusal`: a quiet failure, no crash report.

    `error` is the refusal itself.
    """

    error: Refusal

    @property
    def orderly(self) -> bool:
        """Always true: a refusal is an answer, not a crash."""
        return True


@dataclass(frozen=True, slots=True)
class StartTimeout(Reason):
    """An agent did not finish its start within `seconds`."""

    seconds: float


@dataclass(frozen=True, slots=True)
class ChildFailed(Reason):
    """A supervisor could not start its child `id`, for `reason`; it stands inside `Shutdown` (statement SU-4)."""

    id: object
    reason: Reason
