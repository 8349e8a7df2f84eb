"""What an algedonode writes down: each line with what was said of the pain first, so that a lamp has a source."""

from collections import OrderedDict

from cybernetic.runtime import Named
from cybernetic.vsm.books.books import Books
from cybernetic.vsm.books.entry import Entry
from cybernetic.vsm.channels.member import Member
from cybernetic.vsm.channels.note import Note, Why, incident
from cybernetic.vsm.ladder.effects import Effect, Folded
from cybernetic.vsm.ladder.ladder import Ladder
from cybernetic.vsm.ladder.signals import PainKey
from cybernetic.vsm.timing import now

KEPT = 1000  # pains; of the oldest it is forgotten why


class Reasoned(Member):
    """Knows why it hurts, of the pains of one level and of those below that have come up to it."""

    _ladder: Ladder

    def __init__(self, path: str) -> None:
        super().__init__(path)
        self._books: Named[Books] = self.system.named(f"{path}:books", Books)
        self._reasons: OrderedDict[PainKey, Why] = OrderedDict()

    def why(self, key: PainKey) -> Why:
        """What it hurts because of; what pains were folded into hurts because of the first of them."""
        if key not in self._reasons:
            folded = (one for one, into in self._ladder.folded.items() if into == key)
            self._put(key, next((self._reasons[one] for one in folded if one in self._reasons), None))
        return self._reasons[key]

    def _because(self, key: PainKey, why: Note | Why | None) -> None:
        """Something is felt by the word of somebody; None: by nobody's. What hurts already began with another."""
        if not self._is_open(key):
            self._put(key, why.why if isinstance(why, Note) else why)

    def _put(self, key: PainKey, why: Why | None) -> None:
        self._reasons.pop(key, None)
        self._reasons[key] = why or incident()
        while len(self._reasons) > KEPT:
            self._reasons.popitem(last=False)

    def _is_open(self, key: PainKey) -> bool:
        return key in self._ladder.climbs or key in self._ladder.folded

    def _kept(self) -> dict[PainKey, Why]:
        """Why the pains hurt that are open: that is to be known for longer than this one lives. Written at each move,
        so it takes no longer for what is over.
        """
        open = (*self._ladder.climbs, *self._ladder.folded)
        return {key: self._reasons[key] for key in open if key in self._reasons}

    def _log(self, effect: Effect) -> None:
        key = effect.storm if isinstance(effect, Folded) else effect.key
        self.jot("pain", {"what": type(effect).__name__, "effect": repr(effect)}, self.why(key))

    def jot(self, kind: str, body: object, why: Why | None = None) -> None:
        """Write a line of the log."""
        self._books.cast(Books.note, Entry(kind, self.path, body, now()).because(why))
