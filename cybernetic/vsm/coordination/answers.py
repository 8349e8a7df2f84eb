"""The calls that the units of a level share: who makes each, who waits for it, and what it came to."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any

from cybernetic.runtime import Deferred
from cybernetic.vsm.coordination.messages import (
    CallAwaited,
    CallLost,
    CallShared,
    CallUnderWay,
    CallWanted,
    MakeIt,
)

GONE = 3  # rounds after which who makes a call, and is not heard of, makes it no more
KEPT = 1000  # answers
MOST = 2**26  # bytes of all that are kept


@dataclass(slots=True)
class Making:
    """A call that is being made.

    Attributes:
        wanted: what it is, and by whom.
        heard: when that one was heard of last, seconds.
        found: whether it is known that nobody above has made it, so that it is really made here.
        waiting: since when, and where to, by id.
    """

    wanted: CallWanted
    heard: float
    found: bool
    waiting: dict[str, tuple[float, Deferred[Any]]] = field(default_factory=dict)


class Answers:
    """Of each call one is made at a time, and its answer kept as long as it is of use; only what was done is shared.

    What came to nothing is made by all who waited for it: that is what they would have done without each other, and
    nobody waits twice. All of it is soft: without it each makes his own calls.

    Args:
        round: seconds in which who makes a call says so.
    """

    def __init__(self, round: float) -> None:
        self._round = round
        self._making: dict[str, Making] = {}  # by `same`
        self._made: dict[str, tuple[CallShared, float]] = {}  # and until when it is of use
        self._barred: set[str] = set()

    def wanted(self, wanted: CallWanted, answer: Deferred[Any], at: float, ask_above: bool = False) -> bool:
        """A unit would make a call; whether the level above is to be asked first (`ask_above`: the port is its)."""
        made, making = self._made.get(wanted.same), self._making.get(wanted.same)
        if wanted.port in self._barred:
            answer.reply(MakeIt())  # it will be told why not
        elif made is not None and at < made[1]:
            answer.reply(replace(made[0], seconds=made[1] - at))
        elif making is not None and (making.wanted.id != wanted.id or not making.found):
            if making.wanted.id == wanted.id:
                making.heard = at
            making.waiting[wanted.id] = at, answer
        elif making is None and ask_above:
            self._making[wanted.same] = Making(wanted, at, False, {wanted.id: (at, answer)})
            return True
        else:
            self._making.setdefault(wanted.same, Making(wanted, at, True)).heard = at
            answer.reply(MakeIt())
        return False

    def unknown_above(self, wanted: CallWanted, at: float) -> None:
        """Nobody above has made it: who asked first makes it, the others go on waiting."""
        making = self._making.get(wanted.same)
        if making is not None and making.wanted.id == wanted.id and not making.found:
            making.found, making.heard = True, at
            _, answer = making.waiting.pop(wanted.id, (at, None))
            if answer is not None:  # else he was told to ask again, and will
                answer.reply(MakeIt())

    def shared(self, shared: CallShared, at: float) -> None:
        """A call was made."""
        if shared.port in self._barred:
            self.lost(CallLost(shared.port, shared.same, shared.id), at)
            return
        making = self._making.pop(shared.same, None)
        for _, answer in () if making is None else making.waiting.values():
            answer.reply(shared)
        self._made.pop(shared.same, None)
        self._made[shared.same] = shared, at + shared.seconds
        size = sum(len(one.answer) for one, _ in self._made.values())
        while len(self._made) > KEPT or size > MOST:
            oldest = next(iter(self._made))
            size -= len(self._made.pop(oldest)[0].answer)

    def lost(self, lost: CallLost, at: float) -> None:
        """A call came to nothing: who waited for it makes it. Or it is that of one who waited himself, and does not."""
        making = self._making.get(lost.same)
        if making is None:
            return
        making.waiting.pop(lost.id, None)
        if making.wanted.id != lost.id:
            return
        del self._making[lost.same]
        for id, (_, answer) in making.waiting.items():
            answer.reply(MakeIt())
            first = Making(CallWanted(lost.port, lost.same, id), at, True)
            self._making.setdefault(lost.same, first)  # for those who come now

    def under_way(self, still: CallUnderWay, at: float) -> None:
        """Who makes a call does so still."""
        making = self._making.get(still.same)
        if making is not None and making.wanted.id == still.id:
            making.heard = at

    def without(self, unit: str, at: float) -> tuple[CallLost, ...]:
        """A unit begins anew: it makes no call, and waits for none. What that lost."""
        for making in self._making.values():
            for id in [id for id in making.waiting if _by(unit, id)]:
                del making.waiting[id]
        return self._lose((one for one in self._making.values() if _by(unit, one.wanted.id)), at)

    def bar(self, port: str, barred: bool, at: float) -> tuple[CallLost, ...]:
        """What came through a port is believed no more, or (not `barred`) again. What that lost."""
        if not barred:
            self._barred.discard(port)
            return ()
        self._barred.add(port)
        self._made = {same: made for same, made in self._made.items() if made[0].port != port}
        return self._lose((one for one in self._making.values() if one.wanted.port == port), at)

    def turn(self, at: float) -> tuple[CallLost, ...]:
        """A round: what that lost. Who has waited for long is told to ask again, so he knows that he is heard."""
        self._made = {same: made for same, made in self._made.items() if at < made[1]}
        silent = (one for one in self._making.values() if at - one.heard > GONE * self._round)
        lost = self._lose(silent, at)
        for making in self._making.values():
            waited = [id for id, (since, _) in making.waiting.items() if at - since >= self._round]
            for id in waited:
                making.waiting.pop(id)[1].reply(CallAwaited())
        return lost

    def _lose(self, some: Iterable[Making], at: float) -> tuple[CallLost, ...]:
        lost = tuple(CallLost(one.wanted.port, one.wanted.same, one.wanted.id) for one in some)
        for one in lost:
            self.lost(one, at)
        return lost


def _by(unit: str, id: str) -> bool:
    """Whether a call is that of a unit, or of one within it."""
    path = id.partition("#")[0]
    return path == unit or path.startswith(f"{unit}/")
