"""What a unit is made of, by name: so that another node can make it from its own copy of the program."""

import importlib
from dataclasses import dataclass, field
from functools import partial, reduce
from typing import Any, Self

from cybernetic.core import OptionError
from cybernetic.supervision import Child
from cybernetic.vsm.functions import main_name
from cybernetic.wire import travels


@travels(name="vsm.Blueprint")
@dataclass(frozen=True, slots=True)
class Blueprint:
    """A class by its place (`module:Name`) and the arguments it is made with."""

    place: str
    args: tuple[Any, ...] = ()
    keywords: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, spec: Child[Any]) -> Self:
        """That of a child; what cannot be found by name on other nodes is found where it was declared."""
        made: Any = spec.cls
        first: tuple[Any, ...] = ()
        keywords: dict[str, Any] = {}
        while isinstance(made, partial):
            first, keywords, made = (*made.args, *first), {**made.keywords, **keywords}, made.func
        return cls(place_of_class(made), (*first, *spec.args), keywords)

    def made(self) -> Any:
        """What to start: the class, with its keyword arguments. Raises `OptionError` where there is no such class."""
        found = class_at(self.place)
        return partial(found, **self.keywords) if self.keywords else found


_declared: dict[str, type] = {}


def place_of_class(cls: type) -> str:
    """The place of a class: the module by which others import it, and its name in there."""
    module = cls.__module__
    if module in ("__main__", "__mp_main__"):
        module = main_name() or module
    place = f"{module}:{cls.__qualname__}"
    _declared[place] = cls
    return place


def class_at(place: str) -> type:
    """The class at a place, its module imported if need be. Raises `OptionError`."""
    if place in _declared:
        return _declared[place]
    module, _, name = place.partition(":")
    try:
        found = reduce(getattr, name.split("."), importlib.import_module(module))
    except Exception as error:
        why = f"{type(error).__name__}: {error}"
        raise OptionError("unit", f"a class that this node can import ({why})", place) from error
    if not isinstance(found, type):
        raise OptionError("unit", "a class", place)
    return found
