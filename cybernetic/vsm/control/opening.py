"""How system 3 begins with the money of its level."""

from typing import Any

from cybernetic.vsm.bargain.purse import Purse
from cybernetic.vsm.bargain.tally import tallied
from cybernetic.vsm.changed import changed
from cybernetic.vsm.ids import fresh_id
from cybernetic.vsm.recursion.handing import all_here, begins


def opened(system: Any, purse: Purse, now: float, *, lent: bool) -> Purse:
    """The purse of a level of which there are no books; `lent`: it lives by what the level above lends it.

    Where there was another one before, it has nothing in this epoch. One that counts for itself has what surely was not
    spent: all that there is in it is of this process, where what was spent is known.
    """
    id, epoch = fresh_id(8, "purse"), purse.epoch(now)
    if begins(system, purse.unit, alone=not lent):
        return changed(purse, id=id) if lent else purse
    after = purse.born(id, now)
    spent = None if lent else tallied(system, purse.unit, purse.per, epoch)
    if spent is None or not all_here(system, purse.unit):
        return after
    return after.with_ledger(epoch, after.ledger(epoch).regrant(purse.floor.less(spent)))
