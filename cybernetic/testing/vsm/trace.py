"""A fingerprint of what happened in a run: the same for the same seed, in any process and version of Python."""

import hashlib
from collections.abc import Mapping, Set
from dataclasses import fields, is_dataclass
from enum import Enum
from typing import Any


def traced(value: Any) -> str:
    """The hash of values of any kind: sixteen hexadecimal digits.

    Floats count to nine digits, since the last ones depend on how they were summed up; sets and mappings have no order;
    functions are what they are called.
    """
    return hashlib.blake2b(_said(value).encode(), digest_size=8).hexdigest()


def _said(value: Any) -> str:
    match value:
        case Enum():
            return f"{type(value).__name__}.{value.name}"
        case float():
            return f"{value:.9g}"
        case Mapping():
            return "{" + ",".join(sorted(f"{_said(key)}:{_said(one)}" for key, one in value.items())) + "}"
        case Set():
            return "{" + ",".join(sorted(_said(one) for one in value)) + "}"
        case list() | tuple():
            return "(" + ",".join(_said(one) for one in value) + ")"
    if is_dataclass(value) and not isinstance(value, type):
        inside = ",".join(f"{field.name}={_said(getattr(value, field.name))}" for field in fields(value))
        return f"{type(value).__name__}({inside})"
    if callable(value):
        return str(getattr(value, "__qualname__", type(value).__qualname__))
    return repr(value)
