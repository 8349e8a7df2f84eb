"""Calls that nobody gave an upper bound: what is assumed of those of which nobody knows what they took."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Self

from cybernetic.vsm.bargain.purse import Purse
from cybernetic.vsm.bargain.vector import NOTHING, Vector
from cybernetic.vsm.ports.port import Port
from cybernetic.vsm.ports.receipts import Came
from cybernetic.wire import travels


@travels(name="vsm.Unbounded")
@dataclass(frozen=True, slots=True)
class Unbounded:
    """A value; kept with the purse that the calls are paid from.

    A reservation of nothing stands in the purse for each that is under way, so that no more is made once nothing is
    left. What it will have taken is told after it; where that is never told it is assumed, as if it were unknown: the
    most that a call through the port took so far, and all that is left where none was told of yet.

    Arguments:
        dearest: the most that a call took, by port; ports of which nothing was told yet are not there.
        open: the ports of the calls that are under way, by the key of the reservation.
    """

    dearest: Mapping[str, Vector] = field(default_factory=dict)
    open: Mapping[str, str] = field(default_factory=dict)

    def began(self, key: str, name: str, port: Port) -> Self:
        """A call through `port`, of that name, may be made. One of a port without a `cost` is known to take nothing,
        unless it fails.
        """
        known = {} if port.cost is not None else {name: self.dearest.get(name, NOTHING)}
        return type(self)({**self.dearest, **known}, {**self.open, key: name})

    def over(self, key: str) -> Self:
        """It is over, and settled."""
        left = {other: port for other, port in self.open.items() if other != key}
        return replace(self, open=left) if key in self.open else self

    def told(self, name: str, took: Vector) -> Self:
        """A call took so much, by who was paid."""
        most = self.dearest.get(name, NOTHING).most(took)
        return replace(self, dearest={**self.dearest, name: most})

    def assumed(self, name: str, left: Vector) -> Vector:
        """What a call took of which nobody knows whether it was made, where so much is `left` of what may be spent."""
        return self.dearest.get(name, left)

    def untold(self, name: str, came: Came, left: Vector) -> Vector:
        """What a call took of which that is not told, though it is known what `came` of it: one that was done or failed
        takes nothing as long as no other through the port did.
        """
        return self.assumed(name, left if came is Came.UNKNOWN else NOTHING)

    def overdue(self, purse: Purse, now: float) -> tuple[str, ...]:
        """The keys of those that must be over by `now`, seconds."""
        due = {
            key
            for ledger in purse.ledgers.values()
            for key, reservation in ledger.open.items()
            if reservation.until <= now
        }
        return tuple(key for key in self.open if key in due)

    def lost(self, purse: Purse, *keys: str) -> tuple[Purse, Self]:
        """Who made these calls is gone: `purse` with what is assumed of each, and what refused tries took, until a bill
        comes.
        """
        after = self
        for key in keys:
            name = after.open.get(key)
            if name is None:
                continue
            for epoch, ledger in purse.ledgers.items():
                if key in ledger.open:
                    most = after.assumed(name, ledger.available) + ledger.open[key].took
                    purse = purse.settle(epoch, key, most, final=False)
            after = after.over(key)
        return purse, after
