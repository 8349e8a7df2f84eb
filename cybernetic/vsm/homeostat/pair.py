"""Systems 3 and 4 as a homeostat: how far one lets a shift go, how eager the other is, and the balance both live by."""

from math import inf
from sys import float_info

from cybernetic.vsm.checks import instance
from cybernetic.vsm.homeostat.balance import Balance, Bands
from cybernetic.vsm.homeostat.homeostat import Homeostat, Party

LIMITS = (-0.1, 0.1)  # of `imbalance`
PATIENCE, MOST = 2, 6  # periods out of limits before a step, and steps before somebody else has to see to it
FAR = (2.0, 1.25, 1.5, 3.0)  # by which system 3 lets one shift multiply or divide a weight
WORTH = (0.1, 0.05, 0.2, 0.4)  # of the demand that a shift must meet beside, so that system 4 proposes it


def imbalance(balance: Balance, bands: Bands) -> float:
    """The essential variable: above 0 more is changed than can be borne, below 0 the future goes unanswered.

    The excess of churn or regret over its band, in units of that; else what the answers fall short of theirs, as a part
    of it, below 0. Within the bands it is 0. Raises `OptionError`.
    """
    instance("balance", balance, Balance)
    instance("bands", bands, Bands)
    over = max(
        _excess(balance.churn, bands.churn[1]),
        _excess(balance.regret, bands.regret[1]),
    )
    if over > 0:
        return over
    short = bands.answered - balance.intelligence.answered
    return -short / bands.answered if short > 0 else 0.0


def _excess(value: float, most: float) -> float:
    if most == inf:
        return 0.0
    return min((value - most) / most, float_info.max) if most > 0 else value


def homeostat(path: str) -> Homeostat:
    """That of the level at `path`, as it begins."""
    return Homeostat(
        f"systems 3 and 4 of {instance('path', path, str)}",
        LIMITS,
        Party("S3", FAR, lambda far, variable: far),
        Party("S4", WORTH, lambda worth, variable: worth),
        PATIENCE,
        MOST,
    )
