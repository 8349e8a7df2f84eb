"""What system 3 says to a shift of weights: within limits it agrees, beyond them it counters; and what it costs."""

from collections.abc import Collection, Mapping

from cybernetic.vsm.homeostat.conversation import Feasibility
from cybernetic.vsm.intelligence.messages import Considered, Shift

MOST = 2.0  # by which one shift may multiply or divide the weight that a unit has
LONGEST = 3600.0  # seconds that a shift may last


def considered(
    shift: Shift,
    declared: Mapping[str, float],
    present: Mapping[str, float],
    held: Collection[str],
    counted: bool,
    now: float,
    most: float = MOST,
) -> Considered:
    """The answer to a `shift`, where units were `declared` with weights and have `present` ones now, and those in
    `held` are or will be intervened in.

    No, where nothing is shared out (`counted`), the units are others, or one that would gain is intervened in; a
    counter, where it goes further (a factor of `most`) or lasts longer than is let happen at once.
    """
    gains = {path for path, weight in shift.weights.items() if weight > declared.get(path, weight)}
    if not counted or shift.weights.keys() != declared.keys() or gains & set(held):
        return Considered(Feasibility(False))
    weights = {
        path: min(max(weight, present[path] / most), present[path] * most)
        for path, weight in shift.weights.items()
    }
    bounded = Shift(weights, min(shift.until, now + LONGEST))
    if bounded == shift:
        return Considered(Feasibility(True))
    return Considered(Feasibility(False, counter=f"weights {weights}"), bounded)


def spent_on_change(
    taken: Mapping[str, float], declared: Mapping[str, float], agreed: Mapping[str, float]
) -> float:
    """Of what units have `taken`, that which goes into change: what those whose weight was raised by what is `agreed`
    took beyond the part that their `declared` weights give them.
    """
    whole, weights = sum(taken.values()), sum(declared.values())
    raised = [unit for unit, weight in agreed.items() if weight > declared.get(unit, weight)]
    return sum(max(0.0, taken.get(unit, 0.0) - whole * declared[unit] / weights) for unit in raised)
