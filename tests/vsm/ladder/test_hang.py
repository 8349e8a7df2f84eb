"""When what hangs is ended, and when its successor counts as back."""

from collections.abc import Callable
from itertools import pairwise
from math import nan

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cybernetic.core import OptionError
from cybernetic.vsm.algedonic.deadmen import MISSES, Deadmen
from cybernetic.vsm.ladder.hang import FORGOTTEN, LONGEST, Hang

KEY = ("control", "firm")
PERIOD = 1.0
SILENCE = MISSES * PERIOD


def hung(*, beats: int, until: float = 400.0) -> tuple[list[float], list[bool]]:
    """A loop that beats so often and hangs, and so does each of its successors: when they are ended, and of each beat
    since the first silence whether no pain was left after it.
    """
    deadmen, ends, quiet = Deadmen([(*KEY, PERIOD)], 0.0), list[float](), list[bool]()
    left, hurts = beats, False
    for half in range(int(2 * until / PERIOD)):
        at = half * PERIOD / 2
        if left and half % 2 == 0:
            left -= 1
            hurts = not deadmen.beat(KEY, PERIOD, at) and hurts
            quiet += [not hurts] if ends else []
        hurts = bool(deadmen.missed(at)) or hurts
        if KEY in deadmen.silent and deadmen.hangs(KEY, len(ends), at):
            deadmen.ended(KEY, at)
            ends.append(at)
            left = beats
    return ends, quiet


def test_what_is_silent_is_ended_after_as_long_again_and_its_successors_after_twice_as_long_each() -> None:
    ends, _ = hung(beats=0)
    waits = [after - before for before, after in pairwise([SILENCE, *ends])]
    assert waits[:6] == pytest.approx([SILENCE * min(LONGEST, 2**n) for n in range(6)], abs=PERIOD / 2)


def test_who_has_only_begun_is_given_his_time_however_long_nobody_was_there() -> None:
    deadmen = Deadmen([(*KEY, PERIOD)], 0.0)
    deadmen.missed(SILENCE)
    assert not any(deadmen.hangs(KEY, None, at) for at in (10.0, 50.0, 100.0))
    assert not any(deadmen.hangs(KEY, "new", at) for at in (100.5, 101.0, 102.0))
    assert deadmen.hangs(KEY, "new", 103.0)


def test_what_beats_once_whenever_it_is_started_and_hangs_again_is_never_over() -> None:
    ends, quiet = hung(beats=1)
    assert len(ends) >= 6
    assert len(quiet) >= 6
    assert not any(quiet)


def test_what_lives_longer_before_it_hangs_again_is_a_pain_that_lasts_after_some_times() -> None:
    ends, quiet = hung(beats=11, until=1200.0)
    assert len(ends) >= 6
    assert quiet[10]
    assert not any(quiet[-30:])


def test_what_only_was_late_is_over_at_its_first_beat() -> None:
    deadmen = Deadmen([(*KEY, PERIOD)], 0.0)
    assert deadmen.missed(SILENCE) == [KEY]
    assert not deadmen.hangs(KEY, "it", SILENCE)
    assert deadmen.beat(KEY, PERIOD, 3.0)
    assert deadmen.silent == ()


def test_what_was_ended_is_over_when_it_has_lived_for_a_silence_and_no_sooner() -> None:
    deadmen = Deadmen([(*KEY, PERIOD)], 0.0)
    deadmen.missed(SILENCE)
    assert [deadmen.hangs(KEY, "it", at) for at in (SILENCE, 2 * SILENCE)] == [False, True]
    deadmen.ended(KEY, 2 * SILENCE)
    assert [deadmen.beat(KEY, PERIOD, at) for at in (5.0, 6.0, 7.0)] == [False, False, True]


def test_nobody_is_ended_for_what_could_not_be_heard() -> None:
    deadmen = Deadmen([(*KEY, PERIOD)], 0.0)
    deadmen.missed(SILENCE)
    deadmen.hangs(KEY, "it", SILENCE)
    deadmen.forgive(50.0)
    assert not any(deadmen.hangs(KEY, "it", 50.0 + at) for at in (0.0, SILENCE))


@given(st.integers(0, 60), st.floats(0.01, 1e4), st.floats(0.0, 1e9))
def test_nobody_is_ended_before_a_silence_has_passed_once_more_and_none_waits_for_ever(
    times: int, silence: float, silent: float
) -> None:
    hang = Hang(times, silent)
    assert silence <= hang.patience(silence) <= LONGEST * silence
    assert hang.proof(silence) <= FORGOTTEN * silence
    assert hang.ended(silent).proof(silence) >= min(hang.proof(silence), FORGOTTEN * silence)
    assert not hang.forgotten(silence, silent)
    assert hang.forgotten(silence, silent + 2 * FORGOTTEN * silence + 1.0) or silent > 1e8
    assert not Hang(times, 0.0).forgotten(silence, FORGOTTEN * silence)


@pytest.mark.parametrize(
    ("make", "name"),
    [
        (lambda: Hang(-1), "times"),
        (lambda: Hang(1, nan), "at"),
        (lambda: Hang().patience(nan), "silence"),
        (lambda: Hang().proof(-1.0), "silence"),
        (lambda: Hang().ended(nan), "now"),
        (lambda: Hang(2, 100.0).ended(99.0), "now"),
        (lambda: Hang(2, 100.0).forgotten(1.0, nan), "now"),
        (lambda: Hang(2, 100.0).forgotten(1.0, 99.0), "now"),
        (lambda: Hang(2, 100.0).forgotten(nan, 100.0), "silence"),
        (lambda: Hang(2, 100.0).forgotten(-1.0, 100.0), "silence"),
    ],
)
def test_what_is_no_number_is_refused_by_name(make: Callable[[], object], name: str) -> None:
    with pytest.raises(OptionError, match=f"^{name}: expected"):
        make()
