"""The trials of a division that hangs: nobody answers, the company answers, two hundred at once, a week of noise."""

from math import inf

from benchmarks.vsm.trials.hang import gateway, living, noise, plain, viable
from benchmarks.vsm.trials.hang.viable import BOUND
from benchmarks.vsm.trials.hang.world import HangWorld
from benchmarks.vsm.trials.trial import Arm, Claim, Column, Trial

NAIVE, PLAIN, GATEWAY, VIABLE = (
    "naive: nobody looks",
    "plain: probe to a log",
    "gateway: alert on the log",
    "viable (the ladder)",
)
SECONDS = 0.01  # what hops may cost, on virtual time

ARMS: dict[str, Arm] = {
    NAIVE: plain.naive,
    PLAIN: plain.plain,
    GATEWAY: gateway.run,
    VIABLE: viable.run,
}

ALIVE = "alive"

COLUMNS = (
    Column("human", "a human knows after s", "less", 2),
    Column("pages", "pages", "", 0),
    Column("restored", "restored after s", "less", 1),
    Column("late", "late tickets, each", "less", 1),
)
OWNED_COLUMNS = (Column("human", "a human knows after s", "", 2), *COLUMNS[1:])

IN_BOUND = Claim(
    f"the viable arm's human knows within the clocks' bound, {BOUND:.1f} s",
    lambda found: found.most(VIABLE, "human") <= BOUND + SECONDS,
)
UNHEARD = Claim("a probe that writes to a log tells nobody", lambda found: found.least(PLAIN, "human") == inf)
ONE_PAGE = Claim("one page", lambda found: found.most(VIABLE, "pages") == 1)

ALIVE_CLAIMS = (
    Claim(
        f"the living system's human knows within {living.BOUND:.1f} s: three rounds and its clocks",
        lambda found: found.most(ALIVE, "human") <= living.BOUND + SECONDS,
    ),
    Claim(
        "and is called once: that it is silent and that its account is missing are one",
        lambda found: found.most(ALIVE, "pages") == found.least(ALIVE, "pages") == 1,
    ),
)

TRIALS = (
    Trial(
        "hang",
        "A division hangs, restarts fail, nobody answers below the human",
        lambda seed, length: HangWorld(seed),
        {**ARMS, ALIVE: living.run},
        COLUMNS,
        VIABLE,
        (IN_BOUND, UNHEARD, ONE_PAGE, *ALIVE_CLAIMS),
        (NAIVE, PLAIN, GATEWAY, ALIVE),
    ),
    Trial(
        "hang-owned",
        "A division hangs, restarts fail, the company takes it over in time",
        lambda seed, length: HangWorld(seed, answers=True),
        ARMS,
        OWNED_COLUMNS,
        VIABLE,
        (
            Claim("the human sees nothing of it", lambda found: found.most(VIABLE, "pages") == 0),
            Claim(
                "it is restored within twenty seconds", lambda found: found.most(VIABLE, "restored") <= 20.0
            ),
        ),
    ),
    Trial(
        "hang-storm",
        "Two hundred divisions hang within a second",
        lambda seed, length: HangWorld(seed, divisions=200),
        ARMS,
        COLUMNS,
        VIABLE,
        (IN_BOUND, ONE_PAGE),
    ),
    Trial(
        "hang-noise",
        "A week of white noise on 120 indices",
        lambda seed, length: noise.NoiseWorld(seed),
        {"naive: nobody is called": noise.silent, GATEWAY: noise.alert, VIABLE: noise.ladder},
        (Column("pages", "false pages", "less"), Column("signals", "signals within the company")),
        VIABLE,
        (Claim("at most one false page", lambda found: found.most(VIABLE, "pages") <= 1),),
    ),
)
