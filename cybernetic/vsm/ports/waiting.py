"""Reservations of calls that wait to be made: nothing was called yet, so nobody is owed anything for them."""

from dataclasses import replace
from math import inf

from cybernetic.vsm.bargain.purse import Purse


def handed(purse: Purse, epoch: int, key: str, until: float) -> Purse:
    """The purse after leave was given for the call of `key`: its outcome must be known at `until`, seconds.

    A reservation whose time does not end is of a call that waits. What is not open in `epoch` is left as it is.
    """
    ledger = purse.ledger(epoch)
    one = ledger.open.get(key)
    if one is None:
        return purse
    return purse.with_ledger(epoch, replace(ledger, open={**ledger.open, key: replace(one, until=until)}))


def released(purse: Purse) -> tuple[Purse, tuple[str, ...]]:
    """Who waited is gone: the purse with nothing taken by the calls that waited, and their keys."""
    waited = tuple(
        (epoch, key)
        for epoch, ledger in purse.ledgers.items()
        for key, one in ledger.open.items()
        if one.until == inf
    )
    for epoch, key in waited:
        purse = purse.with_ledger(epoch, purse.ledger(epoch).release(key))
    return purse, tuple(key for _, key in waited)
