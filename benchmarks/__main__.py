"""Measures this library beside its peers.

Figures go to a file as lines of JSON, the summary to stdout as Markdown, progress to stderr.
"""

import argparse
import json
import os
import platform
import signal
import sys
import tempfile
from pathlib import Path
from types import FrameType
from typing import Any

from benchmarks.goals import ASYNCIO, BEAM, SUBJECT, THESPIAN
from benchmarks.harness import FAMILIES, WORKLOADS
from benchmarks.launch import PEERS
from benchmarks.run import Plan, measure
from benchmarks.state import family as state
from benchmarks.table import summary
from benchmarks.vsm.trials.registry import TRIALS
from benchmarks.vsm.trials.run import seeds, show

VSM = "vsm"  # a family of its own: simulated worlds, and no peers
STATE = "state"  # another: scripts with peers of their own
DEFAULT_PEERS = (SUBJECT, BEAM, ASYNCIO, THESPIAN)


def main() -> int:
    """Measure what the command line asks for.

    Returns the exit status: 0; 1 if something failed; 2 if it cannot be measured here; 130 if interrupted.
    """
    args = _arguments()
    if args.family == VSM:
        if args.peers:
            _say(f"the family {VSM} has no peers, got: {' '.join(args.peers)}")
            return 2
        return show(TRIALS, seeds(args.scale), args.out, _say)
    if args.family == STATE:
        return state.show(args.scale, args.rounds, _say)
    workloads = tuple(dict.fromkeys(args.workloads or FAMILIES.get(args.family, "") or sorted(WORKLOADS)))
    peers = []
    for peer in dict.fromkeys(args.peers or DEFAULT_PEERS):
        if not set(workloads) & set(PEERS[peer].workloads):
            continue
        why = PEERS[peer].missing()
        if why:
            _say(f"{peer} cannot be measured: {why}")
            if args.peers:
                return 2
        else:
            peers.append(peer)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _interrupt)
    rows: list[dict[str, Any]] = []
    interrupted = False
    args.out.parent.mkdir(parents=True, exist_ok=True)
    _say(_load())
    try:
        with tempfile.TemporaryDirectory() as folder, args.out.open("w") as out:
            commands = {peer: PEERS[peer].make(Path(folder)) for peer in peers}
            takes = {peer: PEERS[peer].workloads for peer in peers}
            plan = Plan(commands, takes, workloads, args.rounds, args.scale, args.limit)
            for row in measure(plan, _say):
                rows.append(row)
                print(json.dumps(row), file=out, flush=True)
    except KeyboardInterrupt:
        interrupted = True
        _say("interrupted: the process that ran was ended; this is what there is")
    _say(_load())
    if rows:
        print(summary(rows))
        _say(f"figures: {args.out}")
    if interrupted:
        return 130
    return int(any(row["value"] is None for row in rows))


def _arguments() -> argparse.Namespace:
    letters = ", ".join(f"{letter}: {what}" for letter, what in WORKLOADS.items())
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--rounds", type=_positive, default=3, help="how often all is repeated (default: 3)")
    parser.add_argument("--scale", type=_amount, default=1.0, help="multiplies every count (default: 1)")
    parser.add_argument(
        "--peers",
        nargs="+",
        choices=sorted(PEERS),
        help=f"default: {' '.join(DEFAULT_PEERS)}, as far as present",
    )
    chosen = parser.add_mutually_exclusive_group()
    chosen.add_argument("--workloads", nargs="+", choices=sorted(WORKLOADS), help=f"default: all ({letters})")
    families = ", ".join(f"{name}: {' '.join(these)}" for name, these in FAMILIES.items())
    chosen.add_argument(
        "--family",
        choices=sorted([*FAMILIES, STATE, VSM]),
        help=f"workloads of a kind ({families}); "
        f"{VSM}: trials of the viable system, {seeds()} paired seeds by --scale; "
        f"{STATE}: values that converge, the graph, the replica, 100,000 keys and facts by --scale",
    )
    parser.add_argument(
        "--out",
        type=Path,
        default=Path("build/benchmarks.jsonl"),
        help="file for the figures (default: %(default)s)",
    )
    parser.add_argument(
        "--limit", type=_amount, default=300.0, help="seconds for one peer on one workload (default: 300)"
    )
    return parser.parse_args()


def _positive(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"expected a whole number of at least 1, got: {text}")
    return value


def _amount(text: str) -> float:
    value = float(text)
    if not 0 < value < float("inf"):
        raise argparse.ArgumentTypeError(f"expected a number above 0, got: {text}")
    return value


def _interrupt(_: int, __: FrameType | None) -> None:
    raise KeyboardInterrupt


def _load() -> str:
    average = ", ".join(f"{load:.1f}" for load in os.getloadavg())
    return f"{platform.machine()}, {os.cpu_count()} processors, load {average}"


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
