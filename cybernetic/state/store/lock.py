"""One store to a file: a lock beside it, held with flock as long as the store is open, that names its holder."""

import fcntl
import os
import weakref

from cybernetic.state.store.errors import StoreInUse


class FileLock:
    """The lock of the store at `path`, taken at once. The file `<path>.lock` stays when it is let go.

    The kernel lets go of it when the process ends, however it ends. Raises `StoreInUse` with the holder's pid.
    """

    def __init__(self, path: str) -> None:
        self._file = os.open(f"{path}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.pread(self._file, 32, 0).decode(errors="replace").strip() or "that gave no number"
            os.close(self._file)
            raise StoreInUse(path, f"one held by process {holder}") from None
        os.ftruncate(self._file, 0)
        os.pwrite(self._file, f"{os.getpid()}\n".encode(), 0)
        _held.add(self)

    def release(self) -> None:
        """Let go; again does nothing."""
        if self._file >= 0:
            _held.discard(self)
            os.close(self._file)
            self._file = -1


_held: "weakref.WeakSet[FileLock]" = weakref.WeakSet()


def _let_go() -> None:
    """In a forked child: an inherited descriptor would hold the lock beyond the life of its owner."""
    for lock in tuple(_held):
        lock.release()


os.register_at_fork(after_in_child=_let_go)
