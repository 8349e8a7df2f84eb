"""Whatever bytes arrive, they build a value or a declared error, in bounded time and memory."""

import random
import struct
import tracemalloc
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cybernetic.wire import Codec, DamagedMessage, MessageTooLarge, TypeTable, UnknownType, WireError, bounds
from tests.support import SEED, soak
from tests.wire.values import EXAMPLES, TABLE, Order, travelling

CODEC = Codec(TABLE)
N = 20_000

FREE = 17 * 2**20  # bytes of memory that any message may cost, and how many more for each byte of it
FOLD = 100


def array(size: int) -> bytes:
    return b"\xdd" + struct.pack(">I", size)


def tag(name: str) -> bytes:
    return bytes((0xC7, len(name), 0x43)) + name.encode()


def harmless(data: bytes) -> Any:
    """The value of `data`, or None where it is refused with a declared error."""
    try:
        return CODEC.decode(data)
    except WireError as error:
        check_short(str(error))
        return None


def check_short(text: str) -> None:
    assert len(text) < 600


@given(st.binary(max_size=200))
@settings(max_examples=soak(100, 5_000))
def test_random_bytes_are_refused_or_a_value(data: bytes) -> None:
    harmless(data)
    harmless(b"\xc1\x01" + data)
    harmless(b"\xc1\x03" + data)


@given(travelling, st.data())
@settings(max_examples=soak(100, 5_000))
def test_a_mutated_message_is_refused_or_a_value(value: object, data: st.DataObject) -> None:
    message = bytearray(CODEC.encode(value))
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(message) - 1))
        message[at] = data.draw(st.integers(0, 255))
    harmless(bytes(message))


def test_many_mutated_messages_are_refused_or_a_value() -> None:
    chance = random.Random(SEED)
    messages = [CODEC.encode(value) for value in EXAMPLES]
    for _ in range(soak(3_000, 1_000_000)):
        message = bytearray(chance.choice(messages))
        for _ in range(chance.randint(1, 4)):
            at = chance.randrange(len(message) + 1)
            match chance.randrange(4):
                case 0:
                    message[at:at] = chance.randbytes(chance.randint(1, 4))
                case 1:
                    del message[at:]
                case 2:
                    message[at : at + 1] = bytes((chance.randrange(0x80, 0x100),))
                case _:
                    message += chance.choice(messages)[: chance.randrange(9)]
        harmless(bytes(message))


@pytest.mark.parametrize("value", EXAMPLES, ids=lambda value: repr(value)[:40])
def test_a_truncated_or_lengthened_message_is_refused(value: object) -> None:
    message = CODEC.encode(value)
    for size in range(len(message)):
        with pytest.raises(WireError):
            CODEC.decode(message[:size])
    with pytest.raises(DamagedMessage):
        CODEC.decode(message + b"\x00")


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xc1",
        b"\xc1\x02\x90",  # a plain tuple needs no flags
        b"\xc1\x04\x90",
        b"\xc1\xff\x90",
        b"\xc1\x03\x01",  # a tuple that is a number
        b"\xc1\x01" + tag("t"),  # tags astray: alone, not in front, as a key
        b"\xc1\x01\x92\x01" + tag("t"),
        b"\xc1\x01\x81" + tag("t") + b"\x01",
        b"\xc1\x01\x92" + tag("t") + tag("t"),
        b"\xc1\x01\x91" + tag("U"),  # parts that build nothing
        b"\xc1\x01\x92" + tag("U") + b"\x05",
        b"\xc1\x01\x92" + tag("i") + b"\x05",
        b"\xc1\x01\x92" + tag("d") + b"\x05",
        b"\xc1\x01\x92" + tag("s") + b"\x90",
        b"\xc1\x01\x92" + tag("Z") + b"\xa2..",
        b"\xc1\x01\x92" + tag("Z") + b"\xa7America",
        b"\xc1\x01\x92" + tag("tests.Colour") + b"\xa4BLUE",
        b"\xc1\x01\x92" + tag("tests.Sized") + b"\xff",
        b"\xc1\x01\x93" + tag("tests.Order") + b"\x01\x02\x03"[:1],
        b"\xc1\x01\x92" + tag("!tests.Overdrawn") + b"\x05",
        b"\xc1\x01\x92" + tag("!tests.Overdrawn") + b"\x81\x01\x02",
        b"\x81\x90\x01",  # a list as a key
        b"\xa1\xff",
        b"\xd4\xff\x00",
        b"\xd4\x80\x00",
        b"\xdd\xff\xff\xff\xff",
        b"\x01\x02",
    ],
    ids=repr,
)
def test_damaged_bytes_are_refused(data: bytes) -> None:
    with pytest.raises(DamagedMessage, match=r"expected .* got: "):
        CODEC.decode(data)


def test_an_unknown_type_is_refused_by_its_name() -> None:
    with pytest.raises(UnknownType, match=r"got: 'no\.such'"):
        CODEC.decode(b"\xc1\x01\x91" + tag("no.such"))
    with pytest.raises(UnknownType) as caught:
        CODEC.decode(b"\xc1\x01\x91" + b"\xc8\xff\xff\x43" + b"\xff" * 0xFFFF)
    assert len(str(caught.value)) < 500


def test_an_error_of_endless_text_is_told_in_short() -> None:
    number = b"\xc6" + struct.pack(">I", 50_000) + b"\x01" * 50_000
    for name in ("tests.Colour", "tests.Rights", "U", "d", "D", "h", "p", "z"):
        part = b"\x92" + tag("i") + number
        with pytest.raises(DamagedMessage) as caught:
            CODEC.decode(b"\xc1\x01\x92" + tag(name) + part)
        assert len(str(caught.value)) < 400


def test_a_constructor_that_runs_out_of_memory_makes_the_message_a_damaged_one() -> None:
    def multiply(part: bytes, times: int) -> bytes:
        raise MemoryError(len(part) * times)

    table = TypeTable()
    table.register(Order, encode=lambda order: (b"x" * 8, 2**60), decode=multiply)
    codec = Codec(table)
    with pytest.raises(DamagedMessage, match=r"parts that build a .*Order, got: MemoryError"):
        codec.copy(Order(1))


def test_what_is_too_large_is_refused_before_it_is_decoded() -> None:
    with pytest.raises(MessageTooLarge, match="expected at most 10 bytes, got: 11"):
        Codec(max_size=10).decode(b"\xc1" * 11)


@pytest.mark.parametrize("head", [b"", b"\xc1\x01"], ids=["plain", "tagged"])
@pytest.mark.parametrize("level", [b"\x91", b"\x81\x01", b"\xdc\x00\x01", b"\x92" + tag("t")], ids=repr)
@pytest.mark.parametrize(("limit", "levels"), [(20, 21), (1023, 1025), (1023, 100_000), (20, 100_000)])
def test_a_depth_bomb_is_refused(head: bytes, level: bytes, limit: int, levels: int) -> None:
    if not head and level.startswith(b"\x92"):
        level = b"\x91"
    with pytest.raises(MessageTooLarge, match=f"expected at most {limit} levels of nesting, got: more"):
        Codec(TABLE, max_depth=limit).decode(head + level * levels + b"\x01")


GREEDY = {
    "empty dicts": array(N) + b"\x80" * N,
    "empty lists": array(N) + b"\x90" * N,
    "empty sets": b"\xc1\x01" + array(N) + (b"\x91" + tag("s")) * N,
    "one set": b"\xc1\x01"
    + array(N + 1)
    + tag("s")
    + b"".join(b"\xcd" + struct.pack(">H", i) for i in range(N)),
    "one dict": b"\xdf"
    + struct.pack(">I", N)
    + b"".join(b"\xcd" + struct.pack(">H", i) + b"\xc0" for i in range(N)),
    "refusals": b"\xc1\x01" + array(N) + (b"\x92" + tag("!x") + b"\x80") * N,
    "reasons": b"\xc1\x01" + array(N) + (b"\x91" + tag("cybernetic.Normal")) * N,
    "decimals": b"\xc1\x01" + array(N) + (b"\x92" + tag("D") + b"\xa11") * N,
    "one huge decimal": b"\xc1\x01\x92" + tag("D") + b"\xdb" + struct.pack(">I", 10 * N) + b"7" * 10 * N,
    "one huge integer": b"\xc1\x01\x92" + tag("i") + b"\xc6" + struct.pack(">I", 10 * N) + b"\x7f" * 10 * N,
    "short arrays": b"\xdc\x03\x00" * 340,
    "arrays": b"\xdc\x10\x00" * 1_500,
    "long arrays": b"\xdc\xff\x00" * N,
    "longest arrays": array(90_000) * N,
    "claims in a tuple": b"\xc1\x03" + array(90_000) * N,
    "claims after text": b"\x92\xda\xff\xff" + b"\xdd" * 0xFFFF + array(90_000) * N,
    "claims after numbers": array(2 * N) + b"\xcb\xdd\xdd\xdd\xdd\xdd\xdd\xdd\xdd" * N + array(90_000) * N,
}


@pytest.mark.parametrize("name", GREEDY)
def test_memory_is_bounded_by_the_size(name: str) -> None:
    data = GREEDY[name]
    tracemalloc.start()
    try:
        harmless(data)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < FREE + FOLD * len(data), f"{peak / len(data):.0f} times the size of the message"


def test_honest_arrays_of_any_length_are_not_taken_for_claims() -> None:
    value = (
        [b"\xdd\xdc" * 9] * 3_000,
        [0.1 * i for i in range(30_000)],
        list(range(70_000)),
        "\u0718" * 9_000,
    )
    data = CODEC.encode(value)
    assert bounds._has_more(data, bounds.FREE_CLAIM // (bounds.CLAIM_BYTES * len(data)))
    assert CODEC.decode(data) == value


@given(travelling)
@settings(max_examples=soak(100, 5_000))
def test_an_honest_message_never_claims_more_than_it_has(value: object) -> None:
    data = CODEC.encode([value, list(range(70_000, 70_020)), b"x" * 300, "y" * 40])
    assert 0 < bounds._claimed(data[2:]) <= len(data)


def test_the_time_zones_of_strangers_are_looked_up_by_name_only() -> None:
    for key in ("/etc/passwd", "../../etc/passwd", "no/such/zone", "a" * 100_000, "x\x00y"):
        message = CODEC.encode((key,))
        assert harmless(b"\xc1\x01\x92" + tag("Z") + message[1:]) is None
