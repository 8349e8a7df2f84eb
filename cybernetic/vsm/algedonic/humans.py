"""Humans at the end of the ladder: the port they are paged through, and the console."""

import asyncio
import inspect
import sys
from dataclasses import dataclass
from typing import Any, Protocol, TextIO

from cybernetic.vsm.ladder.signals import Pain, PainKey
from cybernetic.wire import travels

TAKE = 2.0  # seconds that a sink has to take a page


@travels(name="vsm.Page")
@dataclass(frozen=True, slots=True)
class Page:
    """A call for a human: which pain, the how manieth attempt, and at which level it was felt."""

    pain: Pain
    attempt: int
    level: str

    def __str__(self) -> str:
        pain = self.pain
        often = "" if self.attempt == 1 else f" (call {self.attempt})"
        return f"{pain.path}: {pain.index} ({pain.cause.value}, {pain.severity.name.lower()}){often}"


class HumanSink(Protocol):
    """A way to a human. Both methods may be async; what `page` raises, or 2 s of silence, is a page not taken."""

    def page(self, page: Page) -> Any:
        """Call."""

    def resolve(self, key: PainKey) -> Any:
        """What was called for is over."""


class ConsoleHuman:
    """Pages are lines on a stream. `stream`: default standard error."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream

    def page(self, page: Page) -> None:
        """Write it."""
        print(f"PAGE  {page}", file=self._stream or sys.stderr, flush=True)

    def resolve(self, key: PainKey) -> None:
        """Write that it is over."""
        print(f"OVER  {key.path}: {key.index}", file=self._stream or sys.stderr, flush=True)


async def called(sink: Any, page: Page) -> str | None:
    """Page a human through `sink`; why it did not take the page, None if it did. A sink that hangs costs `TAKE`."""
    return await _tried(sink.page, page)


async def resolved(sink: Any, key: PainKey) -> str | None:
    """Tell a human through `sink` that a pain is over; why it could not be told, None if it was."""
    return await _tried(sink.resolve, key)


async def _tried(method: Any, word: Any) -> str | None:
    try:
        done = method(word)
        if inspect.isawaitable(done):
            await asyncio.wait_for(done, TAKE)
    except Exception as error:  # whatever a sink raises, it did not take the word
        return f"{type(error).__name__}: {error}"
    return None
