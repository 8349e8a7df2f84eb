"""How child specifications and what supervisors answer cross the border of a process."""

from collections.abc import Iterator
from functools import partial
from typing import Any

from cybernetic.core import OptionError
from cybernetic.runtime import Agent, Info
from cybernetic.supervision.backoff import Backoff
from cybernetic.supervision.children import Counts, Restarted
from cybernetic.supervision.keeper import ChildInfo
from cybernetic.supervision.limits import Limits
from cybernetic.supervision.spec import Child
from cybernetic.wire import register


def _pack(spec: Child[Any]) -> tuple[Any, ...]:
    """A class travels as its name, its arguments as they are."""
    cls: Any = spec.cls
    first: tuple[Any, ...] = ()
    keywords: dict[str, Any] = {}
    while isinstance(cls, partial):
        first, keywords, cls = (*cls.args, *first), {**cls.keywords, **keywords}, cls.func
    options = {name: getattr(spec, name) for name in _OPTIONS}
    return f"{cls.__module__}:{cls.__qualname__}", first, keywords, spec.args, options


def _unpack(
    path: str,
    first: tuple[Any, ...],
    keywords: dict[str, Any],
    args: tuple[Any, ...],
    options: dict[str, Any],
) -> Child[Any]:
    """Only a class of agents that this process has already can be meant: nothing is imported."""
    cls: Any = next((cls for cls in _agents(Agent) if f"{cls.__module__}:{cls.__qualname__}" == path), None)
    if cls is None:
        raise OptionError("child", "the name of an agent class that is known here", path)
    return Child(partial(cls, *first, **keywords) if first or keywords else cls, args, **options)


def _agents(base: type[Agent]) -> Iterator[type[Agent]]:
    """The classes below `base`, latest first: of two with one name the later counts."""
    for cls in reversed(base.__subclasses__()):
        yield from _agents(cls)
        yield cls


_OPTIONS = tuple(name for name in Child.__dataclass_fields__ if name not in ("cls", "args"))

TRAVELLERS = (
    register(Backoff, "supervision.Backoff"),
    register(Child, "supervision.Child", encode=_pack, decode=_unpack),
    register(ChildInfo, "supervision.ChildInfo"),
    register(Counts, "supervision.Counts"),
    register(Limits, "supervision.Limits"),
    register(Restarted, "supervision.Restarted"),
    register(Info, "runtime.Info"),
)
"""What this room adds to the types that may travel; importing this file does it."""
