"""Hours of the demo, short ones: the same seed gives the same, and companies react to what befalls them."""

import os
import subprocess
import sys
from itertools import takewhile
from pathlib import Path

import pytest

from cybernetic.apps.demo import fast
from cybernetic.apps.demo.claims import digest
from cybernetic.apps.demo.frames import ARMS, TICK, Frame
from cybernetic.apps.demo.play import Fork, play
from cybernetic.apps.demo.replay import main
from cybernetic.apps.demo.world.demand import jobs
from cybernetic.apps.demo.world.luck import Luck
from cybernetic.apps.demo.world.plan import Plan
from cybernetic.core import OptionError
from tests.support import soak

SEED, SHORT, WARM = 7, 0.03, 30.0
TIED = 11  # a seed with a job in the very second of a frame
PROGRAM = f"""
from cybernetic.apps.demo.claims import digest
from cybernetic.apps.demo.play import play
print(digest(list(play({SEED}, "viable", hours={SHORT}, warm={WARM}))))
"""

METHODS = """
from threading import Event, Thread
from cybernetic.apps.demo.fast import _context
print(_context().get_start_method())
Thread(target=Event().wait, daemon=True).start()
print(_context().get_start_method())
"""


def short(arm: str, **options: object) -> list[Frame]:
    return list(play(SEED, arm, hours=SHORT, warm=WARM, **options))  # type: ignore[arg-type]


@pytest.mark.parametrize("arm", ARMS)
def test_there_is_a_frame_for_each_ten_seconds_and_work_is_done(arm: str) -> None:
    frames = short(arm)
    assert [frame.at for frame in frames] == [10.0 * n for n in range(round(SHORT * 360) + 1)]
    assert [frame.last for frame in frames] == [False] * (len(frames) - 1) + [True]
    end = frames[-1].score
    assert end.offered > 20
    assert end.done > 10
    assert end.failed == end.lost == 0
    assert end.spent > 0.0
    assert end.lines > 50
    assert end.messages > end.offered


def test_all_companies_have_the_same_customers() -> None:
    offered = {arm: [frame.score.offered for frame in short(arm)] for arm in ARMS}
    assert offered["plain"] == offered["gateway"] == offered["viable"]


@pytest.mark.parametrize("arm", ["plain", "gateway"])
def test_the_same_seed_gives_the_same_hour(arm: str) -> None:
    assert digest(short(arm)) == digest(short(arm))
    assert digest(short(arm)) != digest(list(play(SEED + 1, arm, hours=SHORT, warm=WARM)))


def test_the_hash_of_the_viable_hour_hangs_on_no_hash_seed_and_on_no_looking() -> None:
    told = {
        subprocess.run(
            [sys.executable, "-c", PROGRAM],
            env=os.environ | {"PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
            cwd=Path(__file__).parents[3],
        ).stdout.strip()
        for seed in ("1", "2")[: soak(1, 2)]
    }
    assert told == {digest(short("viable", room=True))}


def test_a_fork_has_the_same_past_and_goes_on_without_a_system() -> None:
    base, fork = short("viable"), short("viable", without=("s3star",), at=60.0)
    assert [frame.score.done for frame in base[:7]] == [frame.score.done for frame in fork[:7]]
    assert base[-1].score.audits > fork[-1].score.audits


def test_a_second_process_writes_frames_as_lines_from_its_second_on(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["--arm", "plain", "--seed", str(SEED), "--hours", str(SHORT), "--at", "50"]) == 0
    frames = [Frame.of_line(line) for line in capsys.readouterr().out.splitlines()]
    assert [frame.at for frame in frames] == [10.0 * n for n in range(5, round(SHORT * 360) + 1)]


def test_an_incident_is_told_in_plain_words_when_it_befalls() -> None:
    frames = list(play(SEED, "plain", hours=0.1))
    assert [banner.about for frame in frames for banner in frame.banners] == ["lie"]
    (told,) = (frame for frame in frames if frame.banners)
    assert told.banners[0].line == "04:10 the search tool starts lying; nobody knows yet"
    assert told.at == 260.0


def test_plain_agents_trust_a_tool_that_lies() -> None:
    frames = list(play(SEED, "plain", hours=0.3))
    before = list(takewhile(lambda frame: frame.at < 250.0, frames))[-1].score
    after = frames[-1].score
    assert before.wrong < 5
    assert after.wrong > 40
    assert after.audits == 0


@pytest.mark.parametrize(
    ("words", "options"),
    [
        ("arm", {"arm": "none"}),
        ("without", {"arm": "viable", "without": ("s9",)}),
        ("hours", {"arm": "plain", "hours": 0.0}),
        ("at", {"arm": "viable", "at": -1.0}),
        ("warm", {"arm": "plain", "warm": 5.0}),
        ("seed", {"arm": "plain", "seed": -1}),
    ],
)
def test_what_cannot_be_played_is_refused_at_once(words: str, options: dict[str, object]) -> None:
    with pytest.raises(OptionError, match=words):
        play(**{"seed": SEED, **options})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("at", "branch"), [(0.0, 0.0), (40.0, 30.0), (300.0, 300.0), (310.0, 300.0), (2060.0, 2050.0)]
)
def test_a_process_branches_off_before_the_system_goes_or_with_the_copy_that_is_made_then(
    at: float, branch: float
) -> None:
    assert fast._branch(at) == branch


def test_in_a_hurry_the_other_future_is_the_one_of_a_copy_that_was_made_before() -> None:
    def future(sent: float) -> str:
        playing = play(SEED, "viable", hours=SHORT, warm=WARM)
        frames = [next(playing)]
        while frames[-1].at < sent:
            frames.append(next(playing))
        return digest([*frames, playing.send(Fork(("s2",), 40.0)), *playing])

    assert future(fast._branch(40.0)) == future(0.0)


def test_another_future_is_forked_off_and_tells_its_score(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fast, "LATER", 60.0)
    playing = play(SEED, "viable", hours=SHORT, warm=WARM)
    frames = [next(playing) for _ in range(5)]
    pipe = fast._forked(playing, Fork(("s3star",), 40.0))
    frames += list(playing)
    (one,) = [fast._ablation("s3star", 40.0, frames, pipe)]
    assert (one.at, one.until) == (40.0, 100.0)
    assert one.kept == frames[10].score
    assert one.without.audits < one.kept.audits
    assert one.without.offered == one.kept.offered


@pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="threads are counted by the kernel")
def test_companies_are_copies_of_this_process_unless_it_has_threads_that_a_copy_would_miss() -> None:
    told = subprocess.run(
        [sys.executable, "-c", METHODS],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(__file__).parents[3],
    )
    assert told.stdout.split() == ["fork", "spawn"]


def test_what_befalls_in_the_second_of_a_frame_is_in_it() -> None:
    arrived = [job.at for job in jobs(Luck(TIED), Plan.draw(TIED), 0.0)]
    assert any(at % TICK == 0.0 for at in arrived if at <= 250.0)
    for frame in play(TIED, "plain", hours=0.07, warm=WARM):
        assert frame.score.offered == sum(at <= frame.at for at in arrived)
