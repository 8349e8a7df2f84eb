"""What arrives is what was sent: in value and in type, however deep inside."""

import random

import msgpack
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from cybernetic.wire import Codec
from tests.support import soak
from tests.wire.values import EXAMPLES, TABLE, Colour, Level, Order, Sized, hashable, same, travelling

CODEC = Codec(TABLE)
CANONICAL = Codec(TABLE, canonical=True)


@given(travelling)
@settings(max_examples=soak(200, 5_000))
def test_what_arrives_is_what_was_sent(value: object) -> None:
    assert same(CODEC.copy(value), value)
    canonical = CANONICAL.encode(value)
    assert canonical == CANONICAL.encode(CODEC.decode(canonical)) == CANONICAL.encode(CODEC.copy(value))


@given(st.lists(travelling, max_size=3).map(tuple))
@example((Level.HIGH, (1,), 1 << 70, "\ud800"))
@example((b"x" * 2000, "plain", 1, 1.5, True, None))
def test_what_is_called_light_travels_as_all_else_whatever_it_is(value: tuple[object, ...]) -> None:
    assert CODEC.encode(value, light=True) == CODEC.encode(value)


@pytest.mark.parametrize("value", EXAMPLES, ids=lambda value: repr(value)[:40])
def test_each_example_arrives_as_it_was_sent(value: object) -> None:
    assert same(CODEC.copy(value), value)
    assert same(CODEC.decode(memoryview(bytearray(CODEC.encode(value)))), value)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (1, 1.0),
        (1, True),
        (0, False),
        (0.0, -0.0),
        ((1,), [1]),
        ({1}, frozenset([1])),
        (b"a", "a"),
        ({1: 2}, {True: 2}),
        ([(1,)], [[1]]),
    ],
)
def test_values_of_different_types_stay_apart(one: object, other: object) -> None:
    assert CODEC.encode(one) != CODEC.encode(other)
    assert not same(CODEC.copy(one), other)


def test_the_comparison_of_these_tests_tells_types_apart() -> None:
    assert not same([1], [True])
    assert not same({"a": (1,)}, {"a": [1]})
    assert not same({1: 1}, {1.0: 1})
    assert not same(Order(1), Order(1.0))
    assert not same({(1,)}, {(1.0,)})


def test_an_enum_member_arrives_as_itself() -> None:
    assert CODEC.copy(Colour.RED) is Colour.RED
    assert CODEC.copy([Colour.CRIMSON])[0] is Colour.RED


def test_a_dataclass_is_built_by_its_constructor() -> None:
    sized = CODEC.copy(Sized(3, height=5))
    assert (sized.width, sized.height, sized.girth) == (3, 5, 16)


def test_bytes_like_values_arrive_as_bytes() -> None:
    assert CODEC.copy((bytearray(b"a"), memoryview(b"b"))) == (b"a", b"b")


def test_the_values_of_msgpack_itself_pass() -> None:
    value = [msgpack.ExtType(5, b"x"), msgpack.Timestamp(1, 2), (1,)]
    assert CODEC.copy(value) == value
    assert CODEC.copy(value[0]) == value[0]


@pytest.mark.parametrize("bits", [63, 64, 65, 4_000, 100_000])
def test_an_integer_of_any_size_arrives(bits: int) -> None:
    for value in (2**bits, 2**bits - 1, -(2**bits), -(2**bits) - 1):
        assert CODEC.copy(value) == value


def test_a_plain_tuple_is_plain_msgpack() -> None:
    value = ("cast", 17, {"a": [1, b"x"]})
    assert CODEC.encode(value) == msgpack.packb(value)


def test_a_copy_shares_nothing_that_can_change() -> None:
    value = ({"a": [1]},)
    copy = CODEC.copy(value)
    copy[0]["a"].append(2)
    assert value == ({"a": [1]},)


def test_encoding_may_happen_while_encoding() -> None:
    class Wrapped:
        def __init__(self, inner: object) -> None:
            self.inner = inner

    codec = Codec(table := type(TABLE)())
    table.register(
        Wrapped, encode=lambda it: (codec.encode(it.inner),), decode=lambda data: Wrapped(codec.decode(data))
    )
    for _ in range(3):  # what an earlier message left behind is used again
        value = codec.copy(["before", Wrapped((1, Wrapped([(2,)]))), ("after",)])
        assert value[0] == "before"
        assert value[2] == ("after",)
        assert value[1].inner[1].inner == [(2,)]


@given(st.dictionaries(hashable, st.integers(), max_size=6), st.sets(hashable, max_size=6), st.randoms())
@settings(max_examples=soak(100, 5_000))
def test_equal_values_have_equal_canonical_bytes(
    mapping: dict[object, int], elements: set[object], chance: random.Random
) -> None:
    shuffled = dict(chance.sample([*mapping.items()], len(mapping)))
    assert CANONICAL.encode([mapping, elements]) == CANONICAL.encode(
        [shuffled, set(chance.sample([*elements], len(elements)))]
    )


def test_canonical_bytes_do_not_depend_on_the_order_of_filling() -> None:
    one = {"a": {1, 2, "x"}, "b": Order({"p": 1, "q": (1,)}), (1, 2): frozenset([(3,), (4,)])}
    other = {(1, 2): frozenset([(4,), (3,)]), "b": Order({"q": (1,), "p": 1}), "a": {"x", 2, 1}}
    assert CANONICAL.encode(one) == CANONICAL.encode(other)
    assert CODEC.encode(one) != CODEC.encode(other)
    assert CANONICAL.encode({"a": 1}) != CANONICAL.encode({"a": 1.0})
    assert CANONICAL.encode([1, 2]) != CANONICAL.encode([2, 1])
