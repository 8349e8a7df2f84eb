"""What a unit's spending is worth, by its own past: a fall is told from bad luck."""

from dataclasses import dataclass
from math import log
from typing import Self

from cybernetic.core import flag, number
from cybernetic.vsm.bargain.weights import Productivity
from cybernetic.vsm.changed import changed
from cybernetic.vsm.checks import instance

FALL = 0.5  # of the value for a resource that there was before: what is looked for
LIMIT = 9.0  # of the score: e^9, some eight thousand, to one that it is a fall
PAST = 20.0  # value that must have been accounted before anything can be said


@dataclass(frozen=True, slots=True)
class Worth:
    """The value accounted for each unit of a resource, and whether it has fallen to half or less: a value.

    The score is that of a cumulative sum (E. S. Page, "Continuous inspection schemes", 1954) of the likelihood ratio
    of two Poisson rates of value, that of the past and half of it: every unit of value that came speaks for the past,
    every one that was to be expected and did not come for the fall.

    Arguments:
        made: the value so far, faded.
        score: >= 0; at `LIMIT` it has fallen, until it is back at half of that.
        fallen: whether it has.
    """

    made: Productivity
    score: float = 0.0
    fallen: bool = False

    def __post_init__(self) -> None:
        instance("made", self.made, Productivity)
        number("score", self.score, least=0.0)
        flag("fallen", self.fallen)

    def after(self, value: float, spent: float, horizon: float) -> Self:
        """After `value` >= 0 was accounted for `spent` >= 0 of the resource.

        `horizon`: resource, > 0, after whose spending the past has faded to 1/e. Raises `OptionError`.
        """
        number("value", value, least=0.0)
        score, past = self.score, self.made
        if past.value >= PAST or self.fallen:
            expected = past.ratio * number("spent", spent, least=0.0)
            score = min(LIMIT, max(0.0, score + (1.0 - FALL) * expected + value * log(FALL)))
        fallen = score >= LIMIT or (self.fallen and score > LIMIT / 2)
        number("horizon", horizon, above=0.0)
        return changed(
            self, made=changed(past, horizon=horizon).after(value, spent), score=score, fallen=fallen
        )
