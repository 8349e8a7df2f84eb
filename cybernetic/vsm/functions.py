"""Functions by the place where they stand: how one node tells another which function is meant."""

import sys
from dataclasses import dataclass
from pathlib import Path
from types import FunctionType
from typing import Any

from cybernetic.core import OptionError

TOP_LEVEL = "a function defined by `def` at the top level of a module that can be imported"


def place_of(function: object) -> str:
    """The place of a function at the top level of a module, such as `shop.rules:refunds`.

    In the program's main file it is the place under which others import that file. Raises `OptionError` for what
    nobody could find again: a lambda, a function inside another or inside a class, a bound method.
    """
    if isinstance(function, FunctionType) and function.__qualname__.isidentifier():
        module = function.__module__
        name = main_name() if module in ("__main__", "__mp_main__") else module
        place = f"{name}:{function.__qualname__}"
        if name is not None and _found(place) is function:
            return place
    raise OptionError("decide", f"{TOP_LEVEL}, or a callable value of a class that travels", function)


def function_at(place: str) -> Any:
    """The function that stands at `place`, if its module is imported here: nothing is imported for it.

    Where it is not, an `Absent` that stands for it.
    """
    found = _found(place)
    return Absent(place) if found is None else found


@dataclass(frozen=True, slots=True)
class Absent:
    """Stands for the function at `place`, whose module is not imported here.

    So a policy of which a node has only the name denies, and its opinions say that it failed, until the module is
    imported there.
    """

    place: str

    def __call__(self, *args: Any) -> Any:
        """Look again, and call it. Raises `OptionError` when it still is not there."""
        found = _found(self.place)
        if found is None:
            raise OptionError("decide", "a function whose module is imported on this node", self.place)
        return found(*args)


def _found(place: str) -> FunctionType | None:
    module, _, name = place.partition(":")
    held: Any = sys.modules.get("__main__" if module == main_name() else module)
    found = getattr(held, name, None)
    return found if isinstance(found, FunctionType) else None


def main_name() -> str | None:
    """The name by which other processes import the program's main file; None where there is none."""
    main = sys.modules["__main__"]
    spec = getattr(main, "__spec__", None)
    if spec is not None:
        name: str = spec.name
        return name
    file = getattr(main, "__file__", None)
    return Path(file).stem if file else None
