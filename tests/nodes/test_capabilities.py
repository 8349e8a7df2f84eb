"""Capabilities are read as they are written, checked, and compared by value and type."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cybernetic.core import OptionError
from cybernetic.nodes.plan.capabilities import checked, fits, lacks, parse, shown

NAMES = st.from_regex(r"[a-z][a-z0-9_.-]{0,5}", fullmatch=True)
NUMBERS = st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False, allow_infinity=False)
VALUES = st.booleans() | NUMBERS | st.text() | st.sampled_from(["true", "8", "-1.5", '"', "", "1e3"])
FEW = st.booleans() | st.sampled_from([0, 1, 0.0, 1.0, "", "1", "true"])
OFFERS = st.dictionaries(st.sampled_from("abc"), FEW)


def test_a_command_line_offers_flags_numbers_and_text() -> None:
    assert parse(["gpu=true", "spot=false", "zone=eu", "cores=8", "ghz=2.5", 'release="8"', "x=a=b"]) == {
        "gpu": True,
        "spot": False,
        "zone": "eu",
        "cores": 8,
        "ghz": 2.5,
        "release": "8",
        "x": "a=b",
    }
    assert type(parse(["cores=1"])["cores"]) is int
    assert parse([]) == {}


@pytest.mark.parametrize(
    ("texts", "why"),
    [
        (["gpu"], "NAME=VALUE"),
        (["gpu="], "NAME=VALUE"),
        (["=true"], "NAME=VALUE"),
        (["g p u=true"], "NAME=VALUE"),
        (["8=cores"], "NAME=VALUE"),
        (["a=1", "a=1"], "a once"),
        (["a=9223372036854775808"], "64 bits"),
        (["a=" + "9" * 5000], "64 bits"),
        (["a=1e999"], "finite"),
    ],
)
def test_what_cannot_be_read_is_refused_and_named(texts: list[str], why: str) -> None:
    with pytest.raises(OptionError, match=why) as error:
        parse(texts)
    assert texts[-1].partition("=")[2] in str(error.value)


@given(NAMES, VALUES)
def test_what_is_shown_is_read_as_the_same_value(name: str, value: bool | int | float | str) -> None:
    read = parse([shown(name, value)])[name]
    assert type(read) is type(value)
    assert read == value


@given(OFFERS, OFFERS)
def test_a_node_fits_when_it_has_each_pair_with_equal_type(
    offer: dict[str, object], want: dict[str, object]
) -> None:
    requires = frozenset(want.items())
    has = {(name, type(value), value) for name, value in offer.items()}
    assert fits(offer, requires) == ({(name, type(value), value) for name, value in want.items()} <= has)
    assert fits(offer, requires) == (not lacks(offer, requires))


def test_true_is_not_one_and_a_missing_name_is_not_none() -> None:
    assert not fits({"gpu": 1}, frozenset({("gpu", True)}))
    assert not fits({"cores": True}, frozenset({("cores", 1)}))
    assert not fits({}, frozenset({("gpu", None)}))
    assert fits({}, frozenset())


def test_what_a_node_lacks_is_said_in_words() -> None:
    requires = frozenset({("gpu", True), ("zone", "eu"), ("cores", 8)})
    assert lacks({"gpu": False, "cores": 8}, requires) == "gpu=true (it has gpu=false), zone=eu"


@pytest.mark.parametrize(
    "offer", [{"a": None}, {"a": [1]}, {1: True}, {"": 1}, {"a b": 1}, {"a": float("nan")}, {"a": 2**63}, 7]
)
def test_offers_of_other_things_than_names_and_plain_values_are_refused(offer: object) -> None:
    with pytest.raises(OptionError):
        checked(offer)  # type: ignore[arg-type]


def test_a_checked_offer_is_a_copy() -> None:
    offer = {"gpu": True, "zone": "eu"}
    assert checked(offer) == offer
    assert checked(offer) is not offer
