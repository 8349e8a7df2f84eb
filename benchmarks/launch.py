"""How each peer is started: the command that runs one workload and prints its figures."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from benchmarks.goals import ASYNCIO, BEAM, SUBJECT, THESPIAN
from benchmarks.harness import FAMILIES

SOURCES = Path(__file__).parent / "peers"

NO_ERLANG = (
    "`erl` and `erlc` are not on the PATH. "
    "On Debian and Ubuntu: apt-get install erlang-base; on macOS: brew install erlang."
)
NO_NAMESPACE = "it listens on every interface, and `unshare` cannot fence it here: that needs Linux and root."
FENCE = ("unshare", "--net", "--pid", "--fork", "--kill-child")

# given the workload, the round and the scale
Command = Callable[[str, int, float], list[str]]


@dataclass(frozen=True)
class Peer:
    """What can be measured: how it is started, its workloads, and why not on this machine ("": it can be).

    `make` gets a folder for what has to be compiled, and may raise `CalledProcessError`.
    """

    make: Callable[[Path], Command]
    workloads: str
    missing: Callable[[], str] = lambda: ""


def python(peer: str, agents: str, nodes: str = "", *options: str, within: tuple[str, ...] = ()) -> Command:
    """A peer in Python, run by this interpreter: the package below `benchmarks.peers` for either family."""

    def command(workload: str, round: int, scale: float) -> list[str]:
        module = nodes if nodes and workload in FAMILIES["nodes"] else agents
        run = [
            *within,
            sys.executable,
            "-m",
            f"benchmarks.peers.{module}",
            workload,
            "--peer",
            peer,
            *options,
        ]
        return [*run, "--round", str(round), "--scale", str(scale)]

    return command


def beam(compiled: Path) -> Command:
    """BEAM on one scheduler, compiled into the folder `compiled`. Raises `CalledProcessError`."""
    sources = [str(path) for path in sorted(SOURCES.glob("*.erl"))]
    subprocess.run(["erlc", "-o", str(compiled), *sources], check=True)
    pair = [sys.executable, "-m", "benchmarks.peers.beam_pair", str(compiled)]

    def command(workload: str, round: int, scale: float) -> list[str]:
        run = ["erl", "+S", "1:1", "-noshell", "-env", "ERL_CRASH_DUMP_SECONDS", "0", "-pa", str(compiled)]
        beside = pair if workload in FAMILIES["nodes"] else []
        return [*beside, *run, "-run", "beam", "main", BEAM, str(round), str(scale), workload]

    return command


def _no_erlang() -> str:
    return "" if shutil.which("erl") and shutil.which("erlc") else NO_ERLANG


def _no_namespace() -> str:
    if os.name != "posix" or not shutil.which(FENCE[0]):
        return NO_NAMESPACE
    tried = subprocess.run([*FENCE, "true"], capture_output=True)
    return NO_NAMESPACE if tried.returncode else ""


PEERS: dict[str, Peer] = {
    SUBJECT: Peer(
        lambda _: python(SUBJECT, "cybernetic_agents", "cybernetic_nodes"),
        FAMILIES["agents"] + FAMILIES["nodes"],
    ),
    ASYNCIO: Peer(lambda _: python(ASYNCIO, "asyncio_baseline"), FAMILIES["agents"] + "i"),
    BEAM: Peer(beam, FAMILIES["agents"] + "i", _no_erlang),
    THESPIAN: Peer(lambda _: python(THESPIAN, "thespian_tcp", within=FENCE), "i", _no_namespace),
    # the same library with Python's garbage collector tuned by it
    f"{SUBJECT}_tuned": Peer(
        lambda _: python(f"{SUBJECT}_tuned", "cybernetic_agents", "", "--tune-gc"), FAMILIES["agents"]
    ),
}
