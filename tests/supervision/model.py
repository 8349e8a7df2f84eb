"""A supervisor as a plain list of children: what the real one is compared with."""

from typing import Any

from cybernetic import Killed, Normal, Reason, Shutdown

ORDERLY = (Normal, Shutdown)


class Kid:
    """One child of the model."""

    def __init__(self, id: int, restart: str, running: bool = True) -> None:
        self.id, self.restart, self.running = id, restart, running


class Model:
    """What a supervisor must be like: children in start order, and the journal that its children write."""

    def __init__(self, strategy: str, most: int, seconds: float) -> None:
        self.strategy, self.most, self.seconds = strategy, most, seconds
        self.kids: list[Kid] = []
        self.journal: list[Any] = []
        self.bad_starts: set[int] = set()  # whose next start fails
        self.restarts: list[float] = []
        self.alive = True

    def find(self, id: int) -> Kid | None:
        return next((kid for kid in self.kids if kid.id == id), None)

    def ended(self, kid: Kid, reason: Reason, now: float) -> None:
        """A child has ended by itself (section 7)."""
        kid.running = False
        if not isinstance(reason, Killed):
            self.journal.append(("down", kid.id, reason))
        if kid.restart == "temporary":
            self.kids.remove(kid)
        elif kid.restart == "permanent" or not isinstance(reason, ORDERLY):
            self._restart(kid, now)

    def start(self, kid: Kid) -> bool:
        self.journal.append(("up", kid.id))
        kid.running = kid.id not in self.bad_starts
        self.bad_starts.discard(kid.id)
        return kid.running

    def stop(self, kid: Kid) -> None:
        if kid.running:
            kid.running = False
            self.journal.append(("down", kid.id, Shutdown()))

    def _restart(self, kid: Kid, now: float) -> None:
        """Attempts, each counted, until all of a group is up or there were too many (sections 8 to 10)."""
        failed: Kid | None = kid
        while failed is not None:
            self.restarts = [time for time in self.restarts if time >= now - self.seconds] + [now]
            if len(self.restarts) > self.most:
                self._give_up(failed)
                return
            failed = self._attempt(failed)

    def _attempt(self, kid: Kid) -> Kid | None:
        """Restart the group of a child; returns the one that did not start."""
        if self.strategy == "one_for_one":
            group = [kid]
        else:
            group = self.kids[self.kids.index(kid) if self.strategy == "rest_for_one" else 0 :]
        for other in reversed(group):
            self.stop(other)
        for other in group:
            if other.restart == "temporary":
                self.kids.remove(other)
            elif not self.start(other):
                return other
        return None

    def _give_up(self, kid: Kid) -> None:
        self.kids.remove(kid)
        for other in reversed(self.kids):
            self.stop(other)
        self.kids.clear()
        self.alive = False
