"""The exclusive leases of a level: who has what, who waits for it, and what of that a successor takes over."""

from collections.abc import Iterable
from contextlib import suppress
from math import inf
from typing import Any

from cybernetic.runtime import Deferred
from cybernetic.vsm.changed import changed
from cybernetic.vsm.coordination.messages import LeaseRelease, LeaseRenewal, LeaseRequest
from cybernetic.vsm.damping.fence import LeaseLost, told
from cybernetic.vsm.damping.leases import Lease, LeaseTable

LONGEST = 3600.0  # seconds of an exclusive lease, at most
SLACK = 2.0  # seconds after which one that was to ask again has not


class LeaseDesk:
    """Grants leases from a table, and answers those that wait.

    A successor's tokens are all higher than its predecessor's (`epoch`), and it grants nothing before the longest lease
    that its predecessor granted can be over (`quiet`), or all units have said what they hold (`known`); holders that
    renew until then keep what they have.

    Args:
        epoch: the number of this desk among its predecessors and successors, from 0 on.
        quiet: nothing is granted before this time, seconds.
    """

    def __init__(self, epoch: int = 0, quiet: float = -inf) -> None:
        self._table = LeaseTable(LONGEST, epoch=epoch, quiet=max(quiet, 0.0))
        self._waiting: dict[
            tuple[str, str], tuple[Deferred[Any], float]
        ] = {}  # answer, and until when it is awaited

    def request(
        self, one: LeaseRequest, holder: str, answer: Deferred[Any], patience: float, now: float
    ) -> None:
        """`answer` is given the lease when `holder` has it; it is awaited until `patience`, seconds."""
        self._table, lease = self._table.request(
            one.key, holder, now, priority=one.priority, ttl=min(one.ttl, LONGEST)
        )
        if lease is None:
            self._waiting[one.key, holder] = answer, patience
        else:
            self._waiting.pop((one.key, holder), None)
            answer.reply(lease)

    def renew(self, one: LeaseRenewal, holder: str, now: float) -> Lease:
        """Prolong a lease, also one that a predecessor granted. Raises `LeaseLost`."""
        known = self._table.holding(one.key, now)
        if known is None or known.token < one.token:
            self._table = self._table.adopt(_told(one, holder), now)
        elif known.holder != holder:
            raise LeaseLost(one.key, one.token, f"{known.holder!r} holds it with token {told(known.token)}")
        self._table, lease = self._table.renew(one.key, one.token, now)
        return lease

    def adopt(self, held: Iterable[LeaseRenewal], holder: str, now: float) -> None:
        """Take in what a unit says that it holds."""
        for one in held:
            with suppress(LeaseLost):
                self._table = self._table.adopt(_told(one, holder), now)

    def known(self, now: float) -> None:
        """All units have said what they hold: nothing more can come of a predecessor, and the quiet time is over."""
        self._table = changed(self._table, quiet=min(self._table.quiet, now))

    def release(self, one: LeaseRelease, now: float) -> None:
        """A lease is given back; who waited longest has the next."""
        self._table, lease = self._table.release(one.key, one.token, now)
        self._granted([] if lease is None else [lease])

    def withdraw(self, holder: str, key: str | None, now: float) -> None:
        """`holder` waits no more."""
        self._table = self._table.withdraw(holder, now, key)
        for waited in [one for one in self._waiting if one[1] == holder and key in (None, one[0])]:
            del self._waiting[waited]

    def turn(self, now: float) -> None:
        """Let lapse what is over, forget who did not ask again, and grant what is free."""
        for (key, holder), (_, patience) in list(self._waiting.items()):
            if now > patience + SLACK:
                self.withdraw(holder, key, now)
        if not self._table.leases and not self._table.waiting:
            return
        self._table, granted = self._table.turn(now)
        self._granted(granted)

    def due(self, now: float) -> float:
        """When a lease that somebody waits for lapses, or the quiet time is over; infinite where nobody waits."""
        ends = [
            max(lease.until if (lease := self._table.leases.get(key)) else now, self._table.quiet)
            for key in self._table.waiting
        ]
        return min(ends, default=inf)

    def held(self, now: float) -> dict[str, Lease]:
        """The leases that are valid, by key."""
        return {key: lease for key, lease in self._table.leases.items() if now < lease.until}

    def _granted(self, leases: Iterable[Lease]) -> None:
        for lease in leases:
            waiting = self._waiting.pop((lease.key, lease.holder), None)
            if waiting is not None:
                waiting[0].reply(lease)


def _told(one: LeaseRenewal, holder: str) -> Lease:
    """The lease that a holder says it has; none is longer than any desk grants."""
    return Lease(one.key, holder, one.token, one.until, min(one.ttl, LONGEST))
