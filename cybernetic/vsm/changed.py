"""Another value of a frozen dataclass, where what changes is known to be good: hot paths need no second look at it."""

from dataclasses import fields as declared
from functools import lru_cache
from typing import Any, TypeVar

V = TypeVar("V")


def changed(value: V, /, **fields: Any) -> V:
    """`value` with other `fields`, as `dataclasses.replace` makes it, but without its `__post_init__`.

    For methods of the class itself (and of what is built upon it), whose arguments were checked at the door: a value
    that is made several times a second is then not checked anew from top to bottom.

    Args:
        value: a frozen dataclass of whose fields all are given to `__init__`.
        fields: by name, of the types and within the bounds that the class declares.
    """
    kind: Any = type(value)
    made: V = object.__new__(kind)
    for name in _names(kind):
        object.__setattr__(made, name, fields[name] if name in fields else getattr(value, name))
    return made


@lru_cache(256)
def _names(kind: Any) -> tuple[str, ...]:
    """All fields of a dataclass: `__slots__` names only those that it does not inherit."""
    return tuple(field.name for field in declared(kind))
