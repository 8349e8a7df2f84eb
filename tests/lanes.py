"""Runs the tests in two lanes at a time, each of which takes the next part when it is done with one.

The second lane begins with `tests/integration`, which waits more than it computes. The other parts are the folders of
`tests` and of `tests/vsm`, the largest first, so that both lanes end at about the same time.

`python tests/lanes.py [ARGUMENTS OF PYTEST]`: with arguments it is pytest and nothing else, but for options `-o`.
"""

import os
import subprocess
import sys
import tempfile
from collections import deque
from collections.abc import Iterator, Sequence
from pathlib import Path
from threading import Lock, Thread
from typing import IO

TESTS = Path(__file__).parent
PYTEST = (sys.executable, "-m", "pytest")
DIVIDED = (TESTS, TESTS / "vsm")  # folders whose folders are parts, each for itself
Part = tuple[Path, ...]


def parts() -> Iterator[Part]:
    """What can be run by itself, the largest first."""
    folders = [one for where in DIVIDED for one in where.iterdir() if one not in DIVIDED and _tests(one)]
    yield from [(one,) for one in sorted(folders, key=_size, reverse=True) if one.name != "integration"]
    beside = [one for where in DIVIDED for one in sorted(where.glob("test_*.py"))]
    if beside:
        yield tuple(beside)


def _tests(folder: Path) -> Sequence[Path]:
    return list(folder.rglob("test_*.py"))


def _size(folder: Path) -> int:
    return sum(one.stat().st_size for one in _tests(folder))


class Lanes:
    """What is left to do, and what became of what was done. `options` are for pytest."""

    def __init__(self, options: Sequence[str]) -> None:
        self.failed: list[str] = []
        self._options = options
        self._left = deque(parts())
        self._done: list[
            IO[bytes]
        ] = []  # outputs of the second lane, to be shown when the first is between parts
        self._running: subprocess.Popen[bytes] | None = None
        self._lock = Lock()

    def run(self) -> None:
        """Run everything."""
        second = Thread(target=self._second, daemon=True)
        second.start()
        try:
            while part := self._next():
                self._note(part, subprocess.run(self._command(part), check=False).returncode)
                self._show()
            second.join()
        finally:
            self._left.clear()
            self._end()  # Ctrl-C reaches both; whatever else ends us must not leave one behind
            second.join()
            self._show()

    def _second(self) -> None:
        part: Part | None = (TESTS / "integration",)
        while part:
            output = tempfile.TemporaryFile()  # noqa: SIM115  closed when it is shown
            output.write(f"\n{_name(part)}, at the same time:\n".encode())
            output.flush()
            with self._lock:
                self._running = subprocess.Popen(
                    [*self._command(part), "-p", "no:cacheprovider"],
                    stdout=output,
                    stderr=subprocess.STDOUT,
                    env={**os.environ, "COLUMNS": "100"},
                )
            self._note(part, self._running.wait())
            self._done.append(output)
            part = self._next()

    def _next(self) -> Part | None:
        try:
            return self._left.popleft()
        except IndexError:
            return None

    def _command(self, part: Part) -> list[str]:
        return [*PYTEST, *map(str, part), *self._options]

    def _note(self, part: Part, status: int) -> None:
        if status:
            self.failed.append(_name(part))

    def _show(self) -> None:
        while self._done:
            with self._done.pop(0) as output:
                output.seek(0)
                sys.stdout.buffer.write(output.read())
        sys.stdout.flush()

    def _end(self) -> None:
        with self._lock:
            if self._running is not None and self._running.poll() is None:
                self._running.terminate()


def _name(part: Part) -> str:
    return ", ".join([str(one.relative_to(TESTS.parent)) for one in part])


def main(arguments: list[str]) -> int:
    """Run them; the exit status is 1 if something failed."""
    if any(not argument.startswith("-o") for argument in arguments):
        return subprocess.run([*PYTEST, *arguments], check=False).returncode
    lanes = Lanes(arguments)
    lanes.run()
    print("\n" + (f"failed: {'; '.join(lanes.failed)}" if lanes.failed else "all parts passed"), flush=True)
    return int(bool(lanes.failed))


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(130)
