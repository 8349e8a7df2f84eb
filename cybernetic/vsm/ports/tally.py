"""What has been spent in this process, as far as purses have told: it outlives the books in which they are kept."""

from typing import Any

from cybernetic.vsm.bargain.purse import Purse
from cybernetic.vsm.bargain.vector import Vector, total
from cybernetic.vsm.owned import Owned

_known: Owned[dict[tuple[str, str], Purse]] = Owned(dict)


def tally(system: Any, life: str, purse: Purse) -> None:
    """A purse is about to be written as it is now; `life` tells one that has no id from those before it."""
    known, key = _known.of(system), (purse.unit, purse.id or life)
    if key not in known:  # those that were lost before, and are of epochs long past
        past = max(purse.ledgers, default=0) - 1
        for other in [other for other in known if other[0] == purse.unit]:
            if max(known[other].ledgers, default=past - 1) < past:
                del known[other]
    known[key] = purse


def tallied(system: Any, level: str, per: float, epoch: int) -> Vector | None:
    """The most that all within a level of this process has spent in an epoch of `per` seconds; None where epochs were
    others in this process.
    """
    purses = [
        purse
        for (path, _), purse in _known.of(system).items()
        if path == f"{level}:audit" or path.startswith(f"{level}/")
    ]
    if any(purse.per != per for purse in purses):
        return None
    return total(purse.ledgers[epoch].bound for purse in purses if epoch in purse.ledgers)
