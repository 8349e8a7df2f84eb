"""What a policy may answer: allow, deny, or escalate; and how several answers become one."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from math import inf
from sys import float_info

from cybernetic.core import OptionError, number
from cybernetic.vsm.checks import instance, word


@dataclass(frozen=True, slots=True)
class Allow:
    """The action may be done."""


@dataclass(frozen=True, slots=True)
class Deny:
    """The action may not be done, and `reason` says why. Raises `OptionError` when it says nothing."""

    reason: str

    def __post_init__(self) -> None:
        word("reason", self.reason)


@dataclass(frozen=True, slots=True)
class Escalate:
    """Somebody else decides: `to` names whom, who has `deadline` seconds (> 0, finite).

    `on_timeout` is the verdict when nobody answered by then: a denial unless something else is declared, and
    never an approval that nobody wrote down. It may escalate in turn. Raises `OptionError`.
    """

    to: str
    deadline: float = 900.0
    on_timeout: "Verdict" = field(default_factory=lambda: Deny("nobody answered in time"))

    def __post_init__(self) -> None:
        word("to", self.to)
        number("deadline", self.deadline, above=0)
        _verdict("on_timeout", self.on_timeout)


Verdict = Allow | Deny | Escalate
"""What a decision comes to."""


def plain(verdict: object) -> Verdict | None:
    """A verdict as a value that can be acted on: of the classes here, of plain letters and numbers. None: it is none.

    Each part is read once: an object that answers otherwise when it is asked again changes nothing after. What is of a
    class made from a verdict's is one; what only says that it is of one (`__class__`) is none. Raises for parts that
    may not be.
    """
    if not issubclass(type(verdict), Allow | Deny | Escalate):
        return None
    if isinstance(verdict, Escalate):
        to, deadline, following = verdict.to, verdict.deadline, verdict.on_timeout
        then = plain(following)
        if then is None:
            raise OptionError("on_timeout", "an Allow, a Deny or an Escalate", following)
        exact = deadline if type(deadline) is int else number("deadline", deadline, above=0)
        return Escalate(_letters("to", to), exact, then)
    if isinstance(verdict, Deny):
        return Deny(_letters("reason", verdict.reason))
    return Allow()


def _verdict(name: str, value: Verdict) -> Verdict:
    if not isinstance(value, Allow | Deny | Escalate):
        raise OptionError(name, "an Allow, a Deny or an Escalate", value)
    return value


def _letters(name: str, text: object) -> str:
    """A string without what a class of one's own may add to it."""
    return str.__str__(word(name, text))


def strictness(verdict: Verdict) -> tuple[int, float]:
    """How strict a verdict is, as a sort key: allowing is less than escalating, that less than denying.

    Of two escalations the one with less time is stricter: it is the one that must be asked first. `decide` looks at
    the tiers before that. Raises `OptionError` for what is no verdict.
    """
    match _verdict("verdict", verdict):
        case Allow():
            return (0, 0.0)
        case Escalate(deadline=deadline):
            return (1, -deadline)
        case _:
            return (2, inf)


def strictest(verdicts: Iterable[Verdict]) -> Verdict:
    """The verdict that overrides the others: any denial, else the most urgent escalation, else allowing.

    The first of equally strict ones. Of none at all: a denial, since nobody allowed it. Raises `OptionError`
    for what is no verdict.
    """
    verdicts = tuple(instance("verdicts", verdicts, Iterable))  # type: ignore[type-abstract]
    for verdict in verdicts:
        _verdict("verdicts", verdict)
    return max(verdicts, key=strictness, default=Deny("no policy speaks of it"))


def asked_in_turn(verdict: Verdict) -> list[str]:
    """Whom an escalation asks one after the other if nobody answers; empty for what is decided.
    Raises `OptionError`.
    """
    _verdict("verdict", verdict)
    asked = []
    while isinstance(verdict, Escalate):
        asked.append(verdict.to)
        verdict = verdict.on_timeout
    return asked


def time_to_verdict(verdict: Verdict) -> float:
    """Seconds until a verdict is final at the latest: the sum of the deadlines along its chain, finite. Raises
    `OptionError`.
    """
    _verdict("verdict", verdict)
    total = 0.0
    while isinstance(verdict, Escalate):
        total += verdict.deadline
        verdict = verdict.on_timeout
    return min(total, float_info.max)
