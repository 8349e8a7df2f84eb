"""What a replica of an `Escrow` does for rights without being asked: it follows, leases, takes back, leaves."""

import asyncio
from collections.abc import Callable
from typing import Any

from cybernetic.core import Refusal
from cybernetic.crdt import Escrow, RightsLacking
from cybernetic.state.replica.copy import Copy
from cybernetic.state.replica.custody import following, parting, step
from cybernetic.state.replica.exchange import Exchange
from cybernetic.state.replica.options import ReplicaOptions
from cybernetic.state.replica.roll import Roll


class Rights:
    """The rights of one replica. `write` joins and tells a delta of it; of another type of value there are none."""

    def __init__(
        self,
        copy: Copy[Any],
        roll: Roll,
        exchange: Exchange[Any],
        options: ReplicaOptions,
        now: Callable[[], float],
        write: Callable[[Any], None],
    ) -> None:
        self._copy, self._roll, self._exchange = copy, roll, exchange
        self._options, self._now, self._write = options, now, write

    async def keep(self) -> None:
        """Do what a guardian, a ward, or one who follows another has to do, one thing a turn of the loop."""
        options, copy, me = self._options, self._copy, self._roll.replica
        if not isinstance(copy.value, Escrow) or copy.rejoining:
            return
        former = self._roll.followed(options.lease, copy.saved)
        while (delta := following(copy.value, me, former)) is not None:
            self._write(delta)
            await asyncio.sleep(0)
        live = self._exchange.live(options.lease / 3)
        guardians = self._exchange.live(options.lease / 3, guardians=True)
        while not copy.rejoining:
            delta = step(
                copy.value,
                me,
                options.custody,
                guardians,
                live,
                self._now(),
                options.lease,
                options.slice,
            )
            if delta is None:
                return
            self._write(delta)
            await asyncio.sleep(0)

    def refused(self, error: Refusal) -> None:
        """An edit was refused: where rights are there and only not leased, ask for them."""
        value, me = self._copy.value, self._roll.replica
        if not isinstance(error, RightsLacking) or not isinstance(value, Escrow) or error.replica != me:
            return
        if (
            value.keeper(me)
            and error.has < error.wanted <= value.rights(me)
            and (asked := value.ask(me, error.wanted))
        ):
            self._write(asked)

    async def part(self) -> None:
        """Leave rights to spend to who lives on."""
        options, copy = self._options, self._copy
        if options.custody == "none" or not isinstance(copy.value, Escrow):
            return
        live = self._exchange.live(options.lease / 3)
        delta = parting(copy.value, self._roll.replica, live, self._now())
        if delta is not None:
            self._write(delta)
            await copy.lasting()
