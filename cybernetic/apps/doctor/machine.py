"""What this machine and this Python offer, without starting a system."""

import asyncio
import importlib.metadata
import importlib.util
import os
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from cybernetic.apps.doctor.finding import Finding, lag_finding, version_finding
from cybernetic.core import real

PYTHON = (3, 11)
PACKAGES = (("thespian", "4.0.1"), ("msgpack", ""), ("rich", ""))
TICK, LOOK_SECONDS = 0.005, 0.3
CHILD_SECONDS = 20.0
GROUPS = Path("/sys/fs/cgroup")
MEMBER = Path("/proc/self/cgroup")

PROCESSES = """
import ctypes, os
libc = ctypes.CDLL(None, use_errno=True)
dies, reaps = libc.prctl(1, 9, 0, 0, 0), libc.prctl(36, 1, 0, 0, 0)
child = os.fork()
if child == 0:
    os._exit(7)
print(dies, reaps, os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""


def python(version: tuple[int, ...] = tuple(sys.version_info[:3])) -> Finding:
    """Whether this Python is new enough."""
    text = ".".join(map(str, version))
    if version[:2] >= PYTHON:
        return Finding("ok", "Python", text)
    return Finding("fail", "Python", f"expected at least 3.11, got: {text}", "install a newer Python")


def packages() -> Iterator[Finding]:
    """Whether the libraries this one needs are there, in their versions."""
    for name, expected in PACKAGES:
        found = importlib.util.find_spec(name) is not None
        try:
            version = importlib.metadata.version(name) if found else None
        except importlib.metadata.PackageNotFoundError:
            version = "of an unknown version"
        yield version_finding(name, expected, version)


def loopback() -> Finding:
    """Whether a program may listen on this machine's own interface."""
    try:
        with socket.create_server(("127.0.0.1", 0)):
            return Finding("ok", "loopback", "a port can be listened to")
    except OSError as error:
        return Finding("fail", "loopback", f"no port: {error}", "bring up the interface lo")


def unix_sockets() -> Finding:
    """Whether there are Unix sockets, which nodes of one host link by."""
    try:
        with tempfile.TemporaryDirectory() as folder, socket.socket(socket.AF_UNIX) as one:
            one.bind(f"{folder}/s")
            return Finding("ok", "Unix sockets", "can be made")
    except (OSError, AttributeError) as error:
        return Finding("fail", "Unix sockets", f"{error}", "use Linux, and a short TMPDIR that takes sockets")


def processes() -> Iterator[Finding]:
    """Whether processes can be made that die with their parent and take care of orphans; tried in a child."""
    command = [sys.executable, "-c", PROCESSES]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=CHILD_SECONDS, check=True)
        dies, reaps, forked = done.stdout.split()
    except (OSError, ValueError, subprocess.SubprocessError) as error:
        yield Finding("fail", "processes", f"a trial failed: {error}", "nodes=0 is all that works here")
        return
    remedy = "nodes need a Linux that has it (a sandbox may forbid it)"
    for what, good in (
        ("fork", forked == "7"),
        ("death with the parent (prctl)", dies == "0"),
        ("orphans (prctl)", reaps == "0"),
    ):
        yield Finding("ok", what, "works") if good else Finding("fail", what, "does not work", remedy)


def groups(root: Path = GROUPS, member: Path = MEMBER) -> Finding:
    """Whether limits of memory and processors can be set for isolated agents."""
    what, remedy = "cgroup v2", "Limits(memory=, cpus=) are refused here; other limits work"
    if not (root / "cgroup.controllers").exists() or not member.exists():
        return Finding("warn", what, "there is none", remedy)
    paths = [line[3:] for line in member.read_text().splitlines() if line.startswith("0::")]
    own = root / paths[0].lstrip("/") if paths else None
    if own is None or not os.access(own, os.W_OK):
        return Finding("warn", what, "is not writable", remedy)
    return Finding("ok", what, f"{own} is writable")


def commands() -> Iterator[Finding]:
    """Whether commands are there that some things need."""
    for name, remedy in (
        ("openssl", "install it, or give [tls] cert and key, to listen for other hosts"),
        ("erl", "only the benchmarks beside Erlang need it"),
    ):
        path = shutil.which(name)
        yield Finding("ok", name, path) if path else Finding("warn", name, "is not there", remedy)


def loop_lag() -> Finding:
    """How late the event loop comes when nothing is to be done."""
    return lag_finding(asyncio.run(_worst_lag()))


async def _worst_lag() -> float:
    worst, end = 0.0, real() + LOOK_SECONDS
    while (before := real()) < end:
        await asyncio.sleep(TICK)
        worst = max(worst, real() - before - TICK)
    return worst
