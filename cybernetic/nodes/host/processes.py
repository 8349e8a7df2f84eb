"""The processes of this machine as /proc shows them: whose child each is, and how to end those that are left."""

import contextlib
import os
import signal
from collections.abc import Iterator
from pathlib import Path

RUN = "_CYBERNETIC_RUN"  # in the environment of every process of a run: its directory


def children(parent: int) -> list[int]:
    """The processes whose parent is `parent`."""
    return [pid for pid, made_by in _processes() if made_by == parent]


def parent(pid: int) -> int:
    """The process whose child `pid` is; 0 if there is none."""
    try:
        return _parent(Path(f"/proc/{pid}"))
    except OSError:
        return 0


def _parent(process: Path) -> int:
    state = (process / "stat").read_text(errors="replace").rpartition(")")[2].split()
    return int(state[1])


def _processes() -> Iterator[tuple[int, int]]:
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                yield int(entry.name), _parent(entry)


def reap() -> None:
    """Take note of the children that have ended, without waiting."""
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


def end_all_below() -> None:
    """Kill every process below this one, and wait for each: whoever loses its parent becomes a child of ours."""
    while True:
        for pid in children(os.getpid()):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        try:
            os.waitpid(-1, 0)
        except ChildProcessError:
            return


def end_orphans(but: set[int]) -> bool:
    """Kill the children of this process but those, and all below them. Whether there were any.

    Returns at once: what those leave becomes a child of this process in turn, so call again until there is none.
    """
    below: dict[int, list[int]] = {}
    for pid, made_by in _processes():
        below.setdefault(made_by, []).append(pid)
    todo = [pid for pid in below.get(os.getpid(), []) if pid not in but]
    found = bool(todo)
    while todo:
        pid = todo.pop()
        todo += below.get(pid, [])
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
        with contextlib.suppress(ChildProcessError):
            os.waitpid(pid, os.WNOHANG)
    return found


def end_marked(run: str) -> bool:
    """Kill every process whose environment says that it is of `run`, a run's directory. Whether there were any.

    This finds what the processes of a run have started however it came loose, unless with another environment.
    """
    mark = f"{RUN}={run}".encode()
    found = False
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                found |= _kill_if_marked(int(entry.name), mark)
    return found


def _kill_if_marked(pid: int, mark: bytes) -> bool:
    process = os.pidfd_open(pid)  # opened first, so that the number cannot have become another's
    try:
        if mark not in Path(f"/proc/{pid}/environ").read_bytes().split(b"\0"):
            return False
        signal.pidfd_send_signal(process, signal.SIGKILL)
        return True
    finally:
        os.close(process)
