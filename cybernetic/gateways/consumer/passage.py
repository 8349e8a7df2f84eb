"""What a delivery passes on its way to a handler: its lane, its causes, others of its key, and suspicion."""

import asyncio
from collections import OrderedDict
from dataclasses import replace

from cybernetic.gateways.consumer.attempt import Crew, persisted
from cybernetic.gateways.consumer.conclusion import Came
from cybernetic.gateways.consumer.gates import Causality, Lanes
from cybernetic.gateways.consumer.identity import digest_of, held_of, is_other, same_of, way_of
from cybernetic.gateways.consumer.received import Received
from cybernetic.gateways.consumer.round import Round
from cybernetic.gateways.consumer.spec import Consume

REMEMBERED = 10_000  # keys of effects that are known without asking the disk


class Passage:
    """Takes the deliveries of one queue to their handlers, each when it may be handled.

    Args:
        crew: the intake.
        spec: what is consumed and how.
    """

    def __init__(self, crew: Crew, spec: Consume) -> None:
        self._crew, self._spec = crew, spec
        self._lanes = Lanes()
        causal = spec.causal
        self._causality = None if causal is None else Causality(causal.most(spec.prefetch), causal.wait)
        self._live: dict[str, asyncio.Future[None]] = {}  # keys being handled
        self._done: OrderedDict[str, bytes] = OrderedDict()

    async def through(self, round: Round) -> None:
        """All that a delivery passes; a lane is joined before the first wait, in order of arrival."""
        found = round.examined.found
        if not isinstance(found, Received):
            await round.unfit()
            return
        if self._spec.order is None:
            await self._fit(round, found)
            return
        try:
            lane = self._spec.order(found)
            before, mine = self._lanes.join(lane)
        except Exception as error:  # the program's own function, or a key that cannot be hashed
            await round.failed(f"its key could not be told: {type(error).__name__}: {error}")
            return
        try:

            async def fit() -> None:
                await self._fit(round, found, before)

            # what went back would be overtaken by the next of its lane
            await persisted(fit, round.suspect, self._crew.desk.shelf, 1)
        finally:
            self._lanes.leave(lane, mine)

    async def _fit(self, round: Round, found: Received, before: "asyncio.Future[None] | None" = None) -> None:
        """Handle it, once it is sure that it may be, after the one `before` it."""
        if await round.unfit():
            return
        if before is not None:
            await asyncio.shield(before)
        dot = None if found.envelope is None else found.envelope.dot
        if self._causality is None or found.envelope is None or dot is None:
            await self._once(round, found)
            return
        over = False
        try:
            missing = await self._causality.turn(dot, found.envelope.causes)
            over = await self._once(round, replace(found, missing=missing) if missing else found)
        finally:
            self._causality.leave(dot, over=over)

    async def _once(self, round: Round, received: Received) -> bool:
        """Handle it unless it had its effect; one of its key that is handled is waited for. Whether that is all."""
        key = received.key
        while key in self._live:
            await asyncio.shield(self._live[key])
        if not key:
            return await self._tried(round, received)
        self._live[key] = asyncio.get_running_loop().create_future()
        try:
            known = await self._effect_of(received)
            if known is not None and is_other(known, received):
                await round.other()
            if known is not None or self._crew.waits(received) or await self._held(round, received):
                return True
            if await self._went(round, received):
                return False
            async with self._crew.desk.room(received):
                return await self._tried(round, received)
        finally:
            self._live.pop(key).set_result(None)

    async def _effect_of(self, received: Received) -> bytes | None:
        """What the effect under its key is known with; None where there may be none yet."""
        known = self._done.get(received.key)
        if known is not None or (not received.redelivered and received.attempt == 1):
            return known
        return await self._crew.desk.inbox.seen(received.key)

    async def _held(self, round: Round, received: Received) -> bool:
        """Whether it was asked about before, and nobody has put it back since: its first effect is there, and ended."""
        if not received.key or not self._crew.desk.asked:
            return False
        put_back = await self._crew.desk.inbox.seen(held_of(received))
        return put_back is not None and int(put_back) >= round.examined.ticket.requeued

    async def _went(self, round: Round, received: Received) -> bool:
        """Whether it is a copy of ours that came before, and went on, or in whose place another went."""
        if not received.copy:
            return False
        if self._crew.desk.under_way.is_passed(received.copy):
            return True
        way = f"{same_of(received)}\0{way_of(round.examined.ticket, '')}"
        return await self._crew.desk.inbox.seen(way) is not None

    async def _tried(self, round: Round, received: Received) -> bool:
        trial = await self._crew.desk.trials.of(round.suspect) if round.delivery.redelivered else None
        if trial is not None and trial.gate is None:
            await round.crashed(trial.crashes)
            return True
        return self._noted(received, await round.handle(received, None if trial is None else trial.gate))

    def _noted(self, received: Received, came: Came) -> bool:
        if came is Came.EFFECT and received.key:
            self._done[received.key] = digest_of(received)
            if len(self._done) > REMEMBERED:
                self._done.popitem(last=False)
        return came is not Came.ROUND
