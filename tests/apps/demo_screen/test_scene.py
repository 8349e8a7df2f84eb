"""What time and keys do to what is on the screen."""

from dataclasses import replace

import pytest

from cybernetic.apps.demo.frames import SYSTEM_NAMES, SYSTEMS
from cybernetic.apps.demo.screen.film import Film
from cybernetic.apps.demo.screen.scene import FORKS, Fork, Scene, keys, pressed, unforkable
from tests.apps.demo_screen.sample import film

SCENE = Scene(film("gateway"), film("viable"), 7)


def test_a_minute_passes_in_a_second() -> None:
    assert SCENE.later(1.0).now == 60.0
    assert replace(SCENE, speed=600.0).later(0.5).now == 300.0


def test_time_goes_no_further_than_both_companies_have_come() -> None:
    scene = Scene(film("gateway", 100.0), film("viable", 50.0), 7).later(10.0)
    assert scene.now == 50.0
    assert scene.waits
    assert not scene.over


def test_it_is_over_when_the_hour_is() -> None:
    scene = replace(SCENE, speed=3600.0).later(1.0)
    assert scene.over
    assert not scene.waits


@pytest.mark.parametrize("held", [{"paused": True}, {"stepping": True}, {"mode": "intro"}])
def test_time_stands_while_somebody_looks(held: dict[str, object]) -> None:
    assert replace(SCENE, **held).later(5.0).now == 0.0


def test_space_pauses_and_goes_on() -> None:
    paused = pressed(SCENE, " ", 10.0)
    assert paused.paused
    assert not pressed(paused, " ", 10.0).paused


def test_step_by_step_a_key_brings_the_next_tick() -> None:
    scene = replace(SCENE, stepping=True)
    for _ in range(3):
        scene = pressed(scene, " ", 10.0)
    assert scene.now == 30.0
    assert not scene.paused


def test_v_and_w_open_what_they_say_and_close_it() -> None:
    room = pressed(SCENE, "v", 10.0)
    assert room.mode == "room"
    assert pressed(room, "v", 10.0).mode == "story"
    assert pressed(room, "w", 10.0).mode == "why"


def test_any_key_begins() -> None:
    assert pressed(replace(SCENE, mode="intro"), "x", 10.0).mode == "story"


def test_a_fork_puts_the_other_future_on_the_left_and_b_leaves_it() -> None:
    other = film("viable", without=("s3star",))
    forked = SCENE.forked(Fork("s3star", 600.0, other))
    assert forked.left is other
    back = pressed(replace(forked, now=900.0), "b", 10.0)
    assert back.left is SCENE.other
    assert back.now == 600.0
    assert ("b", "back") in keys(forked)
    assert pressed(replace(forked, now=900.0), "\x1b", 10.0) == back
    assert pressed(SCENE, "b", 10.0) == SCENE


def test_a_fork_may_follow_a_fork_and_who_cannot_fork_is_told_why() -> None:
    forked = SCENE.forked(Fork("s3star", 600.0, film("viable", without=("s3star",))))
    assert unforkable(SCENE, "s2") == unforkable(forked, "s2") == ""
    assert unforkable(forked, "s3star") == "this is the future without the Inspector already; b goes back"
    over = replace(SCENE, now=3600.0, stepping=True)
    assert unforkable(over, "s2") == "the hour is over: no other future is left"
    early = Scene(film("gateway", 0.0), film("viable", 0.0), 7)
    assert unforkable(early, "s2") == "the hour has not begun yet"
    lame = Scene(film("gateway"), film("viable", without=("s2",)), 7)
    assert unforkable(lame, "s2") == "it has been without the Scheduler from the beginning"
    assert not unforkable(lame, "s4")


def test_every_system_has_a_key_and_a_name() -> None:
    assert set(FORKS.values()) == set(SYSTEMS) == set(SYSTEM_NAMES)
    shown = {does: key for key, does in keys(SCENE)}["without that system"]
    assert shown.split() == list(FORKS)


def test_the_fork_has_the_same_past() -> None:
    whole = film("viable")
    past = whole.before(600.0)
    assert [frame.at for frame in past.frames] == [10.0 * n for n in range(1, 60)]
    assert past.at(300.0) == whole.at(300.0)
    assert not past.whole


def test_a_film_shows_the_last_frame_that_there_is() -> None:
    whole = film("viable", 100.0)
    assert whole.at(5.0).score.offered == 0
    assert whole.at(10.0).at == 10.0
    assert whole.at(99.0).at == 90.0
    assert whole.at(1e9).at == 100.0
    assert Film("plain").end == 0.0
