"""The agent of system 2."""

from collections.abc import Mapping
from math import inf
from typing import Any

from cybernetic.runtime import Deferred, Named, Timer
from cybernetic.vsm.bargain.budget import Rate
from cybernetic.vsm.books.books import Books
from cybernetic.vsm.channels.channel import Role
from cybernetic.vsm.channels.ear import Ear, hears
from cybernetic.vsm.channels.member import Member
from cybernetic.vsm.channels.note import Note
from cybernetic.vsm.coordination.flow import Flow, Turn
from cybernetic.vsm.coordination.lending import LONGEST, LeaseDesk
from cybernetic.vsm.coordination.messages import (
    Joining,
    Leased,
    LeaseRelease,
    LeaseRenewal,
    LeaseRequest,
    LeaseWithdrawal,
    Paced,
    PaceRequest,
    Refused,
    Succeeded,
    lease_seconds,
)
from cybernetic.vsm.coordination.relay import Relay
from cybernetic.vsm.damping.leases import Lease
from cybernetic.vsm.damping.shares import SharedPacer
from cybernetic.vsm.timing import now


class Coordination(Member):
    """System 2 of a level: paces shared rates, grants exclusive leases. All it holds is soft: a successor begins anew.

    Args:
        path: of the level.
        rates: of the ports that are paced here, by name.
        shared: of the ports that the level above paces: what one unit may use by itself, units a second, by name.
        weights: of the units, by path.
    """

    role = Role.COORDINATION
    period = 1.0

    def __init__(
        self,
        path: str,
        rates: Mapping[str, Rate],
        shared: Mapping[str, float],
        weights: Mapping[str, float],
    ) -> None:
        super().__init__(path)
        self._rates, self._weights = dict(rates), dict(weights)
        self._flows: dict[str, Flow] = {}
        self._shared, self._ttl = dict(shared), lease_seconds(path)
        self._relays: dict[str, Relay] = {}
        self._lending = LeaseDesk()
        self._timer: Timer | None = None
        self._books: Named[Books] = self.system.named(f"{path}:books", Books)
        self._epoch, self._longest = 0, 0.0

    async def setup(self) -> None:
        """Be born: what a predecessor granted is in use still, so nothing is granted for as long as that may last."""
        known = await self._books.call(Books.load, "coordination")
        born = now() if known else now() - self._ttl
        if known:
            self._epoch, self._longest = known[0] + 1, known[1]
            self._lending = LeaseDesk(self._epoch, now() + self._longest)
        await self._write()
        members = frozenset(self._weights)
        self._flows = {
            port: Flow.of(rate, members, self._ttl, born) for port, rate in self._rates.items() if members
        }
        above = self.system.named(f"{self.path}:management", Ear)
        self._relays = {
            port: Relay(self, above, port, SharedPacer(each * len(members), members, self._ttl, born))
            for port, each in self._shared.items()
        }
        super().setup()

    # Paced ports.

    @hears(Joining)
    def _joined(self, joining: Joining, note: Note) -> Leased:
        if joining.port in self._relays:
            self._relays[joining.port].heard(note.path_from, joining.holds_until, joining.part)
        else:
            flow = self._flows[joining.port]
            self._flows[joining.port] = flow.heard(note.path_from, joining.holds_until, now(), joining.part)
            self._turn()
        return Leased(joining.port, self._ttl)

    @hears(PaceRequest)
    def _asked(self, request: PaceRequest, note: Note) -> Deferred[Paced]:
        answer = self.defer()
        turn = Turn(answer, inf if note.deadline is None else note.deadline)
        weight = self._weights.get(note.path_from, 1.0) * request.weight
        if request.port in self._relays:
            self._relays[request.port].asked(note.path_from, turn, request.cost, weight)
            return answer
        flow = self._flows[request.port]
        self._flows[request.port] = flow.asked(note.path_from, turn, request.cost, weight)
        self._turn()
        return answer

    @hears(Refused)
    def _refused(self, refused: Refused, note: Note) -> None:
        if refused.port in self._relays:
            self._relays[refused.port].pass_on(refused)
            return
        if refused.port in self._flows:
            self._flows[refused.port] = self._flows[refused.port].refused(now(), refused.retry_after)
            self._turn()

    @hears(Succeeded)
    def _succeeded(self, succeeded: Succeeded, note: Note) -> None:
        if succeeded.port in self._relays:
            self._relays[succeeded.port].pass_on(succeeded)
            return
        if succeeded.port in self._flows:
            self._flows[succeeded.port] = self._flows[succeeded.port].succeeded(now())

    def part(self, port: str, until: float) -> float:
        """The part (0 to 1) of a port paced above that no unit of the level will use by itself before `until`."""
        return self._relays[port].part(until)

    def look(self) -> None:
        """A timer has come: who may go now?"""
        self._timer = None
        self._turn()

    def _turn(self) -> None:
        at = now()
        self._lending.turn(at)
        for port, flow in self._flows.items():
            self._flows[port], gone = flow.turn(at)
            for head in gone:
                head.item.answer.reply(Paced(port))
        due = min((flow.due(at) for flow in self._flows.values()), default=inf)
        due = min(due, self._lending.due(at))
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if due < inf:
            self._timer = self.ref.after(max(0.001, due - at)).cast(Coordination.look)

    # Exclusive leases.

    @hears(LeaseRequest)
    async def _lease(self, request: LeaseRequest, note: Note) -> Any:
        answer, at = self.defer(), now()
        wanted = min(request.ttl, LONGEST)
        if wanted > self._longest:  # a successor has to know how long to wait
            self._longest = wanted
            await self._write()
        patience = inf if note.deadline is None else note.deadline
        self._lending.request(request, note.path_from, answer, patience, max(at, now()))
        self._turn()
        return answer

    @hears(LeaseRenewal)
    def _renewed(self, renewal: LeaseRenewal, note: Note) -> Lease:
        return self._lending.renew(renewal, note.path_from, now())

    @hears(LeaseRelease)
    def _released(self, release: LeaseRelease, note: Note) -> None:
        self._lending.release(release, now())

    @hears(LeaseWithdrawal)
    def _withdrawn(self, withdrawal: LeaseWithdrawal, note: Note) -> None:
        self._lending.withdraw(note.path_from, withdrawal.key, now())

    def leases(self) -> dict[str, Lease]:
        """The exclusive leases that are held, by key."""
        return self._lending.held(now())

    async def _write(self) -> None:
        await self._books.call(Books.save, "coordination", (self._epoch, self._longest))

    # Its round.

    def cycle(self) -> None:
        """Let leases lapse, and look at the queues."""
        self._turn()
        for relay in self._relays.values():
            relay.cycle()

    def flows(self) -> dict[str, tuple[float, int]]:
        """Of each paced port the rate a second, and how many wait."""
        return {port: (flow.pacer.rate, len(flow.queue)) for port, flow in self._flows.items()}
