"""How each peer is started: the command that runs one workload and prints its figures."""

import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from benchmarks.goals import ASYNCIO, BEAM, SUBJECT

PEERS = Path(__file__).parent / "peers"

NO_ERLANG = (
    "BEAM cannot be measured: `erl` and `erlc` are not on the PATH. "
    "On Debian and Ubuntu: apt-get install erlang-base; on macOS: brew install erlang."
)

# given the workload, the round and the scale
Command = Callable[[str, int, float], list[str]]


def beam_is_here() -> bool:
    """Whether this machine can compile and run Erlang."""
    return bool(shutil.which("erl") and shutil.which("erlc"))


def python(peer: str, module: str, *options: str) -> Command:
    """A peer that is a Python package below `benchmarks.peers`, run by this interpreter."""

    def command(workload: str, round: int, scale: float) -> list[str]:
        run = [sys.executable, "-m", f"benchmarks.peers.{module}", workload, "--peer", peer, *options]
        return [*run, "--round", str(round), "--scale", str(scale)]

    return command


def beam(compiled: Path) -> Command:
    """BEAM on one scheduler, compiled into the folder `compiled`. Raises `CalledProcessError`."""
    subprocess.run(["erlc", "-o", str(compiled), str(PEERS / "beam.erl")], check=True)

    def command(workload: str, round: int, scale: float) -> list[str]:
        run = ["erl", "+S", "1:1", "-noshell", "-env", "ERL_CRASH_DUMP_SECONDS", "0", "-pa", str(compiled)]
        return [*run, "-run", "beam", "main", BEAM, str(round), str(scale), workload]

    return command


def commands(peers: list[str], compiled: Path) -> dict[str, Command]:
    """The command of each of `peers`, in their order; `compiled` is a folder for what has to be compiled."""
    return {peer: MAKERS[peer](compiled) for peer in peers}


MAKERS: dict[str, Callable[[Path], Command]] = {
    SUBJECT: lambda _: python(SUBJECT, "cybernetic_agents"),
    ASYNCIO: lambda _: python(ASYNCIO, "asyncio_baseline"),
    BEAM: beam,
    # the same library with Python's garbage collector tuned by it
    f"{SUBJECT}_tuned": lambda _: python(f"{SUBJECT}_tuned", "cybernetic_agents", "--tune-gc"),
}
