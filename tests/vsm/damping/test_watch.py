"""Decisions that are watched: a herd is found on each of some time scales, and noise is not."""

import pytest

from cybernetic.core import Chance, OptionError
from cybernetic.vsm.damping.watch import Herd, Signal
from tests.support import soak


def first_found(period: float, rounds: int) -> float | None:
    """When all of twenty that swing together are found, seconds."""
    herd = Herd(("north", "south"), 1.0)
    for at in range(rounds):
        where = "north" if (at // (period / 2)) % 2 else "south"
        for number in range(20):
            herd = herd.chose(f"s{number}", where)
        herd, found = herd.sampled()
        if found is not None:
            assert found.period == pytest.approx(period, rel=0.1)
            return float(at + 1)
    return None


@pytest.mark.parametrize(("period", "within"), [(8.0, 120), (20.0, 130), (60.0, 560), (200.0, 2200)])
def test_a_herd_is_found_by_the_window_that_fits_its_loop(period: float, within: int) -> None:
    found = first_found(period, within)
    assert found is not None
    assert found >= 4 * period


def test_t_s2_far_choices_at_random_are_no_oscillation() -> None:
    lots, looked, wrong = Chance(7).stream("choices"), 0, 0
    for _ in range(soak(4, 40)):
        herd = Herd(("north", "south"), 1.0)
        for _ in range(600):
            for number in range(20):
                if lots.random() < 0.2:
                    herd = herd.chose(f"s{number}", lots.choice(herd.targets))
            herd, found = herd.sampled()
            looked += 1
            wrong += found is not None
    windows = looked / 10  # a window is looked at when a twelfth of it is new
    assert wrong <= max(2.0, 0.015 * windows)


def test_one_alone_is_no_herd_and_a_small_swing_is_below_the_floor() -> None:
    herd = Herd(("north", "south"), 1.0).chose("s0", "north")
    for at in range(200):
        herd, found = herd.chose("s0", ("north", "south")[at // 10 % 2]).sampled()
        assert found is None
    many = Herd(("north", "south"), 1.0)
    for number in range(100):
        many = many.chose(f"s{number}", "north")
    for at in range(200):
        for number in range(4):  # in a hundred
            many = many.chose(f"s{number}", ("north", "south")[at // 10 % 2])
        many, found = many.sampled()
        assert found is None
    assert sum(many.counts().values()) == 100


def test_after_something_was_done_about_it_all_is_looked_at_anew() -> None:
    signal = Signal(1.0, 0.1)
    for at in range(119):
        signal, found = signal.after(float(at // 10 % 2))
        assert found is None
    assert signal.after(0.0)[1] is not None
    assert signal.anew().after(0.0)[1] is None


@pytest.mark.parametrize(
    ("name", "act"),
    [
        ("step", lambda: Signal(0.0, 0.0)),
        ("floor", lambda: Signal(1.0, -1.0)),
        ("size", lambda: Signal(1.0, 0.0, 10)),
    ],
)
def test_what_cannot_be_is_refused_by_name(name: str, act: object) -> None:
    assert callable(act)
    with pytest.raises(OptionError, match=f"^{name}: expected"):
        act()
