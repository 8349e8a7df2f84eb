"""The trial of silent degradation: how long, how many wrong answers, at what price; by the share audited."""

from statistics import mean

from benchmarks.vsm.trials.quality import gateway, plain
from benchmarks.vsm.trials.quality.living import living
from benchmarks.vsm.trials.quality.viable import DESIGN, audited
from benchmarks.vsm.trials.quality.world import DEGRADED, QualityWorld
from benchmarks.vsm.trials.trial import Arm, Claim, Column, Found, Trial
from cybernetic.vsm.audit import run_length

SHARES = (0.01, 0.02, 0.05, 0.10, 0.20)
NAIVE, PLAIN, GATEWAY = "naive: the tool says ok", "plain: complaints", "gateway: alert on complaints"
VIABLE = {share: f"viable (System 3*'s parts), {share:.0%}" for share in SHARES}
OURS = VIABLE[0.05]
ALIVE, ALIVE_WITHOUT = "alive, 5%", "alive without System 3*"
SEEDS = 10  # with fewer, delays spread too far to say much
AUDITS = run_length(DEGRADED, DESIGN)  # that the design needs

ARMS: dict[str, Arm] = {
    NAIVE: plain.naive,
    PLAIN: plain.plain,
    GATEWAY: gateway.run,
    **{name: audited(share) for share, name in VIABLE.items()},
}

LIVING: dict[str, Arm] = {
    PLAIN: plain.plain,
    GATEWAY: gateway.run,
    OURS: ARMS[OURS],
    ALIVE: living(0.05),
    ALIVE_WITHOUT: living(0.05, "s3star"),
}

COLUMNS = (
    Column("minutes", "found after min", "less"),
    Column("tasks", "after tasks", "less"),
    Column("slipped", "wrong until then", "less"),
    Column("left", "wrong, and left so", "less"),
    Column("audits", "audits"),
    Column("tools", "look-ups $"),
    Column("cost", "audits and harm $", "less"),
    Column("false", "false findings", "less"),
)


def _as_designed(found: Found) -> bool:
    """Whether the mean delay is the design's, as far as so few seeds can tell: within four standard errors of
    it, and a fifth (tasks still under way, and a score above 0 when the tool turns bad).
    """
    for share in SHARES[1:]:  # at the first of them, two hours may be too short
        arm = VIABLE[share]
        delays = [delay * share for delay in found.values(arm, "tasks")]
        error = AUDITS.mean / len(delays) ** 0.5  # a run length spreads about as wide as its mean
        if abs(mean(delays) - AUDITS.mean) > 4 * error + 0.2 * AUDITS.mean:
            return False
    return True


def _inside(found: Found) -> bool:
    """Whether both ends of the scale cost more than the best between them."""
    costs = [found.middle(VIABLE[share], "cost") for share in SHARES]
    return min(costs[1:-1]) < min(costs[0], costs[-1])


TRIALS = (
    Trial(
        "quality",
        "Silent degradation: from minute twenty a fifth of the answers is wrong, and says ok",
        QualityWorld,
        ARMS,
        COLUMNS,
        OURS,
        (
            Claim(
                "an audit of a twentieth finds it before complaints do",
                lambda found: found.middle(OURS, "minutes") < found.middle(GATEWAY, "minutes"),
            ),
            Claim("the delay is the design's: so many audits, whatever the share", _as_designed, SEEDS),
            Claim(
                "who trusts the tool never knows", lambda found: found.least(NAIVE, "minutes") == float("inf")
            ),
            Claim(
                "fewer wrong answers stay with customers",
                lambda found: found.middle(OURS, "left") < 0.5 * found.middle(GATEWAY, "left"),
            ),
            Claim("auditing too little and too much both cost more than something between", _inside, SEEDS),
        ),
        (NAIVE, PLAIN, GATEWAY),
    ),
    Trial(
        "quality-alive",
        "Silent degradation, and the living system in it",
        QualityWorld,
        LIVING,
        COLUMNS,
        ALIVE,
        (
            Claim(
                "the living system finds it before complaints do, too",
                lambda found: found.middle(ALIVE, "minutes") < found.middle(GATEWAY, "minutes"),
            ),
            Claim(
                "and leaves fewer wrong answers with customers",
                lambda found: found.middle(ALIVE, "left") < 0.5 * found.middle(GATEWAY, "left"),
            ),
            Claim(
                "without System 3* it never knows",
                lambda found: found.least(ALIVE_WITHOUT, "minutes") == float("inf"),
            ),
        ),
    ),
)
