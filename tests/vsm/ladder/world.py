"""A small world for the ladder: levels that behave in one of a few ways, on a clock that jumps from event to
event.
"""

import heapq
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum
from math import inf

from cybernetic.vsm.ladder import (
    Cause,
    Clocks,
    Effect,
    Ladder,
    Move,
    Paged,
    Paging,
    Pain,
    PainKey,
    Raised,
    Rungs,
    Unanswered,
)

CLOCKS = (Clocks(1.0, 10.0), Clocks(2.0, 20.0), Clocks(4.0, 40.0))
PAGING = Paging(sinks=2, ack=8.0, recovery=80.0, attempts=3)
RUNGS = Rungs(CLOCKS, PAGING)
PAIN = Pain("acme/support", "management", Cause.HEARTBEAT)
NOISY = Pain("acme/support", "quality", Cause.LIMITS)


class Acts(Enum):
    """What a level does when it is told of a pain."""

    RECOVERS = "acknowledges, and the pain is gone in time"
    DIES = "acknowledges, then dies"
    SILENT = "never acknowledges"
    DEAD = "is not even told"
    LATE = "acknowledges when its time is over"


@dataclass
class World:
    """Drives a ladder by what its levels do; `told` is everything it asked for."""

    acts: tuple[Acts, ...]
    ack_after: float = 0.0  # the part of its ack time that a level takes
    recover_after: float = 0.5  # the part of its recovery time
    human: float | None = None  # seconds after a page; None: no human answers
    rungs: Rungs = RUNGS
    ladder: Ladder = field(default_factory=lambda: Ladder("acme", RUNGS))
    told: list[Effect] = field(default_factory=list)
    _queue: list[tuple[float, int, Callable[[float], Move]]] = field(default_factory=list)

    def run(self, pain: Pain = PAIN, until: float = 1e6) -> "World":
        """Feel `pain` at 0 and let the world run until nothing is due any more."""
        self._do(self.ladder.feel(pain, 0.0))
        while self._queue or self.ladder.due < inf:
            due = min(self.ladder.due, self._queue[0][0] if self._queue else inf)
            if due > until:
                break
            if self._queue and self._queue[0][0] <= due:
                at, _, act = heapq.heappop(self._queue)
                self._do(act(at))
            else:
                self._do(self.ladder.tick(due))
        return self

    def at(self, kind: type[Effect]) -> list[float]:
        """When effects of a kind were asked for."""
        return [effect.at for effect in self.told if isinstance(effect, kind)]

    @property
    def raised(self) -> list[int]:
        """The levels told, in order."""
        return [effect.level for effect in self.told if isinstance(effect, Raised)]

    def later(self, at: float, act: Callable[[float], Move]) -> None:
        """Do something at a later time."""
        heapq.heappush(self._queue, (at, len(self.told) + len(self._queue), act))

    def _do(self, move: Move) -> None:
        self.ladder, effects = move
        self.told += effects
        for effect in effects:
            match effect:
                case Raised() if effect.level < len(self.acts):
                    self._answer(effect, self.acts[effect.level])
                case Paged() if self.human is not None and effect.attempt == 1:
                    self._call(effect.key, effect.at + self.human)

    def _call(self, key: PainKey, at: float) -> None:
        self.later(at, lambda now: self.ladder.ack(key, self.rungs.top, "owner", now))

    def _answer(self, told: Raised, acts: Acts) -> None:
        clocks, key, level = self.rungs.levels[told.level], told.key, told.level
        at = told.at + clocks.ack * (1.5 if acts is Acts.LATE else self.ack_after)
        if acts in (Acts.RECOVERS, Acts.DIES, Acts.LATE):
            self.later(at, lambda now: self.ladder.ack(key, level, f"level {level}", now))
        if acts is Acts.RECOVERS:
            self.later(at + clocks.recovery * self.recover_after, lambda now: self.ladder.clear(key, now))


def gave_up(world: World) -> bool:
    """Whether the ladder fell back on what was declared for a human's silence."""
    return any(isinstance(effect, Unanswered) for effect in world.told)
