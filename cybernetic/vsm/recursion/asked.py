"""What one half of a system has asked of the other, and waits for."""

from collections.abc import Callable, Collection
from dataclasses import dataclass, field, replace
from typing import Any

from cybernetic.runtime import Deferred
from cybernetic.vsm.channels.note import Note
from cybernetic.vsm.recursion.again import Again
from cybernetic.vsm.recursion.parcels import Saying, Waits
from cybernetic.vsm.timing import now


@dataclass(slots=True)
class Asked:
    """What was asked, who is to have the `answer`, and when it may be said again.

    `ends`: when whoever asked gives it up, seconds; None: never.
    """

    answer: Deferred[Any]
    saying: Saying
    ends: float | None
    again: Again = field(default_factory=Again)

    def late(self, at: float) -> bool:
        """Whether it is of no use any more: should it be done now, that would be out of place."""
        return self.ends is not None and at >= self.ends


class Waiting:
    """All that this half has asked and has no answer to, by id."""

    def __init__(self) -> None:
        self._asked: dict[str, Asked] = {}
        self._last = 0  # number of what was asked last
        self._told = True  # the other half what has been answered

    def add(self, answer: Deferred[Any], saying: Saying, patience: float | None) -> Saying:
        """Something is asked, with so many seconds for the answer unless a note says how long; as it is to be said."""
        assert saying.id is not None
        self._last += 1
        numbered = replace(saying, number=self._last)
        deadlines = [one.deadline for one in saying.args if isinstance(one, Note)]
        ends = deadlines[0] if deadlines else None if patience is None else now() + patience
        self._asked[saying.id] = Asked(answer, numbered, ends)
        return numbered

    def answered(self, id: str) -> Deferred[Any] | None:
        """Who is to have the answer that has come; None: nobody waits for it any more."""
        asked = self._asked.pop(id, None)
        self._told = self._told and asked is None
        return None if asked is None else asked.answer

    def drop(self, which: Callable[[Asked], bool]) -> list[Deferred[Any]]:
        """Those are waited for no more; who was to have their answers."""
        ids = [id for id, asked in self._asked.items() if which(asked)]
        self._told = self._told and not ids
        return [self._asked.pop(id).answer for id in ids]

    def word(self, by: int, open: str) -> Waits | None:
        """What the other half is to know of it; None: nothing that it does not know."""
        if self._told and not self._asked:
            return None
        self._told = True
        return Waits(by, open, self._last, tuple(asked.saying.number for asked in self._asked.values()))

    def missed(self, numbers: Collection[int]) -> list[Saying]:
        """What the other half has not heard, as far as it is time to say it again: it may be under way still."""
        some, at = frozenset(numbers), now()
        return [
            asked.saying
            for asked in self._asked.values()
            if asked.saying.number in some and asked.again.due(at)
        ]
