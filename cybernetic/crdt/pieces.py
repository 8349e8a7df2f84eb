"""Stores cut into small ones: what anti-entropy sends, and how what is large is worked on in steps."""

from collections.abc import Iterator
from typing import Any

from cybernetic.crdt.branch import Branch
from cybernetic.crdt.context import Context, Dot
from cybernetic.crdt.hlc import Stamp
from cybernetic.crdt.leaf import Leaf
from cybernetic.crdt.trie import Node

_LOOKS = 8  # places looked at, for each leaf a piece may have, before it is given however small it is

_ITEMS = 100  # of what was written at a place, that take as long as another leaf does
_CHARACTERS = 1000  # of a text, that take as long as an item does
_SMALL = frozenset({bool, float, int, type(None), Stamp})

Piece = tuple[Any, list[Dot]]
"""A store, and the last changes that its leaves have seen."""


def lacking(store: Any, context: Context) -> Any:
    """The part of `store` that has something `context` does not know; None if it has not."""
    if not isinstance(store, Branch):
        return None if context.knows_all(store.seen) else store
    found = {}
    for slot, inner in store.trie.unknown(context):
        part = lacking(inner, context)
        if part is not None:
            found[slot] = part
    return type(store).of(found) if found else None


def cut(store: Any, leaves: int, context: Context | None = None) -> Iterator[Piece]:
    """`store`, or what of it `context` lacks, in pieces of at most so many leaves; a piece may be an empty branch.

    Leaves count as in `leaves_of`; one that counts for more than a piece may have is a piece of its own.
    """
    if not isinstance(store, Branch):
        if context is None or not context.knows_all(store.seen):
            yield store, list(store.seen)
        return
    batch: dict[object, Any] = {}
    dots: list[Dot] = []
    count = looks = 0
    for slot, inner in store.trie.unknown(context):
        looks += 1
        for part, seen in cut(inner, leaves, context):
            size = leaves_of(part, leaves)
            if batch and (count + size > leaves or slot in batch):
                yield type(store).of(batch), dots
                batch, dots, count, looks = {}, [], 0, 0
            if not size:
                yield part, seen
                continue
            batch[slot] = part
            dots += seen
            count += size
        if looks >= leaves * _LOOKS:
            yield type(store).of(batch), dots
            batch, dots, count, looks = {}, [], 0, 0
    if batch:
        yield type(store).of(batch), dots


def held(part: Any) -> list[Any]:
    """What a store holds next, or a part that this gave for one. Who keeps only that may let go of it in steps.

    To free a hundred thousand places at once takes a tenth of a second; the parts of the parts end with a few each.
    """
    if isinstance(part, Branch):
        return [part.trie.root]
    if isinstance(part, Node):
        return [*part.parts, *[store for store in part.items.values() if isinstance(store, Branch)]]
    return []


def leaves_of(store: Any, most: int) -> int:
    """How many leaves `store` has, one with much in it being as many as it takes the time of; any number beyond `most`
    if there are more.
    """
    if isinstance(store, Leaf):
        return 1 + sum([_items(payload, most * _ITEMS) for _, _, payload in store.live]) // _ITEMS
    if not isinstance(store, Branch):
        return 1
    found = 0
    for _, inner in store.trie.items():
        found += leaves_of(inner, most - found)
        if found > most:
            break
    return found


def _items(content: Any, most: int) -> int:
    """How many items there are in what was written, in all of it; any number beyond `most` if there are more."""
    if isinstance(content, str | bytes):
        return len(content) // _CHARACTERS
    if isinstance(content, dict):
        content = [*content, *content.values()]
    elif not isinstance(content, list | tuple | set | frozenset):
        return 0
    found = len(content)
    for part in content:
        if found > most:
            break
        if type(part) not in _SMALL:
            found += _items(part, most - found)
    return found
