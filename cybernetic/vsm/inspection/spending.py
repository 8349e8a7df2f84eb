"""What audits may be expected to cost, and how far they have to be thinned for that to stay within their grant."""

from collections.abc import Mapping

from cybernetic.vsm.audit.sampling import AuditLoad, within_grant
from cybernetic.vsm.bargain.purse import Purse
from cybernetic.vsm.bargain.vector import total


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

    def audited(self, before: Purse | None, after: Purse | None) -> None:
        """An audit took what was spent between two states of the purse; what others did in that time is included."""
        self._audits += 1
        self._cost += (_cost(before, after) - self._cost) / min(self._audits, 100)

    def thinned(self, wished: Mapping[str, float], grant: float) -> dict[str, float]:
        """The probabilities that keep the expected cost of an epoch within `grant` (>= 0); by unit, as `wished`."""
        loads = {
            path: AuditLoad(chance, max(self._last.get(path, 0), self._now.get(path, 0)), self._cost)
            for path, chance in wished.items()
        }
        return within_grant(loads, grant)


def _cost(before: Purse | None, after: Purse | None) -> float:
    """What was spent between two states of a purse, of its first resource."""
    if before is None or after is None or before is after:
        return 0.0
    was, spent = (total(ledger.spent for ledger in purse.ledgers.values()) for purse in (before, after))
    return max(0.0, sum(spent.amount(name) - was.amount(name) for name in sorted(spent.resources)[:1]))
