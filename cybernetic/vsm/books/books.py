"""The agent that keeps what must outlive the agents that use it."""

import asyncio
import logging
from asyncio import Future
from functools import partial
from pathlib import Path
from typing import Any

from cybernetic.core import OptionError, Reason, real_time, wall, whole
from cybernetic.runtime import Agent, Deferred
from cybernetic.state import StoreError
from cybernetic.vsm.books.disk import OnDisk, file_of
from cybernetic.vsm.books.entry import Entry, Extent
from cybernetic.vsm.books.memory import InMemory, opened, remembered
from cybernetic.vsm.books.refusals import BooksRefused

KEEP = 100_000  # entries
MOST = 1000  # entries that one `entries` brings
LAST = 2**63 - 1  # the largest number of an entry that a file knows

_log = logging.getLogger("cybernetic.vsm")


class Books(Agent):
    """Keeps values under keys, and a log that is only ever added to; what it has answered, it has kept.

    With a folder for `data` all of it is in a file there: it survives `kill -9`, a loss of power and a restart of the
    agent, also on another node of the same host. Without, it is in memory and ends with the agent. Start it before
    those who use it, under `rest_for_one`.

        books = self.system.named(f"{path}:books", Books)
        await books.call(Books.save, "purse", purse, term)
        purse = await books.call(Books.load, "purse")
        number = await books.call(Books.note, Entry("finding", path=path, body=finding, at=now()))

    All is done in the order in which it was asked: a load sees every save before it. Callers need not wait for each
    other: what several ask for is written in one commit. A value is written whole each time: keep apart what changes
    often from what is large. A `cast` is kept as well, only that nobody hears when, or that it was refused, which is
    logged.

    In memory values are kept as they are given, not copied: give values, which nobody changes.

    Args:
        data: the folder; it is made if it is not there. None: in memory.
        path: of the level or unit whose books these are; its own file in the folder is named by it.
        keep: entries that the log keeps, at least 1; beyond them the oldest go, and `extent` says how many are gone.
        beside: name of other books: as long as those know what they do, what is kept without a folder is there for a
            successor in this process. None: it ends with the agent.

    Its start fails with a `StoreError`: `StoreInUse` while other books have the file open, in this process or another;
    `StoreDamaged` for a damaged file, which is left as it is. When the disk fails it ends, and is to be restarted.
    Raises `OptionError`.
    """

    def __init__(
        self, data: Path | str | None = None, path: str = "books", keep: int = KEEP, beside: str | None = None
    ) -> None:
        self._keep = whole("keep", keep, least=1)
        self._file = None if data is None else file_of(data, path)
        other = None if beside is None else self.system.whereis(beside)
        self._kept: InMemory | OnDisk = (
            InMemory(keep) if other is None else remembered(self.system, path, other, keep)
        )
        opened(self.system, self.ref, self._file or self._kept)

    async def setup(self) -> None:
        """Open the file. Raises a `StoreError` that says why it cannot be."""
        if self._file is not None:
            self._kept = await OnDisk.open(self._file, self._keep, partial(self.system.alive, self.ref))

    def save(
        self, key: str, value: Any, term: int | None = None, entries: tuple[Entry, ...] = ()
    ) -> Deferred[None]:
        """Keep `value` under `key`, in place of what was there; answered when it is on the disk. What it means for the
        log is written with it, as `entries`: whoever asks for this may die at any time, and what is done stands there.

        `term` is a fence for keys of which one agent replaces another: it says as which one the writer writes, from 1
        on. A term lower than the highest so far of this key is refused, as is none at all where there has been one: an
        agent that was replaced can do no harm. `value` None: nothing is kept there any more, save the fence.

        Raises `LeaseLost` for such a term, `BooksRefused` for a key that is no word, a term that is no number, what is
        no entry, and, where there is a file, a value or a body that cannot travel.
        """
        as_which = 0 if term is None else _whole("term", term, least=1)
        written = tuple(_entry(entry) for entry in entries)
        return self._answered(self._kept.save(_word("key", key), value, as_which, written, _wall()))

    def load(self, key: str) -> Deferred[Any]:
        """What was saved last under `key`; None if nothing was.

        Raises `BooksRefused` for a value of a type that this version of the program does not know any more.
        """
        return self._answered(self._kept.load(_word("key", key)))

    def note(self, entry: Entry) -> Deferred[int]:
        """Append `entry` to the log, with the time by the wall; its number, when it is on the disk.

        Raises `BooksRefused` for what is no entry, and, where there is a file, a body that cannot travel.
        """
        return self._answered(self._kept.note(_entry(entry), _wall()))

    def entries(
        self, since: int = 0, kind: str | None = None, most: int = 100
    ) -> Deferred[tuple[Entry, ...]]:
        """The oldest entries numbered above `since`: at most `most` (1 to 1000), and some 4 MiB.

        Empty only when there are none; read on from the last one's number. `kind`: only those of this kind; None: all.
        An entry whose body this version of the program cannot read has an `Unreadable` for it. Raises `BooksRefused`.
        """
        if _whole("since", since, least=0) > LAST:
            raise BooksRefused(f"since: expected at most {LAST}, got: {since}")
        if _whole("most", most, least=1) > MOST:
            raise BooksRefused(f"most: expected at most {MOST}, got: {most}")
        return self._answered(self._kept.entries(since, None if kind is None else _word("kind", kind), most))

    def extent(self) -> Deferred[Extent]:
        """Which entries the log has, and how many are gone."""
        return self._answered(self._kept.extent())

    def receive(self, message: Any) -> None:
        """The disk has failed, and what was answered last is not to be trusted any more: end, and be started anew."""
        if isinstance(message, StoreError):
            raise message

    async def terminate(self, reason: Reason) -> None:
        """Commit what was asked for, and close the file."""
        if isinstance(self._kept, OnDisk):
            await self._kept.close()

    def _answered(self, result: Any) -> Deferred[Any]:
        answer = self.defer()
        if isinstance(result, Future):
            result.add_done_callback(partial(self._written, answer))
        else:
            answer.reply(result)
        return answer

    def _written(self, answer: Deferred[Any], done: "Future[Any]") -> None:
        error = done.exception()
        if error is None and not isinstance(done.result(), BaseException):
            answer.reply(done.result())
            return
        error = error or done.result()
        if not answer.fail(error):
            _log.warning("%r: what nobody waits for was not kept: %s", self, error)
        if isinstance(error, StoreError) and error.final:
            self.ref.send(error)


def _entry(value: object) -> Entry:
    if not isinstance(value, Entry):
        raise BooksRefused(f"entry: expected an Entry, got: {value!r}")
    return value


def _wall() -> float:
    loop = asyncio.get_running_loop()
    return wall() if real_time(loop) else loop.time()


def _word(name: str, value: object) -> str:
    if not isinstance(value, str) or not value or not _encodable(value):
        raise BooksRefused(f"{name}: expected a word, got: {value!r}")
    return value


def _encodable(word: str) -> bool:
    """Whether a file may hold it: half a character is nothing that can be written."""
    try:
        word.encode()
    except UnicodeEncodeError:
        return False
    return True


def _whole(name: str, value: object, least: int) -> int:
    try:
        return whole(name, value, least=least)
    except OptionError as error:
        raise BooksRefused(str(error)) from None
