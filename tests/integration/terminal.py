"""The command line as a person uses it: commands that stay and commands that end, with runs of their own."""

import contextlib
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from cybernetic.apps import main
from tests.integration.gateways.rabbit import free_ports

# as it is installed: what `python -c` runs finds modules in the current directory by itself
COMMAND = [sys.executable, str(Path(sys.executable).parent / "cybernetic")]
SECRET = "0123456789abcdef0123"
PATIENCE = 60.0  # seconds after which what was waited for does not come any more


class Terminal:
    """Runs commands in a directory of its own, with runs of its own; kills what is left at the end.

    Attributes:
        folder: the directory.
        runs: where systems leave their sockets.
    """

    def __init__(self, folder: Path, runs: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.folder, self.runs = folder, runs
        self._capsys = capsys
        self._started: list[subprocess.Popen[str]] = []

    def begin(self, *arguments: str, folder: Path | None = None) -> "subprocess.Popen[str]":
        """Begin a command as a process, in a group of its own as a shell does; both outputs are one."""
        process = subprocess.Popen(
            [*COMMAND, *arguments],
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            cwd=folder or self.folder,
            process_group=0,
        )
        self._started.append(process)
        return process

    def start(self, *arguments: str, says: str, folder: Path | None = None) -> "subprocess.Popen[str]":
        """Begin a command that stays, and wait until it prints a line with `says`."""
        process = self.begin(*arguments, folder=folder)
        hear(process, says)
        return process

    def run(self, *arguments: str) -> tuple[int, str, str]:
        """What a command that ends gives, as a process: status, output, errors."""
        done = subprocess.run(
            [*COMMAND, *arguments], text=True, capture_output=True, timeout=2 * PATIENCE, cwd=self.folder
        )
        return done.returncode, done.stdout, done.stderr

    def ask(self, *arguments: str) -> tuple[int, str, str]:
        """The same without a process of its own: quicker, for commands that look into those that run."""
        self._capsys.readouterr()
        status = main(arguments)
        said = self._capsys.readouterr()
        return status, said.out, said.err

    def ask_until(self, *arguments: str, says: str) -> str:
        """Ask again and again until it is done and the output has `says`; the output."""
        end, got = time.monotonic() + PATIENCE, (0, "", "")
        while time.monotonic() < end:
            got = self.ask(*arguments)
            if got[0] == 0 and says in got[1]:
                return got[1]
            time.sleep(0.05)
        raise AssertionError(f"expected {says!r} of {' '.join(arguments)}, got: {got}")

    def left(self) -> dict[int, str]:
        """The processes that were started below here and have not ended, with their words."""
        mark, found = f"XDG_RUNTIME_DIR={self.runs.parent}".encode(), {}
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit() and int(entry.name) != os.getpid():
                try:
                    if mark in (entry / "environ").read_bytes():
                        found[int(entry.name)] = (entry / "cmdline").read_text().replace("\0", " ")
                except OSError:
                    continue
        return found

    def end(self) -> None:
        """Leave nothing behind: whoever is killed at once leaves the certificate made for its links."""
        for process in self._started:
            process.terminate()
        for process in self._started:
            try:
                process.communicate(timeout=10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.communicate()
        end = time.monotonic() + PATIENCE / 3
        while self.left() and time.monotonic() < end:
            time.sleep(0.05)
        for pid in self.left():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


def hear(process: "subprocess.Popen[str]", says: str) -> None:
    """Wait until a command prints a line with `says`; one that does not say it in time is killed."""
    assert process.stdout is not None
    heard, late = [], threading.Timer(PATIENCE, process.kill)
    late.start()
    try:
        for line in process.stdout:
            heard.append(line)
            if says in line:
                return
    finally:
        late.cancel()
    raise AssertionError(f"expected a line with {says!r}, got: {heard}")


@contextlib.contextmanager
def opened(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[Terminal]:
    """A terminal in a directory."""
    for name in [name for name in os.environ if name.startswith("CYBERNETIC_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(folder)
    with tempfile.TemporaryDirectory(
        prefix="cy", ignore_cleanup_errors=True
    ) as runs:  # short: it has sockets
        monkeypatch.setenv("XDG_RUNTIME_DIR", runs)
        found = Terminal(folder, Path(runs, "cybernetic"), capsys)
        try:
            yield found
        finally:
            found.end()


def free_port() -> int:
    """A port of loopback that nobody listens on."""
    (port,) = free_ports(1)
    return port
