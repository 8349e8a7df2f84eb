"""The agent of system 5."""

from collections.abc import Sequence
from typing import Any

from cybernetic.core import CallError, Refusal
from cybernetic.runtime import Deferred, Named
from cybernetic.vsm.books.books import Books
from cybernetic.vsm.books.entry import Entry
from cybernetic.vsm.channels.channel import Channel, Role
from cybernetic.vsm.channels.ear import hears
from cybernetic.vsm.channels.member import Member
from cybernetic.vsm.channels.note import Note
from cybernetic.vsm.decisions.policy import Policy
from cybernetic.vsm.decisions.question import Question, QuestionState, Reception, open_question
from cybernetic.vsm.decisions.rulebook import Rulebook
from cybernetic.vsm.decisions.verdicts import Verdict
from cybernetic.vsm.governance.messages import PolicyKnown, PolicyUpdate, Referral
from cybernetic.vsm.timing import now


class Governance(Member):
    """System 5 of a level: keeps the policies, distributes them, and puts questions to who is to decide.

    Args:
        path: of the level.
        inherited: policies of the levels above.
        own: policies that the level declares.
    """

    role = Role.POLICY
    period = 1.0

    def __init__(self, path: str, inherited: Sequence[Policy], own: Sequence[Policy]) -> None:
        super().__init__(path)
        self._inherited, self._above = tuple(inherited), 0
        self._own = tuple(own)
        self._book = Rulebook()
        self._revision = 0
        self._known: dict[str, int] = {}
        self._questions: dict[str, tuple[Question, Deferred[Any], Referral]] = {}
        self._books: Named[Books] = self.system.named(f"{self.path}:books", Books)

    async def setup(self) -> None:
        """Go on from the books; at first the policies are those that were declared."""
        known = await self._books.call(Books.load, "policy")
        if known is None:
            for policy in self._own:
                self._book = self._book.adopt(policy, now(), "declared")
        else:
            self._book, self._inherited, self._above, self._revision = known
        await self._changed()
        super().setup()

    @property
    def policies(self) -> tuple[Policy, ...]:
        """Those in force, the inherited ones first."""
        return (*self._inherited, *self._book.policies)

    async def set_policy(self, policy: Policy, why: str = "") -> int:
        """Put a policy in force; the revision since which it is. Raises `OptionError` for a version that is not new."""
        self._book = self._book.adopt(policy, now(), why)
        await self._jot("policy", {"policy": policy.label, "why": why})
        await self._changed()
        return self._revision

    async def inherit(self, update: PolicyUpdate) -> PolicyKnown:
        """The policies of the level above, which hold here as well."""
        if update.revision > self._above:
            self._inherited, self._above = update.policies, update.revision
            await self._changed()
        return PolicyKnown(self.path, update.revision)

    async def _changed(self) -> None:
        self._revision += 1
        state = (self._book, self._inherited, self._above, self._revision)
        await self._books.call(Books.save, "policy", state)
        self.task(self._distribute())

    async def _distribute(self) -> None:
        update = PolicyUpdate(self._revision, self.policies)
        try:
            known = await self.ask(Channel.METASYSTEM, Role.CONTROL, update)
        except (CallError, Refusal):
            return  # the next round tries again
        self._known.update(known)

    def known(self) -> dict[str, int]:
        """Under which revision each unit acts, as it acknowledged."""
        return dict(self._known)

    # Questions.

    @hears(Referral)
    def _referred(self, referral: Referral, note: Note) -> Deferred[Verdict]:
        answer = self.defer()
        self._questions[note.id] = open_question(referral.asked, now()), answer, referral
        return answer

    def questions(self) -> dict[str, Referral]:
        """What waits for somebody's word, by its id."""
        return {id: referral for id, (_, _, referral) in self._questions.items()}

    async def decide(self, id: str, verdict: Verdict, by: str) -> Reception:
        """`by` answers a question. A late, double or unauthorised answer changes nothing, and is in the log."""
        if id not in self._questions:
            await self._jot("answer", {"question": id, "by": by, "reception": Reception.LATE.name})
            return Reception.LATE
        question, answer, referral = self._questions[id]
        question, reception = question.answer(verdict, by, now())
        self._questions[id] = question, answer, referral
        await self._jot("answer", {"question": id, "by": by, "reception": reception.name})
        self._look()
        return reception

    def _look(self) -> None:
        for id, (question, answer, _) in list(self._questions.items()):
            at = question.tick(now())
            if at.state is not QuestionState.OPEN:
                del self._questions[id]
                answer.reply(at.verdict)

    async def cycle(self) -> None:
        """Let time run out for questions, and tell units that act under an old revision."""
        self._look()
        if any(revision < self._revision for revision in self._known.values()) or not self._known:
            await self._distribute()

    async def _jot(self, kind: str, body: object) -> None:
        await self._books.call(Books.note, Entry(kind=kind, path=self.path, body=body, at=now()))
