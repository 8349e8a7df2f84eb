"""The trials of shifting demand: by how long a move takes and how quickly demand turns."""

from benchmarks.vsm.trials.compare import compare
from benchmarks.vsm.trials.shift import plain, viable
from benchmarks.vsm.trials.shift.living import CALM, living
from benchmarks.vsm.trials.shift.world import ShiftWorld
from benchmarks.vsm.trials.trial import Arm, Claim, Column, Found, Trial

NAIVE, PLAIN, GATEWAY = "naive: nothing moves", "plain: after the load", "gateway: and the queue"
VIABLE = "viable (Systems 3 and 4)"
WITHOUT, BANDED = "without System 4", "with a band on churn"
ALIVE, ALIVE_WITHOUT, ALIVE_BANDED = "alive", "alive without System 4", "alive with a band on churn"
SEEDS = 10  # with fewer, chance says as much as foresight
FAR = 24  # ticks of lead from which foresight is to pay

ARMS: dict[str, Arm] = {
    NAIVE: plain.static,
    PLAIN: plain.following(None),
    GATEWAY: plain.following(plain.CLEARS),
    WITHOUT: viable.without_s4,
    VIABLE: viable.run,
    BANDED: viable.banded,
}

LIVING: dict[str, Arm] = {
    NAIVE: plain.static,
    GATEWAY: plain.following(plain.CLEARS),
    VIABLE: viable.run,
    ALIVE: living(),
    ALIVE_WITHOUT: living("s4"),
    ALIVE_BANDED: living(bands=CALM),
}

COLUMNS = (
    Column("peak", "peak backlog", "less"),
    Column("mean", "mean backlog", "less"),
    Column("moves", "slots moved", "less"),
    Column("orders", "orders"),
)


def _lower(found: Found, arm: str, other: str, share: float) -> bool:
    """Whether the peak of `arm` is so much lower than of `other`, and surely lower (where seeds are enough)."""
    peaks = found.values(arm, "peak"), found.values(other, "peak")
    gap = compare(*peaks, "less")
    return gap.high < 0.0 and found.middle(arm, "peak") <= (1.0 - share) * found.middle(other, "peak")


def _claims(lead: int) -> tuple[Claim, ...]:
    naive = Claim(
        "what does not move is overrun",
        lambda found: found.least(NAIVE, "peak") > 3.0 * found.most(VIABLE, "peak"),
    )
    if lead < FAR:
        return (naive,)
    return (
        naive,
        Claim(
            "foresight lowers the peak by a fifth or more against System 3 alone",
            lambda found: _lower(found, VIABLE, WITHOUT, 0.2),
            SEEDS,
        ),
        Claim("and lowers it against the gateway", lambda found: _lower(found, VIABLE, GATEWAY, 0.0), SEEDS),
        Claim(
            "at the price of churn",
            lambda found: found.middle(VIABLE, "moves") > found.middle(WITHOUT, "moves"),
        ),
        Claim("a band on churn keeps more than half of the gain", lambda found: _kept(found) > 0.5, SEEDS),
        Claim(
            "with fewer moves", lambda found: found.middle(BANDED, "moves") < found.middle(VIABLE, "moves")
        ),
    )


def _kept(found: Found) -> float:
    """The part of the gain in peak that is left with a band on churn."""
    alone = found.middle(WITHOUT, "peak")
    return (alone - found.middle(BANDED, "peak")) / (alone - found.middle(VIABLE, "peak"))


def _trial(lead: int, ramp: int) -> Trial:
    return Trial(
        f"shift-{lead}-{ramp}",
        f"Shifting demand: a move takes {lead} ticks, demand turns within {ramp}",
        lambda seed, length: ShiftWorld(seed, lead, ramp),
        ARMS,
        COLUMNS,
        VIABLE,
        _claims(lead),
    )


_ALIVE = Trial(
    "shift-alive",
    "Shifting demand, and the living system in it: a move takes 24 ticks, demand turns within 40",
    lambda seed, length: ShiftWorld(seed, FAR, 40),
    LIVING,
    COLUMNS,
    ALIVE,
    (
        Claim(
            "alive, foresight lowers the peak by more than half against what is declared",
            lambda found: found.middle(ALIVE, "peak") < 0.5 * found.middle(ALIVE_WITHOUT, "peak"),
        ),
        Claim("and lowers it against the gateway", lambda found: _lower(found, ALIVE, GATEWAY, 0.0), SEEDS),
    ),
)

TRIALS = (*(_trial(lead, ramp) for lead, ramp in ((6, 40), (12, 40), (24, 40), (24, 80), (40, 80))), _ALIVE)
