"""The operations room as a picture of a given size, and as plain lines where there is no terminal."""

from rich.text import Text

from cybernetic.observe.canvas import Block, Pane, beside, columns, framed, joined
from cybernetic.observe.look import Look, span
from cybernetic.observe.panes import Clock, Trends, indices, ladder, log, money, outlook, rates, work
from cybernetic.observe.views import Panorama

WIDE = 110  # columns from which three parts stand beside each other
LEAST_LOG = 4


def draw(
    seen: Panorama,
    width: int = 80,
    height: int = 24,
    *,
    look: Look | None = None,
    trends: Trends | None = None,
    clock: Clock = span,
) -> Text:
    """A picture of exactly that size. It is a text of rich: print it, or give it to a `Live`.

    Args:
        seen: what is shown; better after a `Recollection`.
        width: in cells, at least 80; from 110 on three parts stand beside each other.
        height: in lines, at least 12; best from 30 on.
        look: the signs there are. Default: all.
        trends: what `Recollection.trends` gives.
        clock: how moments are told.
    """
    return joined(drawn(seen, width, height, look or Look(), trends or {}, clock))


def drawn(seen: Panorama, width: int, height: int, look: Look, trends: Trends, clock: Clock) -> Block:
    """The lines of the picture."""
    if not seen.levels:
        return framed(Pane("nothing is seen", "", []), width, height, look)
    count = 3 if width >= WIDE else 2
    widths = columns(width, count)
    parts = _parts(seen, min(widths), look, trends, within=count == 3 and height >= 24)
    rows = [parts[start : start + count] for start in range(0, len(parts), count)]
    heights = _shared([max(pane.height for pane in row) for row in rows], height - LEAST_LOG)
    lines: Block = []
    for row, tall in zip(rows, heights, strict=True):
        blocks = [framed(pane, wide, tall, look) for pane, wide in zip(row, widths, strict=True)]
        lines += beside(blocks, look)
    rest = height - len(lines)
    return lines + framed(log(seen, look, width, rest - 1, clock), width, rest, look)


def lines(
    seen: Panorama,
    *,
    look: Look | None = None,
    trends: Trends | None = None,
    clock: Clock = span,
    width: int = 100,
) -> list[str]:
    """All there is to show as lines of plain text, however many: for a pipe or a file."""
    signs = look or Look()
    if not seen.levels:
        return ["nothing is seen"]
    panes = [*_parts(seen, width, signs, trends or {}, within=True), log(seen, signs, width, 20, clock)]
    return [line.plain.rstrip() for pane in panes for line in framed(pane, width, pane.height, signs)]


def _parts(seen: Panorama, width: int, look: Look, trends: Trends, *, within: bool) -> list[Pane]:
    """In the order in which they are read."""
    return [
        work(seen, look, width, within=within),
        ladder(seen, look, width),
        indices(seen, look, width),
        rates(seen, look, width, trends),
        money(seen, look, width),
        outlook(seen, look, width, trends),
    ]


def _shared(wanted: list[int], height: int) -> list[int]:
    """Lines for each row of parts: what it wants where there is room, else what is left in fair parts; at least 2."""
    given = [2] * len(wanted)
    left = height - sum(given)
    while left > 0 and any(want > got for want, got in zip(wanted, given, strict=True)):
        for number, want in enumerate(wanted):
            if left > 0 and want > given[number]:
                given[number] += 1
                left -= 1
    return given
