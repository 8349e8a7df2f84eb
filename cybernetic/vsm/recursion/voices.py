"""Who bears a name of the other half of a system: what is said to them here is said over there."""

from collections.abc import Collection
from typing import Any

from cybernetic.core import Kill
from cybernetic.runtime import Agent, Deferred, Named
from cybernetic.vsm.algedonic.algedonode import Algedonode
from cybernetic.vsm.algedonic.caller import ANY
from cybernetic.vsm.algedonic.deadmen import Deadmen
from cybernetic.vsm.algedonic.showing import BOOKS
from cybernetic.vsm.books.books import Books
from cybernetic.vsm.books.entry import Entry
from cybernetic.vsm.channels.channel import Role
from cybernetic.vsm.channels.ear import Ear
from cybernetic.vsm.channels.line import Line
from cybernetic.vsm.channels.messages import AtWork, Beat
from cybernetic.vsm.channels.note import Note
from cybernetic.vsm.governance.governance import Governance
from cybernetic.vsm.operations.environment import Environment
from cybernetic.vsm.operations.task import Task
from cybernetic.vsm.recursion.junction import Junction
from cybernetic.vsm.recursion.refusals import NobodyCalled
from cybernetic.vsm.timing import now

FIRST = 7.5  # seconds of the first period: until then it may still be starting


class Voice(Agent):
    """What all of them do. `name`: the one they bear; `junction`: the name of this half's end."""

    def __init__(self, name: str, junction: str) -> None:
        self._name = name
        self._junction: Named[Junction] = self.system.named(junction, Junction)

    def setup(self) -> Any:
        """There is nothing here to begin."""

    def _tell(self, method: str, *args: Any) -> None:
        self._junction.cast(Junction.tell, self._name, method, *args)

    def _ask(self, method: str, *args: Any) -> Deferred[Any]:
        answer = self.defer()
        self.task(self._asked(method, args, answer))
        return answer

    async def _asked(self, method: str, args: tuple[Any, ...], answer: Deferred[Any]) -> None:
        try:
            value = await self._said(method, args)
        except Exception as error:
            answer.fail(error)
        else:
            answer.reply(value)

    async def _said(self, method: str, args: tuple[Any, ...]) -> Any:
        return await self._junction.within(None).call(Junction.ask, self._name, method, *args)


class PartVoice(Voice, Ear):
    """Of a part that takes notes."""

    role = Role.MANAGEMENT

    def take(self, note: Note) -> Deferred[Any]:
        """A note for a part over there."""
        return self._ask("take", note)


class EvidenceVoice(PartVoice):
    """Of who shows evidence."""

    role = Role.PORTER


class LineVoice(Voice, Line):
    """Of a channel."""

    def carry(self, note: Note) -> None:
        """A note for a channel over there."""
        self._tell("carry", note)

    def relay(self, note: Note) -> Deferred[Any]:
        """A note for a channel over there, and its answer."""
        return self._ask("relay", note)


class WatchfulVoice(LineVoice):
    """Of the algedonic channel, to a level above that is not here.

    Who stand for the level in the one above are here, and show on this channel that they live. Up there their silence
    is felt, but nobody there can end them: so that is done here, when one hangs, as algedonodes do with all else.

    Args:
        name: the one it bears.
        junction: the name of this half's end.
        path: of the level.
        look: seconds between two looks.
    """

    def __init__(self, name: str, junction: str, path: str, look: float) -> None:
        super().__init__(name, junction)
        self._path, self._look = path, look
        self._keys = [(role, path) for role in (Role.MANAGEMENT.value, Role.PORTER.value, BOOKS)]

    def setup(self) -> None:
        """Begin to watch."""
        self._turned = now()
        self._deadmen = Deadmen([(*key, FIRST) for key in self._keys], self._turned)
        self.ref.every(self._look).cast(WatchfulVoice.turn)

    def carry(self, note: Note) -> None:
        """A note for the channel; that those watched live is heard on the way. That one is busy is nobody's business
        over there.
        """
        word = note.body
        if isinstance(word, AtWork):
            self._deadmen.works((word.role, word.path))
            return
        if isinstance(word, Beat) and (word.role, word.path) in self._keys:
            self._deadmen.beat((word.role, word.path), word.period, now())
        super().carry(note)

    def turn(self) -> None:
        """Who hangs is ended, and its supervisor puts another in its place."""
        at = now()
        if at - self._turned > 2 * self._look:  # it was away: it may not have heard what was said
            self._deadmen.forgive(at)
        self._turned = at
        self._deadmen.missed(at)
        for key in self._deadmen.silent:
            self._look_at(key, at)

    def _look_at(self, key: tuple[str, str], at: float) -> None:
        who = self.system.whereis(f"{self._path}:{key[0]}", Agent)
        if self._deadmen.hangs(key, who, at) and who is not None:
            self.exit(who, Kill())
            body = {"path": self._path, "role": key[0], "times": self._deadmen.ended(key, at)}
            entry = Entry("hang", self._path, body, at)
            self.system.named(f"{self._path}:books", Books).cast(Books.note, entry)


class EnvironmentVoice(Voice, Environment):
    """Of the environment of the level above: what units here hand on to it, and to the levels above that."""

    period = None

    def submit(self, task: Task, anew: str = "", by: Collection[str] = ()) -> Deferred[Any]:
        """A task that a unit here hands on, and what came of it there."""
        return self._ask("submit", task, anew, tuple(by))


class PolicyVoice(Voice, Governance):
    """Of system 5: for who looks at the questions that were put over there, and answers them."""

    def decide(self, id: str, verdict: Any, by: str) -> Any:
        """Somebody's word on a question; what became of it."""
        return self._ask("decide", id, verdict, by)

    def listed(self, seconds: float, across: bool = False) -> Any:
        """What waits for somebody's word over there."""
        return self._ask("listed", seconds, True)


class NodeVoice(Voice, Algedonode):
    """Of an algedonode."""

    period = None

    def from_below(self, told: Any, origin: str, why: Any = None) -> None:
        """A pain that has come up."""
        self._tell("from_below", told, origin, why)

    def alive(self, path: str, period: float) -> None:
        """The algedonode of the level within shows that it lives."""
        self._tell("alive", path, period)

    def held(self, path: str, keys: Any) -> None:
        """The level within is held for pains."""
        self._tell("held", path, keys)

    def deny(self, key: Any, reason: str) -> None:
        """Nobody answered for the level over there."""
        self._tell("deny", key, reason)

    def let_go(self, key: Any, reason: str) -> None:
        """It may go on, as far as that pain is concerned."""
        self._tell("let_go", key, reason)

    def page(self, page: Any, sink: int, felt: bool = True) -> Any:
        """A call for the human at the top, through whichever of his sinks takes it: how many he has is not known here.

        Raises `NobodyCalled`.
        """
        answer = self.defer()
        self.task(self._called((page, ANY) if felt else (page, ANY, felt), answer))
        return answer

    async def _called(self, args: tuple[Any, ...], answer: Deferred[bool]) -> None:
        try:
            if not await self._said("page", args):
                raise NobodyCalled(self._name.partition(":")[0])
        except Exception as error:
            answer.fail(error)
        else:
            answer.reply(True)

    def resolve(self, key: Any) -> Any:
        """What he was called for is over."""
        return self._ask("resolve", key)

    def begun(self, level: str, felt: Any, units: Any) -> None:
        """The level over there keeps in its own books what it paged for: nothing is said of it."""

    def ack(self, key: Any, level: int, by: str) -> Any:
        """Somebody here takes a pain over that was felt over there."""
        self._tell("ack", key, level, by)

    def answered(self, key: Any, by: str) -> Any:
        """A human takes a pain over; what became of that."""
        return self._ask("answered", key, by)
