"""What a node's program gets, and how it is found: the same in a process of its own and in memory."""

import asyncio
import importlib
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from cybernetic.core import OptionError


class Context:
    """Fulfils `NodeContext`; `up` is called with the address by `ready`."""

    def __init__(
        self, name: str, incarnation: int, settings: bytes, directory: Path, up: Callable[[str], object]
    ) -> None:
        self.name = name
        self.incarnation = incarnation
        self.settings = settings
        self.directory = directory
        self.ending = asyncio.Event()
        self._up = up

    def ready(self, address: str) -> None:
        """Say that the node may be talked to at `address`."""
        self._up(address)


def find(program: str) -> Callable[[Any], Awaitable[None]]:
    """The function that `"module:function"` names. Raises `OptionError`, or what the import raises."""
    module, colon, name = program.partition(":")
    if not (module and colon and name):
        raise OptionError("program", '"module:function"', program)
    found = getattr(importlib.import_module(module), name, None)
    if not callable(found):
        raise OptionError("program", f"an async function in {module}", program)
    return found  # type: ignore[no-any-return]
