"""How slow the machine is at the moment: what is promised in seconds is promised of one that is not overloaded."""

import time

WORK = 1_000_000  # steps
SECONDS = 0.1  # in which a core does them that has nothing else to do
MOST = 15.0


def slowness() -> float:
    """How many times longer work takes than it should: 1.0 on an idle machine, at most 15."""
    begun, done = time.monotonic(), 0
    for step in range(WORK):
        done += step
    return min(max(1.0, (time.monotonic() - begun) / SECONDS), MOST)
