"""Flap damping: the law to twelve digits, hysteresis, holds that end, and what is refused."""

from math import inf, log2, nan

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cybernetic.core import OptionError
from cybernetic.vsm.damping import FlapDamper, Flapping

DAMPER = FlapDamper(half_life=60.0, suppress=2.0, release=0.75, longest=240.0)


def flipped(*times: float, damper: FlapDamper = DAMPER) -> Flapping:
    state = Flapping()
    for time in times:
        state = damper.flip(state, time)
    return state


def test_the_penalty_follows_the_law_to_twelve_digits() -> None:
    state = flipped(0.0, 30.0, 45.0)
    golden = (1.0 * 2**-0.5 + 1.0) * 2**-0.25 + 1.0
    assert golden == pytest.approx(2.435499972755074848, abs=1e-12)
    assert state.penalty == pytest.approx(golden, abs=1e-12)
    assert DAMPER.at(state, 105.0).penalty == pytest.approx(golden / 2, abs=1e-12)


def test_a_hold_ends_when_the_formula_says() -> None:
    state = flipped(0.0, 30.0, 45.0)
    ends = DAMPER.until(state)
    assert ends == pytest.approx(45.0 + 60.0 * log2(state.penalty / 0.75), abs=1e-12)
    assert ends is not None
    assert DAMPER.held(state, ends - 1e-6)
    assert not DAMPER.held(state, ends + 1e-6)


def test_between_release_and_suppress_the_past_decides() -> None:
    assert not DAMPER.held(flipped(0.0, 0.0), 0.0)  # 2.0 is not more than 2.0
    state = flipped(0.0, 0.0, 0.0)
    assert DAMPER.at(state, 60.0).penalty == 1.5
    assert DAMPER.held(state, 60.0)
    assert not DAMPER.held(flipped(0.0, 0.0), 60.0)


@given(st.lists(st.floats(0.0, 100.0), min_size=1, max_size=200))
def test_a_hold_never_lasts_longer_than_its_cap(gaps: list[float]) -> None:
    now, state, since = 0.0, Flapping(), None
    for gap in gaps:
        now += gap
        state = DAMPER.at(state, now)
        if state.held_since is None:
            since = None
        state = DAMPER.flip(state, now)
        if since is None and state.held_since is not None:
            since = now
        assert state.held_since == since
        assert since is None or now - since < DAMPER.longest
        assert state.penalty >= 0


def test_a_unit_that_flaps_for_ever_is_let_go_again_and_again() -> None:
    state, free = Flapping(), 0
    for second in range(2000):
        state = DAMPER.flip(state, float(second))
        free += not DAMPER.held(state, float(second))
    assert free > 0


@given(st.lists(st.floats(0.0, 50.0), min_size=1, max_size=20), st.floats(0.0, 500.0), st.floats(0.0, 500.0))
def test_looking_in_between_changes_nothing(gaps: list[float], first: float, second: float) -> None:
    state, now = Flapping(), 0.0
    for gap in gaps:
        now += gap
        state = DAMPER.flip(state, now)
    direct = DAMPER.at(state, now + first + second)
    stopped = DAMPER.at(DAMPER.at(state, now + first), now + first + second)
    assert stopped.penalty == pytest.approx(direct.penalty, rel=1e-9)
    margin = abs((DAMPER.until(state) or inf) - now - first)
    assert stopped.held_since == direct.held_since or margin < 1e-6


def test_only_a_change_of_value_is_a_flip() -> None:
    state = Flapping()
    for owner in ("A", "A", "B", "B", "A"):
        state = DAMPER.saw(state, owner, 0.0)
    assert state.penalty == 2.0


@pytest.mark.parametrize("owners", [("A", None), (None, "A"), (None, "A", "A")])
def test_nothing_is_a_value_like_any_other(owners: tuple[str | None, ...]) -> None:
    state = Flapping()
    for owner in owners:
        state = DAMPER.saw(state, owner, 0.0)
    assert state.penalty == 1.0
    assert DAMPER.saw(Flapping(value="A"), None, 0.0).penalty == 1.0
    assert DAMPER.saw(Flapping(at=0.0), None, 0.0).penalty == 0.0


def test_at_the_cap_of_a_hold_the_penalty_is_no_more_than_the_release() -> None:
    capped = FlapDamper(half_life=60.0, suppress=2.0, release=0.75, longest=10.0)
    state = flipped(*range(10), damper=capped)
    assert state.penalty > 5.0
    freed = capped.at(state, 12.0)
    assert freed.held_since is None
    assert freed.penalty == 0.75
    once = capped.flip(freed, 12.0)
    assert not capped.held(once, 12.0)
    assert capped.held(capped.flip(once, 12.0), 12.0)


def test_pain_overrides_a_hold() -> None:
    state = DAMPER.freed(flipped(0.0, 0.0, 0.0), 1.0)
    assert not DAMPER.held(state, 1.0)
    assert state.penalty == 0.75
    assert not DAMPER.held(DAMPER.flip(state, 1.0), 1.0)


@pytest.mark.parametrize(
    ("name", "act"),
    [
        ("half_life", lambda: FlapDamper(half_life=0.0)),
        ("release", lambda: FlapDamper(release=0.0)),
        ("suppress", lambda: FlapDamper(suppress=0.5)),
        ("suppress", lambda: FlapDamper(suppress=nan)),
        ("longest", lambda: FlapDamper(longest=inf)),
        ("now", lambda: DAMPER.flip(flipped(5.0), 4.0)),
        ("now", lambda: DAMPER.flip(Flapping(), nan)),
        ("penalty", lambda: DAMPER.flip(Flapping(penalty=nan), 0.0)),
        ("penalty", lambda: Flapping(penalty=-1.0)),
        ("penalty", lambda: Flapping(penalty=inf)),
        ("at", lambda: Flapping(1.0, at=nan, held_since=0.0)),
        ("held_since", lambda: Flapping(1.0, at=0.0, held_since=nan)),
    ],
)
def test_what_cannot_be_is_refused_by_name(name: str, act: object) -> None:
    assert callable(act)
    with pytest.raises(OptionError, match=f"^{name}: expected"):
        act()
