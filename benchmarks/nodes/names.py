"""What a name costs an agent: spawns and deaths with and without one, on one node and where others are linked.

    python -m benchmarks.nodes.names [--nodes 0 1] [--agents 2000] [--rounds 5]

Each round takes all cases one after another, each in a process of its own. Prints medians of the processor time of the
node that spawns, µs for each agent, and how many times that of the first case. Only ratios mean something.
"""

import argparse
import asyncio
import json
import subprocess
import sys
from statistics import median
from time import process_time

from cybernetic import Agent, Kill, System

TURNS = 5  # bursts of one process, of which the cheapest counts
QUIET = 0.3  # seconds between two, for what is told afterwards


class Idle(Agent):
    """Does nothing."""


async def measure(nodes: int, agents: int, named: bool) -> tuple[float, float]:
    """µs for a spawn and for a death, in the cheapest of some bursts."""
    best = [float("inf")] * 2
    async with System(nodes=nodes) as system:
        for turn in range(TURNS):
            await asyncio.sleep(QUIET)
            names = [f"agent.{turn}.{n}" if named else None for n in range(agents)]
            began = process_time()
            refs = [system.spawn(Idle, name=name) for name in names]
            spawned = process_time()
            for ref in refs:
                ref.exit(Kill())
            ended = process_time()
            best = [min(best[0], spawned - began), min(best[1], ended - spawned)]
    spawn, death = (seconds / agents * 1e6 for seconds in best)
    return spawn, death


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--nodes", type=int, nargs="+", default=[0, 1], help="nodes beside this one")
    parser.add_argument("--agents", type=int, default=2000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--case", nargs=2, type=int, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.case:
        nodes, named = args.case
        print(json.dumps(asyncio.run(measure(nodes, args.agents, bool(named)))))
        return 0
    cases = [(nodes, named) for nodes in args.nodes for named in (0, 1)]
    found: dict[tuple[int, int], list[list[float]]] = {case: [] for case in cases}
    for _ in range(args.rounds):
        for case in cases:
            command = [sys.executable, "-m", "benchmarks.nodes.names", "--agents", str(args.agents), "--case"]
            done = subprocess.run([*command, *map(str, case)], check=True, stdout=subprocess.PIPE, text=True)
            found[case].append(json.loads(done.stdout))
    print(f"Python {sys.version.split()[0]}, {args.agents} agents, medians of {args.rounds} rounds, µs\n")
    print("| nodes beside it | named | spawn | × | death | × |\n|---|---|---|---|---|---|")
    first = [median(times) for times in zip(*found[cases[0]], strict=True)]
    for (nodes, named), rounds in found.items():
        spawn, death = (median(times) for times in zip(*rounds, strict=True))
        ratios = spawn / first[0], death / first[1]
        print(
            f"| {nodes} | {'yes' if named else 'no'} | {spawn:.1f} | {ratios[0]:.1f} | {death:.1f} | {ratios[1]:.1f} |"
        )
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
