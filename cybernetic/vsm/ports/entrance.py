"""The way in at a unit's ports: policy, reserve, whether another has made the call already, pace."""

from collections.abc import Iterable
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
    asking: set[Caller] = field(default_factory=set)
    waiting: dict[str, Caller] = field(default_factory=dict)

    async def admit(self, ask: Ask, port: Port, user: Any) -> Deferred[Any]:
        """Leave for what `user` (an agent) asks, when there is any; see `Porter.admit`."""
        caller = Caller(ask, port, user, self.porter.defer())
        decision = self._decided(caller)
        if decision is not None:
            self._refer(caller, decision)
        elif self.till.waits(ask.upper, port):
            self.porter.task(self._after_contract(caller))
        else:
            await self._enter(caller)
        return caller.answer

    async def _after_contract(self, caller: Caller) -> None:
        await self.till.contract()
        await self._let_in(caller)

    async def _let_in(self, caller: Caller) -> None:
        """Time has passed since it was asked for: under the policies in force now."""
        try:
            decision = self._decided(caller)
            if decision is None:
                await self._enter(caller)
            else:
                self._refer(caller, decision)
        except Exception as error:
            caller.answer.fail(error)

    # What is left to somebody else.

    def _decided(self, caller: Caller) -> Decision | None:
        """What of it is somebody else's to decide, by the policies in force; None: nothing that nobody has allowed.

        Raises `PolicyDenied`.
        """
        if caller.acting == self.orders.acting:
            return None
        caller.acting = self.orders.acting
        match self.orders.decide(caller.ask.action):
            case Decision(verdict=Deny(reason=reason), by=by):
                raise self._denied(caller.ask, by, reason)
            case Decision(verdict=Escalate() as asked, by=by) as decision if (by, asked) != caller.allowed:
                return decision
        return None

    def _refer(self, caller: Caller, decision: Decision) -> None:
        assert isinstance(decision.verdict, Escalate)
        caller.asked = decision.by, decision.verdict
        self.asking.add(caller)
        caller.task = self.porter.task(self._referred(caller, *caller.asked))

    async def _referred(self, caller: Caller, by: str, asked: Escalate) -> None:
        """Somebody else decides; silence comes to what was declared for it, and never to leave."""
        ask = caller.ask
        try:
            referral = Referral(ask.task, ask.action, asked, note_id(), self.orders.revision)
            verdict = await referred(self.porter, referral)
            if not isinstance(verdict, Allow):
                raise self._denied(ask, by, verdict.reason)
        except Exception as error:
            self.asking.discard(caller)
            caller.answer.fail(error)
        else:
            self.asking.discard(caller)
            caller.allowed = by, asked
            await self._let_in(caller)

    def _denied(self, ask: Ask, by: str, reason: str) -> PolicyDenied:
        """What a unit was forbidden stands in the level's log by its next round."""
        self.notices.denied(ask.task, ask.action, by, reason, self.orders.revision)
        return PolicyDenied(ask.action.kind, by, reason)

    async def _asked_still(self) -> None:
        """Other policies are in force than those by which somebody is being asked: it may be forbidden by now, or
        allowed, or another's to decide.
        """
        for caller in [one for one in self.asking if one.acting != self.orders.acting]:
            try:
                decision = self._decided(caller)
            except Exception as error:
                caller.answer.fail(error)
            else:
                if decision is not None and (decision.by, decision.verdict) == caller.asked:
                    continue
                if decision is None:
                    self.porter.task(self._let_in(caller))
                else:
                    caller.stop()
                    self._refer(caller, decision)
                    continue
            self.asking.discard(caller)
            caller.stop()

    # Its money.

    async def _enter(self, caller: Caller) -> None:
        ask, port = caller.ask, caller.port
        self._in_order(ask)
        self.outages.check(ask.port)
        if not caller.counted:
            self.proofs.guard(ask, port.repeats)
            caller.counted = True
        waits = (port.shared is not None and bool(ask.same)) or self.pacing.paces(ask.port)
        id, epoch = await self._reserved(ask, port, waits)
        passage = Passage(id, ask, port, epoch, now(), self.orders.revision, caller.allowed)
        if waits or self.pacing.paces(ask.port):
            self._wait(caller, passage)
        else:
            self.pacing.passed(ask.port)
            await self._leave(passage, caller)

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

    async def _leave(self, passage: Passage, caller: Caller) -> None:
        """Here is leave for the call; unless nobody waits for it any more: then it is not made."""
        if caller.answer.reply(replace(self._as_decided(passage, caller), began=now())):
            self.till.made_by(passage, caller.user)
        else:
            await self.unmade(passage)

    def _as_decided(self, passage: Passage, caller: Caller) -> Passage:
        """Under the policies by which it was decided last."""
        return replace(passage, revision=self.orders.revision, allowed=caller.allowed)

    async def unmade(self, *passages: Passage, turn: bool = True) -> None:
        """Calls are not made: they take no more than refused tries of them did; where it was their `turn` already, that
        is another's now.
        """
        await self.till.unmade(*passages)
        for passage in passages:
            self.sharing.given_up(passage)
            if turn and self.pacing.has(passage.ask.port):
                self.porter.tell(Channel.COORDINATION, Role.COORDINATION, Ended(passage.ask.port))

    # A call that waits: for that of another, for its turn, or to be made again.

    async def again(self, passage: Passage, retry_after: float, user: Any) -> Deferred[Any]:
        """Leave to make a call again of which the other side said "too many", in time."""
        answer: Deferred[Any] = self.porter.defer()
        caller = Caller(passage.ask, passage.port, user, answer, allowed=passage.allowed, counted=True)
        await self.till.wait(passage)
        self._wait(caller, passage, max(retry_after, PAUSE))
        return answer

    def _wait(self, caller: Caller, passage: Passage, again: float | None = None) -> None:
        """`again`: seconds for which the other side asked to wait, where it was called already."""
        caller.passage = passage
        self.waiting[passage.id] = caller
        caller.task = self.porter.task(self._waited(caller, passage, again))

    async def _waited(self, caller: Caller, passage: Passage, again: float | None) -> None:
        port, turn, found, decision = passage.ask.port, False, None, None
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
            del self.waiting[passage.id]
            await self.unmade(passage, turn=turn)
            caller.answer.fail(error)
        else:
            del self.waiting[passage.id]
            if decision is not None:
                await self._anew(caller, passage, decision, turn=turn)
            elif found is not None:
                await self._had(caller, passage, found)
            else:  # its time runs from now, which is in the books before anything goes out
                await self.till.hand(passage)
                await self._leave(passage, caller)

    async def _had(self, caller: Caller, passage: Passage, found: CallShared) -> None:
        """It took nothing, and here is the proof that it was made."""
        await self.till.settle(passage, NOTHING)
        decided = self._as_decided(passage, caller)
        receipt = self.proofs.receipt(decided, Came.DONE, found.result, NOTHING, found.id)
        if caller.answer.reply(Had(receipt, found.answer)):  # nothing is saved by what nobody receives
            self.sharing.count(found, receipt)

    async def _anew(self, caller: Caller, passage: Passage, decision: Decision, turn: bool) -> None:
        """It has to be asked for first: it takes nothing meanwhile, and waits behind the others after that."""
        await self.unmade(passage, turn=turn)
        self._refer(caller, decision)

    def _still(self, caller: Caller) -> Decision | None:
        """Whether it may be made: while it waited it may have been forbidden, the unit or the port been taken out of
        use, or its lease been lost. What is somebody else's to decide now, if anything is.
        """
        self._in_order(caller.ask)
        return self._decided(caller)

    # Its round.

    async def turn(self) -> None:
        """Who waits for what nobody wants any more, or what may not be done any more, waits no longer."""
        await self._dismiss()
        await self._asked_still()
        over: list[tuple[Caller, Decision | Exception]] = []
        for caller in self.waiting.values():
            try:
                decision = self._still(caller)
            except Exception as error:
                over.append((caller, error))
            else:
                if decision is not None:
                    over.append((caller, decision))
        await self._call_off(caller for caller, _ in over)
        for caller, why in over:
            if isinstance(why, Exception):
                caller.answer.fail(why)
            else:
                self._refer(caller, why)

    async def _dismiss(self) -> bool:
        """Nobody awaits these any more: they take neither money nor a turn. Whether there were any."""
        for caller in [one for one in self.asking if not one.answer.awaited]:
            self.asking.discard(caller)
            caller.stop()
        gone = [one for one in self.waiting.values() if not one.answer.awaited]
        await self._call_off(gone)
        return bool(gone)

    async def _call_off(self, callers: Iterable[Caller]) -> None:
        """All at once: a thousand of them are one word to system 2, and are written down once."""
        gone: dict[str, list[Passage]] = {}
        for caller in callers:
            assert caller.passage is not None
            del self.waiting[caller.passage.id]
            caller.stop()
            gone.setdefault(caller.ask.port, []).append(caller.passage)
        for port, passages in gone.items():
            self.pacing.withdraw(port, tuple(passage.id for passage in passages))
        await self.unmade(*(one for passages in gone.values() for one in passages), turn=False)
