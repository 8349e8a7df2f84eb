"""The exclusive leases a unit holds: asked of system 2, renewed in time, and not believed in once they lapsed."""

from typing import Any

from cybernetic.core import CallError, Refusal
from cybernetic.runtime import Deferred
from cybernetic.vsm.channels.channel import Channel, Role
from cybernetic.vsm.coordination.messages import LeaseRelease, LeaseRenewal, LeaseRequest
from cybernetic.vsm.damping.fence import LeaseLost
from cybernetic.vsm.damping.leases import Lease
from cybernetic.vsm.timing import now

TURN = 30.0  # seconds after which a unit that waits for a lease asks again


class Holding:
    """The leases of one porter, by token. `porter`: who asks system 2."""

    def __init__(self, porter: Any) -> None:
        self._porter = porter
        self._held: dict[int, Lease] = {}
        self._until: dict[int, float] = {}  # by the unit's own clock, counted from when it asked

    async def get(self, key: str, ttl: float, answer: Deferred[Any]) -> None:
        """Ask until it is there."""
        while True:
            asked = now()
            try:
                lease = await self._ask(LeaseRequest(key, ttl), TURN)
            except CallError:
                continue
            except Refusal as error:
                answer.fail(error)
                return
            self._held[lease.token], self._until[lease.token] = lease, asked + lease.ttl
            answer.reply(lease)
            return

    def check(self, token: int) -> None:
        """Raises `LeaseLost` unless the lease holds."""
        lease = self._held.get(token)
        if lease is None or now() >= self._until[token]:
            raise LeaseLost(lease.key if lease else "?", token, "it is not held any more")

    def give_back(self, key: str, token: int) -> bool:
        """Release; whether it held to the end."""
        held = token in self._held and now() < self._until[token]
        self._held.pop(token, None)
        self._until.pop(token, None)
        self._porter.tell(Channel.COORDINATION, Role.COORDINATION, LeaseRelease(key, token))
        return held

    def renew(self) -> None:
        """Prolong those of which a third is over."""
        at = now()
        for token, lease in self._held.items():
            if at >= self._until[token] - lease.ttl * 2 / 3:
                self._porter.task(self._renew(lease))

    async def _renew(self, lease: Lease) -> None:
        asked = now()
        try:
            await self._ask(LeaseRenewal(lease.key, lease.token), 2.0)
        except LeaseLost:
            self._held.pop(lease.token, None)
            self._until.pop(lease.token, None)
        except (CallError, Refusal):
            return  # system 2 is away: what is held holds until it lapses
        else:
            if lease.token in self._held:
                self._until[lease.token] = asked + lease.ttl

    async def _ask(self, body: object, patience: float) -> Any:
        return await self._porter.ask(Channel.COORDINATION, Role.COORDINATION, body, patience=patience)
