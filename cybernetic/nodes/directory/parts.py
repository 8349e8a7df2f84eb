"""A node's part of the directory as a converging map: who holds a name, what services run, who is in which group.

A map of registers, written by its own node alone: under a name an `LWW` of (serial, class), with the stamp of the
claim; under the name of a service an `MV`, while its agent runs there; under (service, group, serial) an `MV` of the
class and the numbers with which that agent joined. The functions that change it return deltas. What another node has
sent is looked at before it is believed.
"""

from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import Any

from cybernetic.crdt import LWW, MV, AWMap, Context, Lattice, Stamp
from cybernetic.nodes.directory.entries import Claim, Part, Source
from cybernetic.wire import DamagedMessage

Place = tuple[str, bytes, int]
"""A group of a service, and an agent by its number."""

Seating = tuple[str, tuple[int, ...]]
"""The class of an agent in a group, and the numbers with which it joined, ascending."""

WRITER = 200  # characters of a node's name that its changes are marked with

NONE: Part = AWMap()


def writer(source: Source) -> str:
    """Whom the changes of a node's part are by; a part has one writer, so it need not be unlike all others."""
    return source[0][:WRITER]


def claimed(part: Part, me: str, name: str, stamp: Stamp, serial: int, path: str) -> Part:
    """The delta by which an agent takes a name, in place of any other of this node."""
    register: LWW[Any] = part.at(name, LWW)
    return part.put(name, register.set(me, stamp, (serial, path)))


def released(part: Part, me: str, name: str) -> Part:
    """The delta by which a name is given up."""
    return part.put(name, part.at(name, LWW).clear(me))


def opened(part: Part, me: str, service: str) -> Part:
    """The delta by which the agent of a service runs."""
    register: MV[Any] = part.at(service, MV)
    return part.put(service, register.set(me, True))


def joined(part: Part, me: str, place: Place, path: str) -> Part:
    """The delta by which an agent is in a group once more."""
    register: MV[Any] = part.at(place, MV)
    _, numbers = seating(part, place) or (path, ())
    return part.put(place, register.set(me, (path, (*numbers, part.context.next(me)))))


def left(part: Part, me: str, place: Place) -> Part:
    """The delta by which an agent is in a group once less: the earliest time does not count any more."""
    register: MV[Any] = part.at(place, MV)
    now = seating(part, place)
    if now is None or len(now[1]) < 2:
        return part.put(place, register.clear(me))
    return part.put(place, register.set(me, (now[0], now[1][1:])))


def closed(part: Part, me: str, service: str, places: Iterable[Place]) -> Part:
    """The delta by which the agent of a service has ended, if it ran, and with it who was in `places`."""
    delta = part.put(service, part.at(service, MV).clear(me))
    return delta.join(part.join(delta).remove(me, *places))


# What stands in it.


def claim(part: Part, source: Source, name: str) -> Claim | None:
    """Who has taken a name. Raises `DamagedMessage` for what no node writes."""
    register: LWW[Any] = part.at(name, LWW)
    stamp = register.stamp
    if stamp is None:
        return None
    match register.value:
        case (int(serial), str(path)) if serial > 0 and path and type(serial) is int and name:
            return Claim(name, source, stamp, serial, path)
    raise DamagedMessage("a claim to a name", f"{name!r:.40}: {register.value!r:.40}")


def runs(part: Part, service: str) -> bool:
    """Whether the agent of a service runs."""
    return bool(part.at(service, MV).values)


def seating(part: Part, place: Place) -> Seating | None:
    """How an agent is in a group. Raises `DamagedMessage` for what no node writes."""
    values: tuple[Any, ...] = part.at(place, MV).values
    if not values:
        return None
    match values[0]:
        case (str(path), tuple(numbers)) if path and numbers and all(type(n) is int for n in numbers):
            return path, numbers
    raise DamagedMessage("a place in a group", f"{values!r:.80}")


def told(delta: Part, source: Source) -> Iterator[tuple[Any, type[Lattice]]]:
    """The keys of a delta, and what is under each. Raises `DamagedMessage` for what no node writes."""
    if not set(delta.context.runs) <= {writer(source)}:
        raise DamagedMessage(f"changes of {source[0]}", f"some of {', '.join(delta.context.runs)!r:.80}")
    for key, kind in delta.told():
        if kind in (LWW, MV) and not _fits(key, kind):
            raise DamagedMessage("a name, a service or a place in a group", f"{key!r:.80}")
        yield key, kind


def _fits(key: Any, kind: type[Lattice]) -> bool:
    if kind is LWW or not isinstance(key, tuple):
        return type(key) is str and key != ""
    return len(key) == 3 and all(type(each) is cls for each, cls in zip(key, (str, bytes, int), strict=True))


# What another node lacks.


def known(part: Part, source: Source) -> tuple[int, ...]:
    """The numbers of the changes that are known, as first, last + 1, first, last + 1, ..."""
    return tuple(part.context.runs.get(writer(source), ()))


def upto(source: Source, bounds: tuple[int, ...]) -> Context:
    """The context that knows changes of these numbers. Raises `DamagedMessage` for what are none."""
    numbers = all(type(n) is int for n in bounds)
    if not numbers or len(bounds) % 2 or not all(a < b for a, b in pairwise((0, *bounds))):
        raise DamagedMessage("numbers of changes", f"{bounds!r:.80}")
    return Context({writer(source): bounds})
