"""How slow the machine is at the moment: what is promised in seconds is promised of one that is not overloaded."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

WORK = 1_000_000  # steps
SECONDS = 0.1  # in which a core does them that has nothing else to do
MOST = 15.0


def slowness() -> float:
    """How many times longer work takes than it should: 1.0 on an idle machine, at most 15."""
    begun, done = time.monotonic(), 0
    for step in range(WORK):
        done += step
    return min(max(1.0, (time.monotonic() - begun) / SECONDS), MOST)


class Pauses:
    """How long the machine stood still at most while somebody watched: a machine of others may do so at any time."""

    def __init__(self) -> None:
        self.longest = 0.0
        self._ended = threading.Event()

    def watch(self) -> None:
        """Watch until it ends."""
        before = time.monotonic()
        while not self._ended.wait(0.01):
            now = time.monotonic()
            self.longest = max(self.longest, now - before - 0.01)
            before = now

    def end(self) -> None:
        """Watch no more."""
        self._ended.set()


@contextmanager
def pauses() -> Iterator[Pauses]:
    """Watches the machine meanwhile."""
    made = Pauses()
    thread = threading.Thread(target=made.watch, daemon=True)
    thread.start()
    try:
        yield made
    finally:
        made.end()
        thread.join()
