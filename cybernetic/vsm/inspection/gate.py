"""The gate of the verifier: it meets the environment through the level's ports, but not through what it audits."""

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

from cybernetic.core import CallError, Refusal
from cybernetic.runtime import Address
from cybernetic.vsm.aside import made
from cybernetic.vsm.bargain.contract import Accepted, Contract, Report
from cybernetic.vsm.bargain.purse import Purse
from cybernetic.vsm.bargain.refusals import NoOpenBill
from cybernetic.vsm.bargain.vector import NOTHING, Vector
from cybernetic.vsm.channels.channel import Channel, Role
from cybernetic.vsm.coordination.messages import PaceRequest, Refused, Succeeded
from cybernetic.vsm.decisions.actions import Action
from cybernetic.vsm.decisions.decide import decide
from cybernetic.vsm.decisions.policy import Policy
from cybernetic.vsm.decisions.verdicts import Allow
from cybernetic.vsm.ports.bills import told
from cybernetic.vsm.ports.digests import call_digest, digest
from cybernetic.vsm.ports.pacing import LONGEST
from cybernetic.vsm.ports.port import Port
from cybernetic.vsm.ports.receipts import Came, Receipt, Used
from cybernetic.vsm.ports.refusals import NoSuchPort, OutcomeUnknown, PolicyDenied
from cybernetic.vsm.timing import now
from cybernetic.wire import travels


@travels(name="vsm.NotIndependent")
class NotIndependent(Refusal):
    """A verifier wanted to use the port that it has to be independent of: nothing can audit itself."""

    def __init__(self, port: str) -> None:
        super().__init__(f"port: expected another than {port!r}, which the verifier is to be independent of")
        self.port = port


class _Late(TimeoutError):
    """The port's time is over: nobody knows what became of the call."""


class Gate:
    """What a verifier may use: policy, reserve, pace, call, settle, as at the ports of a unit.

    Args:
        auditor: who speaks for it on the channels.
        ports: of the level, by name.
        paced: names of the ports that system 2 paces.
        policies: that hold at the level.
        independent_of: the port that is refused; None: none.
        purse: what it spends from; None: nothing is counted.
        write: keeps the purse, after each change.
    """

    def __init__(
        self,
        auditor: Any,
        ports: Mapping[str, Port],
        paced: frozenset[str],
        policies: tuple[Policy, ...],
        independent_of: str | None,
        purse: Purse | None,
        write: Callable[[Purse], Any],
    ) -> None:
        self._auditor, self._ports, self._paced = auditor, dict(ports), paced
        self._independent_of = independent_of
        self._write = write
        self._serial = 0
        self.policies, self.purse = policies, purse

    async def use(
        self,
        port: str,
        target: Callable[..., Any] | Address[Any],
        /,
        *args: Any,
        upper: Vector = NOTHING,
        action: Action | None = None,
        **keywords: Any,
    ) -> Used[Any]:
        """Meet the environment; see `Operation.use`. What a policy refers to somebody else is denied here.

        Raises `NotIndependent`, `NoSuchPort`, `PolicyDenied`, `BudgetExhausted`, `OutcomeUnknown`, and what the call
        raises.
        """
        if port == self._independent_of:
            raise NotIndependent(port)
        declared = self._ports.get(port)
        if declared is None:
            raise NoSuchPort(port, tuple(sorted(self._ports)))
        self._allowed(action or Action(port, upper.as_dict()))
        self._serial += 1
        id, began = f"{self._auditor.path}:audit#{now():.3f}.{self._serial}", now()
        name = args[0] if isinstance(target, Address) and args else target
        asked = call_digest(port, name, args, keywords)

        def receipt(came: Came, result: str, cost: Vector) -> Receipt:
            where = f"{self._auditor.path}:audit"
            return Receipt(id, "audit", where, port, asked, result, cost, came, began, now(), 0)

        epoch = await self._reserve(id, upper, declared)
        actual, sure = upper, False  # it may have been paid
        try:
            value = await self._tried(port, declared, target, args, keywords)
            took, sure = told(port, declared.cost, value)
            actual = took if took is not None else upper if sure else self._most(upper)
        except TimeoutError as error:
            if not isinstance(error, _Late):
                raise
            raise OutcomeUnknown(port, declared.timeout, receipt(Came.UNKNOWN, "", upper)) from error
        except Exception as error:
            took, sure = told(port, declared.failed, error)
            free = NOTHING if declared.wait(error) is not None else upper
            actual = free if took is None else took
            raise
        finally:
            if upper or declared.counts:
                await self._settle(epoch, id, actual, sure, bounded=bool(upper))
        return Used(value, receipt(Came.DONE, digest(value), actual), actual)

    def _allowed(self, action: Action) -> None:
        decision = decide(self.policies, action, {"path": self._auditor.path}) if self.policies else None
        if decision is not None and not isinstance(decision.verdict, Allow):
            reason = getattr(decision.verdict, "reason", "") or "somebody else has to decide it"
            raise PolicyDenied(action.kind, decision.by, reason)

    async def _tried(
        self, name: str, port: Port, target: Any, args: tuple[Any, ...], keywords: Mapping[str, Any]
    ) -> Any:
        for left in reversed(range(port.tries)):
            await self._paced_at(name)
            try:
                return await self._called(name, port, target, args, keywords)
            except Exception as error:
                wait = port.wait(error)
                if wait is None:
                    raise
                self._auditor.tell(Channel.COORDINATION, Role.COORDINATION, Refused(name, wait))
                if not left:
                    raise
                await asyncio.sleep(min(max(0.0, wait), LONGEST))
        raise AssertionError("a port has at least one try")

    async def _called(
        self, name: str, port: Port, target: Any, args: tuple[Any, ...], keywords: Mapping[str, Any]
    ) -> Any:
        try:
            async with asyncio.timeout(port.timeout) as limit:
                if isinstance(target, Address):
                    return await target.within(None).call(*args, **keywords)
                value = await made(target, self._auditor.run_blocking, *args, **keywords)
        except TimeoutError as error:
            if not limit.expired():
                raise
            raise _Late from error
        if name in self._paced:
            self._auditor.tell(Channel.COORDINATION, Role.COORDINATION, Succeeded(name))
        return value

    async def _paced_at(self, name: str) -> None:
        """Wait for a turn. It has no share of its own to go by: without system 2 it does not use a paced port."""
        while name in self._paced:
            try:
                await self._auditor.ask(
                    Channel.COORDINATION, Role.COORDINATION, PaceRequest(name), patience=30.0
                )
            except CallError:
                await asyncio.sleep(1.0)
            else:
                return

    # Its money.

    async def _reserve(self, id: str, upper: Vector, port: Port) -> int:
        if self.purse is None or not (upper or port.counts):
            return 0
        at = now()
        self.purse, epoch = self.purse.reserve(id, upper, at, at + port.timeout * port.tries)
        await self._write(self.purse)
        return epoch

    def _most(self, upper: Vector) -> Vector:
        """What a call may have taken of which the port cannot tell: all that is left, where no bound is known."""
        if upper or self.purse is None:
            return upper
        return self.purse.ledger(self.purse.epoch(now())).available

    async def _settle(self, epoch: int, id: str, actual: Vector, final: bool, bounded: bool) -> None:
        if self.purse is not None:
            self.purse = self.purse.settle(epoch, id, actual, final=final, bounded=bounded)
            await self._write(self.purse)

    async def billed(self, id: str, cost: Vector) -> None:
        """The bill for a call of which nobody knew what it took. Raises `NoOpenBill`."""
        if self.purse is None:
            raise NoOpenBill(id)
        self.purse = self.purse.billed(id, cost)
        await self._write(self.purse)

    async def accept(self, contract: Contract) -> Accepted | None:
        """What system 3 grants; None where nothing is counted. Raises `StaleContract`."""
        if self.purse is None:
            return None
        self.purse, accepted = self.purse.accept(contract)
        await self._write(self.purse)
        return accepted

    def reports(self) -> tuple[Report, ...]:
        """Of the epochs that are over and not yet forgotten; what is overdue is settled first."""
        if self.purse is None:
            return ()
        at = now()
        purse = self.purse = self.purse.expire(at)[0].conclude(at)
        return tuple(purse.report(epoch) for epoch in purse.over)

    async def forget(self, epoch: int) -> None:
        """System 3 has written down the reports up to `epoch`."""
        if self.purse is not None:
            self.purse = self.purse.forget(epoch)
            await self._write(self.purse)

    @property
    def granted(self) -> Vector:
        """What may be spent in this epoch."""
        return NOTHING if self.purse is None else self.purse.ledger(self.purse.epoch(now())).grant
