"""The command line as a person uses it: commands that stay and commands that end, with runs of their own."""

import os
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from cybernetic.apps import main

# as it is installed: what `python -c` runs finds modules in the current directory by itself
COMMAND = [sys.executable, str(Path(sys.executable).parent / "cybernetic")]
SECRET = "0123456789abcdef0123"


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
            [*COMMAND, *arguments], text=True, capture_output=True, timeout=30, cwd=self.folder
        )
        return done.returncode, done.stdout, done.stderr

    def ask(self, *arguments: str) -> tuple[int, str, str]:
        """The same without a process of its own: quicker, for commands that look into those that run."""
        self._capsys.readouterr()
        status = main(arguments)
        said = self._capsys.readouterr()
        return status, said.out, said.err

    def left(self) -> list[str]:
        """The processes that were started below here and have not ended, by their words."""
        mark, found = f"XDG_RUNTIME_DIR={self.runs.parent}".encode(), []
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit() and int(entry.name) != os.getpid():
                try:
                    if mark in (entry / "environ").read_bytes():
                        found.append((entry / "cmdline").read_text().replace("\0", " "))
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


def hear(process: "subprocess.Popen[str]", says: str) -> None:
    """Wait until a command prints a line with `says`."""
    assert process.stdout is not None
    heard = []
    for line in process.stdout:
        heard.append(line)
        if says in line:
            return
    raise AssertionError(f"expected a line with {says!r}, got: {heard}")


@contextmanager
def opened(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[Terminal]:
    """A terminal in a directory."""
    for name in [name for name in os.environ if name.startswith("CYBERNETIC_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(folder)
    with tempfile.TemporaryDirectory(prefix="cy") as runs:  # short: sockets are made in it
        monkeypatch.setenv("XDG_RUNTIME_DIR", runs)
        found = Terminal(folder, Path(runs, "cybernetic"), capsys)
        try:
            yield found
        finally:
            found.end()


def free_port() -> int:
    """A port of loopback that nobody uses."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        return port
