"""Capability is a high quantile of what was achieved lately."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cybernetic.core import OptionError
from cybernetic.vsm.cyberstride import Capability, weighted_quantile

VALUES = st.lists(st.floats(0, 1000), min_size=1, max_size=40)


@given(VALUES, st.floats(0, 1))
def test_with_equal_weights_a_quantile_is_a_rank(values: list[float], q: float) -> None:
    found = weighted_quantile(values, [1.0] * len(values), q)
    assert sum(value <= found for value in values) >= q * len(values) - 1e-9
    assert sum(value < found for value in values) <= q * len(values) + 1e-9


def test_what_weighs_nothing_is_no_quantile() -> None:
    assert weighted_quantile([1.0, 2.0, 3.0], [0.0, 1.0, 0.0], 0.0) == 2.0
    assert weighted_quantile([1.0, 2.0, 3.0], [0.0, 1.0, 0.0], 1.0) == 2.0


@given(VALUES)
def test_capability_is_one_of_the_actualities_and_high(values: list[float]) -> None:
    one = Capability()
    for value in values:
        one.add(value)
    assert one.value in values
    assert one.value is not None
    assert sum(value > one.value for value in values) <= 0.1 * len(values) + 1


def test_where_less_is_better_capability_is_low() -> None:
    one = Capability(cost=True)
    for value in range(100):
        one.add(float(value))
    assert one.value is not None
    assert one.value <= 10


def test_what_is_long_past_counts_no_more() -> None:
    one = Capability(half_life=10)
    for value in [1000.0] * 50 + [10.0] * 80:
        one.add(value)
    assert one.value == 10.0


@pytest.mark.parametrize(("zeros", "half"), [(8, 10.0), (9, 0.0), (11, 0.0)])
def test_a_datum_counts_half_after_a_half_life(zeros: int, half: float) -> None:
    """Of 20 tens and then zeros the later weigh more: 8 have 49.7 % of the weight, 9 have 53.5 %, and 11 have 60 %."""
    one = Capability(quantile=0.5, half_life=10)
    for value in [10.0] * 20 + [0.0] * zeros:
        one.add(value)
    assert one.value == half


def test_another_configuration_starts_afresh() -> None:
    one = Capability()
    one.add(5.0)
    one.reset()
    assert one.value is None


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("q", ([1.0], [1.0], 1.5)),
        ("len\\(values\\)", ([], [], 0.5)),
        ("weights", ([1.0], [], 0.5)),
        ("weights", ([1.0, 2.0], [0.0, 0.0], 0.5)),
        ("weights", ([1.0], [-1.0], 0.5)),
        ("values", ([float("nan")], [1.0], 0.5)),
    ],
)
def test_an_impossible_quantile_is_refused_by_name(
    name: str, arguments: tuple[list[float], list[float], float]
) -> None:
    with pytest.raises(OptionError, match=f"^{name}: "):
        weighted_quantile(*arguments)


@pytest.mark.parametrize(
    ("name", "options"),
    [("quantile", {"quantile": 1.0}), ("half_life", {"half_life": 0}), ("cost", {"cost": 1})],
)
def test_an_impossible_capability_is_refused_by_name(name: str, options: dict[str, object]) -> None:
    with pytest.raises(OptionError, match=f"^{name}: "):
        Capability(**options)  # type: ignore[arg-type]


@pytest.mark.parametrize("bad", [-1.0, float("nan"), float("inf")])
def test_an_impossible_actuality_is_refused(bad: float) -> None:
    with pytest.raises(OptionError, match=r"^actuality: "):
        Capability().add(bad)
