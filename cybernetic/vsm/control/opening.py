"""How system 3 begins with the money of its level: by what is in the books, and by what is declared."""

from collections.abc import Iterable, MutableMapping
from dataclasses import replace
from math import inf
from typing import Any

from cybernetic.vsm.bargain.allocator import Allocator
from cybernetic.vsm.bargain.budget import Epoch
from cybernetic.vsm.bargain.contract import Contract
from cybernetic.vsm.bargain.purse import Purse
from cybernetic.vsm.bargain.vector import NOTHING
from cybernetic.vsm.books.books import Books
from cybernetic.vsm.changed import changed
from cybernetic.vsm.ids import fresh_id
from cybernetic.vsm.owned import Owned
from cybernetic.vsm.ports.tally import tallied
from cybernetic.vsm.recursion.charter import Charter
from cybernetic.vsm.recursion.handing import all_here, begins, lasting
from cybernetic.vsm.timing import now


def opened(declared: Allocator, known: Allocator, now: float, *, lent: bool) -> Allocator:
    """The allocator of a system 3 that begins, where this is `declared`, and that is `known` from the books; `lent`:
    the level lives by what the one above lends it.
    """
    id = fresh_id(8, "purse")
    named = replace(declared, purse=changed(declared.purse, id=id))
    after = known.succeeded(known.term + 1).redeclared(named, now, own=not lent)
    return _lent_now(after, id, now) if lent and not after.purse.id else after


def _lent_now(allocator: Allocator, id: str, now: float) -> Allocator:
    """It counted for itself, and nothing of that is its own any more: it keeps what is committed until a contract."""
    purse, epoch = changed(allocator.purse, id=id), allocator.purse.epoch(now)
    return replace(allocator, purse=purse.with_ledger(epoch, purse.ledger(epoch).regrant(NOTHING)))


def closing(
    allocator: Allocator, closed: MutableMapping[str, int], units: Iterable[str], now: float
) -> tuple[Allocator, dict[str, Contract]]:
    """In an epoch that was over before the clock was set back: the allocator, and contracts of nothing for all that
    were not told yet (`closed`: the last epoch of which each was).
    """
    fresh, epoch = {}, allocator.purse.epoch(now)
    for unit in units:
        if closed.get(unit) != epoch:
            closed[unit] = epoch
            allocator, fresh[unit] = allocator.closed(unit, now)
    return allocator, fresh


_unknown: Owned[dict[str, float]] = Owned(dict)  # up to which epoch, by path


async def from_books(control: Any, charter: Charter) -> tuple[Allocator | None, bool]:
    """What is in the books of a level, and whether, where nothing is, it may have spent in this epoch in another life.

    Of a level that is lent to, the one above knows that. Of one that counts for itself the next one around that keeps
    its books on a disk has in them that it was there. Which epochs that lived through nobody knows: it may have been
    the one in which it begins here for the first time.
    """
    known = await control.books.call(Books.load, "control")
    if charter.budget is None or charter.per is None:
        return known, False
    until, epoch, path = _unknown.of(control.system), Epoch.at(now(), charter.per).number, charter.path
    if path not in until:
        until[path] = epoch if await _was_there(control.system, path) else -inf
    return known, epoch <= until[path]


async def _was_there(system: Any, path: str) -> bool:
    level, key = lasting(system, path), f"counted for itself: {path}"
    if not level:
        return level is not None
    books = system.named(f"{level}:books", Books)
    if await books.call(Books.load, key):
        return True
    await books.call(Books.save, key, value=True)  # before it spends anything
    return False


def without_books(system: Any, purse: Purse, now: float, *, lent: bool, unknown: bool = False) -> Purse:
    """The purse of a level of which there are no books; `lent`: it lives by what the level above lends it.

    Where there was another one before, it has nothing in this epoch. One that counts for itself has what surely was not
    spent: all that there is in it is of this process, where what was spent is known, unless that is `unknown`.
    """
    id, epoch = fresh_id(8, "purse"), purse.epoch(now)
    if begins(system, purse.unit, alone=not lent) and not unknown:
        return changed(purse, id=id) if lent else purse
    after = purse.born(id, now)
    spent = None if lent or unknown else tallied(system, purse.unit, purse.per, epoch)
    if spent is None or not all_here(system, purse.unit):
        return after
    return after.with_ledger(epoch, after.ledger(epoch).regrant(purse.floor.less(spent)))


def anew(known: Allocator, holds: Allocator) -> dict[str, Any]:
    """What of a declaration is otherwise than when the books were written, as it was and as it is."""
    before, after = _declaration(known), _declaration(holds)
    return {key: {"was": before[key], "is": after[key]} for key in before if before[key] != after[key]}


def _declaration(allocator: Allocator) -> dict[str, Any]:
    floors = {unit: floor.as_dict() for unit, floor in allocator.floors.items()}
    return {"per": allocator.purse.per, "floor": allocator.purse.floor.as_dict(), "units": floors}
