"""What a fact is made of: texts and values, what they may be, and the slots that stand for them in indexes."""

from math import isfinite
from typing import Any, TypeAlias

from cybernetic.core import OptionError

LONGEST_NAME = 1000  # characters of a subject, predicate, source or cause
LONGEST_TEXT = 10_000  # characters of an object

Value: TypeAlias = str | int | float | bool
"""What an object may be: a text, a whole number of 64 bits, a finite number, or True or False."""

Slot: TypeAlias = Any
"""What stands for a value in an index, where 1, 1.0 and True are three: as `slot_of` makes it."""


def text(name: str, value: object, longest: int = LONGEST_NAME) -> str:
    """`value` as a text of 1 to `longest` characters that can be encoded. Raises `OptionError`."""
    if type(value) is not str or not 0 < len(value) <= longest or not _encodable(value):
        raise OptionError(name, f"a text of 1 to {longest} characters", value)
    return value


def value_of(name: str, value: object) -> Value:
    """`value` as an object of a fact. Raises `OptionError`."""
    if type(value) is str:
        return text(name, value, LONGEST_TEXT)
    if type(value) is bool:
        return value
    if type(value) is int and -(2**63) <= value < 2**63:
        return value
    if type(value) is float and isfinite(value):
        return value
    raise OptionError(name, "a text, a whole number of 64 bits, a finite number, True or False", value)


def _encodable(value: str) -> bool:
    if value.isascii():
        return True
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True
