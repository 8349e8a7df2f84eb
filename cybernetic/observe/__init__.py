"""The operations room: what is seen of a viable system, and how it is drawn in a terminal."""

from cybernetic.observe.asking import panorama
from cybernetic.observe.canvas import Block, Pane, beside, columns, fit, framed, joined, row
from cybernetic.observe.look import BAD, FAINT, GOOD, STRONG, WATCH, Look, figure, span
from cybernetic.observe.recollection import Recollection
from cybernetic.observe.room import draw, drawn, lines
from cybernetic.observe.views import (
    NEVER,
    Alarm,
    Figure,
    Flow,
    Forecast,
    Grip,
    Holding,
    LevelView,
    Money,
    Pace,
    Panorama,
    Proposal,
    Said,
)

__all__: tuple[str, ...] = (
    "Alarm",
    "BAD",
    "Block",
    "FAINT",
    "Figure",
    "Flow",
    "Forecast",
    "GOOD",
    "Grip",
    "Holding",
    "LevelView",
    "Look",
    "Money",
    "NEVER",
    "Pace",
    "Pane",
    "Panorama",
    "Proposal",
    "Recollection",
    "STRONG",
    "Said",
    "WATCH",
    "beside",
    "columns",
    "draw",
    "drawn",
    "figure",
    "fit",
    "framed",
    "joined",
    "lines",
    "panorama",
    "row",
    "span",
)
