"""Agent classes by path: how one node names a class to another."""

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from cybernetic.core import BadCall, OptionError
from cybernetic.runtime import Agent, Protocol, protocol_of

TOP_LEVEL = "an agent class at the top level of a file, from which other processes can import it"


class Classes:
    """The paths of agent classes, such as `shop.agents:Clerk`, and the classes of paths."""

    def __init__(self) -> None:
        self._found: dict[str, Protocol] = {}
        self._paths: dict[Protocol, str] = {}

    def path(self, protocol: Protocol) -> str:
        """What stands for a class on other nodes: the module by which they import it, and the name in there."""
        found = self._paths.get(protocol)
        if found is None:
            cls = protocol.cls
            found = self._paths[protocol] = f"{_module(cls)}:{cls.__qualname__}"
            self._found.setdefault(found, protocol)
        return found

    def known(self, path: str) -> Protocol:
        """The protocol of a class as far as it is known here: nothing is imported.

        For a class that is not, one that takes any public method's name: its agents can be talked to all the same.
        """
        found = self._found.get(path)
        if found is None:
            cls = _loaded(path) or next((c for c in _agents(Agent) if _path(c) == path), None)
            found = self._found[path] = Unknown(path) if cls is None else protocol_of(cls)
        return found

    def load(self, path: str) -> type[Agent]:
        """The class, its module imported if need be. Raises `OptionError` if there is none."""
        found = self.known(path)
        if isinstance(found, Unknown):
            if not may_travel(path):
                raise OptionError("cls", TOP_LEVEL, path)
            try:
                importlib.import_module(path.partition(":")[0])
            except Exception as error:
                why = f"{type(error).__name__}: {error}"
                guard = 'what it starts stands under `if __name__ == "__main__":`'
                raise OptionError(
                    "cls", f"a module that this node can import, in which {guard} ({why})", path
                ) from error
            cls = _loaded(path)
            if cls is None:
                raise OptionError("cls", TOP_LEVEL, path)
            found = self._found[path] = protocol_of(cls)
        return found.cls


def may_travel(path: str) -> bool:
    """Whether some other process may have the class: not if it was defined in a function, or typed or piped in."""
    module, _, name = path.partition(":")
    return module != "__main__" and "<" not in name


class Unknown(Protocol):
    """The protocol of a class that this process does not have: methods go by their own names, unchecked here."""

    __slots__ = ("_path",)

    def __init__(self, path: str) -> None:
        cls = type(
            path.rpartition(":")[2].rpartition(".")[2] or "Agent", (Agent,), {"__module__": "elsewhere"}
        )
        super().__init__(cls, Agent, protocol_of(cls).reserved)
        self._path = path

    def resolve(self, method: Any) -> Any:
        """The method itself. Raises `BadCall` if its name is private, or it has none."""
        self.word(method)
        return method

    def word(self, method: Any) -> str:
        """The method's own name. Raises `BadCall`."""
        name = getattr(method, "__name__", None)
        if not isinstance(name, str) or not name.isidentifier() or name.startswith("_"):
            raise BadCall(f"expected a public method of {self._path}, got: {method!r}")
        self.words[method] = name
        return name


def _module(cls: type) -> str:
    module = cls.__module__
    return _main_name() if module in ("__main__", "__mp_main__") else module


def _main_name() -> str:
    """The name by which other processes import the program's main file."""
    main = sys.modules["__main__"]
    spec = getattr(main, "__spec__", None)
    if spec is not None:
        name: str = spec.name  # of `python -m package` it is package.__main__, which can be imported
        return name
    return Path(getattr(main, "__file__", None) or "__main__").stem


def _path(cls: type) -> str:
    return f"{_module(cls)}:{cls.__qualname__}"


def _loaded(path: str) -> type[Agent] | None:
    """The agent class at a path, if its module is there already."""
    module, _, name = path.partition(":")
    found: Any = sys.modules.get(module)
    if found is None and module == _main_name():
        found = sys.modules["__main__"]
    for part in name.split("."):
        found = getattr(found, part, None)
    return found if isinstance(found, type) and issubclass(found, Agent) else None


def _agents(base: type[Agent]) -> Iterator[type[Agent]]:
    """The classes below `base`, latest first: of two with one path the later counts."""
    for cls in reversed(base.__subclasses__()):
        yield from _agents(cls)
        yield cls
