"""What Linux tells of processes: who descends from whom, and the memory that each accounts for."""

import os
from pathlib import Path

PROC = Path("/proc")


def descendants(pid: int) -> set[int]:
    """The processes below `pid`, however deep."""
    children: dict[int, list[int]] = {}
    for entry in PROC.iterdir():
        if entry.name.isdigit():
            try:
                # the name of a process, in parentheses, may contain anything; the state and the parent follow it
                parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
            except OSError:  # it has ended
                continue
            children.setdefault(parent, []).append(int(entry.name))
    found: set[int] = set()
    open_ends = [pid]
    while open_ends:
        below = children.get(open_ends.pop(), [])
        found.update(below)
        open_ends += below
    return found


def memory_of(pid: int) -> int:
    """Bytes of memory a process accounts for: what it shares is divided among those who share it (PSS)."""
    for line in (PROC / str(pid) / "smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) * 1024
    raise ValueError(f"expected the kernel to say how much memory process {pid} accounts for, got nothing")


def memory_below() -> dict[int, int]:
    """The memory of every process below this one."""
    return {pid: memory_of(pid) for pid in descendants(os.getpid())}
