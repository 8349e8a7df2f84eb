"""One paced port at system 2: who waits, who may go, and what the other side said."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from math import inf
from typing import Any, Self

from cybernetic.vsm.bargain.budget import Rate
from cybernetic.vsm.changed import changed
from cybernetic.vsm.damping.aimd import Aimd
from cybernetic.vsm.damping.fair import FairQueue, Waiting
from cybernetic.vsm.damping.shares import SharedPacer
from cybernetic.vsm.damping.work import Work

MARGIN = 0.95  # of a known limit is used
LEAST = 0.1  # units a second of a port of whose limit nothing is known, not even how it was used
CUT = 0.7  # of what was let through before the first refusal is tried
BOLD, CAREFUL = (
    10.0,
    50.0,
)  # successes that add as much again to a rate that is sought: at first, and once cut
GRACE = 5.0  # seconds within which a request that has lapsed is made again, if anybody still wants its turn
WANTED = 30.0  # seconds since somebody waited last, after which a success says nothing of a higher rate


@dataclass(frozen=True, slots=True)
class Turn:
    """Somebody waits for its turn: the `answer` is awaited until then, seconds; later it asks again, and keeps its
    place (`again`). Under `id` it may be taken back.
    """

    answer: Any
    until: float = inf
    id: str = ""
    again: bool = False

    def awaited(self, now: float) -> bool:
        """Whether anybody would hear the answer."""
        return now < self.until

    def lost(self, now: float) -> bool:
        """Whether it was not asked for again: its unit has ended, or wants it no more."""
        return now >= self.until + GRACE


@dataclass(frozen=True)
class Flow:
    """The queue of one port and its pace: a value.

    Attributes:
        pacer: grants the part of the rate that no unit may be using by itself.
        aimd: the rate that the other side lets through.
        queue: what waits, by unit, served in proportion to weights.
        work: the calls that were let go and have not ended.
        barrier: nothing goes before this time, seconds.
        sought: whether the limit is not declared, and found by trying.
        guess: units a second that were let through before it was sought, as far as units have told.
        waited: when somebody waited last, seconds.
    """

    pacer: SharedPacer
    aimd: Aimd
    queue: FairQueue[Turn]
    work: Work = field(default_factory=Work)
    barrier: float = -inf
    sought: bool = False
    guess: float = 0.0
    waited: float = -inf

    @classmethod
    def of(cls, rate: Rate, members: frozenset[str], ttl: float, born: float, patience: float = 60.0) -> Self:
        """The flow of a port whose limit is known: it starts high, a little below it.

        `patience`: seconds after which a call whose end nobody told is over.
        """
        limit = rate.per_second * MARGIN
        pacer = SharedPacer(limit, members, ttl, born, rate.burst)
        aimd = Aimd(limit, limit, limit / 20, limit / 100)
        return cls(pacer, aimd, FairQueue(), Work(patience))

    @classmethod
    def seeking(
        cls, rate: float, members: frozenset[str], ttl: float, born: float, patience: float = 60.0
    ) -> Self:
        """The flow of a port that nobody declared to have a limit, and that has refused: it is found by trying.

        `rate`: units a second to begin with; at first `LEAST`, and what units say they have used comes to it.
        """
        start = max(LEAST, rate)
        aimd = Aimd(start, inf, LEAST / 10, start / BOLD, CUT)
        pacer = SharedPacer(start, members, ttl, born)
        return cls(pacer, aimd, FairQueue(), Work(patience), sought=True)

    def asked(self, unit: str, item: Turn, cost: float, weight: float) -> Self:
        """Somebody waits. Who asks again, for the word may have been lost, keeps its place."""
        queue = self.queue.renewed(lambda turn: turn.id == item.id, item) if item.again else None
        return changed(self, queue=queue or self.queue.put(unit, item, cost=cost, weight=weight))

    def withdrawn(self, ids: Collection[str]) -> Self:
        """These do not wait any more."""
        return changed(self, queue=self.queue.without(lambda turn: turn.id in ids))

    def heard(self, unit: str, holds_until: float, now: float, part: float = 1.0) -> Self:
        """A unit asks for its lease."""
        return changed(self, pacer=self.pacer.heard(unit, holds_until, now, part))

    def barred(self, until: float) -> Self:
        """Nothing goes before then: a unit has heard so, and a predecessor knew it."""
        return changed(self, barrier=max(self.barrier, until))

    def refused(self, now: float, retry_after: float) -> Self:
        """The other side said "too many"."""
        aimd = self.aimd.refused(now, retry_after)
        if self.sought:  # near the limit: from now on it is looked for with care
            aimd = replace(aimd, rise=aimd.rate / CAREFUL)
        return self._at(aimd, now)

    def succeeded(self, now: float) -> Self:
        """It answered as it should. That speaks for a higher rate only where the present one makes somebody wait."""
        if self.sought and now - self.waited > WANTED:
            return self
        return self._at(self.aimd.succeeded(now), now)

    def calm(self) -> Self:
        """It swings: it rises half as fast from now on."""
        return replace(self, aimd=replace(self.aimd, rise=self.aimd.rise / 2))

    def used(self, rate: float, now: float) -> Self:
        """A unit tells how often it used the port before it was paced: so much was let through, and a little less is
        tried.
        """
        guess = self.guess + rate
        start = max(LEAST, CUT * guess)
        aimd = replace(self.aimd, rate=start, rise=start / BOLD)
        return replace(self._at(aimd, now), guess=guess)

    def began(self, unit: str, now: float) -> Self:
        """A call of a unit was let go."""
        return changed(self, work=self.work.began(unit, now))

    def ended(self, unit: str, now: float, seconds: float | None = None) -> Self:
        """A call of a unit is over; it took so long."""
        return changed(self, work=self.work.ended(unit, now, seconds))

    def turn(self, now: float) -> tuple[Self, tuple[Waiting[Turn], ...]]:
        """Who may go at `now`."""
        flow, gone = changed(self, queue=still_wanted(self.queue, now)), []
        while now >= flow.barrier and (at := first_awaited(flow.queue, now)) is not None:
            head = flow.queue.waiting[at]
            if flow._full(now):
                break
            pacer, may = flow.pacer.grant(now, head.cost)
            flow = changed(flow, pacer=pacer)
            if not may:
                break
            flow = changed(flow.began(head.flow, now), queue=flow.queue.pop(at)[0])
            gone.append(head)
        return (changed(flow, waited=now) if len(flow.queue) else flow), tuple(gone)

    def due(self, now: float) -> float:
        """When to look again, seconds; infinite where nothing waits."""
        at = first_awaited(self.queue, now)
        if at is None:
            return inf
        head = self.queue.waiting[at]
        place = self.work.due if self._full(now) else now  # a call that ends makes place before that
        return max(now, place, self.barrier, self.pacer.ready(now, head.cost))

    def _full(self, now: float) -> bool:
        """Whether as many calls are out as there are places for (Little's law)."""
        return self.work.full(now, self.aimd.rate, self.pacer.burst)

    def without(self, unit: str) -> Self:
        """After the end of a unit: it waits no more, and none of its calls is out."""
        return replace(self, queue=self.queue.drop(unit), work=self.work.without(unit))

    def shares(self) -> Mapping[str, float]:
        """The static share of each unit, units a second."""
        each = self.pacer.rate / len(self.pacer.members)
        return dict.fromkeys(self.pacer.members, each)

    def _at(self, aimd: Aimd, now: float) -> Self:
        """The flow at the rate that the other side lets through."""
        pacer = self.pacer
        if aimd.rate != pacer.rate:
            pacer = changed(pacer, rate=aimd.rate)
        return changed(self, aimd=aimd, pacer=pacer, barrier=max(self.barrier, aimd.barrier))


def first_awaited(queue: FairQueue[Turn], now: float) -> int | None:
    """The place of the first whose answer would be heard: one that has just lapsed is being asked for again."""
    return queue.first(lambda turn: turn.awaited(now))


def still_wanted(queue: FairQueue[Turn], now: float) -> FairQueue[Turn]:
    """The queue without requests that lapsed and were not made again."""
    head = queue.head
    return queue.without(lambda turn: turn.lost(now)) if head is not None and head.item.lost(now) else queue
