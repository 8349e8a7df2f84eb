"""What a node offers, what an agent requires, and whether the one meets the other."""

import re
from collections.abc import Iterable, Mapping
from math import isfinite

from cybernetic.core import OptionError

Value = bool | int | float | str
Capabilities = Mapping[str, Value]
Requires = frozenset[tuple[str, object]]

_NAME = re.compile(r"[^\W\d][\w.-]*")
_WHOLE = re.compile(r"[+-]?[0-9]{1,19}")
_DECIMAL = re.compile(r"[+-]?([0-9]+\.[0-9]*|\.[0-9]+|[0-9]+)([eE][+-]?[0-9]+)?")
_WORDS = {"true": True, "false": False}
_LEAST, _MOST = -(2**63), 2**63 - 1  # what travels between nodes


def parse(texts: Iterable[str]) -> dict[str, Value]:
    """What a command line offers, as `gpu=true`, `zone=eu`, `cores=8`.

    `true` and `false` are bools, digits an int, decimals a float, all else text; what stands in double quotes is text
    whatever it looks like: `release="8"`.

    Raises:
        OptionError: one is not NAME=VALUE, a number is out of range, or a name is given twice.
    """
    found: dict[str, Value] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals or not value or not _NAME.fullmatch(name):
            raise OptionError("capability", "NAME=VALUE, as gpu=true", text)
        if name in found:
            raise OptionError("capability", f"{name} once", text)
        found[name] = _value(name, value)
    return found


def checked(offered: Mapping[str, object]) -> dict[str, Value]:
    """What a program or another node says is offered, if it is names and plain values. Raises `OptionError`."""
    if not isinstance(offered, Mapping):
        raise OptionError("capabilities", "a mapping of names to values", offered)
    found: dict[str, Value] = {}
    for name, value in offered.items():
        if not isinstance(name, str) or not _NAME.fullmatch(name):
            raise OptionError("capabilities", "names of letters, digits and any of ._-", name)
        if not isinstance(value, bool | int | float | str):
            raise OptionError(f"capabilities[{name!r}]", "a bool, a number or text", value)
        found[name] = _in_range(name, value, value)
    return found


def fits(capabilities: Mapping[str, object], requires: Requires) -> bool:
    """Whether a node that offers `capabilities` meets all of `requires`: values equal, in type too (True is not 1)."""
    return all(name in capabilities and _same(capabilities[name], value) for name, value in requires)


def lacks(capabilities: Mapping[str, object], requires: Requires) -> str:
    """In words, what of `requires` a node does not offer: `gpu=true (it has gpu=false)`; empty if it fits."""
    missing = []
    for name, value in sorted(requires, key=repr):
        if name not in capabilities:
            missing.append(shown(name, value))
        elif not _same(capabilities[name], value):
            missing.append(f"{shown(name, value)} (it has {shown(name, capabilities[name])})")
    return ", ".join(missing)


def shown(name: str, value: object) -> str:
    """A capability as a command line writes it, so that `parse` reads the same value."""
    if isinstance(value, bool):
        return f"{name}={str(value).lower()}"
    if isinstance(value, str):
        return f"{name}={value}" if _is_plain(value) else f'{name}="{value}"'
    return f"{name}={value!r}"


def _same(have: object, want: object) -> bool:
    return type(have) is type(want) and have == want


def _is_plain(text: str) -> bool:
    """Whether `text` is read as text without quotes."""
    return bool(text) and text not in _WORDS and '"' not in text and not _DECIMAL.fullmatch(text)


def _value(name: str, text: str) -> Value:
    if text in _WORDS:
        return _WORDS[text]
    if len(text) > 1 and text[0] == text[-1] == '"':
        return text[1:-1]
    if not _DECIMAL.fullmatch(text):
        return text
    return _in_range(name, int(text) if _WHOLE.fullmatch(text) else _float(text), text)


def _float(text: str) -> float:
    """A number with a point or an exponent; one of too many digits alone is out of range."""
    return float(text) if not text.lstrip("+-").isdigit() else float("inf")


def _in_range(name: str, value: Value, got: object) -> Value:
    if isinstance(value, float) and not isfinite(value):
        raise OptionError(f"capability {name}", "a finite number of at most 64 bits", got)
    if isinstance(value, int) and not _LEAST <= value <= _MOST:
        raise OptionError(f"capability {name}", "an integer of at most 64 bits", got)
    return value
