"""POSIWID, "the purpose of a system is what it does": how far what a unit does is from what it is chartered
for.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from math import fsum, log2

from cybernetic.vsm.checks import instance, share, weights


@dataclass(frozen=True, slots=True)
class PosiwidGap:
    """How far actual shares are from chartered ones.

    `bits` is the Kullback-Leibler divergence of the actual shares from the chartered ones, >= 0; `parts` is
    what each purpose contributes, the largest first (a negative part: less was done than chartered).
    """

    bits: float
    parts: tuple[tuple[str, float], ...]


def posiwid(chartered: Mapping[str, float], actual: Mapping[str, float], slack: float = 0.01) -> PosiwidGap:
    """The gap between what a unit is for and where its money or time went.

    Both map purposes to weights >= 0, each with a sum above 0 (they are scaled to one). `slack` (0 to 1,
    neither) is the part of the charter left open, spread evenly over all purposes seen: without it a cent
    spent on something unforeseen would be an infinite gap. Raises `OptionError`.
    """
    share("slack", slack, inner=True)
    wanted, done = weights("chartered", chartered), weights("actual", actual)
    for name, given in (("chartered", wanted), ("actual", done)):
        for purpose in given:
            instance(name, purpose, str)
    purposes = sorted(wanted.keys() | done.keys())
    parts = {}
    for purpose in purposes:
        p, q = done.get(purpose, 0.0), (1 - slack) * wanted.get(purpose, 0.0) + slack / len(purposes)
        bits = log2(q) if q > 0 else log2(slack) - log2(len(purposes))  # which is less than a float holds
        parts[purpose] = p * (log2(p) - bits) if p > 0 else 0.0
    ranked = sorted(parts.items(), key=lambda part: -part[1])
    return PosiwidGap(max(0.0, fsum(parts.values())), tuple(ranked))
