"""Series to try detectors on, and the detectors: each turns a series into the data at which it alarms."""

from collections.abc import Iterable, Iterator
from random import Random

from cybernetic.vsm.cyberstride import Bocpd, Chart, Cusum, Ewma, HarrisonStevens, Reading, Regime, Shewhart

BEFORE = 50  # data before anything happens
LIMITS = (2.44, 2.8, 3.0, 3.5, 4.0)  # of the level's distance from plan, in standard deviations
CHANGE = 0.028  # of the probability of change; like all that follow, about one false alarm in 500 data
CLEANED = Cusum(limit=4.7)
CHARTS: dict[str, Chart] = {  # type: ignore[type-arg]
    "Shewhart": Shewhart(),
    "CUSUM": Cusum(),
    "EWMA": Ewma(),
    "BOCPD": Bocpd(),
    "BOCPD, rarer": Bocpd(spread=10.0, threshold=0.35, apart=60),  # once in some 2,100: see `tables`
}


def level_at(limit: float) -> str:
    """The name of the detector that compares the level with plan."""
    return f"level z ≥ {limit:g}"


DETECTORS = (*CHARTS, "change", "cleaned CUSUM", *map(level_at, LIMITS))


def white(chance: Random) -> Iterator[float]:
    """Gaussian noise of variance 1, for ever."""
    while True:
        yield chance.gauss(0.0, 1.0)


def heavy(chance: Random) -> Iterator[float]:
    """Noise of Student's t with four degrees of freedom, scaled to variance 1."""
    while True:
        yield chance.gauss(0.0, 1.0) / (chance.gammavariate(2.0, 0.5) * 2.0) ** 0.5


def autocorrelated(chance: Random, phi: float = 0.4) -> Iterator[float]:
    """Gaussian noise of variance 1 whose neighbours have correlation `phi`."""
    state = chance.gauss(0.0, 1.0)
    while True:
        yield state
        state = phi * state + (1.0 - phi * phi) ** 0.5 * chance.gauss(0.0, 1.0)


def changed(chance: Random, kind: str, size: float, after: int) -> list[float]:
    """`BEFORE` data of noise, then `after` data with a "step", a "drift" (`size` a datum) or one "spike"."""
    shift = {
        "step": [size] * after,
        "drift": [size * (k + 1) for k in range(after)],
        "spike": [size] + [0.0] * (after - 1),
    }[kind]
    return [chance.gauss(0.0, 1.0) + by for by in [0.0] * BEFORE + shift]


def alarms(
    series: Iterable[float], names: Iterable[str] = DETECTORS, variance: float = 1.0
) -> Iterator[set[str]]:
    """For each datum, the names of the detectors that alarm at it. `variance`: what they take V for."""
    wanted = set(names)
    charts = {name: (chart, chart.start()) for name, chart in CHARTS.items() if name in wanted}
    filtering = not wanted <= set(CHARTS)
    one = HarrisonStevens(variance=variance, level=0.0, plan=0.0)
    cleaned, last = CLEANED.start(), 0.0
    for y in series:
        found = set()
        for name, (chart, state) in charts.items():
            now = chart.step(state, y)
            charts[name] = (chart, now)
            if now.alarm:
                found.add(name)
        if filtering:
            reading = one.update(y)
            cleaned = CLEANED.step(cleaned, last * (1.0 - reading.back1[Regime.TRANSIENT]))
            last = y
            found |= _of_the_filter(reading, cleaned.alarm)
        yield found & wanted


def _of_the_filter(reading: Reading, cleaned: bool) -> set[str]:
    assert reading.z_plan is not None
    found = {level_at(limit) for limit in LIMITS if abs(reading.z_plan) >= limit}
    if reading.change >= CHANGE:
        found.add("change")
    if cleaned:
        found.add("cleaned CUSUM")
    return found
