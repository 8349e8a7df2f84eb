"""Two hosts made of network namespaces, and what runs on each: `python -m tests.integration.nodes.hosts first`."""

import asyncio
import contextlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TextIO

from cybernetic import Agent, CallFailed, NoConnection, Supervisor, System, child
from tests.nodes.stage import MEETING

FIRST, PORT = MEETING
SECOND = "10.77.3.2"


class Far(Agent):
    """An agent of the second host."""

    def __init__(self, start: int) -> None:
        self.value = start

    def add(self, by: int) -> int:
        self.value += by
        return self.value

    def node(self) -> str:
        return str(self.ref.node)


class App(Supervisor):
    """Has one child that only the second host can run."""

    def children(self) -> Any:
        return [child(Far, 5, name="far", requires={"gpu": True})]


async def first() -> None:
    """What the first host does; it prints what it has seen."""
    async with System(
        nodes=1, host="first", listen=[f"tcp:{FIRST}:{PORT}"], node_dead_after=2.0, lag_after=0.5
    ) as system:
        print("listening", flush=True)
        await _until(lambda: "edge" in _names(system))
        await system.start(App)
        far = system.named("far", Far)
        print("answer", await far.call(Far.add, 2), await far.call(Far.node), flush=True)
        ref = system.whereis("far", Far)
        assert ref is not None
        gone = asyncio.ensure_future(system.wait(ref))
        print("cut", flush=True)
        reason = await gone
        print("lost", reason == NoConnection(), flush=True)
        await _until(lambda: "edge" not in _names(system))
        with contextlib.suppress(CallFailed):
            await far.call(Far.add, 1)
            print("wrong: somebody answered", flush=True)
        print("mend", flush=True)
        await _until(lambda: "edge" in _names(system) and system.whereis("far") is not None)
        print("again", await far.call(Far.add, 3), flush=True)


async def second() -> None:
    """What the second host does: it offers a node until it is told to stop."""
    async with System(
        nodes=["edge"],
        node="edge.door",
        host="second",
        only_door=True,
        capabilities={"gpu": True},
        join=[f"tcp:{FIRST}:{PORT}"],
        node_dead_after=2.0,
        lag_after=0.5,
    ):
        print("joined", flush=True)
        await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)


def _names(system: System) -> list[str]:
    return [node.name for node in system.nodes]


async def _until(true: Any) -> None:
    while not true():
        await asyncio.sleep(0.05)


def why_not() -> str | None:
    """Why hosts cannot be made here; None if they can."""
    if os.geteuid() != 0:
        return "network namespaces need root"
    if shutil.which("ip") is None:
        return "network namespaces need the command `ip`"
    probe = f"cyprobe{os.getpid()}"
    tried = subprocess.run(["ip", "netns", "add", probe], capture_output=True, text=True, check=False)
    subprocess.run(["ip", "netns", "del", probe], capture_output=True, check=False)
    return (
        None if tried.returncode == 0 else f"network namespaces cannot be made here: {tried.stderr.strip()}"
    )


@contextlib.contextmanager
def two_hosts() -> Iterator[tuple[str, str]]:
    """Two network namespaces with a cable between them; gives their names."""
    names = f"cya{os.getpid()}", f"cyb{os.getpid()}"
    cables = "cyva", "cyvb"
    try:
        for name in names:
            _ip("netns", "add", name)
            _ip("-n", name, "link", "set", "lo", "up")
        _ip(
            "link",
            "add",
            cables[0],
            "netns",
            names[0],
            "type",
            "veth",
            "peer",
            "name",
            cables[1],
            "netns",
            names[1],
        )
        for name, cable, address in zip(names, cables, (FIRST, SECOND), strict=True):
            _ip("-n", name, "addr", "add", f"{address}/24", "dev", cable)
            _ip("-n", name, "link", "set", cable, "up")
        yield names
    finally:
        for name in names:
            subprocess.run(["ip", "netns", "del", name], capture_output=True, check=False)


def cable(name: str, up: bool) -> None:
    """Cut or mend the cable at the second host."""
    _ip("-n", name, "link", "set", "cyvb", "up" if up else "down")


def _ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True, capture_output=True)


@contextlib.contextmanager
def run_on(
    name: str,
    what: str,
    scratch: Path,
    module: str = "tests.integration.nodes.hosts",
    log: TextIO | None = None,
) -> "Iterator[subprocess.Popen[str]]":
    """Have a module do `what` on a host, such as `first` or `second` here; it is ended afterwards."""
    runtime = scratch / what[0]  # short, for paths of sockets are
    runtime.mkdir(mode=0o700)
    with subprocess.Popen(
        ["ip", "netns", "exec", name, sys.executable, "-m", module, what],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=log,
        text=True,
        env={**os.environ, "CYBERNETIC_SECRET": "known to both hosts only", "XDG_RUNTIME_DIR": str(runtime)},
    ) as process:
        try:
            yield process
        finally:
            process.kill()


if __name__ == "__main__":
    from tests.integration.nodes import hosts  # so that the classes have the name others import them by

    asyncio.run({"first": hosts.first, "second": hosts.second}[sys.argv[1]]())
