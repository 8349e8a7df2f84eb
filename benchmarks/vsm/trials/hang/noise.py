"""A week of white noise on 120 indices, a datum a minute, with nothing wrong: every page is a false one."""

from math import ceil, log, log1p
from statistics import NormalDist

from benchmarks.vsm.trials.luck import Luck
from benchmarks.vsm.trials.trial import Result, Trace
from cybernetic.vsm.ladder import (
    Cause,
    Clocks,
    Feeling,
    Ladder,
    Paged,
    Pain,
    Raised,
    Rungs,
    Sensitivity,
    arouse,
)

SERIES, MINUTES = 120, 7 * 24 * 60
SHOWN = 2.8  # absolute values below this, in standard deviations, are not told one by one
THRESHOLD, TWICE = 3.0, 2  # the gateway's alert: so far out, so many data in a row

_NORMAL = NormalDist()


class NoiseWorld:
    """The data, minute by minute, and the pages."""

    def __init__(self, seed: int) -> None:
        self.luck, self.trace = Luck(seed), Trace()
        self.minutes: dict[int, dict[str, float]] = {}
        self.pages = self.signals = 0
        for number in range(SERIES):
            self._draw(f"index-{number}")

    async def data(self, minute: int) -> dict[str, float]:
        """By index how many standard deviations it is off at `minute`, for those that are at least 2.8 off."""
        return self.minutes.get(minute, {})

    def _draw(self, name: str) -> None:
        tail = 2.0 * (1.0 - _NORMAL.cdf(SHOWN))
        minute, count = -1, 0
        while True:
            gap = ceil(log1p(-self.luck.uniform("gap", name, count)) / log(1.0 - tail))
            minute += max(1, gap)
            if minute >= MINUTES:
                return
            beyond = tail * (1.0 - self.luck.uniform("size", name, count))
            self.minutes.setdefault(minute, {})[name] = -_NORMAL.inv_cdf(beyond / 2.0)
            count += 1

    def result(self) -> Result:
        """False pages, and signals within the company."""
        self.trace.note(self.pages, self.signals)
        return Result({"pages": float(self.pages), "signals": float(self.signals)}, self.trace.digest)


async def silent(world: NoiseWorld, seed: int) -> Result:
    """Nobody is called, ever."""
    return world.result()


async def alert(world: NoiseWorld, seed: int) -> Result:
    """A page whenever an index was three standard deviations off twice in a row."""
    standing: dict[str, int] = {}
    for minute in range(MINUTES):
        off = {name for name, z in (await world.data(minute)).items() if z >= THRESHOLD}
        standing = {name: standing.get(name, 0) + 1 for name in off}
        world.pages += sum(count == TWICE for count in standing.values())
    return world.result()


async def ladder(world: NoiseWorld, seed: int) -> Result:
    """Arousal, and a ladder that pages for an index only when it stood."""
    sensitivity, rungs = Sensitivity(), Ladder("acme", Rungs((Clocks(), Clocks())))
    aroused: dict[str, Pain] = {}
    for minute in range(MINUTES):
        now = 60.0 * minute
        while rungs.due <= now:
            rungs, effects = rungs.tick(rungs.due)
            _count(world, effects)
        data = await world.data(minute)
        for name in sorted(data.keys() | aroused.keys()):
            feeling, sensitivity = arouse(name in aroused, sensitivity, data.get(name, 0.0), now)
            if feeling is Feeling.ONSET:
                aroused[name] = Pain(f"acme/{name}", "z", Cause.LIMITS, intensity=data[name], since=now)
            if feeling in (Feeling.ONSET, Feeling.STANDING):
                rungs, effects = rungs.feel(aroused[name], now)
                _count(world, effects)
            elif feeling is Feeling.RELIEF:
                rungs, effects = rungs.clear(aroused.pop(name).key, now)
    return world.result()


def _count(world: NoiseWorld, effects: tuple[object, ...]) -> None:
    for effect in effects:
        world.pages += isinstance(effect, Paged)
        world.signals += isinstance(effect, Raised) and effect.level == 0
        world.trace.note(type(effect).__name__)
