"""Frames as another process makes them: each reel brings a line for each frame, from a process or over its socket."""

import json
import os
import socket
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self

from cybernetic.apps.demo.copies import place
from cybernetic.apps.demo.frames import Frame
from cybernetic.apps.demo.screen.film import Film

CHUNK = 1 << 16
ENDING = 2.0  # seconds that a process has to end


class ReelTorn(Exception):
    """A company ended before the hour was over; the text says what its process said last."""


class Source(Protocol):
    """Where the lines of a reel come from."""

    def open(self) -> int:
        """Begin; a file descriptor that can be waited for and read without waiting. Raises `OSError`."""

    def close(self) -> None:
        """End it, and whatever was begun for it."""

    def enough(self) -> None:
        """All that is wanted has come."""

    def last_words(self) -> str:
        """Why it ended, when it has ended too early."""


class Reel:
    """Makes a film of what a source brings, from `with` to the end of the block.

    Args:
        film: where its frames go.
        source: where they come from.
    """

    def __init__(self, film: Film, source: Source) -> None:
        self.film = film
        self._source = source
        self._rest = b""
        self._from = -1
        self._ended = False

    def __enter__(self) -> Self:
        try:
            self._from = self._source.open()
        except OSError as error:
            self._source.close()
            raise ReelTorn(f"the company {self.film.title!r} could not begin: {error}") from None
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._source.close()

    @property
    def running(self) -> bool:
        """Whether more may come."""
        return not self._ended

    def fileno(self) -> int:
        """To wait for, with `select`."""
        return self._from

    def take(self) -> None:
        """Add what has come, without waiting. Raises `ReelTorn`."""
        if self._ended:
            return
        while not self._ended:
            try:
                part = os.read(self._from, CHUNK)
            except BlockingIOError:
                return
            except ConnectionResetError:
                part = b""
            *lines, self._rest = (self._rest + part).split(b"\n")
            for line in lines:
                self.film.add(Frame.of_line(line.decode()))
            self._ended = not part or self.film.whole
        if self.film.whole:
            self._source.enough()
        else:
            raise ReelTorn(
                f"the company {self.film.title!r} ended before the hour did: {self._source.last_words()}"
            )


class Program:
    """A process whose output is the lines. Its input ends when this process does, or closes the reel.

    Args:
        command: its words.
    """

    def __init__(self, command: Sequence[str]) -> None:
        self._command = list(command)
        self._process: subprocess.Popen[bytes] | None = None
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 - `close` closes it

    def open(self) -> int:
        """Start it. Raises `OSError`."""
        self._process = subprocess.Popen(
            self._command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            process_group=0,  # Ctrl-C at the terminal is for who shows the film
        )
        assert self._process.stdout is not None
        os.set_blocking(self._process.stdout.fileno(), False)
        return self._process.stdout.fileno()

    def close(self) -> None:
        """End it, at once if need be."""
        process = self._process
        if process is not None:
            process.terminate()
            try:
                process.wait(ENDING)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            for pipe in (process.stdin, process.stdout):
                if pipe is not None:
                    pipe.close()
        self._errors.close()

    def enough(self) -> None:
        """It ends by itself; its copies are there until it is closed."""

    def last_words(self) -> str:
        """The last line of its errors, and its status."""
        assert self._process is not None
        status = self._process.wait()
        self._errors.seek(0)
        said = self._errors.read().decode("utf-8", "replace").strip().splitlines()
        return f"{said[-1] if said else 'it said nothing'} (status {status})"


class Copy:
    """The other future: a copy of the process that plays the viable company is asked for it over its socket.

    Args:
        folder: where copies have their sockets.
        without: the systems that it goes on without.
        at: the virtual second from which on it does.
    """

    def __init__(self, folder: Path, without: Sequence[str], at: float) -> None:
        self._folder, self._without, self._at = folder, list(without), at
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)

    def open(self) -> int:
        """Ask for it. Raises `OSError` where there is no such copy."""
        self._socket.connect(str(self._folder / place(self._at)))
        self._socket.sendall(json.dumps({"without": self._without, "at": self._at}).encode() + b"\n")
        self._socket.setblocking(False)
        return self._socket.fileno()

    def close(self) -> None:
        """It ends when nobody listens any more."""
        self._socket.close()

    def enough(self) -> None:
        """It ends when nobody listens any more."""
        self.close()

    def last_words(self) -> str:
        """Nothing is known."""
        return "it said nothing"


def replay(seed: int, arm: str, without: Sequence[str] = ()) -> list[str]:
    """The words of a process that plays a company of the hour of a seed, which goes without some systems."""
    words = [sys.executable, "-m", "cybernetic.apps.demo.replay", "--seed", str(seed), "--arm", arm]
    return [*words, "--without", *without] if without else words


def stand(seed: int, without: Sequence[str], folder: Path, *, room: bool) -> list[str]:
    """The words of one that plays the viable company and leaves copies in a folder."""
    words = [sys.executable, "-m", "cybernetic.apps.demo.stand", "--seed", str(seed), "--folder", str(folder)]
    return [*words, *(["--room"] if room else []), *(["--without", *without] if without else [])]
