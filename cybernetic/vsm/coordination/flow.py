"""One paced port at system 2: who waits, who may go, and what the other side said."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from math import inf
from typing import Any, Self

from cybernetic.vsm.bargain.budget import Rate
from cybernetic.vsm.damping.aimd import Aimd
from cybernetic.vsm.damping.fair import FairQueue, Waiting
from cybernetic.vsm.damping.shares import SharedPacer

MARGIN = 0.95  # of a known limit is used


@dataclass(frozen=True, slots=True)
class Turn:
    """Somebody waits for its turn: the `answer` is awaited until then, seconds; later it asks again."""

    answer: Any
    until: float = inf


@dataclass(frozen=True)
class Flow:
    """The queue of one port and its pace: a value.

    Attributes:
        pacer: grants the part of the rate that no unit may be using by itself.
        aimd: the rate that the other side lets through.
        queue: what waits, by unit, served in proportion to weights.
        barrier: nothing goes before this time, seconds.
    """

    pacer: SharedPacer
    aimd: Aimd
    queue: FairQueue[Turn]
    barrier: float = -inf

    @classmethod
    def of(cls, rate: Rate, members: frozenset[str], ttl: float, born: float) -> Self:
        """The flow of a port whose limit is known: it starts high, a little below it."""
        limit = rate.per_second * MARGIN
        pacer = SharedPacer(limit, members, ttl, born, rate.burst)
        aimd = Aimd(limit, limit, limit / 20, limit / 100)
        return cls(pacer, aimd, FairQueue())

    def asked(self, unit: str, item: Turn, cost: float, weight: float) -> Self:
        """Somebody waits."""
        return replace(self, queue=self.queue.put(unit, item, cost=cost, weight=weight))

    def heard(self, unit: str, holds_until: float, now: float, part: float = 1.0) -> Self:
        """A unit asks for its lease."""
        return replace(self, pacer=self.pacer.heard(unit, holds_until, now, part))

    def refused(self, now: float, retry_after: float) -> Self:
        """The other side said "too many"."""
        aimd = self.aimd.refused(now, retry_after)
        return self._at(aimd, now)

    def succeeded(self, now: float) -> Self:
        """It answered as it should."""
        return self._at(self.aimd.succeeded(now), now)

    def turn(self, now: float) -> tuple[Self, tuple[Waiting[Turn], ...]]:
        """Who may go at `now`."""
        flow, gone = self, []
        while (head := flow.queue.head) is not None and now >= flow.barrier:
            wanted = now < head.item.until  # else nobody would use it any more
            if wanted:
                pacer, may = flow.pacer.grant(now, head.cost)
                flow = replace(flow, pacer=pacer)
                if not may:
                    break
                gone.append(head)
            flow = replace(flow, queue=flow.queue.pop()[0])
        return flow, tuple(gone)

    def due(self, now: float) -> float:
        """When to look again, seconds; infinite where nothing waits."""
        head = self.queue.head
        if head is None:
            return inf
        return max(now, self.barrier, self.pacer.ready(now, head.cost))

    def without(self, unit: str) -> Self:
        """After the end of a unit: it waits no more."""
        return replace(self, queue=self.queue.drop(unit))

    def shares(self) -> Mapping[str, float]:
        """The static share of each unit, units a second."""
        each = self.pacer.rate / len(self.pacer.members)
        return dict.fromkeys(self.pacer.members, each)

    def _at(self, aimd: Aimd, now: float) -> Self:
        """The flow at the rate that the other side lets through."""
        pacer = self.pacer
        if aimd.rate != pacer.rate:
            pacer = replace(pacer, rate=aimd.rate)
        return replace(self, aimd=aimd, pacer=pacer, barrier=max(self.barrier, aimd.barrier))
