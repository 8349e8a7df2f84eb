"""The trial of a runaway cost: what an hour costs, what it is worth, and when the loop stands out."""

from benchmarks.vsm.trials.costs import gateway, plain, viable
from benchmarks.vsm.trials.costs.viable import EPOCH
from benchmarks.vsm.trials.costs.world import BUDGET, CostWorld
from benchmarks.vsm.trials.trial import Arm, Claim, Column, Trial

NAIVE, PLAIN, GATEWAY, VIABLE = "naive: no limit", "plain: caps", "gateway", "viable (System 3's parts)"

ARMS: dict[str, Arm] = {
    NAIVE: plain.naive,
    PLAIN: plain.capped,
    GATEWAY: gateway.run,
    VIABLE: viable.run,
}

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
            Claim("the viable arm keeps the budget", lambda found: found.most(VIABLE, "spent") <= BUDGET),
            Claim("so does the gateway: a tie", lambda found: found.most(GATEWAY, "spent") <= BUDGET),
            Claim(
                "caps alone do not", lambda found: found.least(PLAIN, "spent") > BUDGET
            ),
            Claim(
                "its useful work is within 3 % of the unconstrained",
                lambda found: found.middle(VIABLE, "useful") >= 0.97 * found.middle(NAIVE, "useful"),
            ),
            Claim(
                "the loop stands out within an epoch", lambda found: found.most(VIABLE, "flagged") <= EPOCH
            ),
        ),
    ),
)
