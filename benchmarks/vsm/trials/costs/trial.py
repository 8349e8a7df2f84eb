"""The trial of a runaway cost: what an hour costs, what it is worth, and when the loop stands out."""

from benchmarks.vsm.trials.costs import gateway, living, plain, viable
from benchmarks.vsm.trials.costs.viable import EPOCH
from benchmarks.vsm.trials.costs.world import CostWorld
from benchmarks.vsm.trials.trial import Arm, Claim, Column, Trial

NAIVE, PLAIN, GATEWAY, VIABLE = "naive: no limit", "plain: caps", "gateway", "viable (System 3's parts)"

LIVING = "viable, alive"
LIVED = 0.25  # part of the hour that the living system is run for
ARMS: dict[str, Arm] = {
    NAIVE: plain.naive,
    PLAIN: plain.capped,
    GATEWAY: gateway.run,
    VIABLE: viable.run,
}

SEEDS = 10  # with fewer, one unlucky hour says too much

COLUMNS = (
    Column("spent", "spent $", "less"),
    Column("share", "of the budget, %"),
    Column("looper", "by the looping agent $", "less", 1),
    Column("useful", "useful calls", "more"),
    Column("lost", "useful calls refused", "less"),
    Column("flagged", "it stands out after s", "less"),
)

TRIALS = (
    Trial(
        "costs",
        "Runaway cost: eight agents, 250 dollars an hour, one loops from minute five",
        CostWorld,
        ARMS,
        COLUMNS,
        VIABLE,
        (
            Claim("the viable arm keeps the budget", lambda found: found.most(VIABLE, "share") <= 100.0),
            Claim("so does the gateway: a tie", lambda found: found.most(GATEWAY, "share") <= 100.0),
            Claim(
                "caps stop the loop, and still break the budget",
                lambda found: (
                    found.most(PLAIN, "looper") < 0.4 * found.least(NAIVE, "looper")
                    and found.least(PLAIN, "share") > 100.0
                ),
            ),
            Claim(
                "its useful work is within 3 % of the unconstrained",
                lambda found: found.middle(VIABLE, "useful") >= 0.97 * found.middle(NAIVE, "useful"),
                SEEDS,
            ),
            Claim(
                "the loop stands out within an epoch", lambda found: found.most(VIABLE, "flagged") <= EPOCH
            ),
        ),
    ),
    Trial(
        "costs-living",
        "Runaway cost: the living system, for a quarter of the hour and of its budget",
        lambda seed, length: CostWorld(seed, length * LIVED),
        ARMS | {LIVING: living.living()},
        COLUMNS,
        LIVING,
        (
            Claim("the living system keeps the budget", lambda found: found.most(LIVING, "share") <= 100.0),
            Claim(
                "its loop spends less than what caps let it",
                lambda found: found.most(LIVING, "looper") < found.least(PLAIN, "looper"),
            ),
            Claim(
                "its useful work is within 3 % of the unconstrained",
                lambda found: found.middle(LIVING, "useful") >= 0.97 * found.middle(NAIVE, "useful"),
                SEEDS,
            ),
            Claim(
                "system 3 intervenes in the loop within a minute",
                lambda found: found.most(LIVING, "flagged") <= EPOCH,
            ),
        ),
    ),
)
