"""Humans at the end of the ladder: the port they are paged through, and the console."""

import asyncio
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Protocol, TextIO

from cybernetic.vsm.aside import made
from cybernetic.vsm.ladder.signals import Pain, PainKey
from cybernetic.wire import travels

TAKE = 2.0  # seconds that a sink has to take a page
_calling: dict[
    tuple[Any, int, PainKey], list[asyncio.Future[None]]
] = {}  # pages under way, by loop, sink and pain
_THREADS = ThreadPoolExecutor(32, thread_name_prefix="human")  # apart, so that nothing else can use them up


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
    """Page a human through `sink`; why it did not take the page, None if it did. A sink that hangs costs `TAKE`.

    A plain method runs in a thread of its own pool, and goes on there to its end; only the console is written at once.
    """
    loop = asyncio.get_running_loop()
    place, over = (loop, id(sink), page.pain.key), loop.create_future()
    _calling.setdefault(place, []).append(over)
    try:
        return await _tried(sink.page, page)
    finally:
        over.set_result(None)
        _calling[place].remove(over)
        if not _calling[place]:
            del _calling[place]


async def resolved(sink: Any, key: PainKey) -> str | None:
    """Tell a human through `sink` that a pain is over; why it could not be told, None if it was. It is the last word:
    a page for it that is under way comes first.
    """
    if calls := _calling.get((asyncio.get_running_loop(), id(sink), key)):
        await asyncio.wait([*calls])
    return await _tried(sink.resolve, key)


async def _tried(method: Any, word: Any) -> str | None:
    try:
        async with asyncio.timeout(TAKE):
            if isinstance(getattr(method, "__self__", None), ConsoleHuman):
                method(word)
            else:
                await made(method, _aside, word)
    except TimeoutError:
        return f"no answer within {TAKE:g} s"
    except asyncio.CancelledError as error:
        task = asyncio.current_task()
        if task is not None and task.cancelling():
            raise
        return f"{type(error).__name__}: {error}"  # the sink's own
    except Exception as error:  # whatever a sink raises, it did not take the word
        return f"{type(error).__name__}: {error}"
    return None


async def _aside(method: Callable[..., Any], *args: Any) -> Any:
    return await asyncio.get_running_loop().run_in_executor(_THREADS, method, *args)
