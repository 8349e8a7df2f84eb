"""A directory of our own for one run: who may enter it, who holds it, and how what is left of others is swept.

`<base>/<name>-<token>`, mode 0700, with a file `lock` that each process of the run holds by an inherited
descriptor (flock belongs to the open file, so the lock is free when the last of them has gone, however it went).
"""

import contextlib
import fcntl
import os
import re
import shutil
import stat
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from cybernetic.core import token
from cybernetic.nodes.errors import HostFailed

LOCK = "lock"
SOCKET_PATH_BYTES = 107  # what the kernel takes as the path of a Unix socket
ROOM_FOR_NAMES = (
    54  # bytes kept for a socket's name inside the directory: a separator, a node's name, its number
)

_UNFIT = re.compile(r"[^A-Za-z0-9_.]+")
_NAMED = re.compile(r"(?P<name>[A-Za-z0-9_.]+)-(?P<token>[0-9a-f]{8})")


@dataclass(frozen=True, slots=True)
class RunDirectory:
    """A run's directory.

    Attributes:
        name: what the run is called.
        path: the directory.
        lock: a descriptor that holds it, to be inherited by the processes of the run; -1 if it is another's.
    """

    name: str
    path: Path
    lock: int = -1

    def release(self) -> None:
        """Let go of the lock; the directory stays for others that hold it."""
        if self.lock >= 0:
            with contextlib.suppress(OSError):
                os.close(self.lock)

    def remove(self) -> None:
        """Remove the directory and what is in it; nothing if it is gone."""
        shutil.rmtree(self.path, ignore_errors=True)


def base_directory() -> Path:
    """Where runs are: `$XDG_RUNTIME_DIR/cybernetic`, else `cybernetic-<uid>` in the directory for scratch files."""
    runtime = os.environ.get("XDG_RUNTIME_DIR")
    if runtime:
        return Path(runtime) / "cybernetic"
    return Path(tempfile.gettempdir()) / f"cybernetic-{os.getuid()}"


def make(name: str, base: Path | None = None) -> RunDirectory:
    """A new directory, held by this process. Raises `HostFailed` if there is no safe place for it.

    Args:
        name: of the run; what does not fit a file's name becomes "_", and it is cut to 16 characters.
        base: where; `base_directory()` unless said.
    """
    base = base_directory() if base is None else base
    short = _UNFIT.sub("_", name)[:16] or "_"
    _secure(base)
    path = base / f"{short}-{token(4)}"
    longest = len(os.fsencode(path)) + ROOM_FOR_NAMES
    if longest > SOCKET_PATH_BYTES:
        raise HostFailed(
            f"expected a directory short enough for Unix sockets ({SOCKET_PATH_BYTES} bytes with their names), "
            f"got: {path}, {longest - SOCKET_PATH_BYTES} too long; set XDG_RUNTIME_DIR or TMPDIR to a shorter one"
        )
    with _alone(base):
        path.mkdir(mode=0o700)
        lock = os.open(path / LOCK, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        fcntl.flock(lock, fcntl.LOCK_EX)
    return RunDirectory(short, path, lock)


def runs(base: Path | None = None) -> list[RunDirectory]:
    """The runs that live, by name: those whose directory a process holds."""
    base = base_directory() if base is None else base
    if not base.exists():
        return []
    _secure(base)
    with _alone(base):
        return [run for run in _directories(base) if not _is_free(run.path)]


def sweep(base: Path | None = None) -> list[RunDirectory]:
    """Remove the directories that no process holds any more; what was removed is returned."""
    base = base_directory() if base is None else base
    if not base.exists():
        return []
    _secure(base)
    with _alone(base):
        free = [run for run in _directories(base) if _is_free(run.path)]
        for run in free:
            run.remove()
    return free


def _secure(base: Path) -> None:
    """Make the base if need be. Raises `HostFailed` unless it is a directory of ours that nobody else may enter."""
    try:
        base.mkdir(mode=0o700, parents=False, exist_ok=True)
        found = base.lstat()
    except OSError as error:
        raise HostFailed(f"expected a directory for runs at {base}, got: {error}") from error
    if stat.S_ISLNK(found.st_mode) or not stat.S_ISDIR(found.st_mode):
        raise HostFailed(f"expected a directory for runs at {base}, got: a link or a file")
    if found.st_uid != os.getuid():
        raise HostFailed(f"expected {base} to belong to user {os.getuid()}, got: user {found.st_uid}")
    if stat.S_IMODE(found.st_mode) & 0o077:
        raise HostFailed(f"expected {base} with mode 0700, got: {stat.S_IMODE(found.st_mode):04o}")


@contextlib.contextmanager
def _alone(base: Path) -> Iterator[None]:
    """Nobody else makes or sweeps directories meanwhile: a new one is not swept before it is held."""
    lock = os.open(base / f".{LOCK}", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        os.close(lock)


def _directories(base: Path) -> list[RunDirectory]:
    found = ((entry, _NAMED.fullmatch(entry.name)) for entry in sorted(base.iterdir()))
    return [
        RunDirectory(match["name"], entry)
        for entry, match in found
        if match and entry.is_dir() and not entry.is_symlink()
    ]


def _is_free(directory: Path) -> bool:
    try:
        lock = os.open(directory / LOCK, os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW)
    except FileNotFoundError:
        return True
    except OSError:
        return False
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    else:
        return True
    finally:
        os.close(lock)
