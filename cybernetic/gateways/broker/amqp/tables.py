"""AMQP's field tables (headers), both ways: what cannot be carried is refused before anything is sent.

RabbitMQ's table of types, https://www.rabbitmq.com/amqp-0-9-1-errata (section 3), is the one that holds.
"""

import struct
from collections.abc import Callable, Mapping
from typing import Any

from cybernetic.core import OptionError
from cybernetic.gateways.broker.messages import Header
from cybernetic.gateways.broker.topology import SHORT

DEPTH = 32  # tables and lists within each other
LEAST, MOST = -(1 << 63), (1 << 63) - 1
CARRIED = "text, 64-bit integers, floats, bools, None, and lists and mappings of these"

_size = struct.Struct(">I")
_long = struct.Struct(">cq")
_double = struct.Struct(">cd")
_text = struct.Struct(">cI")

NUMBERS = {
    tag: struct.Struct(f">{code}")
    for tag, code in {
        "b": "b", "B": "B", "s": "h", "u": "H", "I": "i", "i": "I", "l": "q", "L": "Q", "f": "f", "d": "d", "T": "Q",
    }.items()
}  # fmt: skip


class Unreadable(Exception):
    """Bytes that are no field table."""


def encode_table(table: Mapping[str, Header], name: str = "headers") -> bytes:
    """`table` with its length before it. Raises `OptionError` naming the entry that AMQP cannot carry."""
    return _table(table, name, DEPTH)


def _table(table: Mapping[str, Any], name: str, depth: int) -> bytes:
    parts: list[bytes] = []
    for key, value in table.items():
        if not isinstance(key, str):
            raise OptionError(name, "text as keys", key)
        raw = encode_text(key, name)
        if len(raw) > SHORT:
            raise OptionError(name, f"keys of at most {SHORT} bytes", key)
        parts += (bytes((len(raw),)), raw, _field(value, f"{name}[{key!r}]", depth))
    return _sized(b"".join(parts))


def _field(value: Any, name: str, depth: int) -> bytes:
    if isinstance(value, str):
        raw = encode_text(value, name)
        return _text.pack(b"S", len(raw)) + raw
    if value is None:
        return b"V"
    if isinstance(value, bool):
        return b"t\x01" if value else b"t\x00"
    if isinstance(value, int):
        if LEAST <= value <= MOST:
            return _long.pack(b"l", value)
        raise OptionError(name, "an integer of 64 bits with its sign", value)
    if isinstance(value, float):
        return _double.pack(b"d", value)
    if depth == 0:
        raise OptionError(name, f"at most {DEPTH} lists and mappings within each other", value)
    if isinstance(value, Mapping):
        return b"F" + _table(value, name, depth - 1)
    if isinstance(value, list | tuple):
        return b"A" + _sized(b"".join(_field(one, name, depth - 1) for one in value))
    raise OptionError(name, CARRIED, value)


def encode_text(text: str, name: str) -> bytes:
    """`text` in UTF-8. Raises `OptionError` where it has no such form."""
    try:
        return text.encode()
    except UnicodeEncodeError:
        raise OptionError(name, "text that UTF-8 can carry", text) from None


def _sized(raw: bytes) -> bytes:
    return _size.pack(len(raw)) + raw


def decode_table(data: bytes, at: int = 0) -> tuple[dict[str, Header], int]:
    """The table that begins at `at`, and where it ends. Raises `Unreadable`, and nothing else, for any bytes.

    What AMQP knows and `Header` does not comes as its nearest: timestamps as whole seconds, decimals as floats, bytes
    as text in which what is no UTF-8 is replaced.
    """
    try:
        return _read_table(data, at, DEPTH)
    except (struct.error, IndexError, OverflowError) as error:
        raise Unreadable(str(error)) from None


def _read_table(data: bytes, at: int, depth: int) -> tuple[dict[str, Header], int]:
    at, end = _span(data, at)
    table: dict[str, Header] = {}
    while at < end:
        key, at = read_short(data, at)
        table[key], at = _read_field(data, at, depth)
    _check(at == end, "an entry that goes beyond its table")
    return table, end


def _read_list(data: bytes, at: int, depth: int) -> tuple[list[Header], int]:
    at, end = _span(data, at)
    items: list[Header] = []
    while at < end:
        item, at = _read_field(data, at, depth)
        items.append(item)
    _check(at == end, "an item that goes beyond its list")
    return items, end


def _read_field(data: bytes, at: int, depth: int) -> tuple[Header, int]:
    tag, at = chr(data[at]), at + 1
    if tag in "Sx":
        at, end = _span(data, at)
        return data[at:end].decode(errors="replace"), end
    if number := NUMBERS.get(tag):
        return number.unpack_from(data, at)[0], at + number.size
    if tag == "t":
        return data[at] != 0, at + 1
    if tag == "V":
        return None, at
    if tag == "D":
        return _size.unpack_from(data, at + 1)[0] / 10.0 ** data[at], at + 5
    nested: Callable[[bytes, int, int], tuple[Header, int]] | None = _NESTED.get(tag)
    _check(nested is not None, f"a field of type {tag!r}")
    _check(depth > 0, f"more than {DEPTH} lists and tables within each other")
    assert nested is not None
    return nested(data, at, depth - 1)


_NESTED: dict[str, Callable[[bytes, int, int], tuple[Header, int]]] = {"F": _read_table, "A": _read_list}


def read_short(data: bytes, at: int) -> tuple[str, int]:
    """The short string at `at`, and where it ends."""
    end = at + 1 + data[at]
    _check(end <= len(data), "a string that goes beyond the frame")
    raw = data[at + 1 : end]
    try:
        return raw.decode(), end
    except UnicodeDecodeError:  # with "?" it stays a short string: U+FFFD takes three bytes
        return raw.decode(errors="replace").replace("\ufffd", "?"), end


def _span(data: bytes, at: int) -> tuple[int, int]:
    end = at + 4 + int(_size.unpack_from(data, at)[0])
    _check(end <= len(data), "a length that goes beyond the frame")
    return at + 4, end


def _check(fine: bool, what: str) -> None:
    if not fine:
        raise Unreadable(what)
