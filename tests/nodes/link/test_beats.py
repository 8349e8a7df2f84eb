"""Who is silent for how long, and whose fault that is."""

from hypothesis import given
from hypothesis import strategies as st

from cybernetic.nodes.link.beats import Pulse, Verdict, check

LIMITS = {"interval": 0.25, "lag": 1.0, "dead_after": 10.0}


def looks(steps: list[float], heard: float = 0.0) -> list[tuple[float, Verdict]]:
    """Look after each of `steps` seconds at a peer heard last at `heard`; when, and the verdict."""
    pulse, now, seen = Pulse(0.0, 0.0), 0.0, []
    for step in steps:
        now += step
        pulse, verdict = check(pulse, now, heard, False, **LIMITS)
        seen.append((now, verdict))
    return seen


def test_silence_lags_at_one_second_once_and_is_death_at_ten() -> None:
    seen = looks([0.25] * 40)
    assert [now for now, verdict in seen if verdict.lagging] == [1.0]
    assert [now for now, verdict in seen if verdict.dead] == [10.0]


def test_a_beat_is_sent_only_where_nothing_else_was() -> None:
    assert check(Pulse(0, 0), 0.25, 0, False, **LIMITS)[1].beat
    assert not check(Pulse(0, 0), 0.25, 0, True, **LIMITS)[1].beat


@given(st.floats(0.6, 1000))
def test_while_our_own_loop_was_held_nobody_was_silent(held: float) -> None:
    pulse, verdict = check(Pulse(0.0, 0.0), held, 0.0, False, **LIMITS)
    assert not verdict.dead
    assert not verdict.lagging
    assert pulse.heard <= held


@given(st.lists(st.floats(0.2, 30), max_size=80))
def test_silence_counts_what_our_own_looks_account_for_and_no_more(steps: list[float]) -> None:
    counted = 0.0
    for step, (_, verdict) in zip(steps, looks(steps), strict=True):
        counted += step if step - 0.25 <= 0.25 else 0.25
        assert abs(verdict.silent - counted) < 1e-6


def test_who_is_heard_again_and_falls_silent_again_lags_again() -> None:
    pulse, first = check(Pulse(0.0, 0.75), 1.0, 0.0, False, **LIMITS)
    assert first.lagging
    pulse, second = check(pulse, 1.25, 1.1, False, **LIMITS)
    assert not second.lagging
    told = []
    for step in range(6):
        pulse, verdict = check(pulse, 1.5 + step / 4, 1.1, False, **LIMITS)
        told.append(verdict.lagging)
    assert sum(told) == 1
