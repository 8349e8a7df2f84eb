"""What may name a place in a set or a map, and the slot that stands for it, where 1, 1.0 and True are three."""

from typing import Any

from cybernetic.core import OptionError

_PLAIN = frozenset((str, int, bytes, type(None)))  # equal to nothing of another type below
LONGEST_REPLICA = 200  # characters


def slot_of(key: Any) -> object:
    """The slot of `key`. Raises `OptionError` for what has no hash, and for NaN, which would never be found."""
    kind = type(key)
    if kind in _PLAIN:
        return key
    if kind is tuple:
        return tuple, tuple([slot_of(part) for part in key])
    if kind is float:
        if key != key:
            raise OptionError("key", "a number", key)
        return kind, key + 0.0  # -0.0 is 0.0
    try:
        hash(key)
    except TypeError:
        raise OptionError("key", "a value that can be hashed", key) from None
    return kind, key


def key_of(slot: Any) -> Any:
    """The key that `slot` stands for."""
    if type(slot) is not tuple:
        return slot
    kind, key = slot
    return tuple([key_of(part) for part in key]) if kind is tuple else key


def replica_name(replica: object) -> str:
    """`replica` as the name of one. Raises `OptionError`."""
    if not isinstance(replica, str) or not 0 < len(replica) <= LONGEST_REPLICA:
        raise OptionError("replica", f"text of 1 to {LONGEST_REPLICA} characters", replica)
    return replica
