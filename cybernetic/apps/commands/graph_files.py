"""The files of `cybernetic graph`: what is written, and what is read, in JSON Lines or GraphML; `-` is a pipe."""

import json
import os
import shutil
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any, BinaryIO

from rich.console import Console
from rich.progress import MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from cybernetic.core import CyberneticError, wall
from cybernetic.state import read_graphml, read_lines, write_graphml, write_lines

FORMATS = ("lines", "graphml")
PIECE = 1 << 16  # bytes read at once
LONGEST = 1 << 19  # bytes of a line that are read: more than any may have
RECORDS, BYTES = 200, 500_000  # sent at once: below what a graph and the control socket take

Record = dict[str, Any]


class FileError(CyberneticError):
    """A file could not be read or written; the text says why."""


def written(file: BinaryIO, records: Iterable[Record], format: str) -> int:
    """Write records; how many there were."""
    counted = _Counted(records)
    for text in (write_graphml if format == "graphml" else write_lines)(counted):
        file.write(text.encode())
    return counted.count


def read(file: BinaryIO, format: str | None) -> Iterator[Record]:
    """The records of a file from its beginning, each such as a graph takes. Raises `OptionError` that names the line.

    What begins like XML is GraphML, unless `format` says otherwise.
    """
    file.seek(0)
    if format is None:
        format = "graphml" if file.read(PIECE).removeprefix(b"\xef\xbb\xbf").lstrip()[:1] == b"<" else "lines"
        file.seek(0)
    if format == "graphml":
        return read_graphml(iter(lambda: file.read(PIECE), b""), wall())
    return read_lines(iter(lambda: file.readline(LONGEST), b""), wall())


def batches(records: Iterable[Record]) -> Iterator[list[Record]]:
    """The records in groups that one call may carry."""
    batch: list[Record] = []
    size = 0
    for record in records:
        length = len(json.dumps(record))
        if batch and (len(batch) == RECORDS or size + length > BYTES):
            yield batch
            batch, size = [], 0
        batch.append(record)
        size += length
    if batch:
        yield batch


@contextmanager
def opened(name: str) -> Iterator[BinaryIO]:
    """The file to read from, as often as one likes: what comes from a pipe is kept in a file of its own meanwhile."""
    try:
        with nullcontext(sys.stdin.buffer) if name == "-" else Path(name).open("rb") as file:
            if file.seekable():
                yield file
                return
            with TemporaryFile() as kept:
                shutil.copyfileobj(file, kept)
                yield kept
    except OSError as error:
        raise FileError(f"expected a file that can be read, got: {error}") from None


@contextmanager
def made(name: str) -> Iterator[BinaryIO]:
    """The file to write to, which takes its name when all of it is there."""
    if name == "-":
        sys.stdout.flush()
        yield sys.stdout.buffer
        return
    part = Path(f"{name}.part")
    try:
        with part.open("wb") as file:
            yield file
        os.replace(part, name)
    except OSError as error:
        raise FileError(f"expected a file that can be written, got: {error}") from None
    finally:
        part.unlink(missing_ok=True)


@contextmanager
def progress(what: str, total: int | None = None) -> Iterator[Callable[[int], object]]:
    """Shows how far something is, to who sits at a terminal; call what is given with how many are done."""
    console = Console(stderr=True)
    columns = TextColumn("{task.description}"), MofNCompleteColumn(), TimeRemainingColumn()
    with Progress(
        *columns, console=console, transient=True, disable=not console.is_terminal, refresh_per_second=4
    ) as bar:
        task = bar.add_task(what, total=total)
        yield lambda done: bar.update(task, completed=done)


class _Counted:
    """The same records, counted."""

    def __init__(self, records: Iterable[Record]) -> None:
        self._records, self.count = records, 0

    def __iter__(self) -> Iterator[Record]:
        for record in self._records:
            self.count += 1
            yield record
