"""How converging values, deltas among them, and contexts cross the border of a process."""

from collections.abc import Callable
from functools import partial
from typing import Any

from cybernetic.core import OptionError
from cybernetic.crdt.awmap import AWMap
from cybernetic.crdt.awset import AWSet
from cybernetic.crdt.branch import Branch
from cybernetic.crdt.context import Context
from cybernetic.crdt.counters import GCounter, PNCounter
from cybernetic.crdt.escrow import Escrow
from cybernetic.crdt.hlc import Stamp, checked_stamp
from cybernetic.crdt.keys import key_of, slot_of
from cybernetic.crdt.lattice import Lattice
from cybernetic.crdt.opaque import Sealed, sealed, unsealed
from cybernetic.crdt.parts import (
    Names,
    Table,
    read_context,
    read_leaf,
    read_row,
    read_share,
    write_context,
    write_leaf,
    write_row,
    write_share,
)
from cybernetic.crdt.refusals import LeaseHolds, NotGuardian, RightsLacking
from cybernetic.crdt.registers import LWW, MV
from cybernetic.crdt.row import owner_of
from cybernetic.crdt.rows import Rows, slot_for
from cybernetic.crdt.trie import Editor, Trie
from cybernetic.wire import register

VERSION = 1
DEEPEST = 32  # maps inside each other
_LONGEST_KIND = 40  # characters

Write = Callable[[Any, Names, int], Any]
Read = Callable[[Any, Table, int], Any]


def pack(value: Lattice) -> tuple[Any, ...]:
    """The parts of a value. Raises `OptionError` for maps too deep inside each other."""
    names = Names()
    write, _ = FORMS[value.kind]
    body = write(value.store, names, 0)
    context = write_context(value.context, names)
    return VERSION, names.table(), context, body


def unpack(cls: type[Lattice], version: Any, replicas: Any, context: Any, body: Any) -> Lattice:
    """The value of such parts. Raises `OptionError` for what are none."""
    _version(version)
    table = Table(replicas)
    _, read = FORMS[cls.kind]
    return cls.from_store(read(body, table, 0), read_context(context, table))


def pack_context(context: Context) -> tuple[Any, ...]:
    """The parts of a context."""
    names = Names()
    runs = write_context(context, names)
    return VERSION, names.table(), runs


def unpack_context(version: Any, replicas: Any, runs: Any) -> Context:
    """The context of such parts. Raises `OptionError` for what are none."""
    _version(version)
    return read_context(runs, Table(replicas))


def _version(version: Any) -> None:
    if version != VERSION:
        raise OptionError("version", str(VERSION), version)


# registers: a leaf, whose payload is a value, with its stamp


def _write_lww(leaf: Any, names: Names, depth: int) -> Any:
    return write_leaf(leaf, names, lambda what: [*what[0][:2], names.at(what[0][2]), what[1]])


def _read_lww(parts: Any, table: Table, depth: int) -> Any:
    return read_leaf(parts, table, lambda rest: _stamped(rest, table)) if parts else None


def _stamped(rest: list[Any], table: Table) -> Any:
    if len(rest) != 4:
        raise OptionError("write", "a stamp and a value", len(rest))
    millis, counter, node, value = rest
    stamp: Stamp = checked_stamp(millis, counter, table.at(node))
    return stamp, value


def _write_mv(leaf: Any, names: Names, depth: int) -> Any:
    return write_leaf(leaf, names, lambda what: [what])


def _read_mv(parts: Any, table: Table, depth: int) -> Any:
    return read_leaf(parts, table, _only) if parts else None


def _only(rest: list[Any]) -> Any:
    if len(rest) != 1:
        raise OptionError("write", "one value", len(rest))
    return rest[0]


# sets: keys and leaves without a payload, one after another


def _write_set(branch: Branch, names: Names, depth: int) -> Any:
    parts: list[Any] = []
    for slot, leaf in branch.trie.items():
        parts += (key_of(slot), write_leaf(leaf, names, lambda _: [True]))
    return parts


def _read_set(parts: Any, table: Table, depth: int) -> Any:
    return _branch(parts, 2, lambda key, leaf: (slot_of(key), read_leaf(leaf, table, _nothing)))


def _nothing(rest: list[Any]) -> None:
    if rest != [True]:
        raise OptionError("write", "nothing but the mark of one", rest)


# counters: replicas and their shares or rows


def _write_counter(branch: Branch, names: Names, depth: int) -> Any:
    parts: list[Any] = []
    for replica, share in branch.trie.items():
        parts += (names.at(str(replica)), write_share(share, names))
    return parts


def _read_counter(parts: Any, table: Table, depth: int) -> Any:
    return _branch(parts, 2, lambda place, share: (table.at(place), read_share(share, table)))


def _read_gcounter(parts: Any, table: Table, depth: int) -> Any:
    branch: Branch = _read_counter(parts, table, depth)
    for _, share in branch.trie.items():
        if share.down:
            raise OptionError("share", "nothing counted down", share.down)
    return branch


def _write_escrow(branch: Branch, names: Names, depth: int) -> Any:
    parts: list[Any] = []
    for replica, row in branch.trie.items():
        parts += (names.at(owner_of(replica)), write_row(row, names))
    return parts


def _read_escrow(parts: Any, table: Table, depth: int) -> Any:
    def read(place: Any, body: Any) -> tuple[object, Any]:
        row = read_row(table.at(place), body, table)
        return slot_for(row), row

    return _branch(parts, 2, read, Rows)


# maps: keys, kinds and stores of the kinds


def _write_map(branch: Branch, names: Names, depth: int) -> Any:
    _not_too_deep(depth)
    parts: list[Any] = []
    slots: Any = branch.trie.items()
    for (kind, key), store in slots:
        if isinstance(store, Sealed):
            for body in unsealed(store):
                parts += (key_of(key), kind, body)
        else:
            write, _ = FORMS[kind]
            parts += (key_of(key), kind, write(store, names, depth + 1))
    return parts


def _read_map(parts: Any, table: Table, depth: int) -> Any:
    _not_too_deep(depth)

    def read(key: Any, kind: Any, body: Any) -> tuple[object, Any]:
        if not isinstance(kind, str) or not 0 < len(kind) <= _LONGEST_KIND:
            raise OptionError("kind", f"text of 1 to {_LONGEST_KIND} characters", kind)
        form = FORMS.get(kind)
        store = sealed(body) if form is None else form[1](body, table, depth + 1)
        if store is None:
            raise OptionError("value", "one that something happened to", body)
        return (kind, slot_of(key)), store

    return _branch(parts, 3, read, again=True)


def _not_too_deep(depth: int) -> None:
    if depth > DEEPEST:
        raise OptionError("maps", f"at most {DEEPEST} inside each other", "more")


def _branch(
    parts: Any,
    width: int,
    read: Callable[..., tuple[object, Any]],
    kind: type[Branch] = Branch,
    again: bool = False,
) -> Branch:
    """The branch whose stores stand one after another, each in `width` parts. `again`: a slot may come several times:
    who carries what it does not know sends on all that arrived of it, and whoever knows it joins that.
    """
    if type(parts) is not list or len(parts) % width:
        raise OptionError("stores", f"a list of {width} parts each", type(parts).__name__)
    edit: Editor[Any] = Trie[Any]().edit()
    more: dict[object, list[Any]] = {}
    shown = 0
    for at in range(0, len(parts), width):
        slot, store = read(*parts[at : at + width])
        old = edit.get(slot)
        if old is None:
            edit.set(slot, store)
            shown += store.alive
        elif again:
            more.setdefault(slot, [old]).append(store)
        else:
            raise OptionError("key", "each once", slot)
    for slot, stores in more.items():
        both = _joined(stores)
        edit.set(slot, both)
        shown += both.alive - stores[0].alive
    return kind(edit.done(), shown)


def _joined(stores: list[Any]) -> Any:
    """All of them in one: two and two, so that as many as one message may bring cost little more than reading them."""
    while len(stores) > 1:
        pairs = [
            one.join(other, _NOTHING, _NOTHING) for one, other in zip(stores[::2], stores[1::2], strict=False)
        ]
        stores = pairs + stores[len(pairs) * 2 :]
    return stores[0]


_NOTHING = Context()

FORMS: dict[str, tuple[Write, Read]] = {
    AWMap.kind: (_write_map, _read_map),
    AWSet.kind: (_write_set, _read_set),
    Escrow.kind: (_write_escrow, _read_escrow),
    GCounter.kind: (_write_counter, _read_gcounter),
    LWW.kind: (_write_lww, _read_lww),
    MV.kind: (_write_mv, _read_mv),
    PNCounter.kind: (_write_counter, _read_counter),
}
"""How the stores of each kind are written and read."""

CONVERGING = (
    register(Context, "state.Context", encode=pack_context, decode=unpack_context),
    *[
        register(cls, f"state.{cls.__name__}", encode=pack, decode=partial(unpack, cls))
        for cls in (AWMap, AWSet, Escrow, GCounter, LWW, MV, PNCounter)
    ],
    *[register(cls, f"state.{cls.__name__}") for cls in (LeaseHolds, NotGuardian, RightsLacking)],
)
"""What is added here to the types that may travel; importing this file does it."""
