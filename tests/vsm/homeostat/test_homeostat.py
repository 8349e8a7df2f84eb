"""Ultrastability: what does not hold the variable is changed, what holds it is kept, and never for ever."""

from dataclasses import replace
from math import inf, nan

import hypothesis.strategies as st
import pytest
from hypothesis import given

from cybernetic.core import Chance, OptionError
from cybernetic.vsm.homeostat import Homeostat, Party
from tests.support import soak

GAINS = (-1.5, -0.8, -0.3, 0.0, 0.3, 0.8, 1.5)


def push(gain: float, variable: float) -> float:
    return gain * variable


def coupled(left: int = 6, right: int = 6, most: int = 50) -> Homeostat:
    return Homeostat(
        "s3-s4", (-1.0, 1.0), Party("S3", GAINS, push, left), Party("S4", GAINS, push, right), most=most
    )


def live(
    homeostat: Homeostat, chance: Chance, periods: int, kick: float = 3.0
) -> tuple[Homeostat, list[float]]:
    """Let the variable move by what both parties do about it, kept within +-10 as by stops on its needle."""
    variable, path = kick, []
    for _ in range(periods):
        variable = max(-10.0, min(10.0, variable + 0.5 * sum(homeostat.responses(variable))))
        homeostat = homeostat.after(variable, chance)
        path.append(variable)
    return homeostat, path


def test_it_finds_a_behaviour_that_holds_the_variable_and_keeps_it() -> None:
    """From two parties that drive each other away: judged over N seeds, every one must settle."""
    for seed in range(soak(20, 500)):
        homeostat, path = live(coupled(), Chance(seed), 400)
        assert homeostat.stable
        assert -2 < 0.5 * (homeostat.left.setting + homeostat.right.setting) <= 0
        assert all(abs(variable) <= 1 for variable in path[-50:])
        settled = homeostat.log[-1].period
        again, _ = live(homeostat, Chance(seed + 1), 100, kick=0.9)
        assert again.log[-1].period == settled


def test_after_a_disturbance_it_adapts_anew() -> None:
    homeostat, _ = live(coupled(), Chance(7), 400)
    turned = replace(homeostat, right=replace(homeostat.right, respond=lambda gain, x: -gain * x))
    settled, path = live(turned, Chance(7), 600)
    assert settled.stable
    assert abs(path[-1]) <= 1


def test_within_limits_nothing_changes() -> None:
    homeostat = coupled()
    for _ in range(100):
        homeostat = homeostat.after(0.5, Chance(1))
    assert homeostat.log == ()
    assert (homeostat.left.chosen, homeostat.right.chosen) == (6, 6)


def test_patience_is_counted_in_periods_in_a_row() -> None:
    homeostat = coupled()
    for variable in (2.0, 2.0, 0.0, 2.0, 2.0):
        homeostat = homeostat.after(variable, Chance(1))
    assert homeostat.log == ()
    homeostat = homeostat.after(2.0, Chance(1))
    (change,) = homeostat.log
    assert (change.period, change.variable, change.before) == (6, 2.0, (1.5, 1.5))
    assert change.after == (homeostat.left.setting, homeostat.right.setting) != change.before


def test_when_every_change_was_in_vain_it_asks_for_help() -> None:
    homeostat = coupled(most=4)
    for _ in range(15):
        assert not homeostat.exhausted
        homeostat = homeostat.after(5.0, Chance(1))
    assert homeostat.exhausted
    assert len(homeostat.log) == 4
    for _ in range(20):
        homeostat = homeostat.after(5.0, Chance(1))
    assert len(homeostat.log) == 4
    for _ in range(3):
        homeostat = homeostat.after(0.0, Chance(1))
    assert not homeostat.exhausted
    assert homeostat.bout == 0


@given(st.lists(st.floats(-3, 3), max_size=100), st.integers(0, 5), st.integers(1, 4))
def test_changes_are_bounded_logged_and_within_what_was_declared(
    path: list[float], most: int, patience: int
) -> None:
    homeostat = Homeostat(
        "x",
        (-1.0, 1.0),
        Party("a", GAINS, push),
        Party("b", GAINS, push),
        patience=patience,
        most=most,
        keep=5,
    )
    before = homeostat
    for variable in path:
        after = before.after(variable, Chance(3))
        changed = (after.left.chosen, after.right.chosen) != (before.left.chosen, before.right.chosen)
        assert changed == (after.bout > before.bout)
        assert after.bout <= most
        assert len(after.log) <= 5
        assert after.left.setting in GAINS
        if changed:
            assert not -1 <= variable <= 1
        before = after


def test_the_same_seed_gives_the_same_run() -> None:
    assert live(coupled(), Chance(3), 100) == live(coupled(), Chance(3), 100)


def test_a_step_of_chance_never_keeps_both_settings() -> None:
    homeostat = Homeostat(
        "x", (-1.0, 1.0), Party("a", (0.0, 1.0), push), Party("b", (0.0,), push), patience=1
    )
    for chosen in (1, 0, 1, 0):
        homeostat = homeostat.after(5.0, Chance(1))
        assert homeostat.left.chosen == chosen


def test_parties_without_a_choice_stay_as_they_are() -> None:
    fixed = Party("a", (1.0,), push)
    homeostat = Homeostat("x", (-1.0, 1.0), fixed, fixed, patience=1)
    homeostat = homeostat.after(5.0, Chance(1))
    assert homeostat.left == fixed
    assert homeostat.exhausted, "there is nothing to try"
    assert homeostat.log == ()


@pytest.mark.parametrize(
    ("make", "name"),
    [
        (lambda: Party("", GAINS, push), "name"),
        (lambda: Party("a", (), push), "settings"),
        (lambda: Party("a", (nan,), push), "settings[0]"),
        (lambda: Party("a", GAINS, push, 7), "chosen"),
        (lambda: Party("a", GAINS, None), "respond"),  # type: ignore[arg-type]
        (lambda: Party("a", GAINS, lambda gain, x: nan).response(1.0), "response of 'a'"),
        (lambda: Party("a", GAINS, lambda gain, x: 0.0).response(nan), "variable"),
        (lambda: Party("a", GAINS, lambda gain, x: inf).response(1.0), "response of 'a'"),
        (lambda: Homeostat("x", (1.0, 1.0), Party("a", GAINS, push), Party("b", GAINS, push)), "limits"),
        (lambda: Homeostat("x", (nan, 1.0), Party("a", GAINS, push), Party("b", GAINS, push)), "limits"),
        (lambda: Homeostat("x", (inf, inf), Party("a", GAINS, push), Party("b", GAINS, push)), "limits"),
        (lambda: Homeostat("x", (0.0, 1.0), None, Party("b", GAINS, push)), "left"),  # type: ignore[arg-type]
        (lambda: coupled().after(nan, Chance(1)), "variable"),
        (lambda: coupled(most=-1), "most"),
        (lambda: replace(coupled(), outside=-5), "outside"),
        (lambda: replace(coupled(), inside=-5), "inside"),
        (lambda: replace(coupled(), bout=-7), "bout"),
        (lambda: replace(coupled(), period=0.5), "period"),  # type: ignore[arg-type]
    ],
)
def test_bad_input_is_named(make: object, name: str) -> None:
    with pytest.raises(OptionError) as caught:
        make()  # type: ignore[operator]
    assert caught.value.name == name
