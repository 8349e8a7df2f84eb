"""The way in at a unit's ports: policy, reserve, whether another has made the call already, pace."""

from dataclasses import dataclass, replace
from typing import Any

from cybernetic.runtime import Deferred
from cybernetic.vsm.bargain.vector import NOTHING
from cybernetic.vsm.channels.channel import Channel, Role
from cybernetic.vsm.channels.note import note_id
from cybernetic.vsm.coordination.messages import CallShared, Ended
from cybernetic.vsm.decisions.decide import Decision
from cybernetic.vsm.decisions.verdicts import Allow, Deny, Escalate
from cybernetic.vsm.governance.messages import Referral
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
from cybernetic.vsm.world.outages import Outages, PortOut

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

    async def _let_in(self, ask: Ask, port: Port, user: Any, answer: Deferred[Any]) -> None:
        try:
            await self._enter(ask, port, user, answer)
        except Exception as error:
            answer.fail(error)

    async def _referred(
        self, ask: Ask, port: Port, user: Any, asked: Escalate, decision: Decision, answer: Deferred[Any]
    ) -> None:
        """Somebody else decides; silence comes to what was declared for it, and never to leave."""
        try:
            referral = Referral(ask.task, ask.action, asked, note_id(), self.orders.revision)
            verdict = await referred(self.porter, referral)
            if not isinstance(verdict, Allow):
                raise self._denied(ask, decision.by, verdict.reason)
        except Exception as error:
            answer.fail(error)
        else:
            await self._let_in(ask, port, user, answer)

    def _denied(self, ask: Ask, by: str, reason: str) -> PolicyDenied:
        """What a unit was forbidden stands in the level's log by its next round."""
        self.notices.denied(ask.task, ask.action, by, reason, self.orders.revision)
        return PolicyDenied(ask.action.kind, by, reason)

    async def _enter(self, ask: Ask, port: Port, user: Any, answer: Deferred[Any]) -> Deferred[Any]:
        self.orders.check(ask.port)
        self.outages.check(ask.port)
        if ask.fence is not None:
            self.leases.check(ask.fence)
        self.proofs.guard(ask, port.repeats)
        waits = (port.shared is not None and bool(ask.same)) or self.pacing.paces(ask.port)
        id, epoch = await self.till.reserve(ask, port, waits=waits)
        passage = Passage(id, ask, port, epoch, now(), self.orders.revision)
        if passage.shared:
            self.porter.task(self._shared(passage, user, answer))
        elif waits or self.pacing.paces(ask.port):
            self.porter.task(self._paced(passage, user, answer))
        else:
            self.pacing.passed(ask.port)
            await self._leave(passage, user, answer)
        return answer

    async def _hand(self, passage: Passage, user: Any, answer: Deferred[Any]) -> None:
        """It has waited: its time runs from now, which is in the books before anything goes out."""
        await self.till.hand(passage)
        await self._leave(passage, user, answer)

    async def _leave(self, passage: Passage, user: Any, answer: Deferred[Any]) -> None:
        """Here is leave for the call; unless nobody waits for it any more: then it is not made."""
        if answer.reply(replace(passage, began=now())):
            self.till.made_by(passage, user)
        else:
            await self.unmade(passage)

    # A call that may be one with others.

    async def _shared(self, passage: Passage, user: Any, answer: Deferred[Any]) -> None:
        found = await self.sharing.found(passage, user)
        try:
            self._still(passage.ask)
        except Exception as error:
            await self._turned_away(passage, answer, error)
            return
        if found is not None:
            had = await self._had(passage, found)
            if answer.reply(had):  # nothing is saved by an answer that nobody receives
                self.sharing.count(found, had.receipt)
            return
        if not self.pacing.paces(passage.ask.port):
            self.pacing.passed(passage.ask.port)
        await self._paced(passage, user, answer)

    def _still(self, ask: Ask) -> None:
        """While it waited it may have been forbidden, and the unit or the port been taken out of use."""
        self.orders.check(ask.port)
        match self.orders.decide(ask.action):
            case Decision(verdict=Deny(reason=reason), by=by):
                raise self._denied(ask, by, reason)

    async def _had(self, passage: Passage, found: CallShared) -> Had:
        """It took nothing, and here is the proof that it was made."""
        await self.till.settle(passage, NOTHING)
        receipt = self.proofs.receipt(passage, Came.DONE, found.result, NOTHING, found.id)
        return Had(receipt, found.answer)

    # Its turn.

    def again(self, passage: Passage, retry_after: float, user: Any) -> Deferred[Any]:
        """Leave to make a call again of which the other side said "too many", in time."""
        answer: Deferred[Any] = self.porter.defer()
        paced = self.pacing.paces(passage.ask.port)
        again = (
            self._paced(passage, user, answer) if paced else self._later(passage, retry_after, user, answer)
        )
        self.porter.task(again)
        return answer

    async def _later(self, passage: Passage, retry_after: float, user: Any, answer: Deferred[Any]) -> None:
        """Nobody declared that the port has a limit: system 2 says so by then, or each unit waits for itself."""
        await self.pacing.sleep(max(retry_after, PAUSE))
        await self._paced(passage, user, answer)

    async def _paced(self, passage: Passage, user: Any, answer: Deferred[Any]) -> None:
        try:
            await self.pacing.wait(passage.ask.port)
            self.outages.check(passage.ask.port)  # it may have gone out meanwhile
        except Exception as error:
            await self._turned_away(passage, answer, error)
            return
        await self._hand(passage, user, answer)

    async def _turned_away(self, passage: Passage, answer: Deferred[Any], error: Exception) -> None:
        """The call is not made after all."""
        await self.unmade(passage, turn=isinstance(error, PortOut))
        answer.fail(error)

    async def unmade(self, passage: Passage, turn: bool = True) -> None:
        """A call is not made: it takes nothing; where it was its `turn` already, that is another's now."""
        await self.till.settle(passage, NOTHING)
        self.sharing.given_up(passage)
        if turn and self.pacing.paces(passage.ask.port):
            self.porter.tell(Channel.COORDINATION, Role.COORDINATION, Ended(passage.ask.port))
