"""How system 5 puts a question to people: by calls like those for pain."""

from cybernetic.vsm.algedonic.humans import Page
from cybernetic.vsm.governance.questions import Asked
from cybernetic.vsm.ladder.signals import Cause, Pain


def page_of(path: str, asked: Asked, times: int = 0) -> Page:
    """The call for whom a question is put to, who was called so many times: its `index` says whom, what about, and
    under which id to answer.
    """
    question = asked.question
    return _page(path, asked, question.escalation.to, len(question.passed) + 1 + times)


def pages_of(path: str, asked: Asked) -> list[Page]:
    """The calls for all to whom it has been put, the present one the last."""
    question = asked.question
    whom = dict.fromkeys((*question.passed, question.escalation.to))
    return [_page(path, asked, who, at) for at, who in enumerate(whom, 1)]


def _page(path: str, asked: Asked, who: str, attempt: int) -> Page:
    index = f"question for {who}: {asked.referral.action.kind} [{asked.id}]"
    return Page(Pain(path, index, Cause.INVARIANT, since=asked.question.asked), attempt, path)
