"""The trial of the herd: nothing done, only frozen, and planned before it is damped."""

from benchmarks.vsm.trials.herd.living import living
from benchmarks.vsm.trials.herd.world import HerdWorld
from benchmarks.vsm.trials.trial import Arm, Claim, Column, Trial

NONE, FREEZE, PLAN = "without System 2", "System 2, frozen only", "System 2, a plan and then damped"

LIVED = 0.5  # part of twenty minutes: a living system takes a thousand times as long as its parts

ARMS: dict[str, Arm] = {NONE: living(system_2=False), FREEZE: living("plan"), PLAN: living()}

COLUMNS = (
    Column("mean", "latency s", "less", 2),
    Column("p95", "p95 s", "less", 2),
    Column("settled", "latency s, after 300 s", "less", 2),
    Column("settled p95", "p95 s, after 300 s", "less", 2),
    Column("switches", "switches", "less"),
    Column("found", "found after s"),
)

TRIALS = (
    Trial(
        "herd-living",
        "A herd: sixty agents between two providers, by latencies published every ten seconds; alive, for ten minutes",
        lambda seed, length: HerdWorld(seed, length * LIVED),
        ARMS,
        COLUMNS,
        PLAN,
        (
            Claim(
                "to freeze a herd is worse than to leave it",
                lambda found: found.middle(FREEZE, "settled") > 1.5 * found.middle(NONE, "settled"),
            ),
            Claim(
                "a plan, and then damping, takes four fifths of the latency",
                lambda found: found.middle(PLAN, "settled") < 0.2 * found.middle(NONE, "settled"),
            ),
            Claim("it is found within six periods", lambda found: found.most(PLAN, "found") <= 130.0),
        ),
    ),
)
