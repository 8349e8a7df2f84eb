"""Pictures of the demonstration for the README, from a real run: `python -m cybernetic.apps.demo.screen.pictures`.

Writes the story and the operations room as SVG, and puts the scoreboard between its marks in the README.
"""

import argparse
import io
import re
import sys
import tempfile
from pathlib import Path

from rich.console import Console
from rich.text import Text

from cybernetic.apps.demo.claims import outage
from cybernetic.apps.demo.frames import ARMS
from cybernetic.apps.demo.screen.board import board
from cybernetic.apps.demo.screen.film import Film
from cybernetic.apps.demo.screen.player import Instruments
from cybernetic.apps.demo.screen.pool import Pool
from cybernetic.apps.demo.screen.scene import Scene
from cybernetic.apps.demo.screen.stage import Processes
from cybernetic.apps.demo.screen.story import Page, screen
from cybernetic.observe import Look

BEGIN, END = "<!-- scoreboard: make pictures -->", "<!-- end of the scoreboard -->"
PAGE = Page(120, 30, Look())


def main(words: list[str] | None = None) -> int:
    """Make them; returns the exit status."""
    parser = argparse.ArgumentParser("python -m cybernetic.apps.demo.screen.pictures")
    parser.add_argument("--seed", type=int, default=7, help="of the hour (default: 7)")
    parser.add_argument(
        "--at", type=float, default=None, help="second of the hour of both pictures (default: of an alarm)"
    )
    parser.add_argument("--folder", type=Path, default=Path("docs/pictures"), help="of the pictures")
    parser.add_argument("--readme", type=Path, default=Path("README.md"), help="where the scoreboard stands")
    options = parser.parse_args(words)
    films, viable = _played(options.seed)
    at = options.at if options.at is not None else telling_moment(viable)
    scene = Scene(films["gateway"], viable, options.seed, now=at)
    room = Scene(films["gateway"], viable, options.seed, now=at, mode="room")
    _save(options.folder / "demo-story.svg", screen(scene, PAGE), "cybernetic demo")
    inside = Instruments().draw(room, PAGE)
    _save(options.folder / "demo-room.svg", screen(room, PAGE, inside), "cybernetic demo: v")
    frames = {arm: films[arm].frames for arm in ARMS}
    finals = {arm: frames[arm][-1].score for arm in ARMS}
    lines = board(finals, PAGE.look, outage=outage(options.seed, frames))
    text = "\n".join(line.plain.rstrip() for line in lines)
    options.readme.write_text(with_board(options.readme.read_text(), options.seed, text))
    print(f"seed {options.seed}, second {at:.0f}: {options.folder}, {options.readme}")
    return 0


def telling_moment(viable: Film) -> float:
    """The second at which most is going on: that with the most open alarms, the latest of them."""

    def alarms(room: object) -> int:
        levels = room.get("levels", ()) if isinstance(room, dict) else ()
        return sum(len(level.get("alarms", ())) for level in levels)

    return max(viable.frames, key=lambda frame: (alarms(frame.room), frame.at)).at


def with_board(readme: str, seed: int, text: str) -> str:
    """The README with another scoreboard between the marks. Raises `ValueError` where there are none."""
    between = re.compile(f"{re.escape(BEGIN)}.*?{re.escape(END)}", re.S)
    block = f"{BEGIN}\n```text\nseed {seed}\n{text}\n```\n{END}"
    found, count = between.subn(lambda _: block, readme)
    if count != 1:
        raise ValueError(f"expected {BEGIN} and {END} once in the README, got: {count} times")
    return found


def _played(seed: int) -> tuple[dict[str, Film], Film]:
    """The companies for the scoreboard, and the viable one again to be looked into, which costs it messages."""
    films, shown = {arm: Film(arm, bare=True) for arm in ARMS}, Film("viable")
    with (
        tempfile.TemporaryDirectory(prefix="cy") as one,
        tempfile.TemporaryDirectory(prefix="cy") as other,
        Pool() as pool,
    ):
        for arm, film in films.items():
            pool.add(film, Processes(seed, Path(one)).company(arm))
        pool.add(shown, Processes(seed, Path(other)).company("viable", room=True))
        for _ in pool.finish():
            pass
    return films, shown


def _save(path: Path, picture: Text, title: str) -> None:
    console = Console(
        record=True,
        width=PAGE.width,
        height=PAGE.height,
        file=io.StringIO(),
        force_terminal=True,
        color_system="truecolor",
    )
    console.print(picture)
    console.save_svg(str(path), title=title)


if __name__ == "__main__":
    sys.exit(main())
