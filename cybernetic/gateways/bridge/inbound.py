"""What other levels say, handed to the agents that stand for them here."""

from collections import Counter
from collections.abc import Mapping
from typing import Any

from cybernetic.core import CallError, OptionError
from cybernetic.gateways.bridge.heart import Heart, heart_of
from cybernetic.gateways.bridge.outpost import NobodyHome, Outpost
from cybernetic.gateways.bridge.parcels import source_of, value_of
from cybernetic.gateways.consumer.consumer import Consumer
from cybernetic.gateways.consumer.effect import Effect
from cybernetic.gateways.consumer.received import Received
from cybernetic.gateways.consumer.verdicts import Park, Retry, Verdict
from cybernetic.runtime import Named
from cybernetic.wire import WireError


def speaker(delivery: Received) -> str:
    """Who speaks; "" where nobody is named."""
    try:
        return source_of(delivery)
    except OptionError:
        return ""


class FromPeer(Consumer):
    """Hands a message of another level to its `Outpost`, in the order that level sent them.

    Args:
        peers: other levels by path, with the name of the agent that stands for each.
        ttl: seconds after which what is said is of no use; None: it always is.
        lost: counts, by the path that said it, what was of no use and could not be handed over: it is dropped.
    """

    def __init__(
        self, peers: Mapping[str, str], ttl: float | None = None, lost: Counter[str] | None = None
    ) -> None:
        self._peers, self._ttl, self._lost = peers, ttl, Counter[str]() if lost is None else lost

    async def handle(self, delivery: Received, tx: Effect) -> Verdict | None:
        """Hand it over; one from a level not known here is parked. What may be lost is dropped instead, and counted."""
        verdict = await self._told(delivery)
        if verdict is None or self._ttl is None:
            return verdict
        self._lost[speaker(delivery) if speaker(delivery) in self._peers else ""] += 1
        return None

    async def _told(self, delivery: Received) -> Verdict | None:
        name = self._peers.get(speaker(delivery))
        if name is None:
            return Park(
                f"unknown level: expected one of {', '.join(self._peers)}, got: {speaker(delivery)!r}"
            )
        try:
            value = value_of(delivery)
        except WireError as error:
            return Park(f"undecodable: {error}")
        outpost: Named[Outpost] = self.system.named(name, Outpost)
        try:
            await outpost.within(self._ttl).call(Outpost.arrived, value, delivery.message.id)
        except (CallError, NobodyHome) as error:
            return Retry(str(error))
        return None


class Beats(Consumer):
    """Tells the heart of an `Outpost` that its level lives; what is not understood is dropped, for another follows."""

    def __init__(self, peers: Mapping[str, str]) -> None:
        self._peers = peers

    async def handle(self, delivery: Received, tx: Effect) -> Verdict | None:
        """Pass the beat on."""
        name = self._peers.get(speaker(delivery))
        try:
            beat: Any = value_of(delivery)
        except WireError:
            return None
        if name is not None and isinstance(beat, tuple) and len(beat) == 2:
            heart: Named[Heart] = self.system.named(heart_of(name), Heart)
            heart.cast(Heart.hear, str(beat[0]), bool(beat[1]))
        return None
