"""The trials of a shared rate: as it is, with refusals that cost, and with a limit that halves for a while."""

from benchmarks.vsm.trials.rates import gateway, viable
from benchmarks.vsm.trials.rates.plain import TRIES, exponential, jitter, retrying, told
from benchmarks.vsm.trials.rates.world import HALVED, RateWorld
from benchmarks.vsm.trials.trial import Arm, Claim, Column, Found, Trial

NAIVE, PLAIN, PATIENT = "naive: Retry-After, 6 tries", "plain: full jitter, 6 tries", "plain, unlimited tries"
EXPONENTIAL, EXPONENTIAL_PATIENT = "exponential, 6 tries", "exponential, unlimited tries"
GATEWAY, VIABLE = "gateway", "viable (System 2's parts)"

ARMS: dict[str, Arm] = {
    NAIVE: retrying(told, TRIES),
    EXPONENTIAL: retrying(exponential, TRIES),
    PLAIN: retrying(jitter, TRIES),
    PATIENT: retrying(jitter, None),
    EXPONENTIAL_PATIENT: retrying(exponential, None),
    GATEWAY: gateway.run,
    VIABLE: viable.run,
}

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
    lambda found: all(found.least(arm, "failed") > 0 for arm in (NAIVE, EXPONENTIAL, PLAIN)),
)
QUICKER = Claim(
    "its p95 is at most .7 of that of each plain arm that fails none", lambda found: _quicker(found, 0.7)
)
MORE = Claim(
    "it does more jobs than the plain arms that give up, and within 5 % of those that do not",
    lambda found: (
        all(found.middle(VIABLE, "done") > found.middle(arm, "done") for arm in (NAIVE, EXPONENTIAL, PLAIN))
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
        lambda seed: RateWorld(seed, charge=0.3),
        ARMS,
        COLUMNS,
        VIABLE,
        (NONE_FAILS, CAPPED_FAILS, QUICKER, NO_REFUSAL, FAIR, TIED),
    ),
    Trial(
        "rates-halved",
        "Rate limits: the provider takes half as much from minute 10 to 20",
        lambda seed: RateWorld(seed, halved=HALVED),
        ARMS,
        COLUMNS,
        VIABLE,
        (NONE_FAILS, CAPPED_FAILS, FAIR),
    ),
)
