"""A demonstration on a pseudo-terminal, of companies that are made up: `python -m tests.integration.showing`."""

import codecs
import os
import pty
import re
import select
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from fcntl import ioctl
from pathlib import Path

from rich.console import Console

from cybernetic.apps.demo.frames import SYSTEMS
from cybernetic.apps.demo.screen.reel import Program, Source
from cybernetic.apps.demo.screen.show import Options, Show
from tests.apps.demo_screen.sample import film

ROOT = Path(__file__).parents[2]
ENTER, LEAVE = "\x1b[?1049h", "\x1b[?1049l"  # of the alternate screen
CURSOR = "\x1b[?25h"
SECONDS = 60.0  # after which what was waited for does not come any more
_ESCAPE = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\x1b\][^\x07]*\x07")


class Screen:
    """A pseudo-terminal with a program in it.

    Attributes:
        process: the program.
        raw: all it has written, with its escape sequences.
    """

    def __init__(self, process: "subprocess.Popen[bytes]", terminal: int) -> None:
        self.process, self._terminal = process, terminal
        self.raw = ""
        self._mark = 0
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")  # a part may end within a character

    def see(self, text: str, seconds: float = SECONDS) -> str:
        """Wait until `text` is written after what was seen last; what was written until then, without escapes."""
        until = time.monotonic() + seconds
        while text not in self._since():
            if not self._read(until - time.monotonic()):
                raise AssertionError(f"expected {text!r} on the screen, got: {self._since()[-3000:]!r}")
        seen = self._since()
        self._mark = len(self.raw)
        return seen

    def press(self, keys: str) -> None:
        """Type."""
        os.write(self._terminal, keys.encode())

    def resize(self, columns: int, lines: int) -> None:
        """Another size: the program is told by SIGWINCH."""
        ioctl(self._terminal, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))

    def end(self, seconds: float = SECONDS) -> int:
        """Wait for the end; the exit status."""
        until = time.monotonic() + seconds
        while self.process.poll() is None and time.monotonic() < until:
            self._read(0.1)
        while self._read(0.0):
            pass
        assert self.process.poll() is not None, f"expected it to end, got: {self._since()[-3000:]!r}"
        return self.process.returncode

    @property
    def echo(self) -> bool:
        """Whether what is typed is shown, as it should be when the program has ended."""
        return bool(termios.tcgetattr(self._terminal)[3] & termios.ECHO)

    @property
    def after(self) -> str:
        """What was written after the alternate screen was left, without escapes."""
        return plain(self.raw.rpartition(LEAVE)[2])

    def _since(self) -> str:
        return plain(self.raw[self._mark :])

    def _read(self, seconds: float) -> bool:
        ready, _, _ = select.select([self._terminal], [], [], max(0.0, seconds))
        if not ready:
            return False
        try:
            part = os.read(self._terminal, 1 << 16)
        except OSError:  # the other end is closed
            return False
        self.raw += self._decoder.decode(part)
        return bool(part)


def plain(text: str) -> str:
    """A text without escape sequences."""
    return _ESCAPE.sub("", text)


@contextmanager
def screen(*command: str, columns: int = 100, lines: int = 30, **more: str) -> Iterator[Screen]:
    """A program on a pseudo-terminal of that size; it is killed at the end of the block if it has not ended."""
    ours, theirs = pty.openpty()
    ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
    unset = ("COLUMNS", "LINES", "NO_COLOR", "FORCE_COLOR")
    environment = {name: value for name, value in os.environ.items() if name not in unset}
    environment |= {"TERM": "xterm-256color", "PYTHONIOENCODING": "utf-8", "PYTHONPATH": str(ROOT), **more}
    process = subprocess.Popen(
        command, stdin=theirs, stdout=theirs, stderr=theirs, env=environment, start_new_session=True
    )
    try:
        yield Screen(process, ours)
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()
        os.close(theirs)
        os.close(ours)


def films(folder: Path) -> None:
    """Write the companies that are made up into a folder, a file each: a process that plays one only reads it."""
    for arm, without in [
        ("plain", ()),
        ("gateway", ()),
        ("viable", ()),
        *(("viable", (one,)) for one in SYSTEMS),
    ]:
        lines = [frame.to_line() for frame in film(arm, without=without).frames]
        Path(folder, _name(arm, without)).write_text("\n".join(lines) + "\n")


def _name(arm: str, without: tuple[str, ...]) -> str:
    return "-".join((arm, *without))


class Written:
    """A stage whose companies were written into a folder before."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def company(self, arm: str, without: Sequence[str] = (), *, room: bool = False) -> Source:
        return Program(["cat", str(self._folder / _name(arm, tuple(without)))])

    def future(self, without: Sequence[str], at: float) -> Source:
        return self.company("viable", without)


def _main(folder: str, speed: str) -> int:
    return Show(Options(speed=float(speed)), Console(), Written(Path(folder))).show()


if __name__ == "__main__":
    raise SystemExit(_main(*sys.argv[1:]))
