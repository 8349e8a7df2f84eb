"""Where two halves of a system meet: what is said to a name of the other half goes over, and its answer comes back."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from typing import Any, ClassVar

from cybernetic.core import CallError, CallFailed, Down, NoConnection, Refusal
from cybernetic.runtime import Agent, Deferred, Named
from cybernetic.vsm.algedonic.algedonode import Algedonode
from cybernetic.vsm.algedonic.pager import HOP, patience
from cybernetic.vsm.channels.channel import Channel
from cybernetic.vsm.channels.ear import Ear, level_of
from cybernetic.vsm.channels.line import Line
from cybernetic.vsm.channels.note import Note
from cybernetic.vsm.governance.governance import Governance
from cybernetic.vsm.ids import fresh_id
from cybernetic.vsm.operations.environment import Environment
from cybernetic.vsm.operations.refusals import NotTaken
from cybernetic.vsm.operations.task import Performed, Task
from cybernetic.vsm.operations.upward import handed_on
from cybernetic.vsm.recursion.again import Again
from cybernetic.vsm.recursion.asked import Asked, Waiting
from cybernetic.vsm.recursion.doors import Doors
from cybernetic.vsm.recursion.once import Answer, Once
from cybernetic.vsm.recursion.parcels import Answered, Missed, Open, Saying, Waits
from cybernetic.vsm.timing import now
from cybernetic.wire import travels

METHODS: dict[str, tuple[Any, Any]] = {
    "take": (Ear, Ear.take),
    "carry": (Line, Line.carry),
    "relay": (Line, Line.relay),
    "from_below": (Algedonode, Algedonode.from_below),
    "alive": (Algedonode, Algedonode.alive),
    "held": (Algedonode, Algedonode.held),
    "deny": (Algedonode, Algedonode.deny),
    "let_go": (Algedonode, Algedonode.let_go),
    "page": (Algedonode, Algedonode.page),
    "resolve": (Algedonode, Algedonode.resolve),
    "ack": (Algedonode, Algedonode.ack),
    "answered": (Algedonode, Algedonode.answered),
    "decide": (Governance, Governance.decide),
    "listed": (Governance, Governance.listed),
    "submit": (Environment, Environment.submit),
}
"""What may be asked across: nothing else is, whoever is at the other end."""

DOWNWARD = frozenset({"ack", "answered", "decide", "deny", "let_go", "listed"})
"""What only the half above may ask: the one below takes nothing over for those above it, nor reads their questions."""

ASKED = "what it was asked"
LOOK = 1.0  # seconds between two looks at the outlet
WORD = 3  # looks between two words of what is waited for
KNOCK = 8.0  # seconds at most between two words of the own door while the halves have not met


@travels(name="vsm.NotAcross")
class NotAcross(Refusal):
    """The other half asked for what it may not: an agent or a method that is none of its business."""

    def __init__(self, to: str, method: str) -> None:
        super().__init__(
            f"{to}: expected a part that the other half of the system may speak to, got: {method}"
        )
        self.to, self.method = to, method


class Junction(Agent):
    """One half's end. The other half's end is the same, with the names exchanged.

    What carries values may keep them for a half that is away. What was asked of it must not be done when it is back,
    for the one who asked was told that it failed, and has asked again, or somebody else: so a half is asked by a door
    that it has opened, another one whenever it starts or has lost the other half. While none is open nothing is asked,
    and of what is told only pain goes: all else is said anew every second or so.

    What carries values may lose them, double them, and let one overtake another. So a door is said again until both
    halves have met, and to who comes by a wrong one; and every few seconds a half says what it waits for: answers that
    were lost are given again, and what never came is asked again, as the same, so that it is done once.

    Args:
        path: of the level that lies elsewhere, seen from the half above.
        outlet: name of the agent that carries values to the other end (`send`), and what that one sends comes to
            `receive`: an `Outpost` of a broker's bridge, or any other.
        ways: other agents of that kind, by channel, for what goes a way of its own: the algedonic channel, so that
            nothing delays it; audits, so that no management has a hand in them; system 2, whose words may be lost.
        mine: the names of this half that the other may speak to.
        speaks: the path that notes of the other half come from; notes of anybody else are refused.
    """

    role: ClassVar[str] = "junction"

    def __init__(
        self,
        path: str,
        outlet: str,
        ways: Mapping[Channel, str],
        mine: Collection[str],
        speaks: str | None,
    ) -> None:
        self.path, self._mine, self._speaks = path, frozenset(mine), speaks
        self._outlet: Named[Agent] = self.system.named(outlet, Agent)
        self._ways: dict[Channel, Named[Agent]] = {
            channel: self.system.named(name, Agent) for channel, name in ways.items()
        }
        self._waiting, self._once, self._doors = Waiting(), Once(), Doors()
        self._watched: Any = None
        self._knock, self._looks = Again(LOOK, KNOCK), 0

    def setup(self) -> None:
        """Watch the outlet."""
        self.look()
        self.ref.every(LOOK).cast(Junction.look)

    # From this half.

    def tell(self, to: str, method: str, *args: Any) -> None:
        """Say something to the other half; nobody waits for an answer."""
        if self._doors.other is None and METHODS[method][1] is not Algedonode.from_below:
            return
        self._way(method, args).send(Saying(to, method, args))

    def ask(self, to: str, method: str, *args: Any) -> Deferred[Any]:
        """Say something and have the answer. Raises what it is refused with, `CallFailed` while the other is away."""
        answer, doors = self.defer(), self._doors
        if doors.other is None and not self._hurts(method, args):
            answer.fail(self._apart(method, "call"))
            return answer
        saying = Saying(to, method, args, fresh_id(8), doors.other, doors.number)
        self._way(method, args).send(self._waiting.add(answer, saying, self._patience(to, method)))
        return answer

    def _patience(self, to: str, method: str) -> float | None:
        """Seconds after which whoever asks that has given it up; None: he says so himself, if he does."""
        if METHODS[method][0] not in (Algedonode, Governance):
            return None
        return HOP if self._speaks else patience(to)  # a person waits for his word to come down

    def _way(self, method: str, args: tuple[Any, ...]) -> Named[Agent]:
        return self._by(self._channel(method, args))

    def _by(self, channel: Channel | None) -> Named[Agent]:
        return self._ways.get(channel, self._outlet)  # type: ignore[arg-type]

    def _channel(self, method: str, args: tuple[Any, ...]) -> Channel | None:
        """The channel of the notes in it; what algedonodes say to each other is the algedonic one's; None: neither."""
        if method in METHODS and METHODS[method][0] is Algedonode:
            return Channel.ALGEDONIC
        return next((one.channel for one in args if isinstance(one, Note)), None)

    def _hurts(self, method: str, args: tuple[Any, ...]) -> bool:
        return self._channel(method, args) is Channel.ALGEDONIC

    # From the other.

    def receive(self, message: Any) -> None:
        """What came over, or the end of the outlet."""
        match message:
            case Saying():
                self._heard(message)
            case Answered():
                self._answered(message)
            case Open():
                self._opened(message)
            case Waits():
                self._awaited(message)
            case Missed(by=self._doors.number):
                for saying in self._waiting.missed(message.numbers):
                    self._way(saying.method, saying.args).send(saying)
            case Down():
                self._lost()

    def _opened(self, open: Open) -> None:
        """What was asked by another door than this fails: who had opened that one has ended, or has given it up."""
        doors, before = self._doors, self._doors.other
        changed = doors.hear(open)
        self._once.lives(doors.most)
        if changed:
            self._fail(lambda _: True)
        elif doors.other != before:
            self._fail(lambda asked: asked.saying.open not in (None, doors.other))
        if changed or open.asks or 0 < open.number < doors.most:
            self._outlet.send(doors.word(asks=changed))

    def _heard(self, saying: Saying) -> None:
        """What is said is done, if it was not; who has lost the answer will say so."""
        self._doors.noted(saying.by)
        if self._once.begins(saying, self._hurts(saying.method, saying.args)):
            self.task(self._said(saying))

    async def _said(self, saying: Saying) -> None:
        try:
            answered = Answered(saying.id or "", await self._done(saying))
        except (CallError, Refusal) as error:
            answered = Answered(saying.id or "", error=_told(error))
        if saying.id is not None:  # it goes back by the way it came
            answer = Answer(answered, self._channel(saying.method, saying.args))
            self._once.ended(saying, answer)
            self._by(answer.channel).send(answered)

    def _awaited(self, waits: Waits) -> None:
        """The other half says what it waits for."""
        self._doors.noted(waits.by)
        if waits.open != self._doors.own:
            self._outlet.send(self._doors.word())
            return
        answers, missed = self._once.hear(waits)
        for answer in answers:
            self._by(answer.channel).send(answer.answered)
        if missed:
            self._outlet.send(Missed(waits.by, missed))

    async def _done(self, saying: Saying) -> Any:
        known = METHODS.get(saying.method)
        if known is None or saying.to not in self._mine or (self._speaks and saying.method in DOWNWARD):
            raise NotAcross(saying.to, saying.method)
        for one in saying.args:
            if isinstance(one, Note) and self._speaks not in (None, one.path_from):
                raise NotAcross(saying.to, f"a note of {one.path_from}")
        if (
            saying.id is not None
            and saying.open != self._doors.own
            and not self._hurts(saying.method, saying.args)
        ):
            self._outlet.send(self._doors.word())
            raise self._apart(saying.method, "call")  # its asker knows of no answer any more
        if saying.method == "submit":
            return await self._handed_on(saying)
        cls, method = known
        address = self.system.named(saying.to, cls)
        args = [replace(one, sent_at=now()) if isinstance(one, Note) else one for one in saying.args]
        if (
            saying.id is None
        ):  # from here on it waits in this half: how long it was under way is no measure for that
            return address.cast(method, *args)
        return await address.within(None).call(method, *args)

    async def _handed_on(self, saying: Saying) -> Performed:
        """A task is for the level above, from a unit of the half below that waits for it, or for those above that one.

        Raises `NotAcross` where it is from anybody else.
        """
        match saying.args:
            case Task() as task, "", [*by] if by and all(self._is_below(one) for one in by):
                try:
                    return await handed_on(self.system, level_of(self.path), task, by)
                except NotTaken as error:
                    error.last = True
                    raise
        raise NotAcross(saying.to, "what is no task that a unit of it hands on")

    def _is_below(self, path: object) -> bool:
        return self._speaks is not None and isinstance(path, str) and path.startswith(f"{self._speaks}/")

    def _answered(self, answered: Answered) -> None:
        answer = self._waiting.answered(answered.id)
        if answer is None:
            return
        if answered.error is None:
            answer.reply(answered.value)
        elif isinstance(answered.error, Refusal):
            answer.fail(answered.error)
        elif isinstance(answered.error, NoConnection):
            answer.fail(self._apart(ASKED, "call"))
        else:
            answer.fail(CallFailed(self.ref, ASKED, answered.error))

    # Its liveness.

    def look(self) -> None:
        """Watch the outlet again, if it is there; say again what the other half has to know."""
        ref = self.system.whereis(self._outlet.name, Agent)
        if ref is None:
            return
        if ref != self._watched:
            self._watched = ref
            self.monitor(ref)
            self._outlet.send(self._doors.word(asks=True))
        elif not self._doors.met:
            if self._knock.due(now()):
                self._outlet.send(self._doors.word(asks=True))
        else:
            self._knock = Again(LOOK, KNOCK)
            self._say_what_waits()

    def _say_what_waits(self) -> None:
        """It is said now and then, all of it: so one word that comes over makes up for all that were lost.

        A half of an older version does not know it.
        """
        self._looks += 1
        at, doors = now(), self._doors
        self._fail(lambda asked: asked.late(at))
        if self._looks % WORD == 0 and doors.theirs and doors.other is not None:
            word = self._waiting.word(doors.number, doors.other)
            if word is not None:
                self._outlet.send(word)

    def _lost(self) -> None:
        """The other half is away: what was asked of it fails at once."""
        self._watched = None
        self._doors.shut()
        self._fail(lambda _: True)
        self.look()

    def _fail(self, which: Callable[[Asked], bool]) -> None:
        for answer in self._waiting.drop(which):
            answer.fail(self._apart(ASKED, "answer"))

    def _apart(self, what: str, lost: str) -> CallFailed:
        """What asks has no answer, as the halves are apart: that is no end of the other one, as far as is known."""
        return CallFailed(self.ref, what, NoConnection(self.path), lost)


def _told(error: Exception) -> Any:
    """An error as it goes over: a refusal as it is, the reason of anything else."""
    return error if isinstance(error, Refusal) else getattr(error, "reason", None) or NoConnection()
