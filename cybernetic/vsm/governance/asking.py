"""System 5 puts questions to people: it pages them, takes their words, and lets time run out."""

import asyncio
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
from cybernetic.vsm.governance.repeats import Repeats
from cybernetic.vsm.ladder.clocks import Paging
from cybernetic.vsm.timing import now

SILENT = 7.0  # seconds, rounds where these are longer, without a word of who waits: he has said it every two seconds
AWAY = 3.0  # rounds since the last look: then it is this one that has heard nothing


class Asking:
    """The questions of one level. What becomes of them is in the books, and in the log with it, before anybody acts on
    it; where the books do not take it, it has not become so.

    Args:
        system: system 5; called from within it only.
        human: sinks for pages, tried in order: the top's, or, for when nobody above takes a page, of a level elsewhere.
        paging: how often people are called.
    """

    def __init__(self, system: Any, human: Sequence[Any], paging: Paging) -> None:
        self._system = system
        self._repeats = Repeats(paging)
        self._pager = Pager(system, system.path, human, lambda *_: None, "owed by policy")
        self._books = system.system.named(f"{system.path}:books", Books)
        self._questions = Questions()
        self._waiting: dict[str, list[Deferred[Any]]] = {}
        self._heard: dict[str, float] = {}  # when it was said last that somebody waits
        self._looked = -inf
        self._said: dict[
            str, asyncio.Future[None]
        ] = {}  # what people are told of a question, one after the other

    async def begin(self) -> None:
        """Go on from the books. Whom a predecessor was about to call is called: rather twice than never."""
        self._questions = await self._books.call(Books.load, "questions") or self._questions
        await self._pager.begin()
        for asked in self.open.values():
            if asked.called:
                self._repeats.sent(asked, True, now())
            else:
                self._tell(asked)

    @property
    def open(self) -> dict[str, Asked]:
        """Those that wait, by id."""
        return self._questions.open

    async def refer(self, referral: Referral, answer: Deferred[Any], note: Note) -> None:
        """Something is to be decided; it is answered with the verdict. Who waits says so again, as the same, every
        other second. Raises `BooksRefused` for what the books cannot keep.
        """
        id = f"{self._system.path}?{referral.id or note.id}"
        await self._become(self._questions.put(id, referral, now(), note.why))
        self._heard[id] = now()
        self._waiting[id] = [*(one for one in self._waiting.get(id, ()) if one.awaited), answer]
        self._reply(self._questions.by_id[id])

    async def decide(self, id: str, verdict: Verdict, by: str) -> Reception:
        """`by` answers; what became of that."""
        reception: Reception
        after, reception = tried(self._questions.answered, id, verdict, by, now())
        body = {"question": id, "by": by, "reception": reception.name, "verdict": verdict}
        await self._become(after, self._system.entry("answer", body, after.by_id[id].why))
        return reception

    async def look(self) -> None:
        """Take back what nobody waits for any more, and let time run out for the others: the next in the chain is
        asked, or it comes to what was declared. Who has not answered is called again.
        """
        at, round = now(), max(1.0, self._system.pulse)
        if at - self._looked > AWAY * round:
            self.deaf()
        self._looked = at
        gone = {id for id in self.open if at - self._heard.get(id, at) > SILENT * round}
        await self._become(self._questions.withdrawn(gone).ticked(at))
        self._pager.again()
        for asked in self._repeats.due(self.open.values(), now()):
            if asked.id not in self._said:
                self._tell(asked)

    def deaf(self) -> None:
        """Until now nobody could be heard: silence counts from here."""
        self._heard = dict.fromkeys(self.open, now())

    async def called(self, asked: Asked) -> None:
        """Who it is put to was told."""
        after = self._questions.called(asked)
        if after is not self._questions:
            await self._books.call(Books.save, "questions", after)
            self._questions = after

    async def _become(self, after: Questions, *entries: Entry) -> None:
        """Whatever has changed is written at once; then it is told."""
        known = self._questions.by_id
        moved = [one for one in after.by_id.values() if one.moved(known.get(one.id))]
        if not moved and not entries:
            return
        told = [self._ended(one) if not one.open else self._put(one) for one in moved]
        await self._books.call(Books.save, "questions", after, None, (*entries, *told))
        self._questions = after
        for asked in moved:
            self._reply(asked)
            self._tell(asked)

    def _put(self, asked: Asked) -> Entry:
        referral = asked.referral
        body = {
            "question": asked.id,
            "task": referral.task,
            "action": referral.action,
            "to": asked.question.escalation.to,
            "revision": referral.revision,
        }
        entry: Entry = self._system.entry("question", body, asked.why)
        return entry

    def _ended(self, asked: Asked) -> Entry:
        question = asked.question
        if asked.withdrawn:
            gone: Entry = self._system.entry(
                "withdrawn", {"question": asked.id, "to": question.escalation.to}, asked.why
            )
            return gone
        body = {
            "question": asked.id,
            "verdict": question.verdict,
            "by": question.by or QuestionState.TIMED_OUT.value,
            "revision": asked.referral.revision,
        }
        entry: Entry = self._system.entry("decision", body, asked.why)
        return entry

    def _tell(self, asked: Asked) -> None:
        """People are told, once they were told what was to be said before: what is said last is what holds."""
        before, over = self._said.get(asked.id), asyncio.get_running_loop().create_future()
        self._said[asked.id] = over
        self._system.task(self._told(asked, before, over))

    async def _told(
        self, asked: Asked, before: "asyncio.Future[None] | None", over: "asyncio.Future[None]"
    ) -> None:
        try:
            if before is not None:
                await before
            await (self._page(asked) if asked.open else self._over(asked))
        finally:
            over.set_result(None)
            if self._said.get(asked.id) is over:
                del self._said[asked.id]

    async def _page(self, asked: Asked) -> None:
        taken = await self._pager.page(
            page_of(self._system.path, asked, self._repeats.times(asked)), felt=False
        )
        first = self._repeats.sent(asked, taken, now())
        if taken and not asked.called:
            self._system.ref.cast(type(self._system).called, asked)
        elif first:
            body = {"question": asked.id, "to": asked.question.escalation.to}
            await self._books.call(Books.note, self._system.entry("unasked", body, asked.why))

    async def _over(self, asked: Asked) -> None:
        for page in pages_of(self._system.path, asked):
            await self._pager.resolve(page.pain.key)

    def _reply(self, asked: Asked) -> None:
        if not asked.open:
            self._heard.pop(asked.id, None)
            for answer in self._waiting.pop(asked.id, ()):
                if not asked.withdrawn:  # else who waits hears that it came to nothing, and asks again
                    answer.reply(asked.question.verdict)
