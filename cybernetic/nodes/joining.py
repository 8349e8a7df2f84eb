"""How a system joins nodes of other hosts, and stays with them."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from functools import partial
from typing import TypeVar

from cybernetic.core import CallFailed, Chance
from cybernetic.nodes.cluster import Cluster
from cybernetic.nodes.errors import LinkRefused, LinkUnreachable
from cybernetic.nodes.link import Address
from cybernetic.supervision import Backoff

_log = logging.getLogger("cybernetic.nodes")

T = TypeVar("T")

JOIN_SECONDS = 10.0  # how long a node to join may take to be there
JOIN_AGAIN = Backoff(0.5, 10.0, jitter=0.2)


class Joining:
    """Joins the nodes that a system was told to.

    Args:
        cluster: the node that does.
        chance: for the pauses between two attempts.
    """

    def __init__(self, cluster: Cluster, chance: Chance) -> None:
        self._cluster, self._chance = cluster, chance

    async def join(self, address: Address) -> None:
        """Link with a node that may be about to start, and keep it so. Raises `LinkRefused`."""
        cluster = self._cluster
        await cluster.settled()  # the nodes that an earlier one has told of
        known = next((m.name for m in cluster.members if str(address) in m.address.split()), None)
        if known is None or not cluster.is_linked(known):
            known = (await in_time(cluster.engine.clock, partial(cluster.join, address))).name
        cluster.task(self._stay(address, known))

    async def check_reached(self) -> None:
        """See that what this process is the door of has joined too. Raises `LinkRefused` if it could reach nobody."""
        cluster, own = self._cluster, self._cluster.me.names
        whys: dict[str, str] = {}
        for peer in [each for each in cluster.linked() if each.name in own]:
            try:
                linked, unreached = await cluster.ask(peer, "reached")
            except CallFailed:  # it has ended, and is made anew
                return
            if not own.issuperset(linked):
                return
            whys |= unreached
        if whys:
            names = ", ".join(sorted(own - {cluster.name}))
            reasons = "; ".join(f"{name}: {why}" for name, why in whys.items())
            raise LinkRefused(
                f"{names}: expected to be linked with a node of another host, as {cluster.name} is, "
                f"got none that can be reached ({reasons})"
            )

    async def _stay(self, address: Address, name: str) -> None:
        """Whenever the link is lost, try until there is one again; why there is none is said once."""
        cluster = self._cluster
        while True:
            await cluster.lost(name)
            attempt, said = 0, ""
            while name not in cluster.peers:
                chance = self._chance.uniform("join", str(address), attempt)
                await asyncio.sleep(JOIN_AGAIN.delay(attempt, chance))
                attempt += 1
                if name in cluster.peers:
                    break
                try:
                    name = (await cluster.join(address)).name
                except LinkRefused as error:
                    new = not isinstance(error, LinkUnreachable) and str(error) != said
                    _log.log(logging.WARNING if new else logging.INFO, "not joined again: %s", error)
                    said = str(error) if new else said


async def in_time(clock: Callable[[], float], attempt: Callable[[], Awaitable[T]]) -> T:
    """Try until somebody can be reached, or it takes too long. Raises what `attempt` raises."""
    until, pause = clock() + JOIN_SECONDS, 0.05
    while True:
        try:
            return await attempt()
        except LinkUnreachable:
            if clock() >= until:
                raise
            await asyncio.sleep(pause)
            pause = min(1.0, pause * 2)
