"""What audits of a level may spend, and what they have spent: a purse, written down after each change."""

from collections.abc import Awaitable, Callable
from math import inf

from cybernetic.vsm.bargain.contract import Accepted, Contract, Report
from cybernetic.vsm.bargain.purse import Purse
from cybernetic.vsm.bargain.refusals import NoOpenBill
from cybernetic.vsm.bargain.vector import NOTHING, Vector
from cybernetic.vsm.inspection.messages import Audited
from cybernetic.vsm.ports.passages import Ask, Passage
from cybernetic.vsm.ports.port import Port
from cybernetic.vsm.ports.receipts import Came
from cybernetic.vsm.ports.unbounded import Unbounded
from cybernetic.vsm.ports.waiting import handed, refused, released
from cybernetic.vsm.timing import now


class Fund:
    """The money of one auditor.

    Args:
        purse: what is spent from; None: nothing is counted.
        write: keeps it, and what is known of calls without an upper bound.
        tally: hears of the purse before it is written.
    """

    def __init__(
        self,
        purse: Purse | None,
        write: Callable[[Purse, Unbounded], Awaitable[None]],
        tally: Callable[[Purse], object] = lambda purse: None,
    ) -> None:
        self.purse, self._unbounded, self._write, self._tally = purse, Unbounded(), write, tally

    async def begin(self, purse: Purse, unbounded: Unbounded) -> None:
        """Go on from what was kept. The audits of that life have ended with it: what they were calling is lost, and
        what only waited was never called.
        """
        if self.purse is not None:
            declared = self.purse
            known, gone = released(purse.reopened())
            for id in gone:
                unbounded = unbounded.over(id)
            known, self._unbounded = unbounded.lost(known, *unbounded.open)
            self.purse = known.redeclared(declared.per, declared.floor, now(), id=declared.id)
            await self._keep()

    async def reserve(self, id: str, ask: Ask, port: Port, *, waits: bool) -> int:
        """Set aside what a call through `port` may take; the epoch it is settled in. Its time runs from now; or, where
        it `waits` first, from when it is made (`hand`). Raises `BudgetExhausted`.
        """
        if self.purse is None or not (ask.upper or port.counts):
            return 0
        at = now()
        until = inf if waits else at + port.timeout * port.tries
        self.purse, epoch = self.purse.reserve(id, ask.upper, at, until)
        if not ask.upper:
            self._unbounded = self._unbounded.began(id, ask.port, port)
        await self._keep()
        return epoch

    async def hand(self, passage: Passage) -> None:
        """A call has waited and is made now."""
        until = now() + passage.port.timeout * passage.port.tries
        await self._change(passage, lambda purse: handed(purse, passage.epoch, passage.id, until))

    async def wait(self, passage: Passage) -> None:
        """The other side said "too many", and what it took: the call waits to be made again."""
        await self._change(passage, lambda purse: refused(purse, passage.epoch, passage.id, passage.took))

    async def _change(self, passage: Passage, change: Callable[[Purse], Purse]) -> None:
        if self.purse is not None and (passage.ask.upper or passage.port.counts):
            self.purse = change(self.purse)
            await self._keep()

    async def settle(self, passage: Passage, came: Came, took: Vector | None, sure: bool = True) -> Vector:
        """What a call came to, and its last try took; None: what is assumed, which is final if the port is `sure` of
        it, and else until a bill comes. What tries of it took that were refused is added.
        """
        ask, port = passage.ask, passage.port
        if took is not None:
            cost = took + passage.took
        elif ask.upper or self.purse is None or not port.counts:
            cost = ask.upper.most(passage.took)
        else:
            left = self.purse.ledger(max(passage.epoch, self.purse.kept)).available
            cost = (self._unbounded.untold(ask.port, came, left) if sure else left) + passage.took
        if self.purse is None or not (ask.upper or port.counts):
            return cost
        if not ask.upper and took is not None and (took or came is Came.DONE):
            self._unbounded = self._unbounded.told(ask.port, took)
        final = sure and came is not Came.UNKNOWN
        self.purse = self.purse.settle(passage.epoch, passage.id, cost, final=final, bounded=bool(ask.upper))
        self._unbounded = self._unbounded.over(passage.id)
        await self._keep()
        return cost

    async def billed(self, id: str, cost: Vector) -> None:
        """The bill for a call of which nobody knew what it took. Raises `NoOpenBill`."""
        if self.purse is None:
            raise NoOpenBill(id)
        self.purse = self.purse.billed(id, cost)
        await self._keep()

    async def accept(self, contract: Contract) -> Accepted | None:
        """What system 3 grants; None where nothing is counted. Raises `StaleContract`."""
        if self.purse is None:
            return None
        self.purse, accepted = self.purse.accept(contract, now())
        await self._keep()
        return accepted

    async def reports(self) -> tuple[Report, ...]:
        """Of the epochs that are over and not yet forgotten; what is overdue is settled first, and that they are over
        is written before it is told.
        """
        if self.purse is None:
            return ()
        at, over = now(), self.purse.over
        purse, self._unbounded = self._unbounded.lost(self.purse, *self._unbounded.overdue(self.purse, at))
        self.purse = purse.expire(at)[0].conclude(at)
        if self.purse.over != over:
            await self._keep()
        return tuple(self.purse.report(epoch) for epoch in self.purse.over)

    async def account(self) -> Audited | None:
        """What system 3 is to know; None where nothing was lent yet."""
        reports = await self.reports()
        if self.purse is None or not (reports or self.purse.ledgers):
            return None
        spent = self.purse.ledger(self.purse.epoch(now())).committed
        return Audited(reports, spent, self.overrun)

    @property
    def overrun(self) -> Vector:
        """What calls took in this epoch beyond what was set aside for them, while that blocks the next."""
        return NOTHING if self.purse is None else self.purse.overrun(now())

    async def clear(self) -> None:
        """System 3 has answered for an overrun: audits go on."""
        if self.purse is not None:
            self.purse = self.purse.clear(now())
            await self._keep()

    async def forget(self, epoch: int) -> None:
        """System 3 has written down the reports up to `epoch`."""
        if self.purse is not None:
            self.purse = self.purse.forget(epoch)
            await self._keep()

    @property
    def granted(self) -> Vector:
        """What may be spent in this epoch."""
        return NOTHING if self.purse is None else self.purse.ledger(self.purse.epoch(now())).grant

    async def _keep(self) -> None:
        assert self.purse is not None
        self._tally(self.purse)
        await self._write(self.purse, self._unbounded)
