"""Limits of a node's process: by resource limits, and by a control group (cgroup v2) where one may be made."""

import contextlib
import math
import resource
from pathlib import Path

from cybernetic.core import token
from cybernetic.nodes.errors import HostFailed
from cybernetic.supervision import Limits

ROOT = Path("/sys/fs/cgroup")
MEMBER = Path("/proc/self/cgroup")  # which groups this process is in
_PERIOD = 100_000  # microseconds over which cpu.max counts
_LEAST_QUOTA = 1000  # microseconds; the kernel takes no less


class Held:
    """The limits that hold one process, and the control group made for it, if any."""

    def __init__(self, limits: Limits, root: Path = ROOT, member: Path = MEMBER) -> None:
        """Prepare. Raises `HostFailed` for a limit that is not offered here.

        Args:
            limits: to hold.
            root: where control groups are.
            member: the file that says in which this process is.
        """
        self._limits = limits
        wanted = group_files(limits)
        self._group = _make_group(wanted, own_group(root, member.read_text())) if wanted else None

    def apply(self, pid: int) -> None:
        """Hold process `pid`, which has done nothing yet. Raises `HostFailed` if that is refused."""
        try:
            if self._limits.address_space is not None:
                resource.prlimit(pid, resource.RLIMIT_AS, (self._limits.address_space,) * 2)
            if self._limits.cpu_seconds is not None:
                most = math.ceil(self._limits.cpu_seconds)
                resource.prlimit(pid, resource.RLIMIT_CPU, (most, most + 1))
            if self._group is not None:
                (self._group / "cgroup.procs").write_text(str(pid))
        except (OSError, ValueError) as error:
            raise HostFailed(f"its limits could not be set: {error}") from error

    def release(self) -> None:
        """Remove the control group, once the process has ended."""
        if self._group is not None:
            with contextlib.suppress(OSError):
                self._group.rmdir()


def group_files(limits: Limits) -> dict[str, tuple[str, str]]:
    """Those limits that a control group holds: by name, the file of the group and what to write to it."""
    wanted = {}
    if limits.memory is not None:
        wanted["memory"] = ("memory.max", str(limits.memory))
    if limits.cpus is not None:
        wanted["cpus"] = ("cpu.max", f"{max(_LEAST_QUOTA, int(limits.cpus * _PERIOD))} {_PERIOD}")
    return wanted


def own_group(root: Path, memberships: str) -> Path:
    """The control group in which a process is whose file `cgroup` in /proc reads `memberships`.

    Raises `HostFailed` where there is no cgroup v2 at `root`, or the process is in none.
    """
    if not (root / "cgroup.controllers").exists():
        raise HostFailed("limits memory and cpus are not offered here: no cgroup v2")
    for line in memberships.splitlines():
        if line.startswith("0::"):
            return root / line[3:].lstrip("/")
    raise HostFailed("limits memory and cpus are not offered here: this process is in no cgroup v2")


def _make_group(wanted: dict[str, tuple[str, str]], parent: Path) -> Path:
    group = parent / f"cybernetic-{token(6)}"
    try:
        group.mkdir()
    except OSError as error:
        raise HostFailed(f"limit {' and '.join(wanted)} is not offered here: {error}") from error
    try:
        for name, (file, value) in wanted.items():
            if not (group / file).exists():
                raise HostFailed(f"limit {name} is not offered here: no {file} in {group}")
            (group / file).write_text(value)
    except BaseException as error:
        with contextlib.suppress(OSError):
            group.rmdir()
        if isinstance(error, OSError):
            raise HostFailed(f"limit {' and '.join(wanted)} is not offered here: {error}") from error
        raise
    return group
