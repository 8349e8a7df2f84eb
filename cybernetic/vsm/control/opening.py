"""How system 3 begins with the money of its level: by what is in the books, and by what is declared."""

from collections.abc import Iterable, MutableMapping
from dataclasses import replace
from math import ceil, inf
from typing import Any

from cybernetic.vsm.bargain.allocator import Allocator
from cybernetic.vsm.bargain.contract import UNHEARD, Contract
from cybernetic.vsm.bargain.purse import EXACT, Purse
from cybernetic.vsm.bargain.vector import NOTHING
from cybernetic.vsm.changed import changed
from cybernetic.vsm.control.witnesses import Before
from cybernetic.vsm.ids import fresh_id
from cybernetic.vsm.ports.tally import tallied
from cybernetic.vsm.recursion.handing import all_here, begins, levels_here

FORGOTTEN = "in this epoch it was there in another life, and there are no books that say what it spent: give it `data`"


def begun(
    control: Any, declared: Allocator, known: Allocator | None, before: Before, now: float, *, lent: bool
) -> tuple[Allocator, dict[str, Any]]:
    """The allocator of a system 3 that begins, where this is `declared`, and that is `known` from the books; and what
    the log is to say of it, by kind. `before`: what is known of other lives, should the books be lost. `lent`: the
    level lives by what the one above lends it.
    """
    if known is not None:
        after = opened(declared, known, now, lent=lent)
        body = anew(known, after)
        after = _awoken(control.system, after) if before.asleep else after
        return after, {"declared anew": body} if body else {}
    purse = without_books(control.system, declared.purse, now, lent=lent, unknown=before.unknown)
    body = {"why": FORGOTTEN, "until": purse.ended * purse.per}
    return replace(declared, purse=purse), {"nothing to spend": body} if before.unknown > now else {}


def _awoken(system: Any, allocator: Allocator) -> Allocator:
    """It was not there in this epoch, and neither were the levels within it that are of its process: one that has lost
    its purse has spent nothing in it.
    """
    unheard = dict.fromkeys(levels_here(system, allocator.purse.unit), UNHEARD)
    return replace(allocator, purses={**allocator.purses, **unheard})


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


def without_books(system: Any, purse: Purse, now: float, *, lent: bool, unknown: float = -inf) -> Purse:
    """The purse of a level of which there are no books; `lent`: it lives by what the level above lends it.

    Where there was another one before, it has nothing in this epoch. One that counts for itself has what surely was not
    spent: all that there is in it is of this process, where what was spent is known. In epochs that begin before
    `unknown` another life may have spent all that there is in them.
    """
    id, epoch = fresh_id(8, "purse"), purse.epoch(now)
    first = begins(system, purse.unit, alone=not lent)
    if unknown > now:
        gone = ceil(unknown / purse.per - EXACT)
        return changed(purse.born(id, now), ended=gone, bare=gone)
    if first:
        return changed(purse, id=id) if lent else purse
    after = purse.born(id, now)
    spent = None if lent else tallied(system, purse.unit, purse.per, epoch)
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
