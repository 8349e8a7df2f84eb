"""Reservations of calls that wait to be made: nobody is owed anything for them but what refused tries took."""

from dataclasses import replace
from math import inf
from typing import Any

from cybernetic.vsm.bargain.purse import Purse
from cybernetic.vsm.bargain.vector import Vector
from cybernetic.vsm.changed import changed


def handed(purse: Purse, epoch: int, key: str, until: float) -> Purse:
    """The purse after leave was given for the call of `key`: its outcome must be known at `until`, seconds.

    A reservation whose time does not end is of a call that waits. What is not open in `epoch` is left as it is.
    """
    return _changed(purse, epoch, key, until=until)


def refused(purse: Purse, epoch: int, key: str, took: Vector) -> Purse:
    """The purse while the call of `key` waits to be made again: tries of which the other side said "too many" `took` so
    much. What is not open in `epoch` is left as it is.
    """
    return _changed(purse, epoch, key, until=inf, took=took)


def released(purse: Purse) -> tuple[Purse, tuple[str, ...]]:
    """Who waited is gone: the purse where the calls that waited took no more than refused tries did, and their keys."""
    waited = tuple(
        (epoch, key)
        for epoch, ledger in purse.ledgers.items()
        for key, one in ledger.open.items()
        if one.until == inf
    )
    for epoch, key in waited:
        ledger = purse.ledger(epoch)
        purse = purse.with_ledger(epoch, ledger.settle(key, ledger.open[key].took))
    return purse, tuple(key for _, key in waited)


def _changed(purse: Purse, epoch: int, key: str, **change: Any) -> Purse:
    ledger = purse.ledger(epoch)
    one = ledger.open.get(key)
    if one is None:
        return purse
    return purse.with_ledger(epoch, changed(ledger, open={**ledger.open, key: replace(one, **change)}))
