"""Ashby's law of requisite variety as a game on a table: only variety in the responses absorbs variety.

W. R. Ashby, "An Introduction to Cybernetics" (1956), chapter 11.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeVar

from cybernetic.core import OptionError, whole
from cybernetic.vsm.checks import function, hashed, share
from cybernetic.vsm.variety.entropy import entropy, mutual_information, shares_of_pairs

D = TypeVar("D")
R = TypeVar("R")
E = TypeVar("E")

_LARGEST = 10_000_000  # pairs: more of them are no table that anybody holds


@dataclass(frozen=True, slots=True)
class Regulated:
    """What a regulator left over, in bits: the variety of disturbances, responses and outcomes.

    `bound` is the least that could be left, H(D) - I(D;R): where each response leads every disturbance to
    another outcome, `outcomes` is never below it, and a good regulator meets it.
    """

    disturbances: float
    responses: float
    outcomes: float
    bound: float


def regulate(joint: Mapping[tuple[D, R], float], table: Callable[[D, R], E]) -> Regulated:
    """Play the table: `joint` weighs (disturbance, response) pairs, `table(d, r)` is the outcome of one.

    The bound holds for a table in which no column repeats an outcome. Raises `OptionError`.
    """
    function("table", table, "a function of (disturbance, response)")
    disturbances: dict[D, float] = {}
    responses: dict[R, float] = {}
    outcomes: dict[E, float] = {}
    for (d, r), weight in shares_of_pairs(joint).items():
        disturbances[d] = disturbances.get(d, 0.0) + weight
        responses[r] = responses.get(r, 0.0) + weight
        outcome = hashed("table", table(d, r))
        outcomes[outcome] = outcomes.get(outcome, 0.0) + weight
    varied = entropy(disturbances)
    return Regulated(
        varied, entropy(responses), entropy(outcomes), max(0.0, varied - mutual_information(joint))
    )


def cyclic_game(size: int, responses: int, error: float = 0.0) -> dict[tuple[int, int], float]:
    """The best play of the table (d - r) mod `size`, when only some responses are at hand.

    `size` disturbances (>= 1), equally likely; `responses` (1 to size, a divisor of it) spread evenly over
    the table, each disturbance answered by the nearest below it; with chance `error` (0 to 1) the channel
    delivers any response of the table instead, each equally likely. Returns joint weights for `regulate`, for at most
    ten million pairs: as many as `size`, or as its square where there is an `error`. Raises `OptionError`.
    """
    share("error", error)
    if whole("size", size, least=1) ** (2 if error else 1) > _LARGEST:
        raise OptionError("size", f"an integer with a table of at most {_LARGEST:,} pairs", size)
    if whole("responses", responses, least=1) > size or size % responses:
        raise OptionError("responses", f"a divisor of {size}", responses)
    gap, joint = size // responses, dict[tuple[int, int], float]()
    for d in range(size):
        joint[d, d - d % gap] = (1 - error) / size
        for r in range(size) if error else ():
            joint[d, r] = joint.get((d, r), 0.0) + error / size / size
    return joint
