"""What is shown to who watches: that a loop lives."""

from collections.abc import Collection

from cybernetic.runtime import Agent
from cybernetic.vsm.ladder.signals import PainKey

VIGIL = "vigil"  # the name of who watches the top's algedonode, and of its loop


class Watcher(Agent):
    """Somebody who expects loops to show that they live."""

    def shows(self, role: str, path: str, period: float) -> None:
        """Override: the loop of `role` at `path` shows that it lives; within `period` seconds it will again."""
        raise NotImplementedError

    def works(self, role: str, path: str) -> None:
        """Override: whose loop of `role` at `path` is late still does what came before."""
        raise NotImplementedError

    def paged(self, key: PainKey) -> None:
        """Override: the algedonode calls a human for a pain of its own."""
        raise NotImplementedError

    def told(self, key: PainKey) -> None:
        """Override: he is told that it is over, by the algedonode."""
        raise NotImplementedError

    def holds(self, keys: Collection[PainKey]) -> None:
        """Override: an algedonode has begun, and knows of these pains."""
        raise NotImplementedError
