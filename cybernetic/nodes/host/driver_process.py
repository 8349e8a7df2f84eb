"""What Linux offers to processes that must not outlive each other. Every process of a run dies with its maker."""

import contextlib
import ctypes
import os
import signal
import socket
import stat
import sys
import traceback

_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36
_ADMIN_DEPTH = 2  # forks from the warden to Thespian's admin, whose maker ends at once
_NODE_DEPTH = 4  # to a node: admin, supervisor, node

_libc = ctypes.CDLL(None, use_errno=True)


def die_with_parent(parent: int, by: int = signal.SIGKILL) -> None:
    """Have this process get signal `by` when its parent, `parent`, has ended; if it has already, exit now."""
    if _libc.prctl(_PR_SET_PDEATHSIG, int(by)) != 0:
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_PDEATHSIG)")
    if os.getppid() != parent:
        os._exit(1)


def adopt_orphans() -> None:
    """Make this process the parent of those below it whose parent ends."""
    if _libc.prctl(_PR_SET_CHILD_SUBREAPER, 1) != 0:
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_CHILD_SUBREAPER)")


class Lineage:
    """Ties the processes that this one forks, down to the nodes, to their makers from their first moment.

    In each: the sockets of its maker are closed, so that who holds the other end sees the end of the maker, its
    maker's ports are its maker's alone, and it dies with the maker. What a node starts is its own affair until the
    node ends, so it does not hold the run's lock, `lock`, and the run counts as over without it.
    """

    def __init__(self, lock: int) -> None:
        self.sockets: list[socket.socket] = []
        self._lock = lock
        self._depth = 0
        self._parent = 0
        os.register_at_fork(before=self._before, after_in_child=self._born)

    def _before(self) -> None:
        self._parent = os.getpid()

    def _born(self) -> None:
        self._depth += 1
        if self._depth > _NODE_DEPTH:
            if self._depth == _NODE_DEPTH + 1:
                os.close(self._lock)
            return
        for each in self.sockets:
            each.close()
        self.sockets.clear()
        _stop_listening()
        if self._depth != _ADMIN_DEPTH:
            die_with_parent(self._parent)


def _stop_listening() -> None:
    """Let go of inherited sockets that listen: nobody would answer there, and their ports stay taken.

    Their numbers stay taken too, by what does nothing, for objects that would close them are inherited as well.
    """
    null = os.open(os.devnull, os.O_RDWR | os.O_CLOEXEC)
    for descriptor in map(int, os.listdir("/proc/self/fd")):
        with contextlib.suppress(OSError):  # no socket, or the listing's own descriptor
            if _listens(descriptor):
                os.dup2(null, descriptor, inheritable=False)
    os.close(null)


def _listens(descriptor: int) -> bool:
    if not stat.S_ISSOCK(os.fstat(descriptor).st_mode):
        return False
    found = socket.socket(fileno=descriptor)
    try:
        return bool(found.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN))
    finally:
        found.detach()


def give_up() -> None:
    """Write the exception being handled to standard error in one block, and end this process with status 1."""
    report(traceback.format_exc())
    os._exit(1)


def report(text: str) -> None:
    """Write `text` to standard error in one piece."""
    with contextlib.suppress(OSError, ValueError):
        sys.stderr.write(f"process {os.getpid()}: {text.rstrip()}\n")
        sys.stderr.flush()
