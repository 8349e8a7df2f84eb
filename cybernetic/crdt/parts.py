"""Stores and contexts as plain lists, as messages carry them, and back. What comes from outside is checked here.

Names of replicas stand once, in a table, and as their place in it everywhere else. A type of converging value
that is added later writes them out instead: a version that does not know it passes its list on as it is.
"""

from collections.abc import Callable, Iterable, Iterator
from itertools import accumulate, chain
from operator import sub
from typing import Any

from cybernetic.core import OptionError, number, whole
from cybernetic.crdt.context import Context, Dot
from cybernetic.crdt.counters import MOST
from cybernetic.crdt.keys import replica_name
from cybernetic.crdt.leaf import Leaf
from cybernetic.crdt.row import Absorbed, Lease, Row
from cybernetic.crdt.share import Share

MOST_REPLICAS = 65_536  # in one message
_LAST = 2**53  # the highest number of a change

Payload = Callable[[Any], list[Any]]
"""Gives the parts of what was written."""

Content = Callable[[list[Any]], Any]
"""Makes what was written of its parts."""


class Names:
    """The table of replicas of one message, while it is written."""

    def __init__(self) -> None:
        self._places: dict[str, int] = {}

    def at(self, replica: str) -> int:
        """The place of a replica."""
        return self._places.setdefault(replica, len(self._places))

    def table(self) -> list[str]:
        """The names in order."""
        return list(self._places)


class Table:
    """The table of replicas of one message, while it is read. Raises `OptionError` for what is none."""

    def __init__(self, names: Any) -> None:
        _list("replicas", names)
        if len(names) > MOST_REPLICAS or len(set(map(replica_name, names))) < len(names):
            raise OptionError("replicas", f"at most {MOST_REPLICAS} names, each once", len(names))
        self._names: list[str] = names

    def at(self, place: Any) -> str:
        """The replica in a place."""
        if type(place) is not int or not 0 <= place < len(self._names):
            raise OptionError("replica", f"a place below {len(self._names)}", place)
        return self._names[place]


# contexts


def write_context(context: Context, names: Names) -> list[Any]:
    """For each replica its place, and the bounds of its runs, each as the distance from the one before."""
    return [
        [names.at(replica), bounds[0], *map(sub, bounds[1:], bounds)]
        for replica, bounds in context.runs.items()
    ]


def read_context(parts: Any, table: Table) -> Context:
    """The context of such lists. Raises `OptionError`."""
    runs: dict[str, tuple[int, ...]] = {}
    for part in _list("context", parts):
        if len(_list("context", part)) < 3 or len(part) % 2 == 0:
            raise OptionError("context", "a replica and runs", part)
        replica = table.at(part[0])
        bounds = tuple(accumulate(_steps(part[1:])))
        if replica in runs or bounds[-1] > _LAST:
            raise OptionError("context", f"each replica once, numbers up to {_LAST}", part[:3])
        runs[replica] = bounds
    return Context(runs)


def _steps(found: list[Any]) -> list[int]:
    """Whole numbers from 1 on; looked at one by one only where any is something else. Raises `OptionError`."""
    if set(map(type, found)) == {int} and min(found) >= 1:
        return found
    return [whole("context", step, least=1) for step in found]


# leaves


def write_leaf(leaf: Leaf[Any], names: Names, payload: Payload) -> list[Any]:
    """A leaf that one write has made: replica, number, payload; nothing written: without payload. Else two lists.

    One that nothing has happened to is empty.
    """
    if not leaf.seen:
        return []
    if len(leaf.seen) == 1 and len(leaf.live) < 2:
        replica, n = leaf.seen[0]
        if not leaf.live:
            return [names.at(replica), n]
        if leaf.live[0][1] == n:
            return [names.at(replica), n, *payload(leaf.live[0][2])]
    live = [[names.at(replica), n, *payload(what)] for replica, n, what in leaf.live]
    return [write_dots(leaf.seen, names), live]


def read_leaf(parts: Any, table: Table, payload: Content) -> Leaf[Any]:
    """The leaf of such lists; `payload` takes what follows a dot. Raises `OptionError`."""
    _list("leaf", parts)
    if len(parts) >= 2 and type(parts[0]) is int:
        dot = table.at(parts[0]), _n(parts[1])
        return Leaf((dot,), ((*dot, payload(parts[2:])),) if len(parts) > 2 else ())
    if len(parts) != 2:
        raise OptionError("leaf", "what it has seen and the writes that stand", len(parts))
    seen = read_dots(parts[0], table)
    last = dict(seen)
    live = {}
    for part in _list("leaf", parts[1]):
        if len(_list("write", part)) < 3:
            raise OptionError("write", "a dot and a payload", part)
        replica, n = table.at(part[0]), _n(part[1])
        if n > last.get(replica, 0) or (replica, n) in live:
            raise OptionError("write", "a dot that is seen, once", (replica, n))
        live[replica, n] = payload(part[2:])
    return Leaf(seen, tuple([(*dot, live[dot]) for dot in sorted(live)]))


def write_dots(dots: Iterable[Dot], names: Names) -> list[int]:
    """Dots one after another."""
    return list(chain.from_iterable([(names.at(replica), n) for replica, n in dots]))


def read_dots(parts: Any, table: Table) -> tuple[Dot, ...]:
    """The dots of such a list, in order of replicas, at least one and one each. Raises `OptionError`."""
    dots = {table.at(place): _n(n) for place, n in _pairs("dots", parts)}
    if not dots or len(dots) * 2 != len(parts):
        raise OptionError("dots", "at least one, and one for each replica", len(parts))
    return tuple(sorted(dots.items()))


# shares and rows


def write_share(share: Share, names: Names) -> list[Any]:
    """Its numbers, then what it has seen."""
    return [*share[:5], *write_dots(share.seen, names)]


def read_share(parts: Any, table: Table) -> Share:
    """The share of such a list. Raises `OptionError`."""
    if len(_list("share", parts)) < 7:
        raise OptionError("share", "its numbers and what it has seen", len(parts))
    born, up, down, up_reset, down_reset = _n(parts[0]), *map(_total, parts[1:5])
    if up_reset > up or down_reset > down:
        raise OptionError("share", "no more reset than counted", parts[:5])
    return Share(born, up, down, up_reset, down_reset, read_dots(parts[5:], table))


def write_row(row: Row, names: Names) -> list[Any]:
    """Its fields, pairs by replica flattened; of the last four those up to the last that says anything."""
    leases = [(names.at(replica), *lease) for replica, lease in row.leases]
    absorbed = [names.at(one) for one in sorted(row.absorbed)]
    last: list[Any] = [
        [names.at(one) for one in row.former],
        write_dots(row.ended, names),
        row.asks,
        absorbed,
    ]
    while last and not last[-1]:
        last.pop()
    return [
        row.seen[0][1],
        row.granted,
        row.used,
        write_dots(row.given, names),
        names.at(row.guardian) if row.guardian else None,
        row.settled,
        list(chain.from_iterable(leases)),
        write_dots(row.void, names),
        write_dots(row.taken, names),
        *last,
    ]


def read_row(writer: str, parts: Any, table: Table) -> Row:
    """The row of such a list. Raises `OptionError`."""
    if not 9 <= len(_list("row", parts)) <= 13 or (len(parts) > 9 and not parts[-1]):
        raise OptionError("row", "9 to 13 fields, of which the last says something", len(parts))
    more: list[Any]
    n, granted, used, given, guardian, settled, leases, void, taken, *more = parts
    last: list[Any] = [[], [], 0, []]
    heirs, ended, asks, names = more + last[len(more) :]
    former, absorbed = _others("former", writer, heirs, table), _others("absorbed", writer, names, table)
    if len(_list("leases", leases)) % 4:
        raise OptionError("leases", "four parts each", len(leases))
    return Row(
        ((writer, _n(n)),),
        _total(granted),
        _total(used),
        _amounts(given, table),
        "" if guardian is None else table.at(guardian),
        _total(settled),
        tuple(sorted(_leases(leases, table))),
        _amounts(void, table),
        _amounts(taken, table),
        former,
        _amounts(ended, table),
        _total(asks),
        Absorbed(absorbed),
    )


def _others(name: str, writer: str, places: Any, table: Table) -> tuple[str, ...]:
    others = [table.at(place) for place in _list(name, places)]
    if len(set(others)) < len(others) or writer in others:
        raise OptionError(name, "other replicas, each once", others)
    return tuple(sorted(others))


def _leases(parts: list[Any], table: Table) -> Iterator[tuple[str, Lease]]:
    for at in range(0, len(parts), 4):
        place, epoch, ceiling, until = parts[at : at + 4]
        number("until", until)
        yield table.at(place), Lease(_n(epoch), _total(ceiling), float(until))


def _amounts(parts: Any, table: Table) -> tuple[tuple[str, int], ...]:
    amounts = {table.at(place): _total(amount) for place, amount in _pairs("amounts", parts)}
    if len(amounts) * 2 != len(parts):
        raise OptionError("amounts", "one for each replica", len(parts))
    return tuple(sorted(amounts.items()))


# what all of them check


def _list(name: str, value: Any) -> list[Any]:
    if type(value) is not list:
        raise OptionError(name, "a list", value)
    return value


def _pairs(name: str, parts: Any) -> Iterable[tuple[Any, Any]]:
    if len(_list(name, parts)) % 2:
        raise OptionError(name, "pairs", len(parts))
    return zip(parts[::2], parts[1::2], strict=True)


def _n(value: Any) -> int:
    if type(value) is not int or not 1 <= value < _LAST:
        raise OptionError("number", f"a whole number from 1 to {_LAST - 1}", value)
    return value


def _total(value: Any) -> int:
    if type(value) is not int or not 0 <= value <= MOST:
        raise OptionError("amount", f"a whole number from 0 to {MOST}", value)
    return value
