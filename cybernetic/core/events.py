"""Telemetry: typed events that anyone may listen to, free when nobody does.

An emitter guards each event with its list of listeners, so an event nobody hears costs one look at an empty list:

    if RESTARTED.listeners:
        RESTARTED.emit(ChildRestarted(...))
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Any, ClassVar, Generic, TypeVar, dataclass_transform

from cybernetic.core.errors import OptionError

_log = logging.getLogger("cybernetic.events")

E = TypeVar("E", bound="Event")


class Event:
    """Base of telemetry events: frozen records whose class says `name`, `owner` room and `units` of its fields."""

    name: ClassVar[str]
    owner: ClassVar[str]
    units: ClassVar[dict[str, str]]


class Feed(Generic[E]):
    """Where one type of event is heard. `listeners` is empty while nobody listens."""

    __slots__ = ("kind", "listeners")

    def __init__(self, kind: type[E]) -> None:
        self.kind = kind
        self.listeners: list[Callable[[E], object]] = []

    def emit(self, event: E) -> None:
        """Hand `event` to every listener; one that raises is logged and detached."""
        for listener in tuple(self.listeners):
            try:
                listener(event)
            except Exception:
                _log.exception("a listener of %s raised and was detached: %r", self.kind.name, listener)
                if listener in self.listeners:
                    self.listeners.remove(listener)


_registry: dict[type[Event], Feed[Any]] = {}


@dataclass_transform(frozen_default=True)
def event(name: str, owner: str, **units: str) -> Callable[[type[E]], type[E]]:
    """Class decorator: make an `Event` class a frozen record and register it under a dotted `name`.

    `owner` is the room that emits it; `units` names the unit of each field that has one.
    Raises `OptionError` if the name is taken or a unit names no field.
    """

    def register(cls: type[E]) -> type[E]:
        made = dataclass(frozen=True)(cls)
        made.name, made.owner, made.units = name, owner, units
        unknown = units.keys() - {f.name for f in fields(made)}  # type: ignore[arg-type]
        if unknown:
            raise OptionError(f"units of {name}", "names of fields", sorted(unknown))
        if any(other.name == name for other in _registry):
            raise OptionError("event name", "one that is not registered yet", name)
        _registry[made] = Feed(made)
        return made

    return register


def feed(kind: type[E]) -> Feed[E]:
    """The feed of a registered event type. Raises `OptionError` if it is not registered."""
    try:
        return _registry[kind]
    except (KeyError, TypeError):
        raise OptionError("event", "a registered Event class", kind) from None


def attach(kind: type[E], listener: Callable[[E], object]) -> Callable[[], None]:
    """Call `listener(event)` for every event of class `kind` in this process, until the function returned is called.

    Listeners run inside the runtime, at the line that emits: they must be quick and must not raise (one that
    raises is logged and detached).
    """
    place = feed(kind).listeners

    def heard(event: E) -> object:  # a function of its own, so that equal listeners are two
        return listener(event)

    place.append(heard)

    def detach() -> None:
        if heard in place:
            place.remove(heard)

    return detach


def registered() -> tuple[type[Event], ...]:
    """Every event type there is, in order of registration."""
    return tuple(_registry)
