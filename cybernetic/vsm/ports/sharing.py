"""The calls of a unit that may be one with those of others: asked for before they are made, and told of after."""

from collections.abc import Awaitable
from typing import Any

from cybernetic.core import CannotTravel
from cybernetic.vsm.bargain.saved import NONE_SAVED, Saved
from cybernetic.vsm.channels.channel import Channel, Role
from cybernetic.vsm.coordination.messages import CallLost, CallShared, CallUnderWay, CallWanted, MakeIt
from cybernetic.vsm.coordination.pool import PATIENCE, sought
from cybernetic.vsm.ports.passages import Passage
from cybernetic.vsm.ports.receipts import Receipt


class Sharing:
    """The shared calls of one porter.

    Args:
        porter: who asks system 2.

    Attributes:
        saved: what that has saved since the porter began.
    """

    def __init__(self, porter: Any) -> None:
        self._porter = porter
        self._made: dict[
            str, tuple[CallWanted, Any]
        ] = {}  # that this unit makes for all, and for whom here, by id
        self.saved = NONE_SAVED

    async def found(self, passage: Passage, user: Any) -> CallShared | None:
        """What a call of `user` (an agent) came to that another has made; None: it is to be made.

        It waits for one that is being made. Where system 2 is away each makes his own.
        """
        if not passage.shared:
            return None
        wanted = CallWanted(passage.ask.port, passage.ask.same, passage.id)

        def ask() -> Awaitable[Any]:
            return self._porter.ask(  # type: ignore[no-any-return]
                Channel.COORDINATION, Role.COORDINATION, wanted, patience=PATIENCE * self._porter.pulse
            )

        said = await sought(ask)
        if isinstance(said, MakeIt):
            self._made[passage.id] = wanted, user
        return said if isinstance(said, CallShared) else None

    def count(self, shared: CallShared, receipt: Receipt) -> None:
        """A call was not made, as another's was of use."""
        self.saved += Saved(shared.cost, 1, receipt.id)

    def ended(self, passage: Passage, receipt: Receipt, answer: bytes | None) -> None:
        """A call is over: its `answer` is for all who want the same; None: it has none that travels."""
        known = self._made.pop(passage.id, None)
        if known is None:
            return
        if answer is not None:
            wanted, seconds = known[0], passage.port.shared or 0.0
            try:
                self._say(
                    CallShared(
                        wanted.port, wanted.same, receipt.id, answer, receipt.result, receipt.cost, seconds
                    )
                )
                return
            except CannotTravel:  # it is too large
                pass
        self._lost(known[0])

    def given_up(self, passage: Passage) -> None:
        """A call will not be made, or nobody waits any more for that of another."""
        self._made.pop(passage.id, None)
        if passage.shared:
            self._lost(CallWanted(passage.ask.port, passage.ask.same, passage.id))

    def turn(self) -> None:
        """A round: say which calls are still being made; those of the dead are not."""
        for id, (wanted, user) in list(self._made.items()):
            if user is None or self._porter.system.alive(user):
                self._say(CallUnderWay(wanted.port, wanted.same, wanted.id))
            else:
                del self._made[id]
                self._lost(wanted)

    def _lost(self, wanted: CallWanted) -> None:
        self._say(CallLost(wanted.port, wanted.same, wanted.id))

    def _say(self, word: object) -> None:
        self._porter.tell(Channel.COORDINATION, Role.COORDINATION, word)
