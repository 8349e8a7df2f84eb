"""The table of types that may travel, and how a program puts its own into it."""

import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, TypeVar, overload

from cybernetic.core import OptionError, Refusal
from cybernetic.wire.entry import REFUSAL_MARK, Entry, checked, encoded, spread
from cybernetic.wire.natives import NATIVES
from cybernetic.wire.shapes import shape
from cybernetic.wire.vocabulary import VOCABULARY

C = TypeVar("C", bound=type)

_LONGEST_NAME = 200  # bytes of a name on the wire


class TypeTable:
    """Which types may travel, by class and by the name that stands for the class on the wire.

    A new table knows Python's own values and those of `cybernetic.core`. A class counts exactly: one derived
    from a registered class, and not registered itself, does not travel as its base.
    """

    __slots__ = ("_by_class", "_by_name")

    def __init__(self) -> None:
        self._by_class: dict[type, Entry] = {}
        self._by_name: dict[bytes, Entry] = {}
        for entry in (*NATIVES, *VOCABULARY):
            self._add(entry)

    def register(
        self,
        cls: C,
        name: str | None = None,
        *,
        encode: Callable[[Any], tuple[Any, ...]] | None = None,
        decode: Callable[..., object] | None = None,
    ) -> C:
        """Let instances of `cls` travel, and return `cls`.

        Args:
            cls: a dataclass, Enum, Flag, named tuple or exception; any class with `encode` and `decode`.
            name: what stands for it on the wire, the same on every node, 2 to 200 bytes; by default module
                and qualified name.
            encode: gives the parts of a value, a tuple of values that can travel; by default the fields the
                constructor takes.
            decode: makes a value of these parts, given as arguments; by default the constructor.

        Raises:
            OptionError: the name or the class is registered already, or the class's kind does not tell how it
                travels, or only one of `encode` and `decode` is given.
        """
        if not isinstance(cls, type):
            raise OptionError("cls", "a class", cls)
        if (encode is None) != (decode is None):
            raise OptionError("encode, decode", "both or neither", (encode, decode))
        wire_name = _wire_name(cls, _module_name(cls) if name is None else name)
        if encode is not None and decode is not None:
            self._add(Entry(wire_name, cls, checked(encode), spread(decode), encoded))
        else:
            self._add(shape(cls, wire_name))
        return cls

    def of(self, cls: type) -> Entry | None:
        """The entry of exactly this class, or None."""
        return self._by_class.get(cls)

    def named(self, name: bytes) -> Entry | None:
        """The entry that `name` stands for on the wire, or None."""
        return self._by_name.get(name)

    def classes(self) -> Iterable[type]:
        """The classes that may travel."""
        return tuple(self._by_class)

    def _add(self, entry: Entry) -> None:
        name = entry.name.encode()
        if name in self._by_name:
            raise OptionError("name", "a name not registered yet", entry.name.lstrip(REFUSAL_MARK))
        if entry.cls in self._by_class:
            raise OptionError("cls", "a class not registered yet", entry.cls)
        self._by_name[name] = self._by_class[entry.cls] = entry


TYPES = TypeTable()


def register(
    cls: C,
    name: str | None = None,
    *,
    encode: Callable[[Any], tuple[Any, ...]] | None = None,
    decode: Callable[..., object] | None = None,
) -> C:
    """Let instances of `cls` travel: `TypeTable.register` on the table that every codec uses by default."""
    return TYPES.register(cls, name, encode=encode, decode=decode)


@overload
def travels(cls: C, /) -> C: ...
@overload
def travels(*, name: str) -> Callable[[C], C]: ...
def travels(cls: Any = None, /, *, name: str | None = None) -> Any:
    """Class decorator: instances may travel. `@travels`, `@travels(name="orders.Placed")`; see `register`."""
    if cls is None:
        return lambda cls: register(cls, name)
    return register(cls, name)


def _wire_name(cls: type, name: object) -> str:
    if not isinstance(name, str) or not name.isprintable() or name.startswith(REFUSAL_MARK):
        raise OptionError("name", f"printable text that does not begin with {REFUSAL_MARK!r}", name)
    if not 2 <= len(name.encode()) <= _LONGEST_NAME:
        raise OptionError("name", f"2 to {_LONGEST_NAME} bytes", name)
    return REFUSAL_MARK + name if issubclass(cls, Refusal) else name


def _module_name(cls: type) -> str:
    """Module and qualified name; the program's main file under the name by which other nodes import it."""
    module = cls.__module__
    if module in ("__main__", "__mp_main__"):
        main = sys.modules[module]
        spec = getattr(main, "__spec__", None)
        module = spec.name if spec is not None else Path(getattr(main, "__file__", None) or module).stem
    return f"{module}.{cls.__qualname__}"
