"""How large the parts of a message may be, and how large its headers are."""

from collections.abc import Mapping
from dataclasses import dataclass

from cybernetic.core import whole

TEXT = 255  # bytes of a text field in UTF-8: what AMQP's short strings hold
TRACESTATE = 512  # characters; W3C Trace Context, 3.3.1.5
CAUSES = 32  # dots that one message may name as its causes
DETAIL = 200  # characters of what is said about a message that was refused

_ENTRY = 8  # bytes counted for what is no text, and for each entry of a list or table


@dataclass(frozen=True, slots=True)
class Limits:
    """What a receiver takes; more is refused as oversize before anything else is looked at.

    Attributes:
        body: bytes of the body, at least 1; what is sent is held to it too.
        headers: bytes of the headers, about as AMQP encodes them, at least 1.

    Raises `OptionError`.
    """

    body: int = 2**20
    headers: int = 2**14

    def __post_init__(self) -> None:
        whole("body", self.body, least=1)
        whole("headers", self.headers, least=1)


LIMITS = Limits()


def size_of(headers: Mapping[str, object], most: int) -> int:
    """About how many bytes `headers` take; the count stops soon after `most`, however deep they nest."""
    size = 0
    open_parts: list[object] = [headers]
    while open_parts and size <= most:
        part = open_parts.pop()
        if isinstance(part, str | bytes | bytearray):
            size += len(part) if isinstance(part, str) and part.isascii() else _bytes_of(part)
        elif isinstance(part, Mapping):
            size += _ENTRY * len(part)
            open_parts.extend(part)
            open_parts.extend(part.values())
        elif isinstance(part, list | tuple):
            size += _ENTRY * len(part)
            open_parts.extend(part)
        else:
            size += _ENTRY
    return size


def _bytes_of(part: str | bytes | bytearray) -> int:
    return len(part.encode(errors="surrogatepass")) if isinstance(part, str) else len(part)
