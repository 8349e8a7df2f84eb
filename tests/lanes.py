"""Runs the tests in three lanes at a time, each of which takes the next part when it is done with one.

Two lanes begin with `tests/integration`, which waits more than it computes, so that two processors are busy; the first
lane begins with the rest. A part is a folder, the largest first, so that all lanes end at about the same time; small
ones are run together, for each start of pytest costs some seconds.

`python tests/lanes.py [ARGUMENTS OF PYTEST]`: with arguments it is pytest and nothing else, but for options `-o`.
"""

import os
import subprocess
import sys
import tempfile
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import Lock, Thread
from typing import IO

TESTS = Path(__file__).parent
PYTEST = (sys.executable, "-m", "pytest")
WAITING = TESTS / "integration"
DIVIDED = TESTS, TESTS / "vsm", TESTS / "vsm" / "living", WAITING  # whose folders are parts by themselves
SMALL, LARGE = 100_000, 150_000  # bytes of tests
Part = tuple[Path, ...]


def waiting() -> list[Part]:
    """What waits more than it computes, the largest first."""
    return sorted(_parts(WAITING), key=_size, reverse=True)


def computing() -> list[Part]:
    """What computes, the largest first."""
    found = sorted(_parts(TESTS), key=_size, reverse=True)
    large = [part for part in found if _size(part) >= SMALL]
    return large + list(_together(found[len(large) :], SMALL))


def _parts(where: Path) -> Iterator[Part]:
    """What can be run by itself: the folders, and the files beside them, of very many some at a time."""
    for folder in where.iterdir():
        if folder in DIVIDED and folder != WAITING:
            yield from _parts(folder)
        elif folder != WAITING and next(folder.rglob("test_*.py"), None):
            yield (folder,)
    yield from _together([(file,) for file in sorted(where.glob("test_*.py"))], LARGE)


def _together(parts: Sequence[Part], size: int) -> Iterator[Part]:
    part: Part = ()
    for one in parts:
        part += one
        if _size(part) >= size:
            yield part
            part = ()
    if part:
        yield part


def _size(part: Part) -> int:
    files = [one for path in part for one in (path.rglob("test_*.py") if path.is_dir() else (path,))]
    return sum(one.stat().st_size for one in files)


class Lanes:
    """What is left to do, and what became of what was done. `options` are for pytest."""

    def __init__(self, options: Sequence[str]) -> None:
        self.failed: list[str] = []
        self._options = options
        self._waiting, self._computing = deque(waiting()), deque(computing())
        # outputs of the lanes beside the first, to be shown when that is between parts
        self._done: deque[IO[bytes]] = deque()
        self._running: set[subprocess.Popen[bytes]] = set()
        self._lock = Lock()

    def run(self) -> None:
        """Run everything."""
        beside = [Thread(target=self._beside, daemon=True) for _ in range(2)]
        for lane in beside:
            lane.start()
        try:
            while part := self._next(self._computing, self._waiting):
                self._note(part, subprocess.run(self._command(part), check=False).returncode)
                self._show()
            for lane in beside:
                lane.join()
        finally:
            self._waiting.clear()
            self._computing.clear()
            self._end()  # Ctrl-C reaches all; whatever else ends us must not leave one behind
            for lane in beside:
                lane.join()
            self._show()

    def _beside(self) -> None:
        while part := self._next(self._waiting, self._computing):
            output = tempfile.TemporaryFile()  # noqa: SIM115  closed when it is shown
            output.write(f"\n{_name(part)}, at the same time:\n".encode())
            output.flush()
            with self._lock:
                running = subprocess.Popen(
                    [*self._command(part), "-p", "no:cacheprovider"],
                    stdout=output,
                    stderr=subprocess.STDOUT,
                    env={**os.environ, "COLUMNS": "100"},
                )
                self._running.add(running)
            self._note(part, running.wait())
            self._running.discard(running)
            self._done.append(output)

    def _next(self, *queues: "deque[Part]") -> Part | None:
        for queue in queues:
            try:
                return queue.popleft()
            except IndexError:
                continue
        return None

    def _command(self, part: Part) -> list[str]:
        return [*PYTEST, *map(str, part), *self._options]

    def _note(self, part: Part, status: int) -> None:
        if status:
            self.failed.append(_name(part))

    def _show(self) -> None:
        while self._done:
            with self._done.popleft() as output:
                output.seek(0)
                sys.stdout.buffer.write(output.read())
        sys.stdout.flush()

    def _end(self) -> None:
        with self._lock:
            for running in tuple(self._running):
                running.terminate()


def _name(part: Part) -> str:
    """The folders, and of files only the one they are in."""
    paths = dict.fromkeys(path if path.is_dir() else path.parent / "*.py" for path in part)
    return ", ".join([str(path.relative_to(TESTS.parent)) for path in paths])


@contextmanager
def compiled() -> Iterator[None]:
    """Where bytecode is not to be written beside its source it is kept in a folder of the run: tests start hundreds of
    processes, each of which would compile the whole library for itself, which takes longer than all else it does.
    """
    with tempfile.TemporaryDirectory(prefix="cybernetic-bytecode-", ignore_cleanup_errors=True) as folder:
        if os.environ.pop("PYTHONDONTWRITEBYTECODE", None):
            os.environ["PYTHONPYCACHEPREFIX"] = folder
        yield


def main(arguments: list[str]) -> int:
    """Run them; the exit status is 1 if something failed."""
    with compiled():
        return _run(arguments)


def _run(arguments: list[str]) -> int:
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
