"""Draws plain SVG charts with the standard library alone: lines, dots, bars and filled bands, on linear or
log axes.

A figure is a column of panels; a panel is a list of marks. Text and grid keep to grey, so that the data
stand out; the colours are told apart by people who do not see them all (Okabe and Ito).
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from html import escape
from itertools import cycle, pairwise
from math import ceil, floor, isfinite, log10
from pathlib import Path

Point = tuple[float, float]
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#333333", "#a0a000")

_LEFT, _RIGHT, _TOP, _BOTTOM = 62, 210, 30, 40  # room around a panel for its words
_TEXT = 'font-family="sans-serif" font-size="11" fill="#444"'


@dataclass(frozen=True)
class Mark:
    """One thing drawn in a panel. `kind`: "line", "dots", "steps", "bars", or "band".

    `points` are (x, y). A bar stands on the lowest y shown. A band is filled between `points` and `lower`,
    which has as many; it serves for stacked shares and for intervals. `label` goes into the legend where
    there is one.
    """

    points: Sequence[Point]
    label: str = ""
    kind: str = "line"
    colour: str = ""
    lower: Sequence[Point] = ()
    dashed: bool = False


@dataclass(frozen=True)
class Panel:
    """A pair of axes with marks. `levels` are horizontal lines, `moments` vertical ones, each (value,
    words).
    """

    title: str
    marks: Sequence[Mark]
    x: str = ""
    y: str = ""
    log_x: bool = False
    log_y: bool = False
    levels: Sequence[tuple[float, str]] = ()
    moments: Sequence[tuple[float, str]] = ()
    y_range: tuple[float, float] | None = None
    height: int = 220


@dataclass
class _Axis:
    low: float
    high: float
    start: float
    end: float
    log: bool
    ticks: list[float] = field(default_factory=list)

    def place(self, value: float) -> float:
        low, high, at = self.low, self.high, value
        if self.log:
            low, high, at = log10(low), log10(high), log10(max(value, self.low))
        share = (at - low) / (high - low)
        return self.start + min(max(share, 0.0), 1.0) * (self.end - self.start)


def figure(panels: Sequence[Panel], *, width: int = 800) -> str:
    """The SVG text of `panels`, one below the other, `width` pixels wide."""
    parts, top = [], 0
    for panel in panels:
        parts.append(_panel(panel, width, top))
        top += panel.height
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{top}" viewBox="0 0 {width} {top}">'
    )
    return "\n".join([head, f'<rect width="{width}" height="{top}" fill="white"/>', *parts, "</svg>", ""])


def save(path: Path, panels: Sequence[Panel], *, width: int = 800) -> Path:
    """Write the figure to `path`, making its folder; return the path."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(figure(panels, width=width), encoding="utf-8")
    return path


def stacked(layers: Sequence[tuple[str, Sequence[float]]], xs: Sequence[float]) -> list[Mark]:
    """Bands for `layers` (label, one y for each of `xs`) piled on each other, the first at the bottom."""
    marks, floor_ = [], [0.0] * len(xs)
    for label, ys in layers:
        roof = [below + y for below, y in zip(floor_, ys, strict=True)]
        upper, lower = list(zip(xs, roof, strict=True)), list(zip(xs, floor_, strict=True))
        marks.append(Mark(upper, label, "band", lower=lower))
        floor_ = roof
    return marks


def _panel(panel: Panel, width: int, top: int) -> str:
    points = [
        p for mark in panel.marks for p in (*mark.points, *mark.lower) if isfinite(p[0]) and isfinite(p[1])
    ]
    xs = [x for x, _ in points]
    ys = [y for _, y in points] + [value for value, _ in panel.levels]
    across = _axis(xs, panel.log_x, _LEFT, width - _RIGHT, tight=True)
    up = _axis(
        panel.y_range or ys, panel.log_y, top + panel.height - _BOTTOM, top + _TOP, panel.y_range is not None
    )
    parts = [f'<text x="{_LEFT}" y="{top + 18}" {_TEXT} font-weight="bold">{escape(panel.title)}</text>']
    parts += _grid(panel, across, up)
    palette = cycle(COLOURS)
    legend = top + _TOP + 8.0
    for mark in panel.marks:
        colour = mark.colour or next(palette)
        parts.append(_draw(mark, colour, across, up))
        if mark.label:
            x = width - _RIGHT + 12
            parts.append(f'<rect x="{x}" y="{legend - 7}" width="10" height="7" fill="{colour}"/>')
            parts.append(f'<text x="{x + 15}" y="{legend}" {_TEXT}>{escape(mark.label)}</text>')
            legend += 15
    parts += _lines(panel, across, up)
    return "\n".join(parts)


def _axis(values: Sequence[float], log: bool, start: float, end: float, tight: bool = False) -> _Axis:
    shown = [v for v in values if v > 0] if log else list(values)
    low, high = (min(shown), max(shown)) if shown else (1.0, 10.0)
    if low == high:
        low, high = (low / 2, high * 2) if log else (low - 0.5, high + 0.5)
    if not tight and not log:
        low, high = low - 0.04 * (high - low), high + 0.04 * (high - low)
    axis = _Axis(low, high, start, end, log)
    if log:
        steps = (1, 2, 5) if high / low < 1000 else (1,)
        decades = range(floor(log10(low)), floor(log10(high)) + 1)
        axis.ticks = [k * 10.0**e for e in decades for k in steps if low <= k * 10.0**e <= high] or [
            low,
            high,
        ]
    else:
        axis.ticks = _round_numbers(low, high)
    return axis


def _round_numbers(low: float, high: float, about: int = 6) -> list[float]:
    rough = (high - low) / about
    size = 10.0 ** floor(log10(rough))
    step = next(size * k for k in (1, 2, 5, 10) if size * k >= rough)
    return [k * step for k in range(ceil(low / step - 1e-9), floor(high / step + 1e-9) + 1)]


def _grid(panel: Panel, across: _Axis, up: _Axis) -> list[str]:
    parts = []
    for tick in up.ticks:
        y = up.place(tick)
        parts.append(_line(across.start, across.end, y, y, 'stroke="#e4e4e4"'))
        parts.append(_words(across.start - 6, y + 4, f"{tick:g}", "end"))
    for tick in across.ticks:
        parts.append(_words(across.place(tick), up.start + 15, f"{tick:g}", "middle"))
    parts.append(_words((across.start + across.end) / 2, up.start + 30, panel.x, "middle"))
    x, y = 14.0, (up.start + up.end) / 2
    parts.append(_words(x, y, panel.y, "middle", f'transform="rotate(-90 {x} {y:.1f})"'))
    return parts


def _lines(panel: Panel, across: _Axis, up: _Axis) -> list[str]:
    parts = []
    dash = 'stroke="#999" stroke-dasharray="3 3"'
    for value, words in panel.levels:
        y = up.place(value)
        parts.append(_line(across.start, across.end, y, y, dash))
        parts.append(_words(across.end - 4, y - 3, words, "end"))
    for value, words in panel.moments:
        x = across.place(value)
        parts.append(_line(x, x, up.start, up.end, dash))
        parts.append(_words(x + 3, up.end + 10, words))
    return parts


def _line(x1: float, x2: float, y1: float, y2: float, style: str) -> str:
    return f'<line x1="{x1:.1f}" x2="{x2:.1f}" y1="{y1:.1f}" y2="{y2:.1f}" {style}/>'


def _words(x: float, y: float, text: str, anchor: str = "start", style: str = "") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" {style} {_TEXT}>{escape(text)}</text>'


def _draw(mark: Mark, colour: str, across: _Axis, up: _Axis) -> str:
    spots = [(across.place(x), up.place(y)) for x, y in mark.points if isfinite(x) and isfinite(y)]
    if mark.kind == "dots":
        return "".join(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="2.2" fill="{colour}"/>' for x, y in spots)
    if mark.kind == "bars":
        return "".join(_line(x, x, up.start, y, f'stroke="{colour}" stroke-width="5"') for x, y in spots)
    if mark.kind == "band":
        back = [(across.place(x), up.place(y)) for x, y in reversed(mark.lower)]
        return f'<polygon points="{_path(spots + back)}" fill="{colour}" fill-opacity="0.55"/>'
    if mark.kind == "steps":
        spots = [spot for a, b in pairwise(spots) for spot in (a, (b[0], a[1]))] + spots[-1:]
    elif mark.kind != "line":
        raise ValueError(f"kind: expected line, dots, steps, bars or band, got: {mark.kind!r}")
    dash = ' stroke-dasharray="5 3"' if mark.dashed else ""
    return f'<polyline points="{_path(spots)}" fill="none" stroke="{colour}" stroke-width="1.6"{dash}/>'


def _path(spots: Sequence[Point]) -> str:
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in spots)
