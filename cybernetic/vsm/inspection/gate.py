"""The gate of the verifier: it meets the environment through the level's ports, but not through what it audits."""

import asyncio
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Any

from cybernetic.core import CallError, Refusal
from cybernetic.runtime import Address
from cybernetic.vsm.aside import Aside, Attempt, check_call
from cybernetic.vsm.bargain.vector import NOTHING, Vector
from cybernetic.vsm.channels.channel import Channel, Role
from cybernetic.vsm.coordination.messages import OBEYED, PaceRequest, Refused, Succeeded
from cybernetic.vsm.decisions.actions import Action
from cybernetic.vsm.decisions.decide import decide
from cybernetic.vsm.decisions.policy import Policy
from cybernetic.vsm.decisions.verdicts import Allow
from cybernetic.vsm.inspection.fund import Fund
from cybernetic.vsm.ports.bills import told
from cybernetic.vsm.ports.digests import call_digest, digest
from cybernetic.vsm.ports.passages import Ask, Passage
from cybernetic.vsm.ports.port import Port
from cybernetic.vsm.ports.receipts import Came, Receipt, Used
from cybernetic.vsm.ports.refusals import NoSuchPort, NoThread, OutcomeUnknown, PolicyDenied
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


class _Tries(Attempt):
    """The tries of one call, of which its `passage` tells what those took that were refused."""

    def __init__(self, aside: Aside, passage: Passage) -> None:
        super().__init__(aside)
        self.passage = passage

    def refused(self, took: Vector) -> Passage:
        """The last one was, and took so much: the next one is not made yet."""
        self.made, self.passage = False, replace(self.passage, took=self.passage.took + took)
        return self.passage


class Gate:
    """What a verifier may use: policy, reserve, pace, call, settle, as at the ports of a unit.

    Args:
        auditor: who speaks for it on the channels.
        ports: of the level, by name.
        paced: names of the ports that system 2 paces.
        policies: that hold at the level.
        independent_of: the port that is refused; None: none.
        fund: what it spends from.
    """

    def __init__(
        self,
        auditor: Any,
        ports: Mapping[str, Port],
        paced: frozenset[str],
        policies: tuple[Policy, ...],
        independent_of: str | None,
        fund: Fund,
    ) -> None:
        self._auditor, self._ports, self._paced = auditor, dict(ports), paced
        self._independent_of = independent_of
        self._fund, self._serial = fund, 0
        self.policies = policies

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

        Raises `NotIndependent`, `NoSuchPort`, `NotACall`, `PolicyDenied`, `BudgetExhausted`, `NoThread`,
        `OutcomeUnknown`, and what the call raises.
        """
        if port == self._independent_of:
            raise NotIndependent(port)
        declared = self._ports.get(port)
        if declared is None:
            raise NoSuchPort(port, tuple(sorted(self._ports)))
        check_call(target, args)
        about = action or Action(port, upper.as_dict())
        self._allowed(about)
        self._serial += 1
        id = f"{self._auditor.path}:audit#{now():.3f}.{self._serial}"
        name = args[0] if isinstance(target, Address) and args else target
        ask = Ask("audit", port, about, call_digest(port, name, args, keywords), upper)
        epoch = await self._fund.reserve(id, ask, declared, waits=port in self._paced)
        passage = Passage(id, ask, declared, epoch, now(), 0)
        attempt = _Tries(self._auditor.run_blocking, passage)
        try:
            value = await self._tried(attempt, target, args, keywords)
        except _Late as error:
            if not attempt.made:
                await self._settled(attempt.passage, Came.FAILED, NOTHING)
                raise NoThread(port, declared.timeout) from error
            receipt = await self._settled(attempt.passage, Came.UNKNOWN, None)
            raise OutcomeUnknown(port, declared.timeout, receipt) from error
        except Exception as error:
            took, sure = told(port, declared.failed, error) if attempt.made else (NOTHING, True)
            free = NOTHING if declared.wait(error) is not None else None
            await self._settled(attempt.passage, Came.FAILED, free if took is None else took, sure)
            raise
        except BaseException:  # the verifier is given up, or gives this up
            came, took = (Came.UNKNOWN, None) if attempt.made else (Came.FAILED, NOTHING)
            with suppress(CallError):  # nobody keeps that any more where all is stopped
                await self._settled(passage, came, took)
            raise
        receipt = await self._settled(
            attempt.passage, Came.DONE, *told(port, declared.cost, value), digest(value)
        )
        return Used(value, receipt, receipt.cost)

    async def _settled(
        self, passage: Passage, came: Came, took: Vector | None, sure: bool = True, result: str = ""
    ) -> Receipt:
        ask, where = passage.ask, f"{self._auditor.path}:audit"
        cost = await self._fund.settle(passage, came, took, sure)
        times = passage.began, now()
        return Receipt(passage.id, ask.task, where, ask.port, ask.call, result, cost, came, *times, 0)

    def _allowed(self, action: Action) -> None:
        decision = decide(self.policies, action, {"path": self._auditor.path}) if self.policies else None
        if decision is not None and not isinstance(decision.verdict, Allow):
            reason = getattr(decision.verdict, "reason", "") or "somebody else has to decide it"
            raise PolicyDenied(action.kind, decision.by, reason)

    async def _tried(
        self,
        attempt: _Tries,
        target: Any,
        args: tuple[Any, ...],
        keywords: Mapping[str, Any],
    ) -> Any:
        name, port = attempt.passage.ask.port, attempt.passage.port
        waits = name in self._paced
        for left in reversed(range(port.tries)):
            attempt.made = False  # as long as it waits for its turn
            await self._paced_at(name)
            if waits:
                await self._fund.hand(attempt.passage)
            try:
                return await self._called(name, port, attempt, target, args, keywords)
            except Exception as error:
                wait = port.wait(error)
                if wait is None:
                    raise
                self._auditor.tell(Channel.COORDINATION, Role.COORDINATION, Refused(name, wait))
                if not left:
                    raise
                waits, took = True, told(name, port.failed, error)[0] or NOTHING
                await self._fund.wait(attempt.refused(took))
                await asyncio.sleep(min(max(0.0, wait), OBEYED))
        raise AssertionError("a port has at least one try")

    async def _called(
        self,
        name: str,
        port: Port,
        attempt: Attempt,
        target: Any,
        args: tuple[Any, ...],
        keywords: Mapping[str, Any],
    ) -> Any:
        try:
            async with asyncio.timeout(port.timeout) as limit:
                value = await attempt.make(target, *args, **keywords)
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
