"""The demonstration on a pseudo-terminal: keys, sizes, and a clean terminal however it ends."""

import contextlib
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.integration.showing import CURSOR, ENTER, LEAVE, ROOT, Screen, films, screen
from tests.integration.terminal import COMMAND
from tests.support import soak


@pytest.fixture(scope="module")
def made_up(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, ...]:
    """Shows companies that are made up; the speed is to be added."""
    folder = tmp_path_factory.mktemp("films")
    films(folder)
    return sys.executable, "-m", "tests.integration.showing", str(folder)


def _begun(seen: Screen) -> None:
    seen.see("any key begin")
    assert ENTER in seen.raw
    assert not seen.echo
    seen.press("x")
    seen.see("VIABLE SYSTEM")


def _left_clean(seen: Screen) -> None:
    assert LEAVE in seen.raw
    assert CURSOR in seen.raw
    assert seen.echo


def test_keys_do_what_the_screen_says(made_up: tuple[str, ...]) -> None:
    with screen(*made_up, "200") as seen:
        _begun(seen)
        seen.see("the search tool starts lying")
        seen.press(" ")
        seen.see("paused")
        seen.press("v")
        seen.see("what hurts")
        seen.press("w")
        seen.see("what followed from what")
        seen.press("w")
        seen.press(" ")
        seen.press("*")
        seen.see("WITHOUT THE INSPECTOR")
        seen.see("Without the Inspector, ")
        seen.press("b")
        seen.see("AGENTS + GATEWAY")
        seen.press("q")
        assert seen.end() == 0
        _left_clean(seen)
        assert "ended at" in seen.after


def test_at_the_end_the_scoreboard_stays_on_the_terminal(made_up: tuple[str, ...]) -> None:
    with screen(*made_up, "3600") as seen:
        _begun(seen)
        assert seen.end() == 0
        _left_clean(seen)
        assert "of plain agents' time" in seen.after
        assert "customers lost" in seen.after
        assert re.search(r"Without the Inspector, \d+ minutes later: ", seen.after)


@pytest.mark.parametrize(
    ("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)], ids=["Ctrl-C", "SIGTERM"]
)
def test_a_signal_leaves_a_clean_terminal(
    number: signal.Signals, status: int, made_up: tuple[str, ...]
) -> None:
    with screen(*made_up, "60") as seen:
        _begun(seen)
        seen.process.send_signal(number)
        assert seen.end() == status
        _left_clean(seen)
        assert "Traceback" not in seen.raw


def test_another_size_is_drawn_anew_and_one_too_small_says_so(made_up: tuple[str, ...]) -> None:
    with screen(*made_up, "60") as seen:
        _begun(seen)
        seen.resize(60, 20)
        seen.see("at least 80 x 24 is needed, this is 60 x 20")
        seen.resize(120, 40)
        seen.see("VIABLE SYSTEM")
        seen.press("q")
        assert seen.end() == 0


def test_a_terminal_that_is_too_small_gets_lines_and_is_told_why(made_up: tuple[str, ...]) -> None:
    with screen(*made_up, "60", columns=60, lines=20) as seen:
        assert seen.end() == 0
        assert "this terminal is 60 x 20, the picture needs at least 80 x 24" in seen.raw
        assert ENTER not in seen.raw
        assert "customers lost" in seen.raw


def test_a_pipe_gets_lines_without_pauses(made_up: tuple[str, ...]) -> None:
    done = subprocess.run([*made_up, "60"], capture_output=True, text=True, timeout=250, cwd=ROOT)
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert "\x1b" not in done.stdout
    assert lines[3] == "seed 7: agents + gateway against viable system"
    assert "25:00 the search tool starts lying; nobody knows yet" in lines
    assert lines.index("25:00 the search tool starts lying; nobody knows yet") < next(
        number for number, line in enumerate(lines) if line.startswith("customers lost")
    )
    assert re.fullmatch(r"seed 7: 9 of 9 claims hold; hash [0-9a-f]{16}", lines[-1])
    assert all(line == line.rstrip() for line in lines)


def test_in_a_hurry_only_the_end_is_told() -> None:
    done = subprocess.run([*COMMAND, "demo", "--fast"], capture_output=True, text=True, timeout=290)
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert "viable" in lines[1]
    assert lines[2].startswith("customers lost")
    assert sum(line.startswith("Without the ") for line in lines) == 5
    assert lines[-1].startswith("seed 7: 9 of 9 claims hold; hash ")


def test_in_a_hurry_it_leaves_no_process_when_it_is_killed() -> None:
    program = subprocess.Popen(
        [*COMMAND, "demo", "--fast"], stdout=subprocess.DEVNULL, start_new_session=True
    )
    with killed_at_last(program.pid):
        until(lambda: len(group(program.pid)) >= 3, "two workers beside it")
        program.kill()
        program.wait()
        until(lambda: not group(program.pid), "nobody left")


def group(leader: int) -> list[int]:
    """The processes of a group that have not ended."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            state, _, members, *_ = stat.read_text().rpartition(")")[2].split()
            found += [int(stat.parent.name)] if int(members) == leader and state != "Z" else []
    return found


def until(holds: Callable[[], bool], what: str) -> None:
    """Wait for it, a minute at most."""
    ends = time.monotonic() + 60.0
    while not holds():
        assert time.monotonic() < ends, what
        time.sleep(0.1)


@contextlib.contextmanager
def killed_at_last(leader: int) -> Iterator[None]:
    """Whatever comes, nothing of the group is left behind."""
    try:
        yield
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(leader, signal.SIGKILL)


def test_what_is_claimed_holds_in_hours_that_nobody_tuned_it_for() -> None:
    count = soak(1, 200)
    done = subprocess.run(
        [*COMMAND, "demo", "--sweep", str(count)], capture_output=True, text=True, timeout=170 + 120 * count
    )
    assert done.returncode == 0, done.stdout
