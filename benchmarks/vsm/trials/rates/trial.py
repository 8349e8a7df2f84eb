"""The trials of a shared rate: as it is, with refusals that cost, and with a limit that halves for a while."""

from benchmarks.vsm.trials.rates import gateway, living, mortal, viable
from benchmarks.vsm.trials.rates.plain import TRIES, exponential, jitter, retrying, told
from benchmarks.vsm.trials.rates.world import RateWorld
from benchmarks.vsm.trials.trial import Arm, Claim, Column, Found, Trial

NAIVE, PLAIN, PATIENT = "naive: Retry-After, 6 tries", "plain: full jitter, 6 tries", "plain, unlimited tries"
EXPONENTIAL, EXPONENTIAL_PATIENT = "exponential, 6 tries", "exponential, unlimited tries"
GATEWAY, VIABLE = "gateway", "viable (System 2's parts)"
LIVING, LIVING_WITHOUT = "viable, alive", "viable, alive, without System 2"
LIVING_SEEKING = "viable, alive, the limit not declared"
CAPPED = (NAIVE, EXPONENTIAL, PLAIN)  # those that give up
LIVED = 0.15  # part of the half hour that the living system is run for: it takes a thousand times as long as its parts

ARMS: dict[str, Arm] = {
    NAIVE: retrying(told, TRIES),
    EXPONENTIAL: retrying(exponential, TRIES),
    PLAIN: retrying(jitter, TRIES),
    PATIENT: retrying(jitter, None),
    EXPONENTIAL_PATIENT: retrying(exponential, None),
    GATEWAY: gateway.run,
    VIABLE: viable.run,
}

FEW: dict[str, Arm] = {arm: ARMS[arm] for arm in (PLAIN, PATIENT, EXPONENTIAL_PATIENT, GATEWAY, VIABLE)}

COLUMNS = (
    Column("done", "jobs done", "more"),
    Column("failed", "jobs failed", "less"),
    Column("refused", "429s", "less"),
    Column("wasted", "wasted calls", "less"),
    Column("p50", "p50 s", "less"),
    Column("p95", "p95 s", "less"),
    Column("p50 done", "p50 s, done only"),
    Column("p95 done", "p95 s, done only"),
    Column("jain", "Jain", "more", 2),
)


def _quicker(found: Found, least: float) -> bool:
    """Whether ours has at most `least` of the 95 % point of each plain arm that fails nothing."""
    plain = [arm for arm in found.results if arm not in (VIABLE, GATEWAY) and not found.most(arm, "failed")]
    return all(found.middle(VIABLE, "p95") <= least * found.middle(arm, "p95") for arm in plain)


NONE_FAILS = Claim("the viable arm fails no job", lambda found: found.most(VIABLE, "failed") == 0)
CAPPED_FAILS = Claim(
    "an arm with a cap on tries fails jobs",
    lambda found: all(found.least(arm, "failed") > 0 for arm in CAPPED if arm in found.results),
)
QUICKER = Claim(
    "its p95 is at most .7 of that of each plain arm that fails none", lambda found: _quicker(found, 0.7)
)
MORE = Claim(
    "it does more jobs than the plain arms that give up, and within 5 % of those that do not",
    lambda found: (
        all(found.middle(VIABLE, "done") > found.middle(arm, "done") for arm in CAPPED)
        and all(
            found.middle(VIABLE, "done") >= 0.95 * found.middle(arm, "done")
            for arm in (PATIENT, EXPONENTIAL_PATIENT)
        )
    ),
)
NO_REFUSAL = Claim("it is never refused", lambda found: found.most(VIABLE, "refused") == 0)
FAIR = Claim("nobody jumps its queue: Jain at least .99", lambda found: found.least(VIABLE, "jain") >= 0.99)
TIED = Claim(
    "the gateway is even in failures, and within 10 % in jobs",
    lambda found: (
        found.most(GATEWAY, "failed") == 0
        and abs(found.middle(GATEWAY, "done") / found.middle(VIABLE, "done") - 1.0) <= 0.1
    ),
)
SLOWER = Claim(
    "its p50 is above that of exponential back-off without limit: fairness has a price",
    lambda found: found.middle(VIABLE, "p50") > found.middle(EXPONENTIAL_PATIENT, "p50"),
)

TRIALS = (
    Trial(
        "rates",
        "Rate limits: twenty agents at a provider that takes one call a second",
        RateWorld,
        ARMS,
        COLUMNS,
        VIABLE,
        (NONE_FAILS, CAPPED_FAILS, QUICKER, MORE, NO_REFUSAL, FAIR, TIED, SLOWER),
    ),
    Trial(
        "rates-charged",
        "Rate limits: a refused call costs .3 of a call",
        lambda seed, length: RateWorld(seed, length, charge=0.3),
        FEW,
        COLUMNS,
        VIABLE,
        (NONE_FAILS, CAPPED_FAILS, QUICKER, NO_REFUSAL, FAIR, TIED),
    ),
    Trial(
        "rates-halved",
        "Rate limits: the provider takes half as much from minute 10 to 20",
        lambda seed, length: RateWorld(seed, length, halved=True),
        FEW,
        COLUMNS,
        VIABLE,
        (NONE_FAILS, CAPPED_FAILS, FAIR),
    ),
    Trial(
        "rates-orphaned",
        "Rate limits: what the agents share (limiter, coordinator) is dead from minute 10 to 20",
        lambda seed, length: RateWorld(seed, length, outage=True),
        FEW | {VIABLE: mortal.run},
        COLUMNS,
        VIABLE,
        (
            NONE_FAILS,
            Claim(
                "refusals come back to the gateway, and not to the viable arm",
                lambda found: found.most(VIABLE, "refused") < 0.05 * found.least(GATEWAY, "refused"),
            ),
            Claim(
                "its p95 stays below the gateway's",
                lambda found: found.middle(VIABLE, "p95") < found.middle(GATEWAY, "p95"),
            ),
        ),
    ),
    Trial(
        "rates-weighted",
        "Rate limits: five of the twenty agents count three times as much (Jain of jobs by weight)",
        lambda seed, length: RateWorld(seed, length, heavy=5),
        FEW,
        COLUMNS,
        VIABLE,
        (
            NONE_FAILS,
            NO_REFUSAL,
            Claim(
                "agents get work as they count: Jain by weight at least .95, and the gateway's below",
                lambda found: found.least(VIABLE, "jain") >= max(0.95, found.most(GATEWAY, "jain")),
            ),
        ),
    ),
    Trial(
        "rates-living",
        "Rate limits: the living system, for four and a half minutes",
        lambda seed, length: RateWorld(seed, length * LIVED),
        FEW
        | {
            LIVING: living.living(),
            LIVING_SEEKING: living.living(declared=False),
            LIVING_WITHOUT: living.living("s2"),
        },
        COLUMNS,
        LIVING,
        (
            Claim("the living system fails no job", lambda found: found.most(LIVING, "failed") == 0),
            Claim("it is never refused", lambda found: found.most(LIVING, "refused") == 0),
            Claim(
                "nobody jumps its queue: Jain at least .99", lambda found: found.least(LIVING, "jain") >= 0.99
            ),
            Claim(
                "its p95 is at most .7 of that of the plain arms that fail none",
                lambda found: all(
                    found.middle(LIVING, "p95") <= 0.7 * found.middle(arm, "p95")
                    for arm in (PATIENT, EXPONENTIAL_PATIENT)
                ),
            ),
            Claim(
                "told no limit it fails no job, and is refused less than half as often as the plain arms",
                lambda found: (
                    found.most(LIVING_SEEKING, "failed") == 0
                    and all(
                        found.middle(LIVING_SEEKING, "refused") < 0.5 * found.middle(arm, "refused")
                        for arm in (PATIENT, EXPONENTIAL_PATIENT)
                    )
                ),
            ),
            Claim(
                "it is within a tenth of its parts",
                lambda found: found.middle(LIVING, "p95") <= 1.1 * found.middle(VIABLE, "p95"),
            ),
        ),
    ),
)
