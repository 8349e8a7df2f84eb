"""What a row can hold, checked where it is given: later, on the writer's thread, it would fail others as well."""

from typing import Any

from cybernetic.core import OptionError, number


def blob(name: str, value: Any) -> bytes:
    """`value` if it is bytes. Raises `OptionError`."""
    if type(value) is not bytes:
        raise OptionError(name, "bytes", value)
    return value


def text(name: str, value: Any) -> int:
    """How many bytes `value` is in UTF-8, if it is a text. Raises `OptionError`."""
    try:
        return len(str.encode(value))
    except (TypeError, UnicodeEncodeError):
        raise OptionError(name, "text", value) from None


def measure(exchange: str, routing_key: str, body: bytes, headers: bytes) -> int:
    """The bytes of a message, if a row can hold it. Raises `OptionError`."""
    return (
        len(blob("body", body))
        + len(blob("headers", headers))
        + text("exchange", exchange)
        + text("routing_key", routing_key)
    )


def as_key(key: Any) -> bytes:
    """A key as bytes; a text stands for its UTF-8. Raises `OptionError`."""
    if isinstance(key, str):
        text("key", key)
        return key.encode()
    return blob("key", key)


def expiry(expires: float | None, otherwise: float) -> float:
    """A time of expiry in seconds since the epoch; `otherwise` where None is given. Raises `OptionError`."""
    return otherwise if expires is None else number("expires", expires)
