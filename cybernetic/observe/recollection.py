"""What a single look does not show: how figures have gone, what was achieved before, and what was said."""

from collections import deque
from collections.abc import Mapping
from dataclasses import replace
from statistics import fmean

from cybernetic.observe.views import Figure, LevelView, Panorama, Said
from cybernetic.vsm import Capability, Gauge, Index, Regime

LENGTH = 48  # values of a trend that are remembered
TAIL = 200  # lines of a log that are remembered
TRUSTED = 20  # data before a course is named
BEFORE = 5  # data over which a step is looked at


class Recollection:
    """Remembers what was seen of one viable system, and adds it to what is seen now: give it each panorama in turn.

    What is known of an index, besides what it is now, is its capability (a high quantile of what was achieved) and its
    course, as the Harrison–Stevens filter judges it; both need some looks.
    """

    def __init__(self) -> None:
        self._memories: dict[tuple[str, str], _Memory] = {}
        self._trends: dict[str, deque[float]] = {}
        self._said: dict[str, deque[Said]] = {}

    @property
    def trends(self) -> Mapping[str, tuple[float, ...]]:
        """The last values, the oldest first, by what they are of: "waiting PATH PORT", "load UNIT", "come UNIT"."""
        return {name: tuple(values) for name, values in self._trends.items()}

    @property
    def since(self) -> dict[str, int]:
        """By level, the number of the last line of its log that was seen: for `panorama`."""
        return {path: said[-1].number for path, said in self._said.items() if said}

    def after(self, seen: Panorama) -> Panorama:
        """What was seen, with what is remembered of it."""
        return replace(seen, levels=tuple(self._level(level) for level in seen.levels))

    def _level(self, level: LevelView) -> LevelView:
        for flow in level.flows:
            self._note(f"load {flow.unit}", flow.load)
            if flow.arrived is not None:
                self._note(f"come {flow.unit}", flow.arrived)
        for pace in level.paces:
            self._note(f"waiting {level.path} {pace.port}", pace.waiting)
        figures = tuple(self._figure(one) for one in level.figures)
        return replace(level, figures=figures, log=self._log(level))

    def _note(self, name: str, value: float) -> None:
        self._trends.setdefault(name, deque(maxlen=LENGTH)).append(value)

    def _log(self, level: LevelView) -> tuple[Said, ...]:
        said = self._said.setdefault(level.path, deque(maxlen=TAIL))
        last = said[-1].number if said else 0
        said.extend(line for line in level.log if line.number > last)
        return tuple(said)

    def _figure(self, figure: Figure) -> Figure:
        key = figure.unit, figure.index
        if key not in self._memories:
            self._memories[key] = _Memory(figure.cost)
        return self._memories[key].after(figure)


class _Memory:
    """Of one index of one unit."""

    def __init__(self, cost: bool) -> None:
        self._cost = cost
        self._capability = Capability(cost=cost)
        self._gauge = Gauge(Index("seen", cost=cost))
        self._source: str | None = None
        self._course = Figure("", "")
        self._best: float | None = None
        self._levels: deque[float] = deque(maxlen=BEFORE)

    def after(self, figure: Figure) -> Figure:
        if figure.actuality is not None and figure.source != self._source:
            self._source = figure.source
            self._take(figure.actuality)
        known = self._course
        might = figure.potentiality
        if might is None or (self._best is not None and self._better(self._best, might)):
            might = self._best
        return replace(
            figure, capability=known.capability, potentiality=might, regime=known.regime, better=known.better
        )

    def _take(self, value: float) -> None:
        if value >= 0.0:
            self._capability.add(value)
        if self._best is None or self._better(value, self._best):
            self._best = value
        reading = self._gauge.update(value).reading
        regime, better = "", None
        if reading is not None:
            self._levels.append(reading.level)
        if reading is not None and self._gauge.data >= TRUSTED:
            regime = reading.regime.name.lower()
            if reading.regime in (Regime.STEP, Regime.SLOPE):
                better = (reading.level < self._levels[0]) == self._cost
        self._course = Figure("", "", capability=self._capability.value, regime=regime, better=better)

    def _better(self, one: float, other: float) -> bool:
        return one < other if self._cost else one > other


def gathered(panorama: Panorama) -> tuple[Figure, ...]:
    """The indices of each unit of the top level: of one that is a level itself the mean over what is within it."""
    found: dict[tuple[str, str], list[Figure]] = {}
    for level in panorama.levels:
        for figure in level.figures:
            found.setdefault((_under(panorama.top, figure.unit), figure.index), []).append(figure)
    return tuple(_mean(unit, index, figures) for (unit, index), figures in sorted(found.items()))


def _under(top: LevelView, path: str) -> str:
    """The unit of the top level that a path is in."""
    return next((unit for unit in top.units if path == unit or path.startswith(f"{unit}/")), path)


def _mean(unit: str, index: str, figures: list[Figure]) -> Figure:
    known = [one for one in figures if one.actuality is not None]
    worst = next((one for one in figures if one.regime not in ("", "steady")), figures[0])
    return Figure(
        unit,
        index,
        fmean(one.actuality for one in known if one.actuality is not None) if known else None,
        _over([one.capability for one in figures]),
        _over([one.potentiality for one in figures]),
        worst.regime,
        worst.better,
        figures[0].cost,
        any(one.out for one in figures),
        " ".join(one.source for one in figures),
    )


def _over(values: list[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return fmean(known) if known else None
