"""System 3 talks leases over with its units: an offer, counter-offers for some rounds, then agreement or the floor."""

import asyncio
from collections.abc import Mapping
from typing import Any

from cybernetic.core import CallError, Refusal
from cybernetic.runtime import Deferred
from cybernetic.vsm.bargain.talk import Talk
from cybernetic.vsm.bargain.vector import Vector, total
from cybernetic.vsm.channels.channel import Channel, Role
from cybernetic.vsm.control.bargaining import Bargaining
from cybernetic.vsm.control.interventions import Interventions
from cybernetic.vsm.control.messages import Charge
from cybernetic.vsm.control.patience import Patience
from cybernetic.vsm.operations.messages import Offer, Rung

ROUNDS = 3  # counter-offers
PATIENCE = 1.0  # seconds for an answer; who says nothing takes what he is offered


class Talks:
    """The talks of one level, one with each unit in each epoch, and one more with whom is bargained anew.

    Contracts wait for no talk: a unit has its fair part while it is talked of. What a unit does not want goes to those
    that want more; who wants more than there is, and does not meet system 3 half way, gets its floor, which is in the
    log as a disagreement.

    Args:
        control: who speaks.
        bargaining: whose leases they are.
        interventions: with whom to bargain anew.
        charges: the units, by path.
        patience: with units that take longer than usual.
    """

    def __init__(
        self,
        control: Any,
        bargaining: Bargaining,
        interventions: Interventions,
        charges: Mapping[str, Charge],
        patience: Patience,
    ) -> None:
        self._patience = patience
        self._control, self._bargaining = control, bargaining
        self._interventions, self._charges = interventions, charges
        self._epoch = -1
        self._talked: dict[
            str, float
        ] = {}  # until when the rung stood because of which it was talked anew; 0: none

    def turn(self) -> None:
        """Begin the talks that are due."""
        epoch = self._bargaining.epoch
        if epoch is None:
            return
        if epoch.number != self._epoch:
            self._epoch, self._talked = epoch.number, {}
        due = [path for path in self._charges if self._due(path) and self._bargaining.issued(path)]
        if due:
            self._talked |= {path: self._anew(path) for path in due}
            self._control.task(self._talk(epoch.number, due))

    def _due(self, path: str) -> bool:
        return self._talked.get(path, -1.0) < self._anew(path)

    def _anew(self, path: str) -> float:
        held = self._interventions.holds(path)
        return max((one.until for one in held if one.rung is Rung.REBARGAIN), default=0.0)

    async def _talk(self, epoch: int, units: list[str]) -> None:
        """With all of them at once: first who wants no more than he is offered, then who wants what those left."""
        offers = {path: self._bargaining.lease(path) for path in units}
        answers = await asyncio.gather(*(self._asked(path, Offer(epoch, offers[path])) for path in units))
        asked = dict(zip(units, answers, strict=True))
        modest = {path: wish for path, wish in asked.items() if wish <= offers[path]}
        self._bargaining.bind(epoch, {path: wish for path, wish in modest.items() if wish != offers[path]})
        greedy = [path for path in units if path not in modest]
        if greedy:
            most = self._bargaining.most(greedy)
            ends = await asyncio.gather(
                *(self._bargained(epoch, path, offers[path], asked[path], most[path]) for path in greedy)
            )
            self._bargaining.bind(epoch, {talk.unit: talk.agreed for talk in ends if talk.agreed is not None})
        await self._bargaining.turn()

    async def _bargained(self, epoch: int, path: str, offer: Vector, wish: Vector, most: Vector) -> Talk:
        """The rounds with one that wants more."""
        talk = Talk(path, offer, most.most(offer), self._charges[path].floor, ROUNDS).countered(wish)
        while talk.agreed is None:
            wish = await self._asked(path, Offer(epoch, talk.offer))
            talk = talk.accepted() if wish <= talk.offer else talk.countered(wish)
        body = {
            "unit": path,
            "offered": offer.as_dict(),
            "asked": wish.as_dict(),
            "agreed": talk.agreed.as_dict(),
        }
        await self._control.jot("disagreement" if talk.imposed else "bargain", body)
        return talk

    async def wish(self, offer: Offer, patience: float, answer: Deferred[Vector]) -> None:
        """What the level itself asks for, of the level above: what its units ask for, each offered its part of that.

        What it would set aside or keep back is none of theirs, and asked for as it is.
        """
        grant = self._bargaining.bounded(offer.grant)
        parts = self._bargaining.parts(grant)
        asked = (self._asked(path, Offer(offer.epoch, part), patience) for path, part in parts.items())
        wishes = await asyncio.gather(*asked)
        answer.reply(self._bargaining.bounded(grant.less(total(parts.values())) + total(wishes)))

    def _given(self, path: str) -> float:
        """Seconds that a unit has to answer: who is far away has more, but no more than a tenth of the epoch."""
        epoch = self._bargaining.epoch
        most = PATIENCE if epoch is None else max(PATIENCE, (epoch.ends - epoch.begins) / 10)
        return min(most, max(PATIENCE, self._patience.of(path)))

    async def _asked(self, path: str, offer: Offer, patience: float | None = None) -> Vector:
        if patience is None:
            patience = self._given(path)
        try:
            wish = await self._control.ask(Channel.BARGAIN, Role.MANAGEMENT, offer, path, patience=patience)
        except (CallError, Refusal):
            return offer.grant
        return wish if isinstance(wish, Vector) else offer.grant
