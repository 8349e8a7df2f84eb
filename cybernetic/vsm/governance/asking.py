"""System 5 puts questions to people: it pages them, takes their words, and lets time run out."""

from collections.abc import Sequence
from math import inf
from typing import Any

from cybernetic.runtime import Deferred
from cybernetic.vsm.algedonic.pager import Pager
from cybernetic.vsm.books.books import Books
from cybernetic.vsm.books.entry import Entry
from cybernetic.vsm.channels.note import Note
from cybernetic.vsm.decisions.question import QuestionState, Reception
from cybernetic.vsm.decisions.verdicts import Verdict
from cybernetic.vsm.governance.humans import page_of, pages_of
from cybernetic.vsm.governance.messages import Referral
from cybernetic.vsm.governance.questions import Asked, Questions
from cybernetic.vsm.governance.refusals import tried
from cybernetic.vsm.timing import now

SILENT = 7.0  # seconds without a word of who waits: three of them were not said (`ports.referring.RENEWED`)


class Asking:
    """The questions of one level. What becomes of them is in the books, and in the log with it, before anybody acts on
    it; where the books do not take it, it has not become so.

    Args:
        system: system 5; called from within it only.
        human: sinks for pages, tried in order: the top's, or, for when nobody above takes a page, of a level elsewhere.
    """

    def __init__(self, system: Any, human: Sequence[Any]) -> None:
        self._system = system
        self._pager = Pager(system.system, system.path, human, lambda *_: None)
        self._books = system.system.named(f"{system.path}:books", Books)
        self._questions = Questions()
        self._waiting: dict[str, list[Deferred[Any]]] = {}
        self._heard: dict[str, float] = {}  # when it was said last that somebody waits

    async def begin(self) -> None:
        """Go on from the books. Whom a predecessor was about to call is called: rather twice than never."""
        self._questions = await self._books.call(Books.load, "questions") or self._questions
        self._heard = dict.fromkeys(self.open, now())
        for asked in self.open.values():
            if not asked.called:
                self._system.task(self._page(asked))

    @property
    def open(self) -> dict[str, Asked]:
        """Those that wait, by id."""
        return self._questions.open

    async def refer(self, referral: Referral, answer: Deferred[Any], note: Note) -> None:
        """Something is to be decided; it is answered with the verdict. Who waits says so again, as the same, every
        other second. Raises `BooksRefused` for what the books cannot keep.
        """
        id = f"{self._system.path}?{referral.id or note.id}"
        self._heard[id] = now()
        await self._become(self._questions.put(id, referral, now()), note=note)
        self._waiting[id] = [*(one for one in self._waiting.get(id, ()) if one.awaited), answer]
        self._reply(self._questions.by_id[id])

    async def decide(self, id: str, verdict: Verdict, by: str) -> Reception:
        """`by` answers; what became of that."""
        reception: Reception
        after, reception = tried(self._questions.answered, id, verdict, by, now())
        body = {"question": id, "by": by, "reception": reception.name, "verdict": verdict}
        await self._become(after, self._system.entry("answer", body))
        return reception

    async def look(self) -> None:
        """Take back what nobody waits for any more, and let time run out for the others: the next in the chain is
        asked, or it comes to what was declared.
        """
        at = now()
        gone = {id for id in self.open if at - self._heard.get(id, -inf) > SILENT}
        await self._become(self._questions.withdrawn(gone).ticked(at))

    async def _become(self, after: Questions, *entries: Entry, note: Note | None = None) -> None:
        """Whatever has changed is written at once; then it is told."""
        known = self._questions.by_id
        moved = [one for one in after.by_id.values() if one.moved(known.get(one.id))]
        if not moved and not entries:
            return
        told = [self._ended(one) if not one.open else self._put(one, note) for one in moved]
        await self._books.call(Books.save, "questions", after, None, (*entries, *told))
        self._questions = after
        for asked in moved:
            self._reply(asked)
            self._system.task(self._page(asked) if asked.open else self._over(asked))

    def _put(self, asked: Asked, note: Note | None) -> Entry:
        referral = asked.referral
        body = {
            "question": asked.id,
            "task": referral.task,
            "action": referral.action,
            "to": asked.question.escalation.to,
            "revision": referral.revision,
        }
        entry: Entry = self._system.entry("question", body, note)
        return entry

    def _ended(self, asked: Asked) -> Entry:
        question = asked.question
        if asked.withdrawn:
            gone: Entry = self._system.entry(
                "withdrawn", {"question": asked.id, "to": question.escalation.to}
            )
            return gone
        body = {
            "question": asked.id,
            "verdict": question.verdict,
            "by": question.by or QuestionState.TIMED_OUT.value,
            "revision": asked.referral.revision,
        }
        entry: Entry = self._system.entry("decision", body)
        return entry

    async def _page(self, asked: Asked) -> None:
        if await self._pager.page(page_of(self._system.path, asked), felt=False):
            self._questions = self._questions.called(asked)
            await self._books.call(Books.save, "questions", self._questions)
        else:
            body = {"question": asked.id, "to": asked.question.escalation.to}
            await self._books.call(Books.note, self._system.entry("unasked", body))

    async def _over(self, asked: Asked) -> None:
        for page in pages_of(self._system.path, asked):
            await self._pager.resolve(page.pain.key)

    def _reply(self, asked: Asked) -> None:
        if not asked.open:
            self._heard.pop(asked.id, None)
            for answer in self._waiting.pop(asked.id, ()):
                if (
                    not asked.withdrawn
                ):  # else whoever does wait is told that it came to nothing, and asks again
                    answer.reply(asked.question.verdict)
