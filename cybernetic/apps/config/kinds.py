"""What a value of the configuration may be: a sentence, a check, and how text from outside becomes one."""

from collections.abc import Callable
from dataclasses import dataclass
from math import isfinite
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from cybernetic.nodes import parse_capabilities

NOWHERE = "nowhere"
YES, NO = ("true", "yes", "on", "1"), ("false", "no", "off", "0")


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of value.

    Attributes:
        expected: what is accepted, in words.
        accept: a value as TOML gives it -> the value as the program uses it. Raises `ValueError` for any other.
        parse: text of the environment or a flag -> a value as TOML would give it. Raises `ValueError`.
        many: whether a flag may be repeated.
    """

    expected: str
    accept: Callable[[Any], Any]
    parse: Callable[[str], Any] = str
    many: bool = False


def text(expected: str = "a text that is not empty") -> Kind:
    """A text with something in it."""
    return Kind(expected, _text)


def path() -> Kind:
    """A path; `~` is the home directory. A relative one in a file starts at the file's directory."""
    return Kind("a path", lambda value: Path(_text(value)).expanduser())


def whole(least: int = 0) -> Kind:
    """An integer of at least `least`."""

    def accept(value: Any) -> int:
        _check(isinstance(value, int) and not isinstance(value, bool) and value >= least)
        return int(value)

    return Kind(f"an integer >= {least}", accept, int)


def switch() -> Kind:
    """True or false."""

    def accept(value: Any) -> bool:
        _check(isinstance(value, bool))
        return bool(value)

    def parse(value: str) -> bool:
        _check(value.lower() in YES + NO)
        return value.lower() in YES

    return Kind("true or false", accept, parse)


def seconds(off: bool = False) -> Kind:
    """Seconds > 0; with `off` also "off", which becomes None."""

    def accept(value: Any) -> float | None:
        if off and value == "off":
            return None
        _check(isinstance(value, int | float) and not isinstance(value, bool) and value > 0)
        try:
            _check(isfinite(value))
        except OverflowError:
            raise ValueError from None
        return float(value)

    expected = 'seconds > 0, or "off"' if off else "seconds > 0"
    return Kind(expected, accept, lambda value: value if off and value == "off" else float(value))


def one_of(*names: str) -> Kind:
    """One of some words."""

    def accept(value: Any) -> str:
        _check(value in names)
        return str(value)

    return Kind(f"one of {', '.join(names)}", accept)


def broker() -> Kind:
    """The address of a broker, without a password: that would be shown, and stand in files that others read."""

    def accept(value: Any) -> str:
        parts = urlsplit(_text(value))
        _check(parts.scheme in ("amqp", "amqps") and bool(parts.hostname) and parts.password is None)
        return str(value)

    return Kind("amqp[s]://[USER@]HOST[:PORT][/VHOST] without a password", accept)


def host() -> Kind:
    """The name or number of a host, without a port."""

    def accept(value: Any) -> str:
        found = _text(value)
        _check(not any(sign in found for sign in " []/"))
        _check(found.count(":") != 1)  # several are a number of IPv6, one would be before a port
        return found

    return Kind("the name or number of a host such as 10.0.0.5, without a port", accept)


def addresses(several: bool = False) -> Kind:
    """Several addresses, or one; as text with commas between them. `several`: each may have a range of ports."""

    def accept(value: Any) -> tuple[str, ...]:
        _check(isinstance(value, list | str))
        return tuple(_address(each, several) for each in ([value] if isinstance(value, str) else value))

    def parse(value: str) -> list[str]:
        return [part.strip() for part in value.split(",") if part.strip()]

    expected = f"a list, each of it {ADDRESS}" + (" or tcp:0.0.0.0:4711-4720" if several else "")
    return Kind(expected, accept, parse, many=True)


def listening() -> Kind:
    """As `addresses` with ranges of ports, or `nowhere` alone."""
    some = addresses(several=True)

    def accept(value: Any) -> tuple[str, ...]:
        return (NOWHERE,) if value in (NOWHERE, [NOWHERE]) else tuple(some.accept(value))

    return Kind(f"{some.expected}, or {NOWHERE!r}", accept, some.parse, many=True)


def table() -> Kind:
    """Names with values; as text `gpu=true,cores=8`."""

    def accept(value: Any) -> dict[str, Any]:
        _check(isinstance(value, dict))
        _check(all(key and isinstance(one, bool | int | float | str) for key, one in value.items()))
        return dict(value)

    def parse(value: str) -> dict[str, Any]:
        return dict(parse_capabilities(part.strip() for part in value.split(",") if part.strip()))

    return Kind("names with values such as gpu = true (text: gpu=true,cores=8)", accept, parse, many=True)


ADDRESS = "an address such as tcp:0.0.0.0:4711"


def _text(value: Any) -> str:
    _check(isinstance(value, str) and bool(value.strip()) and "\0" not in value)
    return str(value)


def _address(value: Any, several: bool) -> str:
    _check(isinstance(value, str))
    kind, _, rest = value.partition(":")
    host, _, port = rest.rpartition(":")
    if host.startswith("[") and host.endswith("]"):
        host = host[1:-1]
    else:
        _check(":" not in host)
    _check(kind == "tcp" and bool(host) and not any(sign in host for sign in " []/"))
    first, dash, last = port.partition("-")
    _check(_is_port(first) and (not dash or (several and _is_port(last) and 0 < int(first) <= int(last))))
    return str(value)


def _is_port(text: str) -> bool:
    return text.isascii() and text.isdecimal() and int(text) <= 65_535


def _check(fits: bool) -> None:
    if not fits:
        raise ValueError
