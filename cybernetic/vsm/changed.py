"""Another value of a frozen dataclass, where what changes is known to be good: hot paths need no second look at it."""

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
    made = object.__new__(type(value))
    slots = getattr(type(value), "__slots__", ())
    if not slots:  # none of its own: what is built upon `Generic` inherits empty ones
        made.__dict__.update(value.__dict__, **fields)
        return made
    for name in slots:
        object.__setattr__(made, name, fields[name] if name in fields else getattr(value, name))
    return made
