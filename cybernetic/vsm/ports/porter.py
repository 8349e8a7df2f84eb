"""The porter of a unit: policy, reserve, pace before a call; settle, evidence after it."""

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import Any

from cybernetic.runtime import Deferred, Named
from cybernetic.vsm.algedonic.messages import Held
from cybernetic.vsm.bargain.contract import Accepted, Contract, Report
from cybernetic.vsm.bargain.saved import Saved
from cybernetic.vsm.bargain.vector import NOTHING, Vector
from cybernetic.vsm.books.books import Books
from cybernetic.vsm.channels.channel import Channel, Role
from cybernetic.vsm.channels.ear import hears
from cybernetic.vsm.channels.member import Member
from cybernetic.vsm.channels.note import Note
from cybernetic.vsm.coordination.messages import (
    Census,
    CoordinationPlan,
    Ended,
    Granted,
    Hold,
    LeaseRenewal,
    Opened,
    Refused,
    Succeeded,
)
from cybernetic.vsm.damping.leases import Lease
from cybernetic.vsm.decisions.policy import Policy
from cybernetic.vsm.governance.messages import PolicyKnown, PolicyUpdate
from cybernetic.vsm.governance.rules import rules_of
from cybernetic.vsm.inspection.messages import Completed, Evidence, Inspect, Inspected, Probe
from cybernetic.vsm.lives import Edition
from cybernetic.vsm.operations.messages import Command
from cybernetic.vsm.ports.choosing import Choosing
from cybernetic.vsm.ports.entrance import Entrance
from cybernetic.vsm.ports.holding import Holding
from cybernetic.vsm.ports.notices import Notices
from cybernetic.vsm.ports.orders import Orders
from cybernetic.vsm.ports.pacing import Pacing
from cybernetic.vsm.ports.passages import Ask, Passage
from cybernetic.vsm.ports.port import Port
from cybernetic.vsm.ports.proofs import Proofs
from cybernetic.vsm.ports.receipts import Came, Receipt
from cybernetic.vsm.ports.refusals import NoSuchPort
from cybernetic.vsm.ports.sharing import Sharing
from cybernetic.vsm.ports.tally import tally
from cybernetic.vsm.ports.till import Till
from cybernetic.vsm.timing import now
from cybernetic.vsm.world.outages import Outages

SPACING = 1.0  # seconds between two calls of a unit that is throttled


def first_of(grant: Vector) -> float:
    """How much it grants of its first resource."""
    names = sorted(grant.resources)
    return grant.amount(names[0]) if names else 0.0


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
        names: of the ports in the world that units share.
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
        names: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(path)
        self._ports, self._audited = dict(ports), audited
        books: Named[Books] = self.system.named(f"{path}:books", Books)
        self._till = Till(path, books, per, floor, self.system.alive, partial(tally, self.system, ""))
        self._orders = Orders(path, books, policies)
        self._pacing, self._leases = Pacing(self, paced or {}), Holding(self)
        self._proofs, self._notices = Proofs(path), Notices(self)
        outages = {name: port.outage for name, port in ports.items() if port.outage is not None}
        self._outages = Outages(self, outages, names or {})
        self._choosing = Choosing(self, self._ports, self._orders, self._outages)
        self._sharing = Sharing(self)
        self._entrance = Entrance(
            self,
            self._orders,
            self._outages,
            self._leases,
            self._proofs,
            self._notices,
            self._till,
            self._pacing,
            self._sharing,
        )

    async def setup(self) -> None:
        """Go on from the books."""
        await self._till.begin()
        await self._orders.begin(partial(rules_of, self.system, self.level))
        self._pacing.throttle(self._orders.throttled, SPACING)
        self._pacing.renew()
        self._leases.begin()
        self._outages.begin()
        super().setup()

    # Before a call.

    async def admit(self, ask: Ask) -> Any:
        """Policy, then reserve, then pace: a `Passage`; or a `Had`, where another unit has made the call.

        Raises `NoSuchPort`, `PolicyDenied`, `Stuck`, `Suspended`, `PortOut`, `BudgetExhausted`.
        """
        return await self._entrance.admit(ask, self._port(ask.port), self.sender)

    # After it.

    async def settle(
        self,
        passage: Passage,
        came: Came,
        result: str,
        actual: Vector | None,
        sure: bool = True,
        answer: bytes | None = None,
        slip: bool = False,
    ) -> Receipt:
        """The call is over: count what it took, leave proof, and let others have the `answer` if they want the same.

        None: what is assumed, which is final if it was made and the port is `sure` of it, and else until a bill comes.
        A `slip` of who made it says nothing of the port.
        """
        ask = passage.ask
        if actual is None:
            cost = self._till.assumed(passage, came, sure=sure)
        else:
            cost = actual + passage.took if passage.took else actual
            if actual or came is Came.DONE:
                self._till.told(passage, actual)
        await self._till.settle(passage, cost, final=sure and came is not Came.UNKNOWN)
        receipt = self._proofs.receipt(passage, came, result, cost)
        if not slip:
            self._notices.used(ask.port, came, receipt.ended - receipt.began)
            self._outages.ended(ask.port, came is Came.DONE, ask.task)
        if self._pacing.has(ask.port):
            done = came is Came.DONE
            word = Succeeded(ask.port, now() - passage.began) if done else Ended(ask.port)
            self.tell(Channel.COORDINATION, Role.COORDINATION, word)
        self._sharing.ended(passage, receipt, answer)
        return receipt

    async def unmade(self, passage: Passage) -> None:
        """The call was not made after all: it took nothing."""
        await self._entrance.unmade(passage)

    async def left(self, passage: Passage) -> None:
        """Who made the call waits for it no longer: nobody knows what came of it, which says nothing of the port."""
        cost = self._till.assumed(passage, Came.UNKNOWN, sure=True)
        await self._till.settle(passage, cost, final=False)
        self._proofs.receipt(passage, Came.UNKNOWN, "", cost)
        if self._pacing.has(passage.ask.port):
            self.tell(Channel.COORDINATION, Role.COORDINATION, Ended(passage.ask.port))
        self._sharing.given_up(passage)

    async def billed(self, id: str, cost: Vector) -> None:
        """The bill for a call of which nobody knew what it took: `id` is that of its receipt. Raises `NoOpenBill`."""
        await self._till.billed(id, cost)

    async def refused(
        self, passage: Passage, retry_after: float, last: bool = False, took: Vector = NOTHING
    ) -> Any:
        """The other side said "too many", and that `took` so much: system 2 is told; leave to try again, or what
        another's call came to, comes in time; but after the `last` try what was reserved is settled at what all took.
        """
        ask, passage = passage.ask, replace(passage, took=passage.took + took)
        self._pacing.refused(ask.port, retry_after)
        self.tell(Channel.COORDINATION, Role.COORDINATION, Refused(ask.port, retry_after))
        self._notices.refused(ask.port)
        if last:
            await self._till.settle(passage, passage.took)
            self._sharing.given_up(passage)
            return passage
        return await self._entrance.again(passage, retry_after, self.sender)

    def close(self, task: Any, outcome: Any) -> tuple[Receipt, ...]:
        """A task is reported done: its receipts, all of them. Raises `NoEvidence` for a success without any."""
        receipts = self._proofs.close(task, outcome)
        if self._audited:
            completed = Completed(task.id, task.kind, self.path, outcome.good)
            self.tell(Channel.AUDIT, Role.AUDIT, completed, disturbance=task.id)
        return receipts

    def given_up(self, task: str) -> None:
        """The operation refused a task (its id) after all: given again, it begins anew."""
        self._proofs.forget(task)

    # Exclusive leases.

    def lease(self, key: str, ttl: float) -> Deferred[Lease]:
        """The exclusive right to `key`, when it is the unit's turn."""
        answer = self.defer()
        self.task(self._leases.get(key, ttl, self.sender, answer))
        return answer

    async def unlease(self, key: str, token: int) -> bool:
        """Give it back; whether it held to the end."""
        return self._leases.give_back(key, token)

    # What system 2 says.

    @hears(Opened)
    def _opened(self, opened: Opened, note: Note) -> None:
        self._pacing.opened(opened)

    @hears(Census)
    def _counted(self, census: Census, note: Note) -> tuple[LeaseRenewal, ...]:
        return self._leases.report()

    @hears(CoordinationPlan)
    def _advised(self, plan: CoordinationPlan, note: Note) -> None:
        self._choosing.advised(plan)

    @hears(Hold)
    def _held(self, hold: Hold, note: Note) -> None:
        self._choosing.held(hold)

    def choose(self, group: str, costs: Mapping[str, float] | None = None) -> str:
        """Which port of a group to use now. Raises `NoSuchChoice`, and `Quarantined` where none of them is in use."""
        return self._choosing.choose(group, costs)

    # What comes on channels.

    async def adopt(self, update: PolicyUpdate) -> PolicyKnown:
        """Policies of a revision; an older one changes nothing."""
        return await self._orders.adopt(update)

    async def obey(self, command: Command) -> Command | None:
        """All that system 3 commands, in place of what it did before, which is given back; None: it is not later. A
        successor goes by it.
        """
        before = await self._orders.obey(command)
        self._pacing.throttle(self._orders.throttled, SPACING)
        return before

    def commanded(self) -> Edition:
        """Which command it goes by."""
        return self._orders.edition

    def suspended(self) -> float:
        """Until when every use of a port is refused, in seconds."""
        return self._orders.suspended[0]

    @hears(Probe)
    def _probed(self, probe: Probe, note: Note) -> Evidence | None:
        """What is asked for an audit: it comes past the management. None: it is not known any more."""
        return self._proofs.evidence(probe.task)

    @hears(Inspect)
    def _inspected(self, inspect: Inspect, note: Note) -> Inspected:
        """How it stands, by its own books: past the management as well."""
        return self._proofs.inspected(*self.spent(), self._orders.revision)

    async def accept(self, contract: Contract) -> Accepted:
        """A contract, by way of the management. Raises `StaleContract`."""
        accepted = await self._till.accept(contract)
        self.say_granted(first_of(contract.grant))
        return accepted

    def say_granted(self, amount: float) -> None:
        """System 2 looks at whether what is granted swings."""
        self.tell(Channel.COORDINATION, Role.COORDINATION, Granted(amount))

    def report(self) -> tuple[Report, ...]:
        """The reports of the epochs that are over and not yet forgotten."""
        return self._till.report()

    async def forget(self, epoch: int) -> None:
        """An epoch's last report has been taken."""
        await self._till.forget(epoch)

    async def suspend(self, until: float, reason: str) -> None:
        """Something hurts that nobody answers for: refuse every use of a port until then, in seconds."""
        await self._orders.suspend(until, reason)

    async def resume(self) -> None:
        """It hurts no more."""
        await self._orders.resume()

    def spent(self) -> tuple[Vector, Vector]:
        """What is spent and set aside in this epoch, and what it may spend."""
        return self._till.spent()

    def overrun(self) -> Vector:
        """What calls took in this epoch beyond what was set aside for them, while that blocks the next."""
        return self._till.overrun()

    async def clear(self) -> None:
        """System 3 has answered for an overrun: calls go on."""
        await self._till.clear()

    def acting(self) -> Edition:
        """Under which policies it acts."""
        return self._orders.acting

    def books(
        self,
    ) -> tuple[tuple[Vector, Vector], tuple[Report, ...], Edition, Vector, str, Edition, Saved, str]:
        """What a unit accounts for: what is spent and what of that is set aside, reports, under which policies it acts,
        an overrun, its purse, which command it goes by, what it did not have to spend, and the id of the call that was
        reserved or settled last.
        """
        return (
            (self.spent()[0], self._till.aside()),
            self.report(),
            self.acting(),
            self.overrun(),
            self._till.id,
            self._orders.edition,
            self._sharing.saved,
            self._till.last,
        )

    # Its round.

    async def cycle(self) -> None:
        """Settle what is overdue, renew the leases of paced ports."""
        await self._till.expire()
        await self._entrance.turn()
        self._pacing.renew()
        self._leases.renew()
        self._sharing.turn()
        self._choosing.say()
        self._notices.say()
        if self._orders.held:
            self.tell(Channel.ALGEDONIC, Role.ALGEDONODE, Held(self.path))

    def receive(self, message: Any) -> None:
        """What the world tells."""
        if not self._outages.heard(message):
            super().receive(message)

    def _port(self, name: str) -> Port:
        port = self._ports.get(name)
        if port is None:
            raise NoSuchPort(name, tuple(sorted(self._ports)))
        return port
