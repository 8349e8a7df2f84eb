"""The questions that wait for somebody's word, as a value: what is open, and the latest that are not any more."""

from collections.abc import Collection
from dataclasses import dataclass, field, replace

from cybernetic.vsm.channels.note import Why
from cybernetic.vsm.decisions.question import Question, QuestionState, Reception, open_question
from cybernetic.vsm.decisions.verdicts import Verdict
from cybernetic.vsm.governance.messages import Referral
from cybernetic.vsm.governance.refusals import NoSuchQuestion
from cybernetic.wire import travels

KEPT = 200  # questions that wait no more and are remembered, for late answers and for who asks again


@travels(name="vsm.Asked")
@dataclass(frozen=True, slots=True)
class Asked:
    """A question with its `id`, and the `referral` it came from; whether who it is put to was told (`called`), whether
    it was `withdrawn`, because nobody waits for the answer any more, and by whose word it was put (`why`).
    """

    id: str
    referral: Referral
    question: Question
    called: bool = False
    withdrawn: bool = False
    why: Why | None = None

    @property
    def open(self) -> bool:
        """Whether it still waits."""
        return self.question.state is QuestionState.OPEN and not self.withdrawn

    def moved(self, before: "Asked | None") -> bool:
        """Whether it was put since `before`, is put to another, or has come to its end. Of one that is withdrawn nobody
        is to know more.
        """
        if before is None or before.withdrawn is not self.withdrawn:
            return True
        return before.question is not self.question and not self.withdrawn


@travels(name="vsm.Questions")
@dataclass(frozen=True, slots=True)
class Questions:
    """Those that wait, by id, the oldest first, and the `KEPT` that do not any more of which something was said last,
    however long they had. Values in, values out: changes return the next.
    """

    by_id: dict[str, Asked] = field(default_factory=dict)

    @property
    def open(self) -> dict[str, Asked]:
        """Those that wait."""
        return {id: one for id, one in self.by_id.items() if one.open}

    def put(self, id: str, referral: Referral, now: float, why: Why | None = None) -> "Questions":
        """With a question, put because of that (`why`); one of that id that is there already stays as it is: asked
        twice is asked once.

        One that was withdrawn waits again, with what is left of its time, or comes to what was said of it meanwhile;
        one that is not known any more is a new one.
        """
        known = self.by_id.get(id)
        if known is not None:
            again = replace(known, withdrawn=False, called=False, why=why)
            return Questions({**self.by_id, id: again}) if known.withdrawn else self
        over = [old for old, one in self.by_id.items() if not one.open]
        kept = _without(self.by_id, over[: max(0, len(over) - KEPT)])
        asked = Asked(id, referral, open_question(referral.asked, now), why=why)
        return Questions({**kept, id: asked})

    def answered(self, id: str, verdict: Verdict, by: str, now: float) -> tuple["Questions", Reception]:
        """After `by` answered, and what became of the answer. Raises `NoSuchQuestion`, `OptionError`."""
        if id not in self.by_id:
            raise NoSuchQuestion(id)
        before = self.by_id[id].question
        question, reception = before.answer(verdict, by, max(now, before.asked))
        if self.by_id[id].withdrawn and reception in (Reception.TAKEN, Reception.LATE):
            reception = Reception.WITHDRAWN  # it is kept for who asks for it again after all
        return self._with(id, question), reception

    def ticked(self, now: float) -> "Questions":
        """At `now`: where time has run out the next in the chain is asked, or it comes to what was declared. A clock
        that is behind that by which one was asked, before a restart, is no reason to fail.
        """
        at = self
        for id, one in self.open.items():
            question = one.question.tick(max(now, one.question.asked))
            if question is not one.question:
                at = at._with(id, question)
        return at

    def withdrawn(self, ids: Collection[str]) -> "Questions":
        """Without those open ones: nobody waits for them any more."""
        over = {id: replace(one, withdrawn=True) for id, one in self.open.items() if id in ids}
        return Questions({**_without(self.by_id, over), **over}) if over else self

    def _with(self, id: str, question: Question) -> "Questions":
        one = self.by_id[id]
        if question is one.question:
            return self
        after = replace(one, question=question, called=False)
        # What ends goes behind what ended before: the first are the first to be forgotten.
        before = self.by_id if after.open else _without(self.by_id, (id,))
        return Questions({**before, id: after})

    def called(self, asked: Asked) -> "Questions":
        """After a person was told of it, if it is put to him still."""
        known = self.by_id.get(asked.id)
        if known is None or known.question is not asked.question:
            return self
        return Questions({**self.by_id, asked.id: replace(known, called=True)})


def _without(by_id: dict[str, Asked], ids: Collection[str]) -> dict[str, Asked]:
    gone = set(ids)
    return {id: one for id, one in by_id.items() if id not in gone}
