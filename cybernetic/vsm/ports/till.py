"""The till of a unit: what its ports reserve and settle, written in its books before anything goes out."""

import asyncio
from contextlib import suppress
from typing import Any

from cybernetic.runtime import Named
from cybernetic.vsm.bargain.contract import Accepted, Contract, Report
from cybernetic.vsm.bargain.ledger import Ledger
from cybernetic.vsm.bargain.purse import NO_CONTRACT, Purse
from cybernetic.vsm.bargain.refusals import NoOpenBill
from cybernetic.vsm.bargain.vector import NOTHING, Vector
from cybernetic.vsm.books.books import Books
from cybernetic.vsm.ids import fresh_id
from cybernetic.vsm.ports.passages import Passage
from cybernetic.vsm.ports.port import Port
from cybernetic.vsm.timing import now

FIRST = 5.0  # seconds that a unit which has only begun waits for its first contract


class Till:
    """The purse of the unit at `path`, and the numbers of its reservations.

    Args:
        path: of the unit.
        books: in which both are kept.
        per: seconds of a budget's epoch; None: nothing is counted.
        floor: what the unit may spend in an epoch without a contract.
    """

    def __init__(self, path: str, books: Named[Books], per: float | None, floor: Vector) -> None:
        self._path, self._books, self._serial = path, books, 0
        self._purse = None if per is None else Purse(path, per, floor)
        self._contracted = asyncio.Event()
        self._dearest: dict[str, Vector] = {}  # the most that a call took, by port

    async def begin(self) -> None:
        """Go on from the books; without any, spend nothing in this epoch but what a contract grants."""
        known: Any = await self._books.call(Books.load, "porter")
        if known is not None:
            self._serial, purse = known
            self._purse = None if purse is None else purse.reopened()
        elif self._purse is not None:
            self._purse = self._purse.born(fresh_id(8, "purse"), now())

    # A call.

    def waits(self, upper: Vector, port: Port) -> bool:
        """Whether a call that may take `upper`, or what `port` says, has to wait for the unit's first contract."""
        return self._purse is not None and self._purse.seal == NO_CONTRACT and bool(upper or port.counts)

    async def contract(self) -> None:
        """The unit has only begun: its first contract is on the way, or it is cut off and has its floor."""
        with suppress(TimeoutError):
            async with asyncio.timeout(FIRST):
                await self._contracted.wait()

    async def reserve(self, upper: Vector, port: Port) -> tuple[str, int]:
        """Set `upper` aside for a call through `port`: its id, and the epoch it is settled in.

        Where none is given, and the port counts what a call took, there has to be something left. Raises
        `BudgetExhausted`.
        """
        self._serial += 1
        id, at, epoch = f"{self._path}#{self._serial}", now(), 0
        if self._purse is not None and (upper or port.counts):
            until = at + port.timeout * port.tries
            self._purse, epoch = self._purse.reserve(id, upper, at, until)
            await self._write()
        return id, epoch

    def assumed(self, port: str, upper: Vector, *, known: bool) -> Vector:
        """What a call took of which that is not told: its upper bound. Without one, the most that any took through the
        port so far; and all that is left where that is not `known` either, because the port cannot tell.
        """
        if upper or self._purse is None:
            return upper
        return self._dearest.get(port, NOTHING) if known else self._now.available

    async def settle(self, passage: Passage, cost: Vector, *, final: bool = True) -> None:
        """It took `cost`; `final`: and that is known."""
        ask = passage.ask
        if self._purse is None or not (ask.upper or passage.port.counts):
            return
        bounded = bool(ask.upper)
        if final and not bounded:
            self._dearest[ask.port] = self._dearest.get(ask.port, NOTHING).most(cost)
        self._purse = self._purse.settle(passage.epoch, passage.id, cost, final=final, bounded=bounded)
        await self._write()

    async def billed(self, id: str, cost: Vector) -> None:
        """The bill for a call of which that was unknown. Raises `NoOpenBill`."""
        if self._purse is None:
            raise NoOpenBill(id)
        self._purse = self._purse.billed(id, cost)
        await self._write()

    # The bargain.

    async def accept(self, contract: Contract) -> Accepted:
        """A contract. Raises `StaleContract`, `AnotherPurse`."""
        assert self._purse is not None
        self._purse, accepted = self._purse.accept(contract)
        await self._write()
        self._contracted.set()
        return accepted

    def report(self) -> tuple[Report, ...]:
        """The reports of the epochs that are over and not yet forgotten."""
        if self._purse is None:
            return ()
        self._purse = purse = self._purse.told(now())
        return tuple(purse.report(epoch) for epoch in purse.over)

    async def forget(self, epoch: int) -> None:
        """An epoch's last report has been taken."""
        if self._purse is not None:
            self._purse = self._purse.forget(epoch)
            await self._write()

    async def expire(self) -> None:
        """Settle what is overdue, and wait no longer for bills that are."""
        if self._purse is not None:
            before, (after, _) = self._purse, self._purse.expire(now())
            self._purse = after.conclude(now())
            if self._purse.ledgers is not before.ledgers:
                await self._write()

    def spent(self) -> tuple[Vector, Vector]:
        """What is spent and set aside in this epoch, and what it may spend."""
        if self._purse is None:
            return NOTHING, NOTHING
        return self._now.committed, self._now.grant

    @property
    def id(self) -> str:
        """Tells the purse from those that the unit had before and lost; empty where nothing is counted."""
        return "" if self._purse is None else self._purse.id

    def aside(self) -> Vector:
        """What is set aside in this epoch, and not settled."""
        return NOTHING if self._purse is None else self._now.reserved

    def overrun(self) -> Vector:
        """What calls took in this epoch beyond what was set aside for them, while that blocks the next."""
        return NOTHING if self._purse is None else self._purse.overrun(now())

    async def clear(self) -> None:
        """System 3 has answered for an overrun: calls go on."""
        if self._purse is not None:
            self._purse = self._purse.clear(now())
            await self._write()

    @property
    def _now(self) -> Ledger:
        assert self._purse is not None
        return self._purse.ledger(self._purse.epoch(now()))

    async def _write(self) -> None:
        await self._books.call(Books.save, "porter", (self._serial, self._purse))
