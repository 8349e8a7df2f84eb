"""Humans at the end of the ladder: the port they are paged through, and the console."""

import sys
from dataclasses import dataclass
from typing import Any, Protocol, TextIO

from cybernetic.vsm.ladder.signals import Pain, PainKey
from cybernetic.wire import travels


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
