"""How a registered class travels when it brings no functions of its own: read off its kind, once."""

import inspect
from collections.abc import Callable
from dataclasses import fields, is_dataclass
from enum import Enum, Flag
from operator import attrgetter
from typing import Any

from cybernetic.core import OptionError
from cybernetic.wire.entry import Entry, Parts

_EXPECTED = "a dataclass, an Enum, a named tuple, an exception, or `encode` and `decode` functions"


def shape(cls: type[Any], name: str) -> Entry:
    """The entry of `cls` under the wire name `name`. Raises `OptionError` if its kind does not tell how."""
    if issubclass(cls, Flag):
        return Entry(name, cls, lambda flag: (flag.value,), lambda parts: cls(*parts))
    if issubclass(cls, Enum):
        return Entry(name, cls, lambda member: (member.name,), lambda parts: cls[_only(parts)])
    if issubclass(cls, Exception):
        return Entry(name, cls, split_exception, exception_builder(cls), _label_exception)
    if is_dataclass(cls):
        return _dataclass(cls, name)
    if issubclass(cls, tuple) and hasattr(cls, "_fields"):
        return Entry(name, cls, tuple, lambda parts: cls(*parts), _labels(cls._fields))
    raise OptionError("cls", _EXPECTED, cls)


def split_exception(error: BaseException) -> Parts:
    """An exception's parts: its attributes, then its arguments. Cause, context and traceback stay at home."""
    return (vars(error), *error.args)


def exception_builder(cls: type[BaseException]) -> Callable[[list[Any]], object]:
    """A function that makes a `cls` of its parts; `__init__`, which may want other arguments, is left out."""

    def build(parts: list[Any]) -> object:
        attributes, *args = parts
        if type(attributes) is not dict or not all(type(key) is str for key in attributes):
            raise TypeError("expected an exception's attributes by name")
        error = cls.__new__(cls, *args)
        error.args = tuple(args)
        vars(error).update(attributes)
        return error

    return build


def _label_exception(index: int) -> str:
    return f".args[{index - 1}]" if index else ".__dict__"


def _dataclass(cls: type[Any], name: str) -> Entry:
    """The parts are the fields the constructor takes, in order; the constructor builds, so its checks run.

    Missing ones at the end take their defaults: a node may send what an older version of the class had.
    """
    names = [field.name for field in fields(cls) if field.init]
    parameters = inspect.signature(cls).parameters
    if set(parameters) != set(names):
        expected = "a dataclass whose constructor takes its fields, or `encode` and `decode` functions"
        raise OptionError("cls", expected, cls)
    keywords = [key for key in names if parameters[key].kind is inspect.Parameter.KEYWORD_ONLY]
    positional = [key for key in names if key not in keywords]
    return Entry(
        name,
        cls,
        _getter(positional + keywords),
        _builder(cls, positional, keywords),
        _labels(positional + keywords),
    )


def _getter(names: list[str]) -> Callable[[Any], Parts]:
    """A function that reads the attributes `names`, in C where it can."""
    if not names:
        return lambda _: ()
    get = attrgetter(*names)
    return get if len(names) > 1 else lambda value: (get(value),)


def _builder(cls: type[Any], positional: list[str], keywords: list[str]) -> Callable[[list[Any]], object]:
    if not keywords:
        return lambda parts: cls(*parts)
    split, most = len(positional), len(positional) + len(keywords)

    def build(parts: list[Any]) -> object:
        if len(parts) > most:
            raise TypeError(f"expected at most {most} parts, got: {len(parts)}")
        return cls(*parts[:split], **dict(zip(keywords, parts[split:], strict=False)))

    return build


def _only(parts: list[Any]) -> Any:
    (part,) = parts
    return part


def _labels(names: list[str] | tuple[str, ...]) -> Callable[[int], str]:
    return lambda index: f".{names[index]}"
