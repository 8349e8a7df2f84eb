"""The tables that the design was made from, measured with a prototype on 1,500 runs a cell.

A delay is in data after the one that changed; a share is of the runs that alarmed at all. For spikes only the share
counts, and it should be small.
"""

COLUMNS = ("Shewhart", "CUSUM", "EWMA", "BOCPD, rarer", "change", "level z ≥ 2.44", "cleaned CUSUM")
RUNS = 1500
CUT = 400_000  # data after which a run without a false alarm ends: inferred, see `tables`

POWER: dict[tuple[str, float], tuple[tuple[float, float], ...]] = {
    ("step", 1.0): ((31.3, 0.79), (9.2, 1), (9.6, 1), (11.8, 0.81), (24.5, 0.19), (10.1, 1), (10.1, 1)),
    ("step", 2.0): ((6.7, 1), (2.8, 1), (2.7, 1), (3.3, 1), (7.2, 0.53), (3.7, 1), (4.0, 1)),
    ("step", 3.0): ((1.2, 1), (1.5, 1), (1.4, 1), (1.4, 1), (2.3, 0.90), (2.5, 1), (2.8, 1)),
    ("step", 4.0): ((0.2, 1), (0.9, 1), (0.8, 1), (1.0, 1), (1.0, 0.99), (2.1, 1), (2.3, 1)),
    ("step", 6.0): ((0.0, 1), (0.3, 1), (0.3, 1), (1.0, 1), (0.9, 1), (2.0, 1), (1.8, 1)),
    ("drift", 0.1): ((18.5, 1), (12.4, 1), (12.2, 1), (14.6, 1), (30.0, 0.16), (12.4, 1), (13.3, 1)),
    ("drift", 0.25): ((8.7, 1), (6.7, 1), (6.5, 1), (7.5, 1), (16.1, 0.37), (7.1, 1), (7.7, 1)),
    ("drift", 1.0): ((2.4, 1), (2.5, 1), (2.4, 1), (2.6, 1), (2.7, 1), (3.5, 1), (3.6, 1)),
    ("spike", 4.0): ((0, 0.81), (0, 0.30), (0, 0.31), (0, 0.24), (0, 0.14), (0, 0.028), (0, 0.035)),
    ("spike", 6.0): ((0, 0.997), (0, 0.81), (0, 0.76), (0, 0.81), (0, 0.095), (0, 0.016), (0, 0.011)),
    ("spike", 8.0): ((0, 1), (0, 0.996), (0, 0.97), (0, 0.997), (0, 0.038), (0, 0.017), (0, 0.009)),
}

# limit: data between false alarms; delays of steps of 1, 2, 3 and 6, of drifts of .1 and .25; share of 8σ spikes
LIMITS: dict[float, tuple[float, dict[tuple[str, float], float], float]] = {
    2.44: (518, {("step", 1.0): 9.6, ("step", 2.0): 3.6, ("step", 3.0): 2.4, ("step", 6.0): 2.0}, 0.015),
    2.8: (1933, {("step", 1.0): 13.7, ("step", 2.0): 4.3, ("step", 3.0): 2.7, ("step", 6.0): 2.0}, 0.002),
    3.0: (4371, {("step", 1.0): 17.3, ("step", 2.0): 4.8, ("step", 3.0): 3.0, ("step", 6.0): 2.0}, 0.0),
    3.5: (42192, {("step", 1.0): 29.5, ("step", 2.0): 6.1, ("step", 3.0): 3.5, ("step", 6.0): 2.1}, 0.0),
    4.0: (292049, {("step", 1.0): 38.8, ("step", 2.0): 8.1, ("step", 3.0): 4.3, ("step", 6.0): 2.1}, 0.0),
}
DRIFTS = {
    2.44: {("drift", 0.1): 12.4, ("drift", 0.25): 6.9},
    2.8: {("drift", 0.1): 13.9, ("drift", 0.25): 7.8},
    3.0: {("drift", 0.1): 14.7, ("drift", 0.25): 8.2},
    3.5: {("drift", 0.1): 16.7, ("drift", 0.25): 9.1},
    4.0: {("drift", 0.1): 18.6, ("drift", 0.25): 10.0},
}
FOUND = {3.5: 0.93, 4.0: 0.62}  # share of the steps of 1 that are found at a limit, where not all are

# data between false alarms on noise that is not as assumed, where the design tells them
NOISE: dict[tuple[str, str], float] = {
    ("as assumed", "level z ≥ 2.44"): 492,
    ("heavy tails", "Shewhart"): 85,
    ("heavy tails", "CUSUM"): 270,
    ("heavy tails", "change"): 488,
    ("autocorrelation .4", "CUSUM"): 66,
    ("autocorrelation .4", "change"): 131,
    ("autocorrelation .4", "level z ≥ 2.44"): 74,
    ("V taken for twice what it is", "level z ≥ 2.44"): 37_000,
}
# the design has 37, which no reading of it gives (see `tables`): these were measured here, on 1,000 alarms
HALVED = {"change": 54, "level z ≥ 2.44": 64}
NOISE |= {("V taken for half of what it is", name): apart for name, apart in HALVED.items()}
