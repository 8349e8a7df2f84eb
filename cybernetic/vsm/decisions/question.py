"""A question that waits for an answer: the life of an escalation. Silence is never taken for a word."""

from dataclasses import dataclass, replace
from enum import Enum

from cybernetic.core import OptionError, number
from cybernetic.vsm.checks import instance, later, word
from cybernetic.vsm.decisions.verdicts import Allow, Deny, Escalate, Verdict


class QuestionState(Enum):
    """How a question came to its end. A timeout is not a refusal, and is recorded as what it is."""

    OPEN = "open"
    ANSWERED = "answered"
    TIMED_OUT = "timed out"


class Reception(Enum):
    """What became of an answer. All but `TAKEN` changed nothing, and are worth an event."""

    TAKEN = "taken"
    LATE = "late"
    DOUBLE = "double"
    WITHDRAWN = "withdrawn"
    UNAUTHORISED = "unauthorised"


@dataclass(frozen=True, slots=True)
class Question:
    """An escalation asked at `asked` (seconds). Values in, values out: `answer` and `tick` return the next
    state.

    `escalation` is what is being asked now (in a chain, its present link); `state` says whether and how it
    was settled, `verdict` what it came to (None while open), `by` who answered, `passed` whose time ran out.
    `open_question` makes one. Raises `OptionError`.
    """

    escalation: Escalate
    asked: float
    state: QuestionState = QuestionState.OPEN
    verdict: Allow | Deny | None = None
    by: str | None = None
    passed: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        instance("escalation", self.escalation, Escalate)
        number("asked", self.asked)
        instance("state", self.state, QuestionState)
        if not isinstance(self.verdict, Allow | Deny | None):
            raise OptionError("verdict", "an Allow, a Deny or None", self.verdict)
        if self.by is not None:
            word("by", self.by)
        instance("passed", self.passed, tuple)

    @property
    def due(self) -> float:
        """When the present link times out (seconds)."""
        return self.asked + self.escalation.deadline

    def tick(self, now: float) -> "Question":
        """The question at `now` (seconds): each link whose deadline has come gives way to its `on_timeout`.

        A link counts from the moment the one before it lapsed, so the whole chain ends in the sum of its
        deadlines. Raises `OptionError` when `now` is before it was asked.
        """
        later("now", now, self.asked)
        question = self
        while question.state is QuestionState.OPEN and now >= question.due:
            question = question._lapsed()
        return question

    def answer(self, verdict: Verdict, by: str, now: float) -> tuple["Question", Reception]:
        """The question after `by` answered at `now`, and what became of the answer.

        Only whom it is put to may answer (else `UNAUTHORISED`), once (`DOUBLE`), before the deadline
        (`LATE`). Raises `OptionError` for an answer that is neither `Allow` nor `Deny`, and for a `now`
        before it was asked.
        """
        if not isinstance(verdict, Allow | Deny):
            raise OptionError("verdict", "an Allow or a Deny", verdict)
        question = self.tick(now)
        if word("by", by) == question.escalation.to:
            if question.state is QuestionState.OPEN:
                return replace(
                    question, state=QuestionState.ANSWERED, verdict=verdict, by=by
                ), Reception.TAKEN
            if question.state is QuestionState.ANSWERED:
                return question, Reception.DOUBLE
        return question, Reception.LATE if by in question.passed else Reception.UNAUTHORISED

    def _lapsed(self) -> "Question":
        following, passed = self.escalation.on_timeout, (*self.passed, self.escalation.to)
        if isinstance(following, Escalate):
            return replace(self, escalation=following, asked=self.due, passed=passed)
        return replace(self, state=QuestionState.TIMED_OUT, verdict=following, passed=passed)


def open_question(escalation: Escalate, now: float) -> Question:
    """A question put at `now` (seconds). Raises `OptionError`."""
    return Question(escalation, number("now", now))
