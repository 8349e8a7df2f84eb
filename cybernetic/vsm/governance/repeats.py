"""When a person is called again for a question that still waits for his word."""

from collections.abc import Iterable
from dataclasses import dataclass

from cybernetic.vsm.governance.questions import Asked
from cybernetic.vsm.ladder.clocks import Paging

SOON = 5.0  # seconds after which a page that nobody took is sent again; it doubles, up to what one is given


@dataclass(frozen=True, slots=True)
class _Calls:
    """The calls for one person: how many were `taken`, how many were not since, and when the next is due."""

    whom: int
    taken: int
    lost: int
    due: float


class Repeats:
    """Pages for questions are repeated as those for pain are (`Paging`), to each person of the chain anew. One that was
    not taken is sent again sooner, and as often as the question's time allows: the way may be there again.
    """

    def __init__(self, paging: Paging) -> None:
        self._paging = paging
        self._calls: dict[str, _Calls] = {}

    def sent(self, asked: Asked, taken: bool, now: float) -> bool:
        """A page for it was sent, and taken or not; whether it is the first in a row that was not."""
        before = self._of(asked)
        if taken:
            times = before.taken + 1
            self._calls[asked.id] = _Calls(before.whom, times, 0, now + self._paging.wait(times))
            return False
        wait = min(SOON * 2.0 ** min(before.lost, 16), self._paging.ack)
        self._calls[asked.id] = _Calls(before.whom, before.taken, before.lost + 1, now + wait)
        return before.lost == 0

    def times(self, asked: Asked) -> int:
        """How often who it is put to now has been called."""
        return self._of(asked).taken

    def due(self, open: Iterable[Asked], now: float) -> list[Asked]:
        """Those for which somebody is to be called again; what is not open any more is forgotten."""
        known = {asked.id: asked for asked in open}
        self._calls = {id: calls for id, calls in self._calls.items() if id in known}
        late = (known[id] for id, calls in self._calls.items() if now >= calls.due)
        return [asked for asked in late if self.times(asked) < self._paging.attempts]

    def _of(self, asked: Asked) -> _Calls:
        whom = len(asked.question.passed)
        calls = self._calls.get(asked.id)
        return _Calls(whom, 0, 0, 0.0) if calls is None or calls.whom != whom else calls
