"""The fork of the demonstration: a copy of the playing process goes on without a system, and else the same."""

import os
import select
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from cybernetic.apps.demo.copies import EVERY
from cybernetic.apps.demo.screen.film import Film
from cybernetic.apps.demo.screen.pool import Pool
from cybernetic.apps.demo.screen.reel import ReelTorn
from cybernetic.apps.demo.screen.stage import Processes

AT = EVERY + 30.0
SECONDS = 240.0


@pytest.fixture
def folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(
        prefix="cy", ignore_cleanup_errors=True
    ) as made:  # short: it has sockets
        yield Path(made)


def _until(pool: Pool, met: Callable[[], bool]) -> None:
    while not met():
        ready, _, _ = select.select(pool.reels, [], [], SECONDS)
        assert ready, "nothing comes any more"
        pool.take(ready)


def _scores(film: Film, since: float, until: float) -> list[object]:
    """But for what looking costs: the room is only asked of the company that is shown."""
    return [replace(frame.score, cpu=0.0, messages=0) for frame in film.frames if since <= frame.at <= until]


def _alive(folder: Path) -> list[str]:
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            try:
                words = (entry / "cmdline").read_text()
            except OSError:
                continue
            if str(folder) in words:
                found.append(words.replace("\0", " "))
    return found


def test_the_other_future_has_the_same_luck_and_nobody_is_left_behind(folder: Path) -> None:
    stage, whole = Processes(7, folder), Film("viable")
    with Pool() as pool:
        pool.add(whole, stage.company("viable", room=True))
        _until(pool, lambda: whole.end >= AT + 30.0)
        assert whole.frames[-1].room is not None
        same = Film("viable", (), whole.before(AT).frames)
        other = Film("viable", ("algedonic",), whole.before(AT).frames)
        pool.add(same, stage.future((), AT), at_once=True)
        pool.add(other, stage.future(("algedonic",), AT), at_once=True)
        _until(pool, lambda: min(same.end, other.end, whole.end) >= AT + 60.0)
        assert _alive(folder)
    assert _scores(same, AT, AT + 60.0) == _scores(whole, AT, AT + 60.0)
    assert other.at(AT + 60.0).score.offered == whole.at(AT + 60.0).score.offered  # the same customers come
    until = 600
    while _alive(folder) and until:
        select.select([], [], [], 0.1)
        until -= 1
    assert not _alive(folder)


def test_where_nothing_plays_there_is_no_other_future(folder: Path) -> None:
    with Pool() as pool, pytest.raises(ReelTorn, match="could not begin"):
        pool.add(Film("viable", ("s2",)), Processes(7, folder).future(("s2",), 10.0), at_once=True)
