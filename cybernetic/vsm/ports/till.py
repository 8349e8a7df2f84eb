"""The till of a unit: what its ports reserve and settle, written in its books before anything goes out."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from math import inf
from typing import Any

from cybernetic.runtime import Named
from cybernetic.vsm.bargain.contract import Accepted, Contract, Report
from cybernetic.vsm.bargain.ledger import Ledger
from cybernetic.vsm.bargain.purse import NO_CONTRACT, Purse
from cybernetic.vsm.bargain.refusals import NoOpenBill
from cybernetic.vsm.bargain.vector import NOTHING, Vector
from cybernetic.vsm.books.books import Books
from cybernetic.vsm.ids import fresh_id
from cybernetic.vsm.ports.passages import Ask, Passage
from cybernetic.vsm.ports.port import Port
from cybernetic.vsm.ports.receipts import Came
from cybernetic.vsm.ports.unbounded import Unbounded
from cybernetic.vsm.ports.waiting import handed, refused, released
from cybernetic.vsm.timing import now

FIRST = 5.0  # seconds that a unit which has only begun waits for its first contract, then it has its floor
A_SECOND = 1000  # calls, at most, on the average since a unit's first one: ids go on with the clock
NOTHING_YET = 60.0  # and where it has none: it is of a level that has only begun, and waits itself


class Till:
    """The purse of the unit at `path`, and the numbers of its reservations.

    Args:
        path: of the unit.
        books: in which both are kept.
        per: seconds of a budget's epoch; None: nothing is counted.
        floor: what the unit may spend in an epoch without a contract.
        alive: tells whether an agent that makes calls lives. Default: all do.
        tally: hears of the purse before it is written.

    Attributes:
        last: the id of the call that has moved what is spent or set aside last.
    """

    def __init__(
        self,
        path: str,
        books: Named[Books],
        per: float | None,
        floor: Vector,
        alive: Callable[[Any], bool] = lambda caller: True,
        tally: Callable[[Purse], object] = lambda purse: None,
    ) -> None:
        self._path, self._books, self._alive, self._serial = path, books, alive, 0
        self._purse = None if per is None else Purse(path, per, floor)
        self._contracted, self._begun = asyncio.Event(), now()
        self._unbounded, self._tally = Unbounded(), tally
        self._unheard = False  # it may have been of no level when this epoch began: others have its floor
        self.last = ""
        self._callers: dict[str, Any] = {}  # who makes each of the calls that are open there, by id

    async def begin(self) -> None:
        """Go on from the books; without any, spend nothing in this epoch but what a contract grants.

        The operation has ended with the predecessor, so what it was calling is lost; what only waited was never called.
        A new purse is in the books before anybody hears of it: else what is lent to it would count as spent if this one
        died before it had its first contract. Its calls have other ids than any of a predecessor of which there are no
        books: a late bill for one of those is for none of these.
        """
        known: Any = await self._books.call(Books.load, "porter")
        declared = self._purse
        if known is not None:
            self._serial, purse, self._unbounded = known
            if purse is not None:
                self._unheard = purse.epoch(now()) not in purse.ledgers
                purse, gone = released(purse.reopened())
                for id in gone:
                    self._unbounded = self._unbounded.over(id)
            self._purse = purse
            await self._lost(*self._unbounded.open)
            self._purse = self._declared(declared)
            if self._purse is not purse:
                await self._write()
            return
        self._serial = int(now() * A_SECOND)
        if self._purse is not None:
            self._purse = self._purse.born(fresh_id(8, "purse"), now())
            await self._write()

    def _declared(self, declared: Purse | None) -> Purse | None:
        """What is declared now holds, whatever it was when the books were written."""
        purse, id = self._purse, fresh_id(8, "purse")
        if declared is None or purse is None:
            return None if declared is None else declared.born(id, now())
        return purse.redeclared(declared.per, declared.floor, now(), id=id)

    # A call.

    def waits(self, upper: Vector, port: Port) -> bool:
        """Whether a call that may take `upper`, or what `port` says, has to wait for the unit's first contract."""
        if self._purse is None or not (self._unheard or self._purse.seal == NO_CONTRACT):
            return False
        return bool(upper or port.counts)

    async def contract(self) -> None:
        """The unit has only begun: its first contract is on the way, or it is cut off and has its floor, maybe from the
        next epoch on only.
        """
        ledger = self._now
        until = self._begun + FIRST if ledger.grant else min(self._begun + NOTHING_YET, ledger.until)
        with suppress(TimeoutError):
            async with asyncio.timeout(until - now()):
                await self._contracted.wait()

    async def reserve(self, ask: Ask, port: Port, *, waits: bool = False) -> tuple[str, int]:
        """Set the upper bound of a call through `port` aside: its id, and the epoch it is settled in.

        Its time runs from now; or, where it `waits` first, from when it is handed out (`hand`). Where no bound is
        given, and the port counts what a call took, there has to be something left. Raises `BudgetExhausted`.
        """
        await self._miss()
        self._serial += 1
        id, at, epoch = f"{self._path}#{self._serial}", now(), 0
        if self._purse is not None and (ask.upper or port.counts):
            until = inf if waits else at + port.timeout * port.tries
            self._purse, epoch = self._purse.reserve(id, ask.upper, at, until)
            self.last = id
            if not ask.upper:
                self._unbounded = self._unbounded.began(id, ask.port, port)
            await self._write()
        return id, epoch

    async def hand(self, passage: Passage) -> None:
        """A call has waited and may be made now: from here on it may have been."""
        port = passage.port
        if self._purse is not None and (passage.ask.upper or port.counts):
            until = now() + port.timeout * port.tries
            self._purse = handed(self._purse, passage.epoch, passage.id, until)
            await self._write()

    async def wait(self, passage: Passage) -> None:
        """The other side said "too many": the call waits to be made again, however long, and its time stands still."""
        if self._purse is not None and (passage.ask.upper or passage.port.counts):
            self._callers.pop(passage.id, None)
            self._purse = refused(self._purse, passage.epoch, passage.id, passage.took)
            await self._write()

    def assumed(self, passage: Passage, came: Came, *, sure: bool) -> Vector:
        """What a call took of which that is not told: its upper bound. Without one, what `Unbounded` says; and all that
        is left where the port is not `sure`, because it cannot tell.
        """
        ask = passage.ask
        if ask.upper or self._purse is None:
            return ask.upper.most(passage.took) if passage.took else ask.upper
        left = self._purse.ledger(max(passage.epoch, self._purse.kept)).available
        return (self._unbounded.untold(ask.port, came, left) if sure else left) + passage.took

    def told(self, passage: Passage, cost: Vector) -> None:
        """A call took so much, by who was paid: others through that port may as well."""
        if not passage.ask.upper:
            self._unbounded = self._unbounded.told(passage.ask.port, cost)

    async def settle(self, passage: Passage, cost: Vector, *, final: bool = True) -> None:
        """It took `cost`; `final`: and that is known."""
        if self._settled(passage, cost, final):
            await self._write()

    async def unmade(self, *passages: Passage) -> None:
        """Calls are not made: each took what refused tries of it did."""
        if sum(self._settled(passage, passage.took) for passage in passages):
            await self._write()

    def _settled(self, passage: Passage, cost: Vector, final: bool = True) -> bool:
        """Whether anything was to be settled."""
        ask = passage.ask
        if self._purse is None or not (ask.upper or passage.port.counts):
            return False
        bounded = bool(ask.upper)
        self._purse = self._purse.settle(passage.epoch, passage.id, cost, final=final, bounded=bounded)
        self._unbounded = self._unbounded.over(passage.id)
        self._callers.pop(passage.id, None)
        self.last = passage.id
        return True

    def made_by(self, passage: Passage, caller: Any) -> None:
        """An agent has leave for a call, and makes it: should it die, nobody will know what the call took."""
        if caller is not None and passage.id in self._unbounded.open:
            self._callers[passage.id] = caller

    async def _miss(self) -> None:
        """Look for calls whose callers have died. What was set aside for one stays so until it must be over."""
        await self._lost(*[id for id, caller in self._callers.items() if not self._alive(caller)])

    async def _lost(self, *ids: str) -> None:
        """Nothing was set aside for these calls, and nobody will tell what they took."""
        if self._purse is not None and ids:
            self._purse, self._unbounded = self._unbounded.lost(self._purse, *ids)
            for id in ids:
                self._callers.pop(id, None)
                self.last = id
            await self._write()

    async def billed(self, id: str, cost: Vector) -> None:
        """The bill for a call of which that was unknown. Raises `NoOpenBill`."""
        if self._purse is None:
            raise NoOpenBill(id)
        self._purse, self.last = self._purse.billed(id, cost), id
        await self._write()

    # The bargain.

    async def accept(self, contract: Contract) -> Accepted:
        """A contract. Raises `StaleContract`, `AnotherPurse`."""
        assert self._purse is not None
        self._purse, accepted = self._purse.accept(contract, now())
        await self._write()
        self._unheard = False
        self._contracted.set()
        return accepted

    def report(self) -> tuple[Report, ...]:
        """The reports of the epochs that are over by what is written, and not yet forgotten."""
        purse = self._purse
        return () if purse is None else tuple(purse.report(epoch) for epoch in purse.over)

    async def forget(self, epoch: int) -> None:
        """An epoch's last report has been taken."""
        if self._purse is not None:
            self._purse = self._purse.forget(epoch)
            await self._write()

    async def expire(self) -> None:
        """Settle what is overdue, and wait no longer for bills that are."""
        if self._purse is not None:
            await self._miss()
            await self._lost(*self._unbounded.overdue(self._purse, now()))
            before, (after, gone) = self._purse, self._purse.expire(now())
            self._purse, self.last = after.conclude(now()), gone[-1][1] if gone else self.last
            if self._purse.ledgers is not before.ledgers or self._purse.over != before.over:
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
        if self._purse is not None:
            self._tally(self._purse)
        await self._books.call(Books.save, "porter", (self._serial, self._purse, self._unbounded))
