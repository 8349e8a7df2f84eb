"""Which trace contexts are valid: the examples of the recommendation, and what it forbids."""

import pytest

from cybernetic.core import OptionError
from cybernetic.gateways.envelope.trace import traceparent, tracestate

TRACE = "0af7651916cd43dd8448eb211c80319c"
PARENT = "b7ad6b7169203331"


@pytest.mark.parametrize(
    "value",
    [
        f"00-{TRACE}-{PARENT}-01",
        f"00-{TRACE}-{PARENT}-00",
        f"00-{TRACE}-{PARENT}-ff",
        f"cc-{TRACE}-{PARENT}-01",
        f"cc-{TRACE}-{PARENT}-01-what-the-future-will-be-like",
        f"01-{TRACE}-{PARENT}-01-",
    ],
)
def test_valid_parents_are_kept(value: str) -> None:
    assert traceparent(value) == value


@pytest.mark.parametrize(
    "value",
    [
        "",
        None,
        5,
        f"ff-{TRACE}-{PARENT}-01",
        f"00-{TRACE}-{PARENT}-01-more",
        f"00-{TRACE}-{PARENT}-01-",
        f"cc-{TRACE}-{PARENT}-01more",
        f"cc-{TRACE}-{PARENT}-01-é",
        f"cc-{TRACE}-{PARENT}-01-{'x' * 255}",
        f"00-{'0' * 32}-{PARENT}-01",
        f"00-{TRACE}-{'0' * 16}-01",
        f"00-{TRACE.upper()}-{PARENT}-01",
        f"00-{TRACE[1:]}-{PARENT}-01",
        f"00-{TRACE}-{PARENT}",
        f"0-{TRACE}-{PARENT}-01",
        f" 00-{TRACE}-{PARENT}-01",
        f"00-{TRACE}-{PARENT}-01\n",
        f"00_{TRACE}_{PARENT}_01",
    ],
)
def test_other_parents_are_refused(value: object) -> None:
    with pytest.raises(OptionError, match="traceparent"):
        traceparent(value)


@pytest.mark.parametrize(
    "value",
    [
        "rojo=00f067aa0ba902b7",
        "rojo=00f067aa0ba902b7,congo=t61rcWkgMzE",
        "a=1, b=2 ,\tc=3",
        "a=1,,b=2",
        "fw529a3039@dt=FfQ2NlbzY;x",
        "0a@b=1",
        "a_-*/0=!\"#$%&'()*+-./:;<>?@[]^_`{|}~",
        "a=b c",
        ",".join(f"k{number}=v" for number in range(32)),
        f"a={'x' * 256}",
    ],
)
def test_valid_states_are_kept(value: str) -> None:
    assert tracestate(value) == value


@pytest.mark.parametrize(
    "value",
    [
        None,
        "",
        ",",
        "a",
        "=1",
        "a=",
        "a=1=2",
        "A=1",
        "0a=1",
        "a@=1",
        "a@0b=1",
        "a=1,a=2",
        "a=é",
        "a=\x7f",
        f"a={'x' * 257}",
        f"{'a' * 257}=1",
        ",".join(f"k{number}=v" for number in range(33)),
        f"a={'x' * 256},b={'x' * 256}",
    ],
)
def test_other_states_are_refused(value: object) -> None:
    with pytest.raises(OptionError, match="tracestate"):
        tracestate(value)
