"""What is shown to who watches: that a loop lives."""

from cybernetic.runtime import Agent

VIGIL = "vigil"  # the name of who watches the top's algedonode, and of its loop


class Watcher(Agent):
    """Somebody who expects loops to show that they live."""

    def shows(self, role: str, path: str, period: float) -> None:
        """Override: the loop of `role` at `path` shows that it lives; within `period` seconds it will again."""
        raise NotImplementedError

    def works(self, role: str, path: str) -> None:
        """Override: whose loop of `role` at `path` is late still does what came before."""
        raise NotImplementedError
