"""Amounts and weights near the end of the floats are refused by name."""

from collections.abc import Callable

import pytest

from cybernetic.core import OptionError
from cybernetic.vsm.bargain import Claim, Vector, allocate


@pytest.mark.parametrize(
    ("make", "name"),
    [
        (lambda: allocate(1e308, {"a": Claim(1e308), "b": Claim(1e308)}), "weights"),
        (lambda: allocate(1e308, {"a": Claim(1e-300)}), "weights"),
        (lambda: allocate(1e308, {"a": Claim(1.0, 1e308), "b": Claim(1.0, 1e308)}), "floors"),
        (lambda: allocate(1.0, {"a": Claim(1.0, 0.0, 1e308), "b": Claim(1.0, 0.0, 1e308)}), "caps"),
        (lambda: Vector(a=1e308) + Vector(a=1e308), "a"),
        (lambda: Vector(a=10**400), "a"),
        (lambda: Vector(a=1e200).times(1e200), "factor"),
    ],
)
def test_what_floats_cannot_hold_is_named(make: Callable[[], object], name: str) -> None:
    with pytest.raises(OptionError) as caught:
        make()
    assert caught.value.name == name


def test_the_largest_amounts_can_be_added_and_shown() -> None:
    assert (Vector(a=1e299) + Vector(a=1e299)).amount("a") == 2e299
