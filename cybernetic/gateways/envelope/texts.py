"""Texts and paths: which an envelope may hold."""

from collections.abc import Sequence

from cybernetic.core import OptionError
from cybernetic.gateways.envelope.limits import TEXT


class TooLong(OptionError):
    """A text is longer than it may be."""


def plain(values: Sequence[object]) -> bool:
    """Whether all are texts that are valid at a glance: ASCII, printable, not empty, of at most 255 bytes."""
    try:
        joined = "".join(values)  # type: ignore[arg-type]
    except TypeError:
        return False
    if not joined.isascii() or not joined.isprintable() or "" in values:
        return False
    return len(joined) <= TEXT or max(map(len, values)) <= TEXT  # type: ignore[arg-type]


def text(name: str, value: object) -> str:
    """`value` as printable text, not empty, of at most 255 bytes in UTF-8. Raises `OptionError`, `TooLong`."""
    if not isinstance(value, str) or not value.isprintable() or not value:
        raise OptionError(name, "printable text, not empty", value)
    if len(value) > TEXT or len(value.encode()) > TEXT:
        raise TooLong(name, f"at most {TEXT} bytes", len(value.encode()))
    return value


def path(name: str, value: object) -> str:
    """`value` as a path such as "shop/support/answer-1": parts, none empty, slashes between. Raises `OptionError`."""
    if not isinstance(value, str) or not value or "//" in f"/{value}/":
        raise OptionError(name, "a path such as 'shop/support/answer-1'", value)
    return value


def within(inner: str, outer: str) -> bool:
    """Whether path `inner` is `outer` or below it: "shop/support" is within "shop", "shopping" is not."""
    return inner.startswith(outer) and (len(inner) == len(outer) or inner[len(outer)] == "/")
