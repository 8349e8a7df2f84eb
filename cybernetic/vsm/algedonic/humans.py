"""Humans at the end of the ladder: the port they are paged through, and the console."""

import asyncio
import sys
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Protocol, TextIO

from cybernetic.vsm.algedonic.threads import started
from cybernetic.vsm.aside import made
from cybernetic.vsm.ladder.signals import Pain, PainKey
from cybernetic.wire import told, travels

TAKE = 2.0  # seconds that a sink has to take a page
_calling: "dict[tuple[Any, int, PainKey], list[_Word]]" = {}  # pages under way, by loop, sink and pain
_later: "set[asyncio.Future[None]]" = set()  # that it is over, to be told after them
_ending: "set[tuple[Any, int, PainKey]]" = set()  # what is being said to be over, by the same


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
    place, word = (loop, id(sink), page.pain.key), _Word(loop, sink)
    _calling.setdefault(place, []).append(word)
    word.over.add_done_callback(lambda _: _gone(place, word))
    try:
        return await _tried(sink.page, page, word)
    finally:
        word.left()


async def resolved(sink: Any, key: PainKey, told: Callable[[], object] = lambda: None) -> str | None:
    """Tell a human through `sink` that a pain is over; why it could not be told, None if it was. It is the last word:
    a page for it that is under way comes first; one that takes too long is not waited for here, and it is told then.

    What has not ended is not begun a second time; when it ends well after all, `told` is called.
    """
    place = asyncio.get_running_loop(), id(sink), key
    if place in _ending:
        return "it is being told still"
    calls = [word.over for word in _calling.get(place, ())]
    late: set[asyncio.Future[None]] = set()
    if calls:
        _, late = await asyncio.wait(calls, timeout=TAKE)
    if not late:
        return await _resolved(place, sink, told)
    _ending.add(place)
    task = asyncio.ensure_future(_resolved_after(late, place, sink, told))
    _later.add(task)
    task.add_done_callback(_later.discard)
    return "a page for it is under way still: it is told after that"


async def _resolved(place: Any, sink: Any, told: Callable[[], object]) -> str | None:
    word = _Word(place[0], sink)
    _ending.add(place)
    try:
        return await _tried(sink.resolve, place[2], word)
    finally:
        if word.runs:
            word.over.add_done_callback(lambda _: _ended(place, word, told))
        else:
            _ending.discard(place)
        word.left()


async def _resolved_after(
    calls: "set[asyncio.Future[None]]", place: Any, sink: Any, told: Callable[[], object]
) -> None:
    await asyncio.wait(calls)
    if await _resolved(place, sink, told) is None:
        told()


def _ended(place: Any, word: "_Word", told: Callable[[], object]) -> None:
    _ending.discard(place)
    if word.well:
        told()


class _Word:
    """Something that is being said to a sink: `over` once that has come to its end, in its thread as well."""

    def __init__(self, loop: asyncio.AbstractEventLoop, sink: object) -> None:
        self.over: asyncio.Future[None] = loop.create_future()
        self._loop, self._sink = loop, sink
        self._thread: Future[Any] | None = None

    async def aside(self, method: Callable[..., Any], *args: Any) -> Any:
        """What a plain method gives, in a thread."""
        self._thread = started(id(self._sink), method, args)
        return await asyncio.wrap_future(self._thread)

    @property
    def runs(self) -> bool:
        """Whether its thread has not come to its end."""
        return self._thread is not None and not self._thread.done()

    @property
    def well(self) -> bool:
        """Whether its thread has come to its end as it should, however late."""
        return self._thread is not None and not self.runs and self._thread.exception() is None

    def left(self) -> None:
        """Nobody waits for it here any more."""
        if self._thread is None:
            self._end()
        else:
            self._thread.add_done_callback(self._ended)

    def _ended(self, thread: object) -> None:
        with suppress(RuntimeError):  # the loop has ended first
            self._loop.call_soon_threadsafe(self._end)

    def _end(self) -> None:
        if not self.over.done():
            self.over.set_result(None)


def _gone(place: Any, word: _Word) -> None:
    _calling[place].remove(word)
    if not _calling[place]:
        del _calling[place]


async def _tried(method: Any, word: Any, under: _Word) -> str | None:
    try:
        async with asyncio.timeout(TAKE):
            if isinstance(getattr(method, "__self__", None), ConsoleHuman):
                method(word)
            else:
                await made(method, under.aside, word)
    except TimeoutError:
        return f"no answer within {TAKE:g} s"
    except asyncio.CancelledError as error:
        task = asyncio.current_task()
        if task is not None and task.cancelling():
            raise
        return told(error)  # the sink's own
    except Exception as error:  # whatever a sink raises, it did not take the word
        return told(error)
    return None
