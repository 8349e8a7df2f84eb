"""The way in at a unit's ports: policy, reserve, whether another has made the call already, pace."""

from dataclasses import dataclass, field, replace
from typing import Any

from cybernetic.runtime import Deferred
from cybernetic.vsm.bargain.refusals import BudgetExhausted
from cybernetic.vsm.bargain.vector import NOTHING
from cybernetic.vsm.channels.channel import Channel, Role
from cybernetic.vsm.channels.note import note_id
from cybernetic.vsm.coordination.messages import CallShared, Ended
from cybernetic.vsm.decisions.decide import Decision
from cybernetic.vsm.decisions.verdicts import Allow, Deny, Escalate
from cybernetic.vsm.governance.messages import Referral
from cybernetic.vsm.lives import UNTOLD
from cybernetic.vsm.ports.caller import Caller
from cybernetic.vsm.ports.holding import Holding
from cybernetic.vsm.ports.notices import Notices
from cybernetic.vsm.ports.orders import Orders
from cybernetic.vsm.ports.pacing import Pacing
from cybernetic.vsm.ports.passages import Ask, Had, Passage
from cybernetic.vsm.ports.port import Port
from cybernetic.vsm.ports.proofs import Proofs
from cybernetic.vsm.ports.receipts import Came
from cybernetic.vsm.ports.referring import referred
from cybernetic.vsm.ports.refusals import PolicyDenied
from cybernetic.vsm.ports.sharing import Sharing
from cybernetic.vsm.ports.till import Till
from cybernetic.vsm.timing import now
from cybernetic.vsm.world.outages import Outages

PAUSE = 0.1  # seconds, at least, before a call is made again that was refused


@dataclass(frozen=True, slots=True)
class Entrance:
    """Lets the calls of one unit in. `porter` is who speaks for it; the others are what it goes by, and writes in."""

    porter: Any
    orders: Orders
    outages: Outages
    leases: Holding
    proofs: Proofs
    notices: Notices
    till: Till
    pacing: Pacing
    sharing: Sharing
    waiting: dict[str, Caller] = field(default_factory=dict)

    async def admit(self, ask: Ask, port: Port, user: Any) -> Any:
        """Leave for what `user` (an agent) asks, when there is any; see `Porter.admit`."""
        decision = self.orders.decide(ask.action)
        match None if decision is None else decision.verdict:
            case Deny(reason=reason):
                assert decision is not None
                raise self._denied(ask, decision.by, reason)
            case Escalate() as asked:
                assert decision is not None
                answer = self.porter.defer()
                self.porter.task(self._referred(ask, port, user, asked, decision, answer))
                return answer
        if not self.till.waits(ask.upper, port):
            return await self._enter(ask, port, user, self.porter.defer())
        answer = self.porter.defer()
        self.porter.task(self._after_contract(ask, port, user, answer))
        return answer

    async def _after_contract(self, ask: Ask, port: Port, user: Any, answer: Deferred[Any]) -> None:
        await self.till.contract()
        await self._let_in(ask, port, user, answer)

    async def _let_in(
        self, ask: Ask, port: Port, user: Any, answer: Deferred[Any], allowed: str = "", counted: bool = False
    ) -> None:
        try:
            await self._enter(ask, port, user, answer, allowed, counted)
        except Exception as error:
            answer.fail(error)

    async def _referred(
        self,
        ask: Ask,
        port: Port,
        user: Any,
        asked: Escalate,
        decision: Decision,
        answer: Deferred[Any],
        counted: bool = False,
    ) -> None:
        """Somebody else decides; silence comes to what was declared for it, and never to leave. `counted`: among the
        equal calls of its task already.
        """
        try:
            referral = Referral(ask.task, ask.action, asked, note_id(), self.orders.revision)
            verdict = await referred(self.porter, referral)
            if not isinstance(verdict, Allow):
                raise self._denied(ask, decision.by, verdict.reason)
        except Exception as error:
            answer.fail(error)
        else:
            await self._let_in(ask, port, user, answer, decision.by, counted)

    def _denied(self, ask: Ask, by: str, reason: str) -> PolicyDenied:
        """What a unit was forbidden stands in the level's log by its next round."""
        self.notices.denied(ask.task, ask.action, by, reason, self.orders.revision)
        return PolicyDenied(ask.action.kind, by, reason)

    async def _enter(
        self, ask: Ask, port: Port, user: Any, answer: Deferred[Any], allowed: str = "", counted: bool = False
    ) -> Deferred[Any]:
        self._in_order(ask)
        self.outages.check(ask.port)
        if not counted:
            self.proofs.guard(ask, port.repeats)
        waits = (port.shared is not None and bool(ask.same)) or self.pacing.paces(ask.port)
        id, epoch = await self._reserved(ask, port, waits)
        passage = Passage(id, ask, port, epoch, now(), self.orders.revision, allowed)
        if waits or self.pacing.paces(ask.port):
            self._wait(Caller(passage, user, answer, self.orders.acting))
        else:
            self.pacing.passed(ask.port)
            await self._leave(passage, user, answer)
        return answer

    async def _reserved(self, ask: Ask, port: Port, waits: bool) -> tuple[str, int]:
        try:
            return await self.till.reserve(ask, port, waits=waits)
        except BudgetExhausted:
            if not await self._dismiss():
                raise
        return await self.till.reserve(ask, port, waits=waits)

    def _in_order(self, ask: Ask) -> None:
        """Raises `Suspended`, `Quarantined`, `LeaseLost`."""
        self.orders.check(ask.port)
        if ask.fence is not None:
            self.leases.check(ask.fence)

    async def _leave(self, passage: Passage, user: Any, answer: Deferred[Any]) -> None:
        """Here is leave for the call; unless nobody waits for it any more: then it is not made."""
        if answer.reply(replace(passage, began=now())):
            self.till.made_by(passage, user)
        else:
            await self.unmade(passage)

    async def unmade(self, passage: Passage, turn: bool = True) -> None:
        """A call is not made: it takes no more than refused tries of it did; where it was its `turn` already, that is
        another's now.
        """
        await self.till.settle(passage, passage.took)
        self.sharing.given_up(passage)
        if turn and self.pacing.paces(passage.ask.port):
            self.porter.tell(Channel.COORDINATION, Role.COORDINATION, Ended(passage.ask.port))

    # A call that waits: for that of another, for its turn, or to be made again.

    def again(self, passage: Passage, retry_after: float, user: Any) -> Deferred[Any]:
        """Leave to make a call again of which the other side said "too many", in time."""
        answer: Deferred[Any] = self.porter.defer()
        self._wait(Caller(passage, user, answer, UNTOLD), max(retry_after, PAUSE))
        return answer

    def _wait(self, caller: Caller, again: float | None = None) -> None:
        """`again`: seconds for which the other side asked to wait, where it was called already."""
        self.waiting[caller.passage.id] = caller
        caller.task = self.porter.task(self._waited(caller, again))

    async def _waited(self, caller: Caller, again: float | None) -> None:
        passage, turn, found = caller.passage, False, None
        port, decision = passage.ask.port, None
        try:
            if again is None:
                found = await self.sharing.found(passage, caller.user)
            elif not self.pacing.has(port):
                # nobody declared a limit: system 2 says so by then, or it waits alone
                await self.pacing.sleep(again)
            if found is None:
                self.pacing.passed(port)
                await self.pacing.wait(port, passage.id)
                turn = True
                self.outages.check(port)  # it may have gone out meanwhile
            decision = self._still(caller)
        except Exception as error:
            await self._turned_away(caller, error, turn)
        else:
            await self._done_waiting(caller, found, decision)

    async def _done_waiting(
        self, caller: Caller, found: CallShared | None, decision: Decision | None
    ) -> None:
        passage = caller.passage
        del self.waiting[passage.id]
        if decision is not None:
            await self._anew(caller, decision, turn=found is None)
        elif found is not None:
            had = await self._had(passage, found)
            if caller.answer.reply(had):  # nothing is saved by an answer that nobody receives
                self.sharing.count(found, had.receipt)
        else:  # its time runs from now, which is in the books before anything goes out
            await self.till.hand(passage)
            await self._leave(passage, caller.user, caller.answer)

    async def _had(self, passage: Passage, found: CallShared) -> Had:
        """It took nothing, and here is the proof that it was made."""
        await self.till.settle(passage, NOTHING)
        receipt = self.proofs.receipt(passage, Came.DONE, found.result, NOTHING, found.id)
        return Had(receipt, found.answer)

    async def turn(self) -> None:
        """A round: who waits for what nobody wants any more, or what may not be done any more, waits no longer."""
        await self._dismiss()
        for caller in [*self.waiting.values()]:
            if caller.passage.id not in self.waiting:
                continue  # its wait has ended meanwhile
            try:
                decision = self._still(caller)
            except Exception as error:
                self._call_off(caller)
                await self._turned_away(caller, error, turn=False)
            else:
                if decision is not None:
                    self._call_off(caller)
                    await self._anew(caller, decision, turn=False)

    async def _dismiss(self) -> bool:
        """Nobody awaits these any more: they take neither money nor a turn. Whether there were any."""
        gone = [one for one in self.waiting.values() if not one.answer.awaited]
        self._call_off(*gone)
        for caller in gone:
            await self.unmade(caller.passage, turn=False)
        return bool(gone)

    def _call_off(self, *callers: Caller) -> None:
        ids: dict[str, list[str]] = {}
        for caller in callers:
            passage = caller.passage
            del self.waiting[passage.id]
            if caller.task is not None:
                caller.task.cancel()
            ids.setdefault(passage.ask.port, []).append(passage.id)
        for port, gone in ids.items():
            self.pacing.withdraw(port, tuple(gone))

    def _still(self, caller: Caller) -> Decision | None:
        """Whether it may be made: while it waited it may have been forbidden, the unit or the port been taken out of
        use, or its lease been lost. What is somebody else's to decide now, if anything is.
        """
        ask = caller.passage.ask
        self._in_order(ask)
        if caller.acting == self.orders.acting:
            return None
        caller.acting = self.orders.acting
        match self.orders.decide(ask.action):
            case Decision(verdict=Deny(reason=reason), by=by):
                raise self._denied(ask, by, reason)
            case Decision(verdict=Escalate(), by=by) as decision if by != caller.passage.allowed:
                return decision
        return None

    async def _anew(self, caller: Caller, decision: Decision, turn: bool) -> None:
        """It has to be asked for first: it takes nothing meanwhile, and waits behind the others after that."""
        await self.unmade(caller.passage, turn)
        ask, asked = caller.passage.ask, decision.verdict
        assert isinstance(asked, Escalate)
        self.porter.task(
            self._referred(ask, caller.passage.port, caller.user, asked, decision, caller.answer, True)
        )

    async def _turned_away(self, caller: Caller, error: Exception, turn: bool) -> None:
        """The call is not made after all."""
        self.waiting.pop(caller.passage.id, None)
        await self.unmade(caller.passage, turn)
        caller.answer.fail(error)
