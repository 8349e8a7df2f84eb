"""The exclusive leases a unit holds: asked of system 2, renewed in time, and not believed in once they lapsed."""

import asyncio
from dataclasses import replace
from typing import Any

from cybernetic.core import CallError, Refusal
from cybernetic.runtime import Deferred
from cybernetic.vsm.channels.channel import Channel, Role
from cybernetic.vsm.coordination.messages import LeaseRelease, LeaseRenewal, LeaseRequest, LeaseWithdrawal
from cybernetic.vsm.damping.fence import LeaseLost
from cybernetic.vsm.damping.leases import Lease
from cybernetic.vsm.timing import now

TURN = 5.0  # seconds after which a unit that waits for a lease asks again
ANSWER = 2.0  # seconds for the answer to a renewal, at most
AGAIN = 0.5  # seconds before another try where system 2 is away


class Holding:
    """The leases of one porter, by token. `porter`: who asks system 2.

    A lease ends with the agent that wanted it: what a dead one held is given back, and it waits for nothing.

    Attributes:
        awaited: the keys that somebody waits for, each as often as it is.
    """

    def __init__(self, porter: Any) -> None:
        self._porter = porter
        self.awaited: list[str] = []
        self._held: dict[int, Lease] = {}  # with the `ttl` that was wanted: it is renewed for that
        self._until: dict[int, float] = {}  # by the unit's own clock, counted from when it asked
        self._users: dict[
            int, list[Any]
        ] = {}  # who asked for it: a key may be asked for twice within one unit

    def begin(self) -> None:
        """A porter is born: whatever its predecessor waited for, nobody waits for any more."""
        self._tell(LeaseWithdrawal())

    async def get(self, key: str, ttl: float, user: Any, answer: Deferred[Any]) -> None:
        """Ask until it is there, for `user`, an agent."""
        self.awaited.append(key)
        try:
            await self._get(key, ttl, user, answer)
        finally:
            self.awaited.remove(key)

    async def _get(self, key: str, ttl: float, user: Any, answer: Deferred[Any]) -> None:
        while self._lives(user):
            asked = now()
            try:
                lease = await self._ask(LeaseRequest(key, ttl), TURN)
            except CallError:
                await asyncio.sleep(0.0 if now() > asked else AGAIN)
                continue
            except Refusal as error:
                answer.fail(error)
                return
            until = asked + lease.ttl
            if now() >= until:
                continue  # the answer came too late to be worth anything
            self._users.setdefault(lease.token, []).append(user)
            if lease.token not in self._held:
                self._held[lease.token], self._until[lease.token] = replace(lease, ttl=ttl), until
                self._porter.task(self._keep(lease.token, lease.ttl))
            answer.reply(lease)
            self.renew()  # its user may have died while it waited
            return
        self._tell(LeaseWithdrawal(key))

    def check(self, token: int) -> None:
        """Raises `LeaseLost` unless the lease holds."""
        lease = self._held.get(token)
        if lease is None or now() >= self._until[token]:
            raise LeaseLost(lease.key if lease else "?", token, "it is not held any more")

    def give_back(self, key: str, token: int) -> bool:
        """Release; whether it held to the end. What another still uses is released by the last."""
        held = token in self._held and now() < self._until[token]
        users = self._users.get(token, [])
        if len(users) > 1:
            users.pop()
            return held
        self._drop(token)
        self._tell(LeaseRelease(key, token))
        return held

    def renew(self) -> None:
        """Give back what the dead have left behind; what the living hold is renewed in time without being told."""
        for token, lease in list(self._held.items()):
            living = [user for user in self._users[token] if self._lives(user)]
            if living:
                self._users[token] = living
            else:
                self._drop(token)
                self._tell(LeaseRelease(lease.key, token))

    async def _keep(self, token: int, lasts: float) -> None:
        """Prolong it whenever a third is over of what it `lasts`, seconds, until it is given back or lost."""
        lease = self._held[token]
        while token in self._held and now() < self._until[token]:
            due = self._until[token] - lasts * 2 / 3
            if now() < due:
                await asyncio.sleep(due - now())
                continue
            asked = now()
            try:
                patience = min(ANSWER, self._until[token] - asked)
                renewal = LeaseRenewal(lease.key, token, lease.ttl, self._until[token])
                lasts = (await self._ask(renewal, patience)).ttl
            except LeaseLost:
                self._drop(token)
            except (CallError, Refusal):  # system 2 is away: what is held holds until it lapses
                await asyncio.sleep(min(AGAIN, lasts / 10))
            else:
                if token in self._held:
                    self._until[token] = asked + lasts
        self._drop(token)

    def report(self) -> tuple[LeaseRenewal, ...]:
        """What it holds, for a system 2 that does not know."""
        return tuple(
            LeaseRenewal(lease.key, token, lease.ttl, self._until[token])
            for token, lease in self._held.items()
            if now() < self._until[token]
        )

    def _drop(self, token: int) -> None:
        for known in (self._held, self._until, self._users):
            known.pop(token, None)

    def _lives(self, user: Any) -> bool:
        return user is None or bool(self._porter.system.alive(user))

    def _tell(self, body: object) -> None:
        self._porter.tell(Channel.COORDINATION, Role.COORDINATION, body)

    async def _ask(self, body: object, patience: float) -> Any:
        return await self._porter.ask(Channel.COORDINATION, Role.COORDINATION, body, patience=patience)
