"""The canonical form: equal values of equal types give equal bytes, however dicts and sets were filled."""

from collections.abc import Callable
from typing import Any

from cybernetic.wire.entry import Parts


def canonical(
    value: Any,
    pack: Callable[[Any], bytes],
    array: Callable[[int], bytes],
    mapping: Callable[[int], bytes],
    apart: Callable[[Any], Parts],
    native: frozenset[type],
) -> bytes:
    """The bytes of `value`, dicts sorted by the bytes of their keys, sets by those of their elements.

    `pack` encodes a value of a type in `native`, `array` and `mapping` encode the header of so many parts,
    `apart` gives the tag and the parts of any other value. Raises `RecursionError` where there is no end.
    """

    def write(value: Any) -> bytes:
        kind = type(value)
        if kind in native:
            return pack(value)
        if kind is dict:
            pairs = []
            for key, inner in value.items():
                pairs.append(write(key) + write(inner))
            return mapping(len(pairs)) + b"".join(sorted(pairs))
        parts = value if kind is list else apart(value)
        written = []
        for part in parts:
            written.append(write(part))
        if kind is set or kind is frozenset:
            written[1:] = sorted(written[1:])
        return array(len(written)) + b"".join(written)

    return write(value)
