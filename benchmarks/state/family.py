"""The family `state`: values that converge, the graph and the replica, one script after another."""

import subprocess
import sys
from collections.abc import Callable

KEYS, FACTS = 100_000, 100_000
LEAST = 5_000  # of either: with less there is nothing to see


def show(scale: float, rounds: int, say: Callable[[str], None]) -> int:
    """Run the scripts, each of which prints tables; `scale` multiplies how much there is. The worst exit status."""
    keys, facts = max(LEAST, round(KEYS * scale)), max(LEAST, round(FACTS * scale))
    repeated = "--rounds", str(rounds)
    worst = 0
    for script, *options in (
        ("crdt", "--keys", str(keys), *repeated),
        ("graph", "--facts", str(facts), *repeated),
        ("replica", "--keys", str(keys)),
    ):
        say(f"{script} {' '.join(options)}")
        print(f"\n## {script}\n", flush=True)
        status = subprocess.run([sys.executable, "-m", f"benchmarks.state.{script}", *options], check=False)
        worst = max(worst, abs(status.returncode))
    return worst
