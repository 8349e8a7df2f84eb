"""Where the pains were felt that have come up to a level: who answers for one here answers there."""

from collections.abc import Mapping

from cybernetic.vsm.ladder.signals import PainKey
from cybernetic.vsm.recursion.reach import downward

KEPT = 500  # pains; one that is open is told again within the hour, so those that go are long well


class Origins:
    """The origins of the pains that a level above has heard of last, and no more of them: each storm is another.

    One that is well again is remembered as well, so that an answer that comes late is heard, and noted, where it hurt.

    Args:
        path: of the level.
        known: origins by pain, who was heard of last the last.
    """

    def __init__(self, path: str, known: Mapping[PainKey, str] | None = None) -> None:
        self._path = path
        self.known = dict(list((known or {}).items())[-KEPT:])

    def heard(self, key: PainKey, origin: str) -> bool:
        """A pain has come up that was felt at `origin`; whether that was news. What was felt here is none."""
        if not downward(self._path, origin):
            return False
        news = self.known.pop(key, None) != origin
        self.known[key] = origin
        if len(self.known) > KEPT:
            del self.known[next(iter(self.known))]
        return news

    def of(self, key: PainKey) -> str:
        """The level where a pain was felt: below, or, as far as is known, here."""
        return self.known.get(key, self._path)
