"""How system 2 lets units share calls: within the level, and with other levels where the port is theirs too."""

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

from cybernetic.core import CallError, MailboxFull, Refusal
from cybernetic.runtime import Deferred, Named
from cybernetic.vsm.channels.ear import Ear
from cybernetic.vsm.coordination.answers import Answers
from cybernetic.vsm.coordination.messages import CallAwaited, CallLost, CallShared, CallUnderWay, CallWanted
from cybernetic.vsm.timing import now

PATIENCE = 5.0  # rounds for an answer: who waits for a call is told to ask again before


class Pool:
    """The shared calls of one level.

    Args:
        above: who speaks for this level in the one above.
        own: the names of the ports that this level declares: calls of the others are shared above.
        pulse: seconds of a round.
        task: runs a coroutine for system 2.
        say_above: says something to system 2 of the level above.
    """

    def __init__(
        self,
        above: Named[Ear],
        own: frozenset[str],
        pulse: float,
        task: Callable[[Any], Any],
        say_above: Callable[[object], None],
    ) -> None:
        self._above, self._own, self._task, self._say_above = above, own, task, say_above
        self._patience = PATIENCE * pulse
        self._answers = Answers(pulse)

    def wanted(self, wanted: CallWanted, answer: Deferred[Any]) -> None:
        """A unit would make a call."""
        if self._answers.wanted(wanted, answer, now(), wanted.port not in self._own):
            self._task(self._sought_above(wanted))

    async def _sought_above(self, wanted: CallWanted) -> None:
        found = await sought(partial(self._above.within(self._patience).call, Ear.up, wanted))
        if isinstance(found, CallShared):
            self._answers.shared(found, now())
        else:
            self._answers.unknown_above(wanted, now())

    def said(self, word: CallShared | CallLost | CallUnderWay) -> None:
        """What became of a call, or has not yet."""
        match word:
            case CallShared():
                self._answers.shared(word, now())
            case CallLost():
                self._answers.lost(word, now())
            case CallUnderWay():
                self._answers.under_way(word, now())
        self._tell(word)

    def without(self, unit: str) -> None:
        """A unit begins anew."""
        self._tell(*self._answers.without(unit, now()))

    def bar(self, port: str, barred: bool) -> None:
        """What came through a port is believed no more, or again."""
        self._tell(*self._answers.bar(port, barred, now()))

    def turn(self) -> None:
        """A round."""
        self._tell(*self._answers.turn(now()))

    def _tell(self, *words: CallShared | CallLost | CallUnderWay) -> None:
        for word in words:
            if word.port not in self._own:
                self._say_above(word)


async def sought(ask: Callable[[], Awaitable[Any]]) -> Any:
    """What is known of a call that may be made already; None where system 2 is away: each makes his own then."""
    try:
        while isinstance(said := await ask(), CallAwaited):
            continue
    except (CallError, MailboxFull, Refusal):
        return None
    return said
