"""What the Python peers share: the clock, percentiles, memory, and the line of JSON printed for every figure.

A line is {"peer", "version", "workload", "metric", "value", "unit", "n", "round", ...}. Rates are per second
("1/s"), latencies microseconds ("us"), times milliseconds ("ms"), memory bytes ("B"); `n` is the count.
"""

import argparse
import asyncio
import cProfile
import gc
import json
import logging
import os
import platform
import pstats
import subprocess
import sys
import time
import traceback
from collections.abc import Awaitable, Callable, Coroutine, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

now = time.perf_counter

WORKLOADS = {
    "a": "cast",
    "b": "ping-pong",
    "c": "ring",
    "d": "call",
    "e": "spawn, stop, memory",
    "f": "restart",
    "g": "large supervisors",
    "h": "fan-in, fan-out",
    "i": "node to node: cast, call",
    "j": "nodes: start, memory, kill -9",
}

# workloads that are chosen together
FAMILIES = {"agents": "abcdefgh", "nodes": "ij"}

# node to node
BODY = b"x" * 100
BURST = 1000  # messages that may be under way in a bounded stream
CALLERS = 16

PERCENTILES = {"p50": 0.50, "p99": 0.99}


class Bench:
    """One run of one workload by one peer: scales the counts and prints the figures."""

    def __init__(self, peer: str, version: str, scale: float = 1.0, round: int = 1) -> None:
        self.peer, self.version, self.scale, self.round = peer, version, scale, round

    def n(self, base: int, least: int = 10) -> int:
        """`base` by the scale of this run, but not below `least`."""
        return max(least, int(base * self.scale))

    def emit(
        self, workload: str, metric: str, value: float | None, unit: str, n: int, **more: object
    ) -> None:
        """Print one figure."""
        row = {
            "peer": self.peer,
            "version": self.version,
            "workload": workload,
            "metric": metric,
            "value": None if value is None else round(value, 3),
            "unit": unit,
            "n": n,
            "round": self.round,
        }
        print(json.dumps(row | more), flush=True)

    def rate(self, workload: str, metric: str, n: int, seconds: float, **more: object) -> None:
        """Print how many of `n` happened in a second."""
        self.emit(workload, metric, n / seconds, "1/s", n, **more)

    def latency(self, workload: str, seconds: Sequence[float], **more: object) -> None:
        """Print the percentiles of single durations."""
        ordered = sorted(seconds)
        for name, share in PERCENTILES.items():
            self.emit(workload, name, percentile(ordered, share) * 1e6, "us", len(ordered), **more)

    def failed(self, workload: str) -> None:
        """Print that the row being measured raised, and why; the traceback goes to stderr."""
        traceback.print_exc()
        why = traceback.format_exc().strip().splitlines()[-1]
        self.emit(workload, "error", None, "", 0, why=why)


Row = Callable[[Bench], Awaitable[None]]


async def twice(n: int, once: Callable[[int], Awaitable[Any]]) -> Any:
    """Warm up with a tenth of `n`, then measure: returns what the second `once` returned."""
    await once(max(1, n // 10))
    gc.collect()
    return await once(n)


def percentile(ordered: Sequence[float], share: float) -> float:
    """The value below which `share` (0 to 1) of the sorted, non-empty samples lie."""
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def memory() -> int:
    """Bytes of this process that are in real memory, once what can be freed is freed."""
    gc.collect()
    statm = Path("/proc/self/statm")
    if statm.exists():
        return int(statm.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    found = subprocess.run(
        ["ps", "-o", "rss=", "-p", str(os.getpid())], capture_output=True, text=True, check=True
    )
    return int(found.stdout) * 1024


@contextmanager
def reports() -> Iterator[None]:
    """Within it logging is on, formatted in full and written to nowhere. Elsewhere it is off."""
    with open(os.devnull, "w") as nowhere:
        handler = logging.StreamHandler(nowhere)
        handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
        root = logging.getLogger()
        root.addHandler(handler)
        logging.disable(logging.NOTSET)
        try:
            yield
        finally:
            logging.disable(logging.CRITICAL)
            root.removeHandler(handler)


def main(peer: str, version: str, rows: Mapping[str, Sequence[Row]]) -> None:
    """The command line of a Python peer: runs the rows of one workload in order, then exits.

    `rows` are the rows of each workload, by its letter; `version` stands beside the one of Python.
    """
    parser = argparse.ArgumentParser(description=f"one workload by {peer}, figures as lines of JSON")
    parser.add_argument("workload", choices=sorted(rows))
    parser.add_argument("--scale", type=float, default=1.0)
    parser.add_argument("--round", type=int, default=1)
    parser.add_argument("--peer", default=peer, help="the name printed with the figures")
    parser.add_argument("--profile", action="store_true", help="print to stderr where the time went")
    args = parser.parse_args()
    python = f"{platform.python_implementation()} {platform.python_version()}"
    bench = Bench(args.peer, f"{version}, {python}" if version else python, args.scale, args.round)
    logging.disable(logging.CRITICAL)
    work = _run(bench, args.workload, rows[args.workload])
    sys.exit(_profiled(work) if args.profile else asyncio.run(work))


def _profiled(work: Coroutine[Any, Any, int]) -> int:
    """Run it under the profiler, which slows it down, and print the 30 functions that took most."""
    profile = cProfile.Profile()
    try:
        return profile.runcall(asyncio.run, work)
    finally:
        pstats.Stats(profile, stream=sys.stderr).sort_stats("tottime").print_stats(30)


async def _run(bench: Bench, workload: str, rows: Sequence[Row]) -> int:
    """Run each row even if one before it raised; returns the exit status."""
    status = 0
    for row in rows:
        gc.collect()
        try:
            await row(bench)
        except Exception:
            bench.failed(f"{workload}_{row.__name__}")
            status = 1
    return status
