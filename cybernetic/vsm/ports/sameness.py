"""Calls that may be one: what makes two of them the same, and their answers on the way to others."""

import sys
from collections.abc import Mapping
from itertools import count
from typing import Any
from weakref import WeakKeyDictionary

from cybernetic.core import CannotTravel, token
from cybernetic.runtime import Address, Named
from cybernetic.vsm.ports.digests import digest
from cybernetic.wire import Codec

_CODEC = Codec(canonical=True)
_process, _count = token(8), count()
_names: WeakKeyDictionary[Any, str] = WeakKeyDictionary()  # of what no other process would find


def sameness(
    port: str, target: Any, args: tuple[Any, ...], keywords: Mapping[str, Any], key: str | None
) -> str:
    """A text that is equal for equal calls through a port, and for no others; empty where that cannot be told.

    It goes by contents, not by how they are written: `repr` cuts large values short, and knows objects by their place.
    """
    who, rest = "", args
    if isinstance(target, Address):
        if not isinstance(target, Named) or not args:
            return ""
        who, (target, *rest) = target.name, args  # type: ignore[assignment]
    try:
        return digest(_CODEC.encode((port, who, _name(target), list(rest), dict(keywords), key)))
    except (CannotTravel, TypeError):  # it has no name that lasts, or is not told by its contents
        return ""


def packed(value: Any) -> bytes | None:
    """An answer as it goes to others, each of whom has one of its own then; None: it could not travel."""
    try:
        return _CODEC.encode(value)
    except CannotTravel:
        return None


def unpacked(answer: bytes) -> Any:
    """The value."""
    return _CODEC.decode(answer)


def _name(function: Any) -> str:
    """What a function is called: where others find it, or a name of its own. Raises `TypeError` where it has none."""
    module, name = getattr(function, "__module__", None), getattr(function, "__qualname__", None)
    found: Any = sys.modules.get(str(module))
    for part in str(name).split("."):
        found = getattr(found, part, None)
    if found is function:
        return f"{module}:{name}"
    owner = getattr(function, "__self__", None)
    return (
        _own(function) if owner is None else f"{_own(owner)}.{name}"
    )  # a bound method is another at each look


def _own(thing: Any) -> str:
    if thing not in _names:
        _names[thing] = f"{_process}.{next(_count)}"
    return _names[thing]
