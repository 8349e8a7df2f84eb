"""What a message may cost: its sender, told before it is encoded; its receiver, told from its bytes. Pure functions.

msgpack makes room for an array as soon as it has read the array's length. One honest array needs a byte for
each element; many nested arrays that all announce every remaining byte would claim memory a thousandfold.
"""

import re
from collections.abc import Collection, Iterable
from struct import unpack_from
from typing import Any

CLAIM_BYTES = 8  # room per announced element of an array
FREE_CLAIM = 16 << 20  # bytes of room that may be claimed without a closer look
SMALL = 1024  # bytes of a message that cannot claim so much, whatever it announces

_CONTAINERS = frozenset((list, dict, tuple))
_HEADERS = bytes([*range(0x80, 0xA0), 0xDC, 0xDD, 0xDE, 0xDF])  # arrays and maps
_OTHERS = bytes(sorted(set(range(256)) - set(_HEADERS)))

# a run of objects whose size their first byte tells: numbers, short strings, short headers, small extensions
_FIXED = re.compile(
    rb"(?s:[\x00-\xa0\xc0\xc2\xc3\xe0-\xff]++|(?:[\xcf\xd3\xcb].{8})++|[\xcc\xd0].|[\xcd\xd1\xde]..|[\xce\xd2\xca\xdf].{4}"
    rb"|\xd4..|\xd5.{3}|\xd6.{5}|\xd7.{9}|\xd8.{17}|"
    + b"|".join(b"\\x%02x.{%d}" % (0xA0 + size, size) for size in range(1, 32))
    + rb")*+"
)
# what the run stops at: the form of the length, and how many bytes follow it besides the content
_SIZED = {
    0xC4: (">B", 1),
    0xC5: (">H", 2),
    0xC6: (">I", 4),
    0xC7: (">B", 2),
    0xC8: (">H", 3),
    0xC9: (">I", 5),
    0xD9: (">B", 1),
    0xDA: (">H", 2),
    0xDB: (">I", 4),
}
_ARRAYS = {0xDC: (">H", 2), 0xDD: (">I", 4)}


_LONG = 32  # parts from which on it is quicker to see first of what types they all are
_TEXTS = frozenset((str, bytes, bytearray))
_FIXED_SIZE = frozenset((int, float, bool, type(None)))
_FEW = 200_000  # containers that are looked into: what contains itself has no end of them


def weight(parts: Collection[Any], limit: int) -> int:
    """How many bytes `parts` take at least when they are encoded; counted not much further than `limit`.

    Only what lies in lists and dicts counts: other containers are weighed when they are taken apart. Of very many
    containers some are left aside.
    """
    total, left, waiting = 0, _FEW, [parts]
    while waiting and total <= limit and left:
        left -= 1
        parts = waiting.pop()
        if len(parts) > _LONG:
            kinds = set(map(type, parts))
            if kinds <= _FIXED_SIZE:
                continue
            if kinds <= _TEXTS:
                total += sum(map(len, parts))
                continue
        for part in parts:
            kind = type(part)
            if kind is str or kind is bytes or kind is bytearray:
                total += len(part)
            elif kind is dict:
                total += len(part)
                waiting.append(part)
                waiting.append(part.values())
            elif kind is list:
                total += len(part)
                waiting.append(part)
            elif kind is memoryview:
                total += part.nbytes
    return total


def overclaims(data: bytes) -> bool:
    """Whether the long arrays in `data` together announce more elements than it has bytes."""
    most = FREE_CLAIM // (CLAIM_BYTES * len(data) or 1)
    return _has_more(data, most) and _claimed(data) > len(data)


def may_be_deep(data: bytes, limit: int) -> bool:
    """Whether `data` has enough headers of arrays and maps to nest deeper than `limit`; False is certain."""
    return len(data) > limit and len(data.translate(None, _OTHERS)) > limit


def deeper(value: Any, limit: int) -> bool:
    """Whether lists, tuples and the values of dicts nest deeper in `value` than `limit`. Never recurses."""
    level = [value] if type(value) in _CONTAINERS else []
    for _ in range(limit):
        if not level:
            return False
        level = [part for whole in level for part in _inside(whole) if type(part) in _CONTAINERS]
    return bool(level)


def _has_more(data: bytes, most: int) -> bool:
    """Whether more than `most` bytes of `data` could be the header of a long array."""
    for header in _ARRAYS:
        at = data.find(header)
        while at >= 0:
            if most == 0:
                return True
            most -= 1
            at = data.find(header, at + 1)
    return False


def _inside(container: Any) -> Iterable[Any]:
    return container.values() if type(container) is dict else container


def _claimed(data: bytes) -> int:
    """How many elements the long arrays in `data` announce, up to where it stops being msgpack."""
    claimed, at, end = 0, 0, len(data)
    while True:
        found = _FIXED.match(data, at)
        at = found.end() if found else at
        if end - at < 5:  # no room for a length of the longest form: such arrays claim next to nothing
            return claimed
        kind = data[at]
        if kind in _ARRAYS:
            form, size = _ARRAYS[kind]
            claimed += unpack_from(form, data, at + 1)[0]
            at += 1 + size
        elif kind in _SIZED:
            form, size = _SIZED[kind]
            at += 1 + size + unpack_from(form, data, at + 1)[0]
        else:
            return claimed
