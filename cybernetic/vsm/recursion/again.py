"""When something is said once more: what carries it may be slow, and what is under way must not heap up."""

from dataclasses import dataclass, field

from cybernetic.vsm.timing import now

FIRST, MOST = 2.0, 60.0  # seconds before something is said again for the first time, and at most


@dataclass(slots=True)
class Again:
    """After `pause` seconds, and then after twice as long as before, up to `most`."""

    pause: float = FIRST
    most: float = MOST
    _next: float = field(init=False)

    def __post_init__(self) -> None:
        self._next = now() + self.pause

    def due(self, at: float) -> bool:
        """Whether its time has come; if so it counts as said."""
        if at < self._next:
            return False
        self.pause = min(2 * self.pause, self.most)
        self._next = at + self.pause
        return True
