"""How a part of the directory travels: as rows of plain values, for there may be very many of them.

It is a list of the numbers of the changes it tells of, as first, last + 1, first, last + 1, ..., and of rows. A row
has the kind of a place, the number of the last change there, and its key; then what was written, if that stands:

    0, number, name                   millis, counter, serial, class
    1, number, service                True
    2, number, service, key, serial   class, the numbers with which the agent joined

Whose changes they are is not said: they are taken for those of the node that sends them. What arrives is looked at
before it is believed.
"""

from typing import Any

from cybernetic.core import OptionError
from cybernetic.crdt import LWW, MV, AWMap, Branch, Leaf, checked_stamp, key_of, slot_of
from cybernetic.nodes.directory.entries import Part, Source
from cybernetic.nodes.directory.parts import known, upto, writer
from cybernetic.wire import DamagedMessage

_NAME, _SERVICE, _SEAT = range(3)
_MOST = 2**63 - 1  # the greatest number of a change, and of an agent


def pack(part: Part, source: Source) -> list[Any]:
    """What stands for a part, or a delta of it, in a message."""
    return [list(known(part, source)), [_row(slot, leaf) for slot, leaf in part.store.trie.items()]]


def unpack(data: Any, source: Source) -> Part:
    """The part that a message brings. Raises `DamagedMessage` for what no node writes."""
    me = writer(source)
    try:
        bounds, rows = data
        return AWMap.from_store(
            Branch.of(dict([_place(me, *row) for row in rows])), upto(source, tuple(bounds))
        )
    except (TypeError, ValueError, OptionError) as error:
        raise DamagedMessage("a part of the directory", f"{data!r:.80}") from error


def _row(slot: Any, leaf: Leaf[Any]) -> list[Any]:
    (kind, key), n = slot, leaf.seen[-1][1]
    written = leaf.live[-1][2] if leaf.live else None
    if kind == LWW.kind:
        if written is None:
            return [_NAME, n, key]
        (millis, counter, _), (serial, path) = written
        return [_NAME, n, key, millis, counter, serial, path]
    if type(key) is str:
        return [_SERVICE, n, key] if written is None else [_SERVICE, n, key, True]
    row = [_SEAT, n, *key_of(key)]
    if written is not None:
        row += (written[0], list(written[1]))
    return row


def _place(me: str, kind: int, n: int, *rest: Any) -> tuple[Any, Leaf[Any]]:
    """A slot of the map, and the leaf there. Raises `ValueError` and others."""
    slot: tuple[str, object]
    written: Any
    if kind == _NAME:
        key, *written = rest
        slot = LWW.kind, _text(key)
        if written:
            millis, counter, serial, path = written
            written = checked_stamp(millis, counter, me), (_whole(serial), _text(path))
    elif kind == _SERVICE:
        key, *written = rest
        slot = MV.kind, _text(key)
        written = bool(written)
    elif kind == _SEAT:
        service, key, serial, *written = rest
        if type(key) is not bytes:
            raise ValueError
        slot = MV.kind, slot_of((_text(service), key, _whole(serial)))
        if written:
            path, numbers = written
            if not numbers:
                raise ValueError
            written = _text(path), tuple(map(_whole, numbers))
    else:
        raise ValueError
    seen = ((me, _whole(n)),)
    return slot, Leaf(seen, ((me, n, written),)) if written else Leaf(seen)


def _text(value: Any) -> str:
    if type(value) is str and value:
        return value
    raise ValueError


def _whole(value: Any) -> int:
    if type(value) is int and 0 < value <= _MOST:
        return value
    raise ValueError
