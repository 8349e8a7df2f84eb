"""One store to a file: locks held with flock while the store is open, by the name of the file and by the file."""

import fcntl
import os
import weakref

from cybernetic.state.store.errors import StoreInUse

Inode = tuple[int, int]  # device and number: what is the same for all names of one file


class FileLock:
    """The lock of the store at `path`, taken at once. The file `<path>.lock`, which names the holder, stays.

    A file may have other names (hard links): `cover` locks the file itself, as soon as there is one, and before
    anything is read of it. The kernel lets go of both when the process ends, however it ends.

    Raises `StoreInUse` with the holder's pid.
    """

    def __init__(self, path: str) -> None:
        self._path = path
        self._inode: Inode | None = None
        self._itself = -1
        self._file = os.open(f"{path}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        if not _locked(self._file):
            holder = os.pread(self._file, 32, 0).decode(errors="replace").strip() or "that gave no number"
            os.close(self._file)
            self._file = -1
            raise StoreInUse(path, f"one held by process {holder}")
        os.ftruncate(self._file, 0)
        os.pwrite(self._file, f"{os.getpid()}\n".encode(), 0)
        _held.add(self)

    def cover(self) -> None:
        """Lock the file itself, or the new one that is in its place now. Raises `StoreInUse`.

        That this process has it open under another name is known without opening it once more: to close a file takes
        all locks away that SQLite, in the same process, has on it.
        """
        try:
            found = os.stat(self._path)
        except FileNotFoundError:
            return
        inode = found.st_dev, found.st_ino
        if inode == self._inode:
            return
        if inode in _covered:
            raise StoreInUse(self._path, "one that this process has open under another name")
        file = os.open(self._path, os.O_RDONLY | os.O_CLOEXEC)
        if not _locked(file):
            os.close(file)
            raise StoreInUse(self._path, "one that is open under another name")
        self._uncover()
        self._itself, self._inode = file, inode
        _covered.add(inode)

    def release(self) -> None:
        """Let go, after all connections were closed; again does nothing.

        Said aloud, for a child that was forked a moment ago may have the descriptors still.
        """
        for file in (self._file, self._itself):
            if file >= 0:
                fcntl.flock(file, fcntl.LOCK_UN)
        self.forget()

    def forget(self) -> None:
        """Close the descriptors: the lock is whose it was, if somebody else has them."""
        self._uncover()
        if self._file >= 0:
            _held.discard(self)
            os.close(self._file)
            self._file = -1

    def _uncover(self) -> None:
        if self._inode is not None:
            _covered.discard(self._inode)
            os.close(self._itself)
            self._inode, self._itself = None, -1


def _locked(file: int) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


_held: "weakref.WeakSet[FileLock]" = weakref.WeakSet()
_covered: set[Inode] = set()  # that this process has locked


def _let_go() -> None:
    """In a forked child: an inherited descriptor would hold the lock beyond the life of its owner."""
    for lock in tuple(_held):
        lock.forget()


os.register_at_fork(after_in_child=_let_go)
