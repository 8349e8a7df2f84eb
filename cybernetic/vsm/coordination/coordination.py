"""The agent of system 2."""

from collections.abc import Mapping
from math import inf
from typing import Any

from cybernetic.runtime import Deferred, Timer
from cybernetic.vsm.bargain.budget import Rate
from cybernetic.vsm.books.books import Books
from cybernetic.vsm.channels.channel import Role
from cybernetic.vsm.channels.ear import Ear, hears
from cybernetic.vsm.channels.member import Member
from cybernetic.vsm.channels.note import Note
from cybernetic.vsm.coordination.flow import Flow
from cybernetic.vsm.coordination.messages import (
    Joining,
    Leased,
    LeaseRelease,
    LeaseRenewal,
    LeaseRequest,
    Paced,
    PaceRequest,
    Refused,
    Succeeded,
)
from cybernetic.vsm.coordination.relay import Relay
from cybernetic.vsm.damping.leases import Lease, LeaseTable
from cybernetic.vsm.timing import now

TTL = 5.0  # seconds of a lease on a part of a rate
LEASE = 60.0  # seconds of an exclusive lease, at most


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
        above = self.system.named(f"{path}:management", Ear)
        members = frozenset(weights)
        self._relays = {port: Relay(self, above, port, members, each) for port, each in shared.items()}
        self._leases = LeaseTable(LEASE)
        self._waiting: dict[tuple[str, str], Deferred[Any]] = {}
        self._timer: Timer | None = None
        self._epoch = 0

    async def setup(self) -> None:
        """Be born: what a predecessor granted is in use still, so nothing is granted for as long as that may last."""
        books = self.system.named(f"{self.path}:books", Books)
        born = now() if await books.call(Books.load, "coordination") else now() - TTL
        await books.call(Books.save, "coordination", True)
        members = frozenset(self._weights)
        self._flows = {
            port: Flow.of(rate, members, TTL, born) for port, rate in self._rates.items() if members
        }
        super().setup()

    # Paced ports.

    @hears(Joining)
    def _joined(self, joining: Joining, note: Note) -> Leased:
        if joining.port in self._relays:
            self._relays[joining.port].heard(note.path_from, joining.holds_until)
        else:
            flow = self._flows[joining.port]
            self._flows[joining.port] = flow.heard(note.path_from, joining.holds_until, now())
            self._turn()
        return Leased(joining.port, TTL)

    @hears(PaceRequest)
    def _asked(self, request: PaceRequest, note: Note) -> Deferred[Paced]:
        answer = self.defer()
        weight = self._weights.get(note.path_from, 1.0) * request.weight
        if request.port in self._relays:
            self._relays[request.port].asked(note.path_from, answer, request.cost, weight)
            return answer
        flow = self._flows[request.port]
        self._flows[request.port] = flow.asked(note.path_from, answer, request.cost, weight)
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

    def look(self) -> None:
        """A timer has come: who may go now?"""
        self._timer = None
        self._turn()

    def _turn(self) -> None:
        at = now()
        for port, flow in self._flows.items():
            self._flows[port], gone = flow.turn(at)
            for head in gone:
                head.item.reply(Paced(port))
        due = min((flow.due(at) for flow in self._flows.values()), default=inf)
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if due < inf:
            self._timer = self.ref.after(max(0.001, due - at)).cast(Coordination.look)

    # Exclusive leases.

    @hears(LeaseRequest)
    def _lease(self, request: LeaseRequest, note: Note) -> Any:
        self._leases, lease = self._leases.request(
            request.key, note.path_from, now(), priority=request.priority
        )
        if lease is not None:
            return lease
        answer = self._waiting[request.key, note.path_from] = self.defer()
        return answer

    @hears(LeaseRenewal)
    def _renewed(self, renewal: LeaseRenewal, note: Note) -> Lease:
        self._leases, lease = self._leases.renew(renewal.key, renewal.token, now())
        return lease

    @hears(LeaseRelease)
    def _released(self, release: LeaseRelease, note: Note) -> None:
        self._leases, lease = self._leases.release(release.key, release.token, now())
        self._granted([] if lease is None else [lease])

    def _granted(self, leases: Any) -> None:
        for lease in leases:
            answer = self._waiting.pop((lease.key, lease.holder), None)
            if answer is not None:
                answer.reply(lease)

    # Its round.

    def cycle(self) -> None:
        """Let leases lapse, and look at the queues."""
        self._leases, granted = self._leases.turn(now())
        self._granted(granted)
        self._turn()
        for relay in self._relays.values():
            relay.cycle()

    def flows(self) -> dict[str, tuple[float, int]]:
        """Of each paced port the rate a second, and how many wait."""
        return {port: (flow.pacer.rate, len(flow.queue)) for port, flow in self._flows.items()}
