"""Runs one workload by this library; `--tune-gc` lets the system tune Python's garbage collector."""

import sys
from functools import wraps
from importlib.metadata import version

from benchmarks import harness
from benchmarks.peers.cybernetic_agents import calls, lives, messages, restarts, trees
from benchmarks.peers.cybernetic_agents.row import Row
from cybernetic import System

ROWS: dict[str, tuple[Row, ...]] = {
    "a": (
        messages.cast,
        messages.cast_burst,
        messages.cast_outside,
        messages.cast_async,
        messages.send,
    ),
    "b": (messages.pingpong,),
    "c": (messages.ring,),
    "d": (calls.outside, calls.inside, calls.asynchronous),
    "e": (lives.spawn, lives.start),
    "f": (restarts.fresh, restarts.reason, restarts.reports, restarts.sustained, *restarts.AMONG),
    "g": trees.ROWS,
    "h": (messages.fan_in, messages.fan_out),
}


def in_a_system(row: Row, tuned: bool) -> harness.Row:
    """The row, run in a system of its own."""

    @wraps(row)
    async def run(bench: harness.Bench) -> None:
        async with System(tune_gc=True) if tuned else System() as system:
            await row(bench, system)

    return run


def main() -> None:
    tuned = "--tune-gc" in sys.argv
    if tuned:
        sys.argv.remove("--tune-gc")
    rows = {letter: [in_a_system(row, tuned) for row in these] for letter, these in ROWS.items()}
    harness.main("cybernetic", f"cybernetic {version('cybernetic')}", rows)


main()
