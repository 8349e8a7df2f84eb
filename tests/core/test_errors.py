"""An error says what came, also where that cannot say itself."""

from fractions import Fraction
from math import inf

import pytest

from cybernetic.core import OptionError, number, whole

DIGITS = 10**5000  # more than Python turns into a string


class Unspeakable:
    def __repr__(self) -> str:
        raise RuntimeError("not this either")


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (DIGITS, "<builtins.int of 16610 bits that cannot be shown>"),
        (-DIGITS, "<builtins.int of 16610 bits that cannot be shown>"),
        ([DIGITS], "<builtins.list that cannot be shown>"),
        (Fraction(DIGITS), "<fractions.Fraction that cannot be shown>"),
        (Unspeakable(), f"<{__name__}.Unspeakable that cannot be shown>"),
        ("5", "'5'"),
    ],
    ids=["many digits", "negative", "within", "fraction", "own", "plain"],
)
def test_what_came_is_named_by_its_kind_where_it_cannot_be_shown(value: object, shown: str) -> None:
    with pytest.raises(OptionError) as caught:
        number("speed", value)
    assert (caught.value.name, caught.value.got) == ("speed", value)
    assert str(caught.value) == f"speed: expected a finite number, got: {shown}"


def test_a_negative_integer_of_many_digits_is_refused_by_its_name() -> None:
    with pytest.raises(OptionError, match="count: expected an integer >= 0"):
        whole("count", -DIGITS)


def test_an_integer_has_64_bits_unless_it_is_told_otherwise() -> None:
    with pytest.raises(
        OptionError, match=r"count: expected an integer of at most 9223372036854775807, got: 9"
    ):
        whole("count", 2**63)
    assert whole("count", 2**63 - 1) == 2**63 - 1
    assert whole("count", DIGITS, most=inf) == DIGITS
