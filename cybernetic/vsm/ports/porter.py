"""The porter of a unit: policy, reserve, pace before a call; settle, evidence after it."""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

from cybernetic.core import OptionError
from cybernetic.runtime import Deferred, Named
from cybernetic.vsm.bargain.contract import Accepted, Contract, Report
from cybernetic.vsm.bargain.ledger import Ledger
from cybernetic.vsm.bargain.purse import NO_CONTRACT, Purse
from cybernetic.vsm.bargain.vector import NOTHING, Vector
from cybernetic.vsm.books.books import Books
from cybernetic.vsm.channels.channel import Channel, Role
from cybernetic.vsm.channels.ear import hears
from cybernetic.vsm.channels.member import Member
from cybernetic.vsm.channels.note import Note, note_id
from cybernetic.vsm.coordination.messages import Refused, Succeeded
from cybernetic.vsm.damping.leases import Lease
from cybernetic.vsm.decisions.actions import Action
from cybernetic.vsm.decisions.decide import Decision, decide
from cybernetic.vsm.decisions.policy import Policy
from cybernetic.vsm.decisions.verdicts import Allow, Deny, Escalate
from cybernetic.vsm.governance.messages import Acting, PolicyKnown, PolicyUpdate, Referral
from cybernetic.vsm.inspection.messages import Completed, Evidence, Inspect, Inspected, Probe, Quarantine
from cybernetic.vsm.ports.doings import Doings
from cybernetic.vsm.ports.guard import Guard
from cybernetic.vsm.ports.holding import Holding
from cybernetic.vsm.ports.pacing import Pacing
from cybernetic.vsm.ports.port import Port
from cybernetic.vsm.ports.receipts import Came, Receipt
from cybernetic.vsm.ports.referring import referred
from cybernetic.vsm.ports.refusals import NoEvidence, PolicyDenied, Quarantined, Suspended
from cybernetic.vsm.timing import now

KEPT = 1000  # tasks whose evidence is kept for audits
FIRST = 5.0  # seconds that a unit which has only begun waits for its first contract
SPACING = 1.0  # seconds between two calls of a unit that is throttled


@dataclass(frozen=True, slots=True)
class Ask:
    """What a unit wants to do: in which `task`, through which `port`, what it is (`action`) and its digest (`call`).

    `upper` is the most it may take; `fence` the token of a lease that must hold.
    """

    task: str
    port: str
    action: Action
    call: str
    upper: Vector
    fence: int | None = None


@dataclass(frozen=True, slots=True)
class Passage:
    """Leave to make one call now through `port`. `id` is its reservation, `epoch` where that is settled."""

    id: str
    ask: Ask
    port: Port
    epoch: int
    began: float
    revision: int


class Porter(Member):
    """Stands at the ports of one unit. It runs nothing of the user's but policies, so it always answers.

    Args:
        path: of the unit.
        ports: by name.
        policies: in force when it starts; later ones come on the command channel.
        per: seconds of a budget's epoch; None: nothing is counted.
        floor: what the unit may spend in an epoch without a contract.
        paced: static shares, units a second, of the ports that system 2 paces.
        audited: whether the level has a system 3* that wants to hear of what is done.
    """

    role = Role.PORTER
    period = 1.0

    def __init__(
        self,
        path: str,
        ports: Mapping[str, Port],
        policies: tuple[Policy, ...] = (),
        per: float | None = None,
        floor: Vector = NOTHING,
        paced: Mapping[str, float] | None = None,
        audited: bool = False,
    ) -> None:
        super().__init__(path)
        self._ports, self._policies, self._revision = dict(ports), policies, 0
        self._purse = None if per is None else Purse(path, per, floor)
        self._pacing, self._leases = Pacing(self, paced or {}), Holding(self)
        self._books: Named[Books] = self.system.named(f"{path}:books", Books)
        self._guards: dict[str, Guard] = {}
        self._receipts: dict[str, list[Receipt]] = {}  # of tasks at work
        self._evidence: dict[str, Evidence] = {}  # of tasks reported done
        self._suspended: tuple[float, str] | None = None
        self._quarantined: dict[str, str] = {}
        self._serial, self._audited, self._doings = 0, audited, Doings()
        self._contracted = asyncio.Event()

    async def setup(self) -> None:
        """Go on from the books; without any, spend nothing in this epoch but what a contract grants."""
        known = await self._books.call(Books.load, "porter")
        if known is not None:
            self._serial, purse = known
            self._purse = purse
        elif self._purse is not None:
            epoch = self._purse.epoch(now())
            ledger = Ledger(NOTHING, until=(epoch + 1) * self._purse.per)
            self._purse = self._purse.with_ledger(epoch, ledger)
        self._quarantined = await self._books.call(Books.load, "quarantined") or {}
        self._pacing.renew()
        self._leases.begin()
        super().setup()
        self._say_policies()

    # Before a call.

    async def admit(self, ask: Ask) -> Any:
        """Policy, then reserve, then pace: a `Passage`.

        Raises `PolicyDenied`, `Stuck`, `Suspended`, `BudgetExhausted`, `OptionError` for a port that is not declared.
        """
        port = self._port(ask.port)
        decision = decide(self._policies, ask.action, {"path": self.path}) if self._policies else None
        match None if decision is None else decision.verdict:
            case Deny(reason=reason):
                assert decision is not None
                raise PolicyDenied(ask.action.kind, decision.by, reason)
            case Escalate() as asked:
                assert decision is not None
                answer = self.defer()
                self.task(self._referred(ask, port, asked, decision, answer))
                return answer
        if self._purse is None or not ask.upper or self._purse.seal > NO_CONTRACT:
            return await self._enter(ask, port)
        answer = self.defer()
        self.task(self._after_contract(ask, port, answer))
        return answer

    async def _after_contract(self, ask: Ask, port: Port, answer: Deferred[Any]) -> None:
        """The unit has only begun: its first contract is on the way, or it is cut off and has its floor."""
        with suppress(TimeoutError):
            async with asyncio.timeout(FIRST):
                await self._contracted.wait()
        await self._let_in(ask, port, answer)

    async def _let_in(self, ask: Ask, port: Port, answer: Deferred[Any]) -> None:
        try:
            entered = await self._enter(ask, port, answer)
        except Exception as error:
            answer.fail(error)
        else:
            if entered is not answer:
                answer.reply(entered)

    async def _referred(
        self, ask: Ask, port: Port, asked: Escalate, decision: Decision, answer: Deferred[Any]
    ) -> None:
        """Somebody else decides; silence comes to what was declared for it, and never to leave."""
        try:
            referral = Referral(ask.task, ask.action, asked, note_id(), self._revision)
            verdict = await referred(self, referral)
            if not isinstance(verdict, Allow):
                raise PolicyDenied(ask.action.kind, decision.by, verdict.reason)
        except Exception as error:
            answer.fail(error)
        else:
            await self._let_in(ask, port, answer)

    async def _enter(self, ask: Ask, port: Port, answer: Deferred[Any] | None = None) -> Any:
        self._go_on()
        if ask.port in self._quarantined:
            raise Quarantined(ask.port, self._quarantined[ask.port])
        if ask.fence is not None:
            self._leases.check(ask.fence)
        guard = self._guards.get(ask.task, Guard())
        self._guards[ask.task] = guard.passed(self.path, ask.port, ask.call, port.repeats)
        passage = await self._reserve(ask, port)
        if not self._pacing.paces(ask.port):
            return replace(passage, began=now())
        answer = answer or self.defer()
        self.task(self._paced(passage, answer))
        return answer

    async def _reserve(self, ask: Ask, port: Port) -> Passage:
        self._serial += 1
        id, at, epoch = f"{self.path}#{self._serial}", now(), 0
        if self._purse is not None and ask.upper:
            wait = port.timeout * port.tries
            self._purse, epoch = self._purse.reserve(id, ask.upper, at, at + wait)
            await self._write()
        return Passage(id, ask, port, epoch, at, self._revision)

    async def _paced(self, passage: Passage, answer: Deferred[Any]) -> None:
        try:
            await self._pacing.wait(passage.ask.port)
        except Exception as error:
            if self._purse is not None:
                self._purse = self._purse.settle(passage.epoch, passage.id, NOTHING)
            answer.fail(error)
            return
        answer.reply(replace(passage, began=now()))

    # After it.

    async def settle(self, passage: Passage, came: Came, result: str, actual: Vector | None) -> Receipt:
        """The call is over: count what it took (None: what was reserved, until it is known better), and leave proof."""
        ask = passage.ask
        cost = ask.upper if actual is None else actual
        if self._purse is not None and (ask.upper or cost):
            final = came is not Came.UNKNOWN
            self._purse = self._purse.settle(passage.epoch, passage.id, cost, final=final)
            await self._write()
        receipt = Receipt(
            passage.id,
            ask.task,
            self.path,
            ask.port,
            ask.call,
            result,
            cost,
            came,
            passage.began,
            now(),
            passage.revision,
        )
        self._receipts.setdefault(ask.task, []).append(receipt)
        if came is Came.DONE and self._pacing.paces(ask.port):
            self.tell(Channel.COORDINATION, Role.COORDINATION, Succeeded(ask.port))
        return receipt

    async def refused(self, passage: Passage, retry_after: float) -> Passage:
        """The other side said "too many": system 2 is told, and leave to try again comes in time."""
        ask = passage.ask
        self.tell(Channel.COORDINATION, Role.COORDINATION, Refused(ask.port, retry_after))
        answer = self.defer()
        self.task(
            self._paced(passage, answer)
            if self._pacing.paces(ask.port)
            else self._later(passage, retry_after, answer)
        )
        return answer  # type: ignore[return-value]

    async def _later(self, passage: Passage, retry_after: float, answer: Deferred[Any]) -> None:
        await self._pacing.sleep(retry_after)
        answer.reply(replace(passage, began=now()))

    def close(self, task: Any, outcome: Any) -> tuple[Receipt, ...]:
        """A task is reported done: its receipts, all of them. Raises `NoEvidence` for a success without any."""
        receipts = tuple(self._receipts.pop(task.id, ()))
        if outcome.good and not outcome.evidence:
            raise NoEvidence(task.id, "none")
        if any(receipt not in receipts for receipt in outcome.evidence):
            raise NoEvidence(task.id, "one that its porter did not make")
        self._guards.pop(task.id, None)
        self._evidence[task.id] = Evidence(self.path, task, outcome, receipts)
        while len(self._evidence) > KEPT:
            del self._evidence[next(iter(self._evidence))]
        self._doings = self._doings.after(task.kind, receipts)
        if self._audited:
            completed = Completed(task.id, task.kind, self.path, outcome.good)
            self.tell(Channel.AUDIT, Role.AUDIT, completed, disturbance=task.id)
        return receipts

    # Exclusive leases.

    def lease(self, key: str, ttl: float) -> Deferred[Lease]:
        """The exclusive right to `key`, when it is the unit's turn."""
        answer = self.defer()
        self.task(self._leases.get(key, ttl, self.sender, answer))
        return answer

    async def unlease(self, key: str, token: int) -> bool:
        """Give it back; whether it held to the end."""
        return self._leases.give_back(key, token)

    # What comes on channels.

    def adopt(self, update: PolicyUpdate) -> PolicyKnown:
        """Policies of a revision; an older one changes nothing."""
        if update.revision > self._revision:
            self._policies, self._revision = update.policies, update.revision
        return PolicyKnown(self.path, self._revision)

    async def quarantine(self, one: Quarantine) -> None:
        """Let nothing through a port, or let it through again; a successor knows of it."""
        if one.lifted:
            self._quarantined.pop(one.port, None)
        else:
            self._quarantined[one.port] = one.reason
        await self._books.call(Books.save, "quarantined", dict(self._quarantined))

    @hears(Probe)
    def _probed(self, probe: Probe, note: Note) -> Evidence | None:
        """What is asked for an audit: it comes past the management. None: it is not known any more."""
        return self._evidence.get(probe.task)

    @hears(Inspect)
    def _inspected(self, inspect: Inspect, note: Note) -> Inspected:
        """How it stands, by its own books: past the management as well."""
        return self._doings.inspected(self.path, *self.spent(), self._revision)

    async def accept(self, contract: Contract) -> Accepted:
        """A contract, by way of the management. Raises `StaleContract`."""
        assert self._purse is not None
        self._purse, accepted = self._purse.accept(contract)
        await self._write()
        self._contracted.set()
        return accepted

    def report(self) -> tuple[Report, ...]:
        """The reports of the epochs that are over and not yet forgotten."""
        if self._purse is None:
            return ()
        at, purse = now(), self._purse
        return tuple(purse.report(epoch, at) for epoch in sorted(purse.ledgers) if epoch < purse.epoch(at))

    async def forget(self, epoch: int) -> None:
        """An epoch's last report has been taken."""
        if self._purse is not None:
            self._purse = self._purse.forget(epoch)
            await self._write()

    def suspend(self, until: float, reason: str) -> None:
        """Refuse every use of a port until then, in seconds."""
        self._suspended = until, reason

    def throttle(self, until: float) -> None:
        """Let calls through one in `SPACING` seconds until then."""
        self._pacing.throttle(until, SPACING)

    def resume(self) -> None:
        """Refuse and slow down no more."""
        self._suspended = None
        self._pacing.throttle(0.0, SPACING)

    def spent(self) -> tuple[Vector, Vector]:
        """What is spent and set aside in this epoch, and what it may spend."""
        if self._purse is None:
            return NOTHING, NOTHING
        ledger = self._purse.ledger(self._purse.epoch(now()))
        return ledger.committed, ledger.grant

    def revision(self) -> int:
        """Under which policies it acts."""
        return self._revision

    # Its round.

    async def cycle(self) -> None:
        """Settle what is overdue, renew the leases of paced ports."""
        if self._purse is not None:
            self._purse, overdue = self._purse.expire(now())
            if overdue:
                await self._write()
        self._pacing.renew()
        self._leases.renew()
        self._say_policies()

    def _say_policies(self) -> None:
        """As long as it knows only those declared, say so: there may be others since."""
        if not self._revision:
            self.tell(Channel.COMMAND, Role.CONTROL, Acting(self.path, 0))

    async def _write(self) -> None:
        await self._books.call(Books.save, "porter", (self._serial, self._purse))

    def _port(self, name: str) -> Port:
        port = self._ports.get(name)
        if port is None:
            raise OptionError("port", f"one that is declared: {sorted(self._ports)}", name)
        return port

    def _go_on(self) -> None:
        if self._suspended is None:
            return
        until, reason = self._suspended
        if now() < until:
            raise Suspended(self.path, reason, until)
        self._suspended = None
