"""What cannot travel is refused at the sender's line, by the path of the part at fault."""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from typing import Any

import pytest

from cybernetic.core import CannotTravel, OptionError
from cybernetic.wire import BeyondLimit, Codec, EncodeFailed, TypeTable
from tests.wire.values import TABLE, Money, Order, Overdrawn, Point

CODEC = Codec(TABLE)
BAD = object()


class Zone(tzinfo):
    def utcoffset(self, _: object) -> timedelta:
        return timedelta()

    dst = tzname = None  # type: ignore[assignment]


@pytest.mark.parametrize(
    ("value", "path"),
    [
        (BAD, "message"),
        ((1, BAD), "message[1]"),
        ([{"x": Order(1, BAD)}], "message[0]['x'].note"),
        ({"a": {5: (BAD,)}}, "message['a'][5][0]"),
        ({1: 1, BAD: 2}, "message.keys()[1]"),
        ({(1, BAD): 2}, "message.keys()[0][1]"),
        ({Point(1): BAD}, "message[Point]"),
        ([1, {BAD}], "message[1].element(0)"),
        (Point(1, [BAD]), "message.y[0]"),
        (Money(BAD, "EUR"), "message.encode()[0]"),
        (Overdrawn("a", BAD), "message.__dict__['missing']"),  # type: ignore[arg-type]
        (datetime(2024, 1, 1, tzinfo=Zone()), "message.tzinfo"),
        ([len, BAD], "message[0]"),
        ({"long" * 20: BAD}, "message['longlonglonglonglonglonglonglonglonglon]"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_the_part_that_cannot_travel_is_named(value: Any, path: str) -> None:
    with pytest.raises(
        CannotTravel, match=re.escape(f"{path}: expected a value that can travel, got: ")
    ) as caught:
        CODEC.encode(value)
    assert caught.value.path == path
    with pytest.raises(CannotTravel) as caught:
        Codec(TABLE, canonical=True).encode(value)
    assert caught.value.path == path


def test_the_sender_names_the_whole() -> None:
    with pytest.raises(
        CannotTravel, match=r"args\[0\]\['x'\].id: expected a value that can travel, got: object"
    ):
        CODEC.encode(({"x": Order(BAD)},), "args")


def test_a_codec_works_on_after_a_failure() -> None:
    for _ in range(3):
        with pytest.raises(CannotTravel):
            CODEC.encode([(1,), "begun", BAD])
        assert CODEC.copy([(1,), "whole"]) == [(1,), "whole"]


def test_a_class_registered_after_a_failure_travels() -> None:
    table = TypeTable()
    codec = Codec(table)
    with pytest.raises(CannotTravel):
        codec.encode(Order(1))
    table.register(Order)
    assert codec.copy(Order(1)) == Order(1)


def test_a_value_that_contains_itself_is_too_deep() -> None:
    loop: list[Any] = [1]
    loop.append((2, loop, {"x": loop}))
    for codec in (CODEC, Codec(TABLE, canonical=True), Codec(TABLE, max_depth=5)):
        with pytest.raises(BeyondLimit, match="levels of nesting, got: more") as caught:
            codec.encode(loop)
        assert len(str(caught.value)) < 300


@pytest.mark.parametrize("wrap", [lambda x: [x], lambda x: (x,), lambda x: {"k": x}, lambda x: Order(x)])
@pytest.mark.parametrize("limit", [1, 20, 1022, 1023])
def test_what_may_be_sent_may_be_received_and_nothing_deeper(wrap: Any, limit: int) -> None:
    codec = Codec(TABLE, max_depth=limit)
    value = None
    for _ in range(limit):
        value = wrap(value)
    assert type(codec.decode(codec.encode(value))) is type(value)
    with pytest.raises(BeyondLimit, match=f"expected at most {limit} levels of nesting"):
        codec.encode(wrap(value))


def test_a_message_of_more_bytes_than_allowed_is_refused() -> None:
    codec = Codec(max_size=100)
    assert codec.copy(b"x" * 98) == b"x" * 98
    with pytest.raises(BeyondLimit, match="args: expected at most 100 bytes encoded, got: 101"):
        codec.encode(b"x" * 99, "args")
    assert codec.copy([b"x" * 95]) == [b"x" * 95]
    with pytest.raises(BeyondLimit):
        codec.encode([b"x" * 96])


def test_a_function_that_fails_to_take_a_value_apart_is_reported() -> None:
    @dataclass
    class Odd:
        parts: Any

    table = TypeTable()
    table.register(Odd, encode=lambda odd: odd.parts(), decode=Odd)
    codec = Codec(table)
    with pytest.raises(
        EncodeFailed, match=r"message\[0\]: expected .*Odd to be taken apart, got: ZeroDivisionError"
    ):
        codec.encode([Odd(lambda: (1 / 0,))])
    with pytest.raises(EncodeFailed, match="return a tuple of parts, got: str"):
        codec.encode(Odd(lambda: "parts"))
    with pytest.raises(EncodeFailed, match="UnicodeEncodeError"):
        codec.encode(Odd(lambda: "é".encode("ascii")))
    assert codec.copy(["fine"]) == ["fine"]


def test_a_dataclass_without_its_field_is_reported() -> None:
    order = Order.__new__(Order)
    with pytest.raises(EncodeFailed, match="message: expected Order to be taken apart, got: AttributeError"):
        CODEC.encode(order)


@pytest.mark.parametrize("option", ["max_size", "max_depth"])
@pytest.mark.parametrize("value", [0, -1, 1.5, None, True])
def test_an_impossible_limit_is_refused(option: str, value: Any) -> None:
    with pytest.raises(OptionError, match=option):
        Codec(**{option: value})


def test_a_limit_deeper_than_can_be_read_is_refused() -> None:
    with pytest.raises(OptionError, match="max_depth: expected at most 1023, got: 1024"):
        Codec(max_depth=1024)


class Unmarked:
    """A class of a program's own."""


@pytest.mark.parametrize(
    ("value", "says"),
    [
        (Unmarked(), "got: Unmarked; @travels above class Unmarked would let it"),
        (object(), "got: object"),
        (len, "method"),
    ],
)
def test_what_would_let_a_value_travel_is_said_where_something_would(value: object, says: str) -> None:
    with pytest.raises(CannotTravel) as failed:
        Codec().encode([value])
    assert str(failed.value).endswith(says)
