"""How system 5 puts a question to people: through the same sinks as pain, tried in order."""

import asyncio
from collections.abc import Sequence
from inspect import isawaitable
from typing import Any

from cybernetic.vsm.algedonic.humans import Page
from cybernetic.vsm.governance.questions import Asked
from cybernetic.vsm.ladder.signals import Cause, Pain

TAKE = 2.0  # seconds that a sink has to take a page


def page_of(path: str, asked: Asked) -> Page:
    """The call for whom a question is put to: its `index` says whom, what about, and under which id to answer."""
    question = asked.question
    index = f"question for {question.escalation.to}: {asked.referral.action.kind} [{asked.id}]"
    pain = Pain(path, index, Cause.INVARIANT, since=question.asked)
    return Page(pain, len(question.passed) + 1, path)


async def call(sinks: Sequence[Any], page: Page) -> bool:
    """Page the first who takes it; whether anybody did. What a sink raises, or 2 s of silence, is a page not taken."""
    for sink in sinks:
        if await _tried(sink.page, page):
            return True
    return False


async def over(sinks: Sequence[Any], page: Page) -> None:
    """Tell all of them that what they may have been called for is over."""
    for sink in sinks:
        await _tried(sink.resolve, page.pain.key)


async def _tried(method: Any, value: object) -> bool:
    try:
        async with asyncio.timeout(TAKE):
            result = method(value)
            if isawaitable(result):
                await result
    except Exception:  # a sink is the user's own, and the next one is tried whatever it does
        return False
    return True
