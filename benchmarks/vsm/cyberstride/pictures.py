"""Pictures of the indices of a unit, and of what the filter does: a spike, a step and a turn; BOCPD beside it; the
Nile; an index that is muted; a forecast.

python -m benchmarks.vsm.cyberstride.pictures [--out build/vsm/cyberstride]
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

from benchmarks.vsm.cyberstride.world import autocorrelated
from benchmarks.vsm.plot import Mark, Panel, save, stacked
from cybernetic.core import Chance
from cybernetic.vsm.cyberstride import (
    Achievement,
    Attention,
    Bocpd,
    Capability,
    Gauge,
    HarrisonStevens,
    Index,
    Reading,
    achieve,
)
from tests.vsm.cyberstride.nile import FIRST_YEAR, FLOW

NAMES = ("steady", "transient", "step", "slope")


def main() -> None:
    """Draw everything."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--out", type=Path, default=Path("build/vsm/cyberstride"))
    args = parser.parse_args()
    for draw in (indices, story, beside, nile, muted, fan):
        print(f"picture: {draw(args.out)}")


def achievements(declared: float = 100.0) -> list[Achievement]:
    """Two hundred days of a unit: for ten of them it is idle, and from day 120 on a tool that it needs is slow."""
    chance, capability, days = Chance(7).stream("indices"), Capability(0.95, half_life=15), []
    for day in range(200):
        rate = 20.0 if 60 <= day < 70 else 70.0 if day < 120 else 40.0
        done = max(0.0, chance.gauss(rate, 4.0))
        capability.add(done)
        days.append(achieve(done, capability.value or done, declared))
    return days


def indices(out: Path) -> Path:
    """What a unit achieves, could and might, and the ratios that tell idleness from what it was robbed of."""
    days = achievements()
    figures = ("actuality", "capability", "potentiality")
    ratios = ("productivity", "latency", "performance")
    moments = ((60.0, "idle"), (120.0, "a slow tool"))
    panels = [
        Panel(
            title,
            [Mark([(k, getattr(day, name)) for k, day in enumerate(days)], name) for name in names],
            x,
            y,
            moments=moments,
            y_range=(0.0, top),
            height=220,
        )
        for title, names, x, y, top in (
            ("Tasks a day of one unit", figures, "", "tasks", 110.0),
            ("The ratios of them", ratios, "day", "share", 1.1),
        )
    ]
    return save(out / "indices.svg", panels)


def filtered(series: Sequence[float], model: str = "default", variance: float = 1.0) -> list[Reading]:
    """The readings of a series."""
    one = HarrisonStevens(model, variance=variance)
    return [one.update(y) for y in series]


def regimes(readings: Sequence[Reading], xs: Sequence[float], title: str, x: str) -> Panel:
    """The probabilities of the regimes two data later, piled up: the names that can be relied on."""
    settled = [reading.back2 for reading in readings[2:]]
    layers = [(name, [back2[k] for back2 in settled]) for k, name in enumerate(NAMES)]
    return Panel(title, stacked(layers, xs[: len(settled)]), x, "share", y_range=(0.0, 1.0), height=180)


def story(out: Path) -> Path:
    """A spike, a step and a turn, one after the other."""
    chance = Chance(7).stream("story")
    shape = [0.0] * 20 + [8.0] + [0.0] * 19 + [6.0] * 20
    shape += [6.0 + 4.0 * (k + 1) for k in range(10)] + [46.0] * 20
    series = [y + chance.gauss(0.0, 1.0) for y in shape]
    readings = filtered(series)
    xs = [float(k) for k in range(len(series))]
    level = [(x, reading.level) for x, reading in zip(xs, readings, strict=True)]
    band = [reading.level + 2 * reading.level_sd for reading in readings]
    lower = [reading.level - 2 * reading.level_sd for reading in readings]
    marks = [
        Mark(
            list(zip(xs, band, strict=True)), "± 2 sd", "band", "#9ecae1", list(zip(xs, lower, strict=True))
        ),
        Mark(level, "level"),
        Mark(list(zip(xs, series, strict=True)), "data", "dots", "#333333"),
    ]
    moments = ((20.0, "spike"), (40.0, "step"), (60.0, "turn"), (70.0, "turn back"))
    panels = [
        Panel("A series and its level", marks, "datum", "y", moments=moments, height=280),
        regimes(readings, xs, "What each datum was, as known two data later", "datum"),
    ]
    return save(out / "story.svg", panels)


def beside(out: Path) -> Path:
    """A spike and a step, as BOCPD has them, which knows that something began, and as the filter names them."""
    chance = Chance(7).stream("beside")
    shape = [0.0] * 20 + [8.0] + [0.0] * 39 + [6.0] * 40
    series = [y + chance.gauss(0.0, 1.0) for y in shape]
    xs = [float(k) for k in range(len(series))]
    one, recent, alarms = Bocpd(), [], []
    state = one.start()
    for x, y in zip(xs, series, strict=True):
        state = one.step(state, y)
        recent.append((x, state.recent))
        alarms += [(x, state.recent)] if state.alarm else []
    moments = ((20.0, "spike"), (60.0, "step"))
    panels = [
        Panel(
            "A series with a spike and a step",
            [Mark(list(zip(xs, series, strict=True)), "data", "dots", "#333333")],
            "",
            "y",
            moments=moments,
            height=200,
        ),
        Panel(
            "BOCPD: the chance that a run began lately",
            [Mark(recent, "chance"), Mark(alarms, "alarm", "dots")],
            "",
            "share",
            levels=((one.threshold, "alarm above"),),
            y_range=(0.0, 1.0),
            height=180,
        ),
        regimes(filtered(series), xs, "The filter: what each datum was, as known two data later", "datum"),
    ]
    return save(out / "beside.svg", panels)


def nile(out: Path) -> Path:
    """The Nile's fall of 1899, which one model suspects and the other does not."""
    years = [float(FIRST_YEAR + k) for k in range(len(FLOW))]
    dots = Mark(list(zip(years, FLOW, strict=True)), "flow", "dots", "#333333")
    panels = []
    marks = [dots]
    for model in ("default", "level_only"):
        readings = filtered(FLOW, model, 125.0**2)
        marks.append(Mark([(x, reading.level) for x, reading in zip(years, readings, strict=True)], model))
        panels.append(regimes(readings, years, f"What each year was, {model}", "year"))
    top = Panel("The Nile at Aswan", marks, "year", "10⁸ m³", moments=((1899.0, "1899"),), height=280)
    return save(out / "nile.svg", [top, *panels])


def muted(out: Path) -> Path:
    """An index whose neighbours come to resemble each other: false alerts at first, then it is muted."""
    chance = Chance(7).stream("muted")
    warm = autocorrelated(chance, 0.7)
    series = [chance.gauss(0.0, 1.0) if k < 250 else next(warm) for k in range(600)]
    gauge = Gauge(Index("warm", plan=0.0))
    judged, lag = [], []
    for y in series:
        judged.append(gauge.update(y))
        lag.append(gauge.health.autocorrelation)
    z = [(float(k), one.reading.z_plan or 0.0) for k, one in enumerate(judged) if one.reading is not None]
    silent = [(float(k), 1.0) for k, one in enumerate(judged) if one.muted is not None]
    alerts = [(float(k), 2.0) for k, one in enumerate(judged) if one.attention is Attention.ALERT]
    panels = [
        Panel("Data", [Mark(list(enumerate(series)), "", "dots", "#333333")], "", "y", height=160),
        Panel(
            "Autocorrelation of the errors",
            [Mark(list(enumerate(lag)))],
            "",
            "r",
            levels=((0.2, "muted above"),),
            height=160,
        ),
        Panel("Level against plan", [Mark(z)], "", "z", levels=((3.5, "alert"), (-3.5, "alert")), height=160),
        Panel(
            "Muted, and alerts",
            [Mark(silent, "muted", "dots"), Mark(alerts, "alert", "dots")],
            "datum",
            "",
            y_range=(0.0, 3.0),
            height=130,
        ),
    ]
    return save(out / "muted.svg", panels)


def fan(out: Path) -> Path:
    """The forecast from a growing series: if nothing befalls it, and whatever may."""
    chance = Chance(7).stream("fan")
    series = [0.5 * k + chance.gauss(0.0, 1.0) for k in range(40)]
    one = HarrisonStevens(variance=1.0)
    for y in series:
        one.update(y)
    ahead = [float(k) for k in range(1, 13)]
    marks = [Mark(list(enumerate(series)), "data", "dots", "#333333")]
    for changes, label, colour in (
        (True, "80 %, whatever may", "#fdd0a2"),
        (False, "80 %, if nothing", "#9ecae1"),
    ):
        bounds = [one.forecast(k, changes=changes).interval(0.8) for k in ahead]
        upper = [(39 + k, high) for k, (_, high) in zip(ahead, bounds, strict=True)]
        lower = [(39 + k, low) for k, (low, _) in zip(ahead, bounds, strict=True)]
        marks.append(Mark(upper, label, "band", colour, lower))
    marks.append(Mark([(39 + k, one.forecast(k).mean) for k in ahead], "mean"))
    return save(out / "forecast.svg", [Panel("Twelve data ahead", marks, "datum", "y", height=300)])


if __name__ == "__main__":
    main()
