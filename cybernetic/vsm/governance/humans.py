"""How system 5 puts a question to people: through the same sinks as pain, tried in order."""

from collections.abc import Sequence
from typing import Any

from cybernetic.vsm.algedonic.humans import Page, called, resolved
from cybernetic.vsm.governance.questions import Asked
from cybernetic.vsm.ladder.signals import Cause, Pain


def page_of(path: str, asked: Asked) -> Page:
    """The call for whom a question is put to: its `index` says whom, what about, and under which id to answer."""
    question = asked.question
    return _page(path, asked, question.escalation.to, len(question.passed) + 1)


def pages_of(path: str, asked: Asked) -> list[Page]:
    """The calls for all to whom it has been put, the present one the last."""
    question = asked.question
    whom = dict.fromkeys((*question.passed, question.escalation.to))
    return [_page(path, asked, who, at) for at, who in enumerate(whom, 1)]


def _page(path: str, asked: Asked, who: str, attempt: int) -> Page:
    index = f"question for {who}: {asked.referral.action.kind} [{asked.id}]"
    return Page(Pain(path, index, Cause.INVARIANT, since=asked.question.asked), attempt, path)


async def call(sinks: Sequence[Any], page: Page) -> bool:
    """Page the first who takes it; whether anybody did. What a sink raises, or 2 s of silence, is a page not taken."""
    for sink in sinks:
        if await called(sink, page) is None:
            return True
    return False


async def over(sinks: Sequence[Any], page: Page) -> None:
    """Tell all of them that what they may have been called for is over."""
    for sink in sinks:
        await resolved(sink, page.pain.key)
