"""What one peer is told, greeting by greeting, of what is known here: all, or a part of what is in very many runs."""

from cybernetic.crdt import Context
from cybernetic.state.replica.plan import MOST_RUNS, few_runs, first_runs, portion

LEAST, MOST = 1.0, 60.0  # seconds between beginnings to tell all again: at first, and at most


class Claims:
    """What one peer is told, who puts together what it hears. What is new comes next, whatever was told before.

    Greetings may be lost: all is told again after pauses that grow.
    """

    __slots__ = ("_again", "_left", "_pause", "_saved")

    def __init__(self) -> None:
        self._saved = self._left = Context()
        self._again, self._pause = 0.0, LEAST

    def next(self, saved: Context, now: float, most: int = MOST_RUNS) -> Context:
        """What to claim of `saved`: all, or of more than `most` runs the first of each replica, and so many in turn.

        Who claims less than it knows is sent more than it lacks, and nothing worse.
        """
        if few_runs(saved, most):
            return saved
        if not self._left and now >= self._again:
            self._again, self._pause = now + self._pause, min(MOST, 2 * self._pause)
            self._left = saved
        elif saved is not self._saved:
            self._left = self._left.join(saved.minus(self._saved))
        self._saved = saved
        told, self._left = portion(self._left, most)
        return first_runs(saved).join(told)
