"""Exit reasons: why an agent ended, as frozen values that compare and travel."""

from dataclasses import dataclass, field

from cybernetic.core.errors import Refusal
from cybernetic.core.trail import Trail, said

TEXT = 500  # characters of an exception's message that texts show; `Crash.text` has all of them


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

    def __str__(self) -> str:
        return "Shutdown()" if self.detail is None else f"Shutdown: {self.detail}"

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
    """The node of the agent cannot be reached any more. `node` says which, and is not compared."""

    node: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class NoNode(Reason):
    """There is no node an agent could be started on; `why` says what was wanted and what there is."""

    why: str

    def __str__(self) -> str:
        return self.why

    @property
    def orderly(self) -> bool:
        """Always true: nothing has crashed."""
        return True


@dataclass(frozen=True, slots=True)
class NameConflict(Reason):
    """Two agents on nodes that were apart held the same `name`; this one lost it to `winner` (statement EX-4)."""

    name: str
    winner: object = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Cancelled(Reason):
    """A handler was cancelled by asyncio code that is not the runtime's."""


@dataclass(frozen=True, slots=True, init=False)
class Crash(Reason):
    """An uncaught exception, as strings: comparable and able to travel.

    `type` is the exception's class name, `text` its message, `traceback` the formatted traceback (not compared).
    `exception` is the live exception where it happened, without its frames, else None (never compared, never sent).
    """

    type: str
    text: str
    _trail: str | Trail = field(compare=False, repr=False)
    exception: BaseException | None = field(compare=False, repr=False)

    def __init__(
        self, type: str, text: str, traceback: str | Trail = "", exception: BaseException | None = None
    ) -> None:
        put = object.__setattr__
        put(self, "type", type)
        put(self, "text", text)
        put(self, "_trail", traceback)
        put(self, "exception", exception)

    def __str__(self) -> str:
        text = self.text if len(self.text) <= TEXT else f"{self.text[:TEXT]}…"
        return f"{self.type}: {text}" if text else self.type

    @property
    def traceback(self) -> str:
        """The formatted traceback; made when it is asked for."""
        return self._trail if isinstance(self._trail, str) else self._trail.format()

    @classmethod
    def of(cls, error: BaseException) -> "Crash":
        """The reason for an uncaught `error`. The exception loses its frames, which would keep agents alive."""
        return cls(error.__class__.__name__, said(error), Trail(error), error)


@dataclass(frozen=True, slots=True)
class Refused(Reason):
    """A start was declined by raising a `Refusal`: a quiet failure, no crash report.

    `error` is the refusal itself.
    """

    error: Refusal

    def __str__(self) -> str:
        return f"{type(self.error).__name__}: {self.error}"

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

    def __str__(self) -> str:
        return f"its child {self.id!r} did not start: {self.reason}"


@dataclass(frozen=True, slots=True)
class TooManyRestarts(Reason):
    """A supervisor had to restart its child `id` too often, last for `reason`; it stands inside `Shutdown` (RI-1)."""

    id: object
    reason: Reason

    def __str__(self) -> str:
        return f"its child {self.id!r} had to be restarted too often, last for {self.reason}"
