"""Which methods of an agent class may be called by message, resolved once a class by identity of the function."""

import sys
from collections.abc import Callable, Iterator
from functools import partial
from types import BuiltinFunctionType, FunctionType, MethodType
from typing import Any

from cybernetic.core import BadCall

Function = Callable[..., Any]


class Protocol:
    """What the runtime knows of one agent class.

    `methods` maps each function that was ever named by a caller to the function of this class that serves it, so
    the common case is one look-up. `setup` and `terminate` are the hooks the class overrides, else None.
    `cleans_up` is true for classes that override `terminate` and do not declare `trap_exit = False`: their
    parent's exit signal lets them clean up. `words` maps functions to the names by which other
    nodes are asked for them, `served` such names to the functions of this class.
    """

    __slots__ = (
        "arity",
        "cleans_up",
        "cls",
        "methods",
        "redacts",
        "reserved",
        "served",
        "setup",
        "terminate",
        "unlimited",
        "words",
    )

    def __init__(self, cls: type, base: type, reserved: frozenset[str]) -> None:
        self.cls, self.reserved = cls, reserved
        self.methods: dict[Any, Function] = {}
        self.words: dict[Any, str] = {}
        self.served: dict[str, Function] = {}
        self.arity: tuple[int, float] | None = None  # of `__init__`, once it was looked up
        self.setup = _overridden(cls, base, "setup")
        waiting = frozenset[str]().union(*(vars(c).get("_unlimited", ()) for c in cls.__mro__))
        self.unlimited = frozenset(
            getattr(cls, name) for name in waiting if hasattr(cls, name)
        )  # calls without a limit of their own
        self.redacts = _overridden(cls, base, "redact") is not None
        self.terminate = _overridden(cls, base, "terminate")
        declared = next(vars(c)["trap_exit"] for c in cls.__mro__ if "trap_exit" in vars(c) or c is base)
        explicit = any("trap_exit" in vars(c) for c in cls.__mro__[: cls.__mro__.index(base)])
        self.cleans_up = self.terminate is not None and not (explicit and declared is False)

    def resolve(self, method: Any) -> Function:
        """The function of this class that serves `method`. Raises `BadCall` saying what is wrong with it."""
        try:
            found = self.methods.get(method)
        except TypeError:  # not hashable, so certainly no function
            found = None
        if found is None:
            found = self.named(self._name(method))
            self.methods[method] = found
        return found

    def word(self, method: Any) -> str:
        """The name by which another node is asked for `method`. Raises `BadCall` as `resolve` does."""
        name = self._name(method)
        self.named(name)
        self.words[method] = name
        return name

    def serve(self, word: str) -> Function:
        """The function another node asks for by `word`. Raises `BadCall`."""
        found = self.served[word] = self.named(word)
        return found

    def named(self, name: str) -> Function:
        """The function that serves the method called `name`. Raises `BadCall`."""
        kind = f"{self.cls.__qualname__}.{name}"
        if name.startswith("_"):
            raise BadCall(f"{kind} is private: expected a public method of {self.cls.__qualname__}")
        if name in self.reserved:
            raise BadCall(f"{kind} belongs to Agent itself: expected a method of the agent's own protocol")
        raw = next((vars(c)[name] for c in self.cls.__mro__ if name in vars(c)), None)
        if raw is None:
            raise BadCall(
                f"{self.cls.__qualname__} has no method {name!r}; it has {', '.join(self.names()) or 'none'}"
            )
        if isinstance(raw, staticmethod | classmethod | property | type) or not callable(raw):
            raise BadCall(f"{kind} is a {type(raw).__name__}: expected a plain method")
        return raw  # type: ignore[no-any-return]

    def names(self) -> list[str]:
        """The public methods that may be called by message, sorted."""
        return sorted(
            {
                n
                for c in self.cls.__mro__
                if c is not object
                for n, v in vars(c).items()
                if self._callable(n, v)
            }
        )

    def _callable(self, name: str, value: object) -> bool:
        return isinstance(value, FunctionType) and not name.startswith("_") and name not in self.reserved

    def _name(self, method: Any) -> str:
        """The attribute name under which a class knows `method`."""
        if isinstance(method, MethodType):
            owner = type(method.__self__).__qualname__
            raise BadCall(
                f"{method!r} is a bound method: pass {owner}.{method.__name__}, not self.{method.__name__}"
            )
        if isinstance(method, str | property | staticmethod | classmethod | partial | BuiltinFunctionType):
            raise BadCall(f"expected a method such as {self.cls.__qualname__}.name, got: {method!r}")
        if getattr(method, "__name__", None) == "<lambda>":
            raise BadCall(f"expected a method of {self.cls.__qualname__}, got a lambda: {method!r}")
        for cls in self._searched(method):
            for name, value in vars(cls).items():
                if value is method:
                    return name
        shown = getattr(method, "__qualname__", None) or repr(method)
        raise BadCall(f"{self.cls.__qualname__} has no such method: expected one of its own, got: {shown}")

    def _searched(self, method: Any) -> Iterator[type]:
        yield from self.cls.__mro__
        owner = _owner(method)  # a method of a typing.Protocol the class fulfils without inheriting from it
        if owner is not None and getattr(owner, "_is_protocol", False):
            yield owner


def _owner(method: Any) -> type | None:
    """The class a function was defined in, as far as its qualified name tells."""
    found: Any = sys.modules.get(getattr(method, "__module__", None) or "")
    path = str(getattr(method, "__qualname__", "")).split(".")[:-1]
    for part in path:
        found = getattr(found, part, None)
    return found if path and isinstance(found, type) else None


def _overridden(cls: type, base: type, hook: str) -> Function | None:
    found: Function = getattr(cls, hook)
    return None if found is getattr(base, hook) else found
