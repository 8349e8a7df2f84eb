"""How things look on a terminal: marks, bars and colours. A colour repeats what a mark or a word says already."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite

from rich.text import Text

GOOD, WATCH, BAD, FAINT, STRONG = "green", "yellow", "red", "dim", "bold"


@dataclass(frozen=True, slots=True)
class Look:
    """The signs that a terminal can show.

    Attributes:
        unicode: whether it shows more than ASCII.
    """

    unicode: bool = True

    @property
    def good(self) -> Text:
        """All is well, and somebody has looked."""
        return Text("✓" if self.unicode else "+", GOOD)

    @property
    def watch(self) -> Text:
        """It wants to be watched."""
        return Text("▲" if self.unicode else "!", WATCH)

    @property
    def bad(self) -> Text:
        """Something is wrong."""
        return Text("■" if self.unicode else "X", BAD)

    @property
    def unknown(self) -> Text:
        """Nobody has looked."""
        return Text("○" if self.unicode else "?", FAINT)

    @property
    def dot(self) -> str:
        """What stands between two short words."""
        return " · " if self.unicode else " - "

    @property
    def arrow(self) -> str:
        """What leads from one to the next."""
        return "→" if self.unicode else ">"

    @property
    def none(self) -> str:
        """What stands where there is nothing."""
        return "–" if self.unicode else "-"

    @property
    def ellipsis(self) -> str:
        """What stands for the rest."""
        return "…" if self.unicode else "."

    @property
    def rule(self) -> str:
        """What a line between two parts is made of."""
        return "─" if self.unicode else "-"

    @property
    def wall(self) -> str:
        """What stands between two columns."""
        return "│" if self.unicode else "|"

    def bar(self, part: float, width: int, style: str = "") -> Text:
        """A bar of which so much (0 to 1) is filled."""
        filled = max(0, min(width, round(part * width))) if isfinite(part) else width
        if part > 0 and not filled:
            filled = 1  # a little is not nothing
        full, empty = ("▓", "░") if self.unicode else ("#", ".")
        return Text().append(full * filled, style).append(empty * (width - filled), FAINT)

    def trend(self, values: Sequence[float], width: int) -> str:
        """The course of the last values, the highest of them as high as there is."""
        steps = "▁▂▃▄▅▆▇█" if self.unicode else "_.-=*#"
        last = list(values)[-width:]
        most = max(last, default=0.0)
        if most <= 0.0:
            return steps[0] * len(last)
        top = len(steps) - 1
        return "".join(steps[max(0, min(top, round(value / most * top)))] for value in last)

    def plain(self, text: str) -> str:
        """A text from elsewhere in the signs that there are."""
        if self.unicode:
            return text
        for sign, instead in _INSTEAD.items():
            text = text.replace(sign, instead)
        return text.encode("ascii", "replace").decode()


_INSTEAD = {"–": "-", "—": "-", "…": "...", "→": "->", "·": "-", "×": "x", "≤": "<=", "≥": ">=", "’": "'"}


def figure(value: float | None, none: str = "–") -> str:
    """A number in at most six places: three digits that count."""
    if value is None:
        return none
    if not isfinite(value):
        return "inf" if value > 0 else "-inf"
    size = abs(value)
    if size >= 1_000_000:
        return f"{value / 1_000_000:.1f}M"
    if size >= 10_000:
        return f"{value / 1000:.1f}k"
    if size >= 100 or value == int(value):
        return f"{value:.0f}"
    return f"{value:.1f}" if size >= 10 else f"{value:.2f}"


def reading(value: float | None, none: str = "–") -> str:
    """A measured value >= 0 in four places: as `figure`, but with its decimals where they are zeros, too."""
    if value is None or not isfinite(value):
        return figure(value, none)
    if abs(value) < 100:
        return f"{value:.2f}" if abs(value) < 10 else f"{value:.1f}"
    return f"{value:.0f}" if abs(value) < 10_000 else f"{value / 1000:.0f}k"


def span(seconds: float) -> str:
    """A length of time as minutes and seconds: "0:12"; with hours where there are: "1:00:05"."""
    whole = max(0, round(seconds))
    minutes, rest = divmod(whole, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def short(path: str) -> str:
    """The last word of a path."""
    return path.rpartition("/")[2]
