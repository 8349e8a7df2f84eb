"""Achievement and indices: ratios, order, limits."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cybernetic.core import OptionError
from cybernetic.vsm.cyberstride import Achievement, Index, achieve, weighted_performance

AMOUNT = st.floats(0.001, 1e6)


def test_beers_example() -> None:
    one = Achievement(actuality=200, capability=500, potentiality=1000)
    assert (one.productivity, one.latency, one.performance) == (0.4, 0.5, 0.2)


def test_where_less_is_better_the_ratios_are_inverted() -> None:
    one = Achievement(actuality=1000, capability=500, potentiality=200, cost=True)
    assert (one.productivity, one.latency, one.performance) == (0.5, 0.4, 0.2)


@given(AMOUNT, AMOUNT, AMOUNT, st.booleans())
def test_performance_is_productivity_times_latency(a: float, c: float, p: float, cost: bool) -> None:
    one = achieve(a, c, p, cost=cost)
    assert one.performance == pytest.approx(one.productivity * one.latency)
    assert 0.0 < one.performance <= 1.0


@given(AMOUNT, AMOUNT, AMOUNT, st.booleans())
def test_actuality_is_never_clipped(a: float, c: float, p: float, cost: bool) -> None:
    one = achieve(a, c, p, cost=cost)
    assert one.actuality == a
    assert set(one.news) == {
        name
        for name, was, now in (("capability", c, one.capability), ("potentiality", p, one.potentiality))
        if was != now
    }
    ordered = [one.actuality, one.capability, one.potentiality]
    assert ordered == sorted(ordered, reverse=cost)


def test_an_actuality_beyond_capability_is_news() -> None:
    assert achieve(600, 500, 1000) == Achievement(600, 600, 1000, news=("capability",))
    assert achieve(1200, 500, 1000).news == ("capability", "potentiality")
    assert achieve(200, 500, 1000).news == ()
    assert achieve(100, 500, 200, cost=True) == Achievement(
        100, 100, 100, cost=True, news=("capability", "potentiality")
    )


def test_nothing_achieved_is_a_performance_of_nothing() -> None:
    assert Achievement(0, 5, 10).performance == 0.0


@pytest.mark.parametrize(
    ("name", "figures"),
    [
        ("actuality", (-1, 5, 10, False)),
        ("actuality", (float("nan"), 5, 10, False)),
        ("actuality", (0, 5, 10, True)),
        ("capability", (1, 0, 10, False)),
        ("capability", (6, 5, 10, False)),
        ("capability", (1, 11, 10, False)),
        ("capability", (1, 5, 0, True)),
        ("potentiality", (0, 5, 0, False)),
        ("potentiality", (1, 5, float("inf"), False)),
        ("cost", (1, 5, 10, 1)),
    ],
)
def test_an_impossible_achievement_is_refused_by_name(
    name: str, figures: tuple[float, float, float, bool]
) -> None:
    with pytest.raises(OptionError, match=f"^{name}: "):
        Achievement(*figures)


def test_the_whole_performs_as_its_parts_weighted() -> None:
    parts = [Achievement(200, 500, 1000), Achievement(900, 900, 900)]
    assert weighted_performance(parts, [1, 3]) == pytest.approx(0.8)


@pytest.mark.parametrize("weights", [[0, 0], [1], [1, -1], [1, float("nan")], []])
def test_weights_that_weigh_nothing_are_refused(weights: list[float]) -> None:
    with pytest.raises(OptionError, match=r"^weights: "):
        weighted_performance([Achievement(1, 2, 3), Achievement(1, 2, 3)], weights)


def test_no_parts_weigh_nothing() -> None:
    with pytest.raises(OptionError, match=r"^weights: "):
        weighted_performance([], [])


def test_a_limit_that_is_passed_is_named() -> None:
    one = Index("cycle_time", limits=(0, 30.0), cost=True)
    assert [one.breach(value) for value in (-0.1, 0, 30, 30.1)] == ["low", None, None, "high"]
    assert Index("quality").breach(1e9) is None


def test_a_limit_is_not_passed_by_what_is_no_number() -> None:
    with pytest.raises(OptionError, match=r"^value: "):
        Index("quality").breach(float("nan"))


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("name", {"name": ""}),
        ("limits", {"limits": (1.0, 1.0)}),
        ("limits", {"limits": (float("nan"), 1.0)}),
        ("limits", {"limits": (1.0,)}),
        ("cost", {"cost": "no"}),
        ("plan", {"plan": float("inf")}),
        ("plan", {"plan": 1.5, "transform": "logit"}),
        ("transform", {"transform": "square"}),
    ],
)
def test_an_impossible_index_is_refused_by_name(name: str, options: dict[str, object]) -> None:
    with pytest.raises(OptionError, match=f"^{name}: "):
        Index(**{"name": "quality", **options})  # type: ignore[arg-type]
