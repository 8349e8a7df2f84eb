"""Text in fixed places: lines cut and filled to a width, parts below and beside each other."""

from collections.abc import Sequence
from dataclasses import dataclass

from rich.cells import cell_len
from rich.text import Text

from cybernetic.observe.look import FAINT, STRONG, Look

Block = list[Text]
"""Lines of a part, from the top."""


@dataclass(frozen=True, slots=True)
class Pane:
    """A part of the room: its title, what its columns are called (at the right end), and its lines."""

    title: str
    caption: str
    lines: Block

    @property
    def height(self) -> int:
        """Lines it would like to have."""
        return len(self.lines) + 1


def fit(text: Text | str, width: int, look: Look) -> Text:
    """A copy of a text of exactly that many cells: cut with an ellipsis, or filled with blanks."""
    line = Text(text) if isinstance(text, str) else text.copy()
    if cell_len(line.plain) > width:
        line.truncate(max(0, width - 1), overflow="crop")
        line.append(look.ellipsis, FAINT)
    line.truncate(width, overflow="crop", pad=True)
    return line


def row(look: Look, *cells: tuple[Text | str, int]) -> Text:
    """Cells of a line, one blank between them; a negative width puts a cell to the right end of its place."""
    line = Text()
    for number, (cell, width) in enumerate(cells):
        if number:
            line.append(" ")
        text = Text(cell) if isinstance(cell, str) else cell
        if width < 0:
            line.append(" " * max(0, -width - cell_len(text.plain)))
            line.append_text(text if cell_len(text.plain) <= -width else fit(text, -width, look))
        else:
            line.append_text(fit(text, width, look))
    return line


def framed(pane: Pane, width: int, height: int, look: Look) -> Block:
    """A pane of exactly that size; where it has more lines the last one tells how many."""
    head = Text.assemble((pane.title, STRONG), " ")
    caption = pane.caption if cell_len(head.plain) + cell_len(pane.caption) + 2 < width else ""
    fill = width - cell_len(head.plain) - cell_len(caption) - (1 if caption else 0)
    head.append(look.rule * max(0, fill), FAINT)
    if caption:
        head.append(f" {caption}", FAINT)
    lines = list(pane.lines)
    room = height - 1
    if len(lines) > room > 0:
        left = len(lines) - room + 1
        lines = [*lines[: room - 1], Text(f"and {left} more", FAINT)]
    lines += [Text()] * (room - len(lines))
    return [fit(line, width, look) for line in [head, *lines][:height]]


def beside(blocks: Sequence[Block], look: Look) -> Block:
    """Blocks of one height beside each other, with a wall between them."""
    lines = []
    for parts in zip(*blocks, strict=True):
        line = Text()
        for number, part in enumerate(parts):
            if number:
                line.append(f" {look.wall} ", FAINT)
            line.append_text(part)
        lines.append(line)
    return lines


def columns(width: int, count: int) -> list[int]:
    """The widths of so many columns with walls between them, as equal as they can be."""
    room = width - 3 * (count - 1)
    return [room // count + (1 if number < room % count else 0) for number in range(count)]


def joined(lines: Sequence[Text]) -> Text:
    """Lines as one text, for a console to print: never wrapped."""
    text = Text("\n", no_wrap=True, overflow="crop", end="").join(lines)
    text.no_wrap, text.overflow, text.end = True, "crop", ""
    return text
