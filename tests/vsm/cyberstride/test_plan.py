"""Readings call for attention by their change and their distance from plan."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cybernetic.core import OptionError
from cybernetic.vsm.cyberstride import Attention, Thresholds, attend


@pytest.mark.parametrize(
    ("change", "z", "attention"),
    [
        (0.0, None, Attention.QUIET),
        (0.099, 2.79, Attention.QUIET),
        (0.1, 0.0, Attention.NOTICE),
        (0.0, -2.8, Attention.NOTICE),
        (0.499, 3.49, Attention.NOTICE),
        (0.5, None, Attention.ALERT),
        (0.0, 3.5, Attention.ALERT),
        (0.0, -3.5, Attention.ALERT),
    ],
)
def test_attention_begins_at_the_thresholds(change: float, z: float | None, attention: Attention) -> None:
    assert attend(change, z) is attention


@given(st.floats(0, 1), st.floats(0, 1), st.floats(0, 9), st.floats(0, 9))
def test_more_change_or_distance_never_asks_for_less(c: float, d: float, y: float, z: float) -> None:
    assert attend(max(c, d), max(y, z)) >= attend(c, z)


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("notice_change", {"notice_change": 0.0}),
        ("alert_change", {"alert_change": 1.5}),
        ("alert_change", {"alert_change": 0.05}),
        ("notice_z", {"notice_z": -1.0}),
        ("alert_z", {"alert_z": 2.0}),
        ("alert_z", {"alert_z": float("nan")}),
        ("page_after", {"page_after": -1}),
    ],
)
def test_impossible_thresholds_are_refused_by_name(name: str, options: dict[str, float]) -> None:
    with pytest.raises(OptionError, match=f"^{name}: "):
        Thresholds(**options)  # type: ignore[arg-type]
