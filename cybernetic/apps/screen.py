"""The terminal: keys as they are pressed, the alternate screen, and all as it was when it is over, however it ends."""

import os
import select
import signal
import sys
import termios
import tty
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from types import FrameType
from typing import Any

from rich.console import Console
from rich.live import Live
from rich.text import Text

from cybernetic.observe import Look

TERMINATED = 128 + signal.SIGTERM
ESCAPE = "\x1b"


class Terminal:
    """A terminal that shows one picture at a time and hears keys. Made by `opened`.

    Args:
        console: where it draws.
        live: the picture.
        woken: becomes readable when the size has changed.
    """

    def __init__(self, console: Console, live: Live, woken: int) -> None:
        self._console, self._live, self._woken = console, live, woken

    @property
    def size(self) -> tuple[int, int]:
        """Columns and lines at present."""
        return self._console.size.width, self._console.size.height

    def show(self, picture: Text) -> None:
        """Put a picture on the screen."""
        self._live.update(picture, refresh=True)

    def wait(self, seconds: float, others: Sequence[Any] = ()) -> tuple[list[str], list[Any]]:
        """The keys that were pressed, and which of the `others` can be read, after at most so many seconds.

        The end of the input counts as the key "".
        """
        stdin = sys.stdin.fileno()
        ready, _, _ = select.select([stdin, self._woken, *others], [], [], max(0.0, seconds))
        if self._woken in ready:
            os.read(self._woken, 4096)
        keys = _keys(os.read(stdin, 64).decode("utf-8", "replace")) if stdin in ready else []
        return keys, [one for one in ready if one not in (stdin, self._woken)]


def _keys(text: str) -> list[str]:
    """Single keys; longer sequences that begin with Escape (arrows and the like) are none of ours."""
    if not text:
        return [""]
    return list(text) if text == ESCAPE or not text.startswith(ESCAPE) else []


def shows(console: Console) -> bool:
    """Whether a picture can be shown on it, and keys heard: both ends are terminals, and it knows how to move about."""
    return console.is_terminal and not console.is_dumb_terminal and sys.stdin.isatty()


@contextmanager
def opened(console: Console) -> Iterator[Terminal]:
    """The terminal taken over; given back as it was at the end of the block, also after an error, Ctrl-C or SIGTERM.

    SIGTERM ends the program with status 143. To be used in the main thread.
    """
    read, write = os.pipe()
    os.set_blocking(write, False)
    os.set_blocking(read, False)
    before = termios.tcgetattr(sys.stdin)
    try:
        tty.setcbreak(sys.stdin)
        with (
            _signals(write),
            Live(console=console, screen=True, auto_refresh=False, vertical_overflow="crop") as live,
        ):
            yield Terminal(console, live, read)
    finally:
        termios.tcsetattr(sys.stdin, termios.TCSADRAIN, before)
        os.close(read)
        os.close(write)


@contextmanager
def _signals(wake: int) -> Iterator[None]:
    """SIGWINCH is written into the pipe, SIGTERM ends the block."""

    def resized(number: int, frame: FrameType | None) -> None:
        try:
            os.write(wake, b".")
        except BlockingIOError:
            pass  # it is awake already

    def terminated(number: int, frame: FrameType | None) -> None:
        raise SystemExit(TERMINATED)

    handlers: dict[int, Callable[[int, FrameType | None], None]] = {
        signal.SIGWINCH: resized,
        signal.SIGTERM: terminated,
    }
    before = {number: signal.signal(number, handler) for number, handler in handlers.items()}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def signs(console: Console) -> Look:
    """The signs that a console can show: all, or those of ASCII."""
    return Look(unicode=console.encoding.lower().startswith("utf") and not console.legacy_windows)
