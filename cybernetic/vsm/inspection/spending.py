"""What audits may be expected to cost, and how far they have to be thinned for that to stay within their grant."""

from collections.abc import Mapping

from cybernetic.vsm.audit.sampling import AuditLoad, within_grant


class Spending:
    """Counts tasks by unit and epoch, and what an audit costs on average.

    The grant is of one resource, the first by name, and so is the cost.
    """

    def __init__(self) -> None:
        self._epoch: int | None = None
        self._now: dict[str, int] = {}
        self._last: dict[str, int] = {}
        self._audits, self._cost = 0, 0.0

    def completed(self, path: str, epoch: int) -> None:
        """A unit reported a task in `epoch`."""
        if epoch != self._epoch:
            self._epoch, self._last, self._now = epoch, self._now, {}
        self._now[path] = self._now.get(path, 0) + 1

    def audited(self, cost: float) -> None:
        """An audit took so much (>= 0)."""
        self._audits += 1
        self._cost += (cost - self._cost) / min(self._audits, 100)

    def thinned(self, wished: Mapping[str, float], grant: float) -> dict[str, float]:
        """The probabilities that keep the expected cost of an epoch within `grant` (>= 0); by unit, as `wished`."""
        loads = {
            path: AuditLoad(chance, max(self._last.get(path, 0), self._now.get(path, 0)), self._cost)
            for path, chance in wished.items()
        }
        return within_grant(loads, grant)
