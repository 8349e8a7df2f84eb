"""Calls that may be one: what makes two of them the same, and their answers on the way to others."""

import sys
from collections.abc import Mapping
from itertools import count
from types import BuiltinMethodType, MethodType
from typing import Any
from weakref import ref

from cybernetic.core import CannotTravel, token
from cybernetic.runtime import Address, Named
from cybernetic.vsm.ports.digests import digest
from cybernetic.wire import Codec

_CODEC = Codec(canonical=True)
_process, _count = token(8), count()
_names: dict[int, tuple[ref[Any], str]] = {}  # of what no other process finds, by `id`: equal is not same


def sameness(
    port: str, target: Any, args: tuple[Any, ...], keywords: Mapping[str, Any], key: str | None
) -> str:
    """A text that is equal for equal calls through a port, and for no others; empty where that cannot be told.

    It goes by contents, not by how they are written: `repr` cuts large values short, and knows objects by their place.
    An agent is known by its name on one node: on another, which is apart, that may be the name of another agent.
    """
    who, rest = "", args
    try:
        if isinstance(target, Address):
            if not isinstance(target, Named) or not args:
                return ""
            who = f"{_own(target._engine)}.{target.name}"
            target, *rest = args  # type: ignore[assignment]
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
    """What a function is called: where others find it, or a name of its own. Raises `TypeError` where it has none.

    A bound method is another at each look: it is known by its owner and by its function, whose name may be that of the
    one which it wraps.
    """
    if type(function) is MethodType:  # others may only pass for one
        return f"{_own(function.__self__)}.{_own(function.__func__)}"
    module, name = getattr(function, "__module__", None), getattr(function, "__qualname__", None)
    found: Any = sys.modules.get(str(module))
    for part in str(name).split("."):
        found = getattr(found, part, None)
    if found is function and module != "__main__":  # which is another script in another process
        return f"{module}:{name}"
    if type(function) is BuiltinMethodType:
        return f"{_own(function.__self__)}.{name}"
    return _own(function)


def _own(thing: Any) -> str:
    """A name that nothing else has, as long as it lives. Raises `TypeError` where that cannot be told."""
    key = id(thing)
    known = _names.get(key)
    if known is None or known[0]() is not thing:
        known = ref(thing, lambda gone: _forget(key, gone)), f"{_process}.{next(_count)}"
        _names[key] = known
    return known[1]


def _forget(key: int, gone: ref[Any]) -> None:
    if key in _names and _names[key][0] is gone:
        del _names[key]
