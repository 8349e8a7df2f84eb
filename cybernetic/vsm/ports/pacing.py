"""How a unit waits for its turn at a paced port: by the word of system 2, and alone at its static share without it."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from math import inf
from typing import Any

from cybernetic.core import CallError, MailboxFull, Refusal
from cybernetic.vsm.channels.channel import Channel, Role
from cybernetic.vsm.coordination.messages import (
    OBEYED,
    Joining,
    Leased,
    NotPaced,
    Opened,
    Paced,
    PaceRequest,
    PaceWithdrawal,
    UsedPort,
    lease_seconds,
)
from cybernetic.vsm.damping.meter import Meter
from cybernetic.vsm.damping.shaping import phase
from cybernetic.vsm.damping.shares import Member as Share
from cybernetic.vsm.timing import now

TURN = 120.0  # seconds that a unit waits for its turn before it asks again, should its word have been lost
LOOK = 1.0  # seconds between two looks at whether the lease has lapsed


class Pacing:
    """The paced ports of one porter.

    Args:
        porter: who asks system 2.
        shares: static shares, units a second, by port.
        part: of a level that is a unit: which part of its share nobody in it will use by itself before a time. It is
            also told when the lease that is asked for will have lapsed, infinite while that is not known.

    A predecessor may have held a lease, and system 2 counts on it until it is over; so one newly born goes by the word
    of system 2 for as long as a lease lasts, as if it held one.
    """

    def __init__(
        self,
        porter: Any,
        shares: Mapping[str, float],
        part: Callable[[str, float, float], Awaitable[float]] | None = None,
    ) -> None:
        self._porter, self._part = porter, part
        self._shares = {port: self._fresh(share) for port, share in shares.items()}
        self._meters: dict[str, Meter] = {}  # of ports that are not paced
        self._lasts: dict[str, float] = {}  # by port: seconds of a lease
        self._apart: dict[str, float] = {}  # by port: the lapse for which the place was taken
        self._throttled, self._spacing, self._free = -inf, 0.0, -inf
        self._barred: dict[str, float] = {}  # by port: until when its other side asked to wait

    def _fresh(self, share: float) -> Share:
        return Share(share).leased(now(), now() + lease_seconds(self._porter.level, self._porter.pulse))

    def opened(self, opened: Opened) -> None:
        """System 2 paces a port from now on, or its static share is another."""
        port, share = opened.port, self._shares.get(opened.port)
        if share is not None:
            self._shares[port] = share.sharing(opened.share, now())
            return
        self._shares[port] = self._fresh(opened.share)
        meter = self._meters.pop(port, None)
        if meter is not None:
            self._porter.tell(Channel.COORDINATION, Role.COORDINATION, UsedPort(port, meter.rate(now())))
        self._porter.task(self._join(port))

    def passed(self, port: str) -> None:
        """A call goes through a port: how often that happens is asked when the port turns out to have a limit."""
        if port not in self._shares:
            self._meters[port] = self._meters.get(port, Meter(at=now())).after(now())

    def paces(self, port: str) -> bool:
        """Whether a call may have to wait."""
        return port in self._shares or now() < max(self._throttled, self._barred.get(port, -inf))

    def has(self, port: str) -> bool:
        """Whether system 2 paces the port."""
        return port in self._shares

    def refused(self, port: str, retry_after: float) -> None:
        """The other side asked to wait so many seconds: by that a unit goes that is without the word of system 2, and
        it tells a system 2 that is newly born.
        """
        self._barred[port] = max(self._barred.get(port, -inf), now() + _within_reason(retry_after))

    def throttle(self, until: float, spacing: float) -> None:
        """Until then leave `spacing` seconds between two calls."""
        self._throttled, self._spacing = until, spacing

    def renew(self) -> None:
        """Ask for the leases that are due."""
        for port in self._shares:
            self._porter.task(self._join(port))

    async def _join(self, port: str) -> None:
        asked, share = now(), self._shares[port]
        try:
            lapses = asked + self._lasts.get(port, inf)
            part = 1.0 if self._part is None else await self._part(port, share.until, lapses)
            barred = max(0.0, self._barred.get(port, -inf) - now())
            joining = Joining(port, share.until, part, share.share, barred)
            answer = await self._porter.ask(Channel.COORDINATION, Role.COORDINATION, joining, patience=LOOK)
        except (CallError, Refusal):
            return
        if isinstance(answer, Leased):
            first = share.alone(now())
            self._lasts[port] = answer.ttl
            self._shares[port] = self._shares[port].leased(now(), asked + answer.ttl)
            if first:  # it counts once system 2 knows that it has arrived
                await self._join(port)

    def withdraw(self, port: str, ids: tuple[str, ...]) -> None:
        """Nobody waits any more for the turns that were asked for under `ids`."""
        if port in self._shares:
            self._porter.tell(Channel.COORDINATION, Role.COORDINATION, PaceWithdrawal(port, ids))

    async def wait(self, port: str, id: str = "") -> None:
        """Return when it is the unit's turn, which can be withdrawn under `id`."""
        while (at := now()) < self._throttled:
            if at >= self._free:
                self._free = at + self._spacing
                break
            await asyncio.sleep(min(self._free, self._throttled) - at)
        while port not in self._shares and now() < (barred := self._barred.get(port, -inf)):
            await asyncio.sleep(min(LOOK, barred - now()))
        while port in self._shares:
            if await self.turn(port, id) or await self._alone(port):
                return

    async def turn(self, port: str, id: str = "") -> bool:
        """Wait for the word of system 2; False where there is no lease any more."""
        again = False
        while not self._shares[port].alone(now()):
            request, again = PaceRequest(port, id=id, again=again), True
            try:
                answer = await self._porter.ask(
                    Channel.COORDINATION, Role.COORDINATION, request, patience=TURN
                )
            except (CallError, MailboxFull, NotPaced):
                await asyncio.sleep(LOOK)
                continue
            if isinstance(answer, Paced):
                return True
        return False

    async def _alone(self, port: str) -> bool:
        """Use the static share if it has enough in hand; else wait a little.

        All leases lapse at about the same time. Each unit begins at a place of its own within the time that one call
        of it takes, or all of them would go out together, again and again.
        """
        share, at = self._shares[port], now()
        if at < (barred := self._barred.get(port, -inf)):
            await asyncio.sleep(min(LOOK, barred - at))
            return False
        if self._apart.get(port) != share.until:
            self._apart[port] = share.until
            place = phase(f"{self._porter.path} {port}", 1.0 / share.share)
            await asyncio.sleep(max(0.0, share.ready(at) - at) + place)
            return False
        self._shares[port], may = self._shares[port].grant(at)
        if not may:
            await asyncio.sleep(min(LOOK, max(0.001, self._shares[port].ready(at) - at)))
        return may

    async def sleep(self, seconds: float) -> None:
        """Wait as long as the other side asks, within reason."""
        await asyncio.sleep(_within_reason(seconds))


def _within_reason(seconds: float) -> float:
    return min(max(0.0, seconds), OBEYED)
