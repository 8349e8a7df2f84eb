"""The start of an agent on another node: what waits for it here, and what tells of it there."""

import asyncio
from collections.abc import Callable
from functools import partial
from typing import Any

from cybernetic.core import CannotTravel, Crash, Killed, NoNode, Reason, StartFailed
from cybernetic.nodes.remote import ops
from cybernetic.nodes.remote.words import LONGEST, in_words
from cybernetic.runtime import FOREIGN, Protocol, Reply, abandon, tie

GIVE_UP_SECONDS = (
    2.0  # how long who has given up a start waits for the other node to say that nothing is left
)


class StartReply(Reply[Any]):
    """What waits for a start: a failure is told when the other node has confirmed that nothing is left there."""

    __slots__ = ()

    def fail(self, error: BaseException) -> bool:
        """As `Reply.fail`, once nothing of a start given up is left (GS-5), it is lost, or 2 s have passed."""
        start: RemoteStart = self.target
        if start.unconfirmed is None:
            return super().fail(error)
        start.failure = start.failure or error
        return not self.done()


class RemoteStart:
    """A start that was asked for: what its `Reply` is about until there is an address.

    Args:
        parent: the supervisor here.
        protocol: what is known of the agent's class.

    Attributes:
        given_up: whether nobody waits for it any more.
        unconfirmed: while it is given up, and may be there all the same: the limit to that.
        failure: what is to be told then.
        abandoned: called when it is given up before a node was asked, or while the agent starts on this one.
        unfit: called with a sentence if the node that was asked cannot start such an agent; None: that is a failure.
    """

    _details = None
    _flags = FOREIGN

    def __init__(self, parent: Any, protocol: Protocol) -> None:
        self.parent, self._protocol, self._engine = parent, protocol, parent._engine
        self.peer: Any = None
        self.id = 0
        self.given_up = False
        self.unconfirmed: asyncio.TimerHandle | None = None
        self.failure: BaseException | None = None
        self.abandoned: Callable[[], object] | None = None
        self.unfit: Callable[[str], object] | None = None
        self.reply: Reply[Any] = StartReply(self, "start")

    def __repr__(self) -> str:
        return f"<{self.what} to be started on {self.peer.name if self.peer else 'another node'}>"

    @property
    def what(self) -> str:
        """The name of the class."""
        return self._protocol.cls.__name__

    def begun(self, serial: int) -> None:
        """The agent is up: it is linked with its supervisor, on both nodes."""
        ref = self.peer.proxy(serial, self._protocol)
        self.peer.watching[serial] = ref
        if not self.parent.gone:
            tie(self.parent, ref)
        self.reply.answer(ref)

    def fail(self, error: Exception) -> None:
        """The agent did not start."""
        self.reply.fail(error)

    def refused(self, error: Exception) -> None:
        """The other node has not started it: one that lacks the class says so with `NoNode`."""
        reason = getattr(error, "reason", None)
        if not isinstance(reason, NoNode):
            self.fail(error)
        elif self.unfit is not None:
            self.unfit(reason.why)
        else:  # of a node that was made for it alone
            self.fail(StartFailed(self.what, Crash("OptionError", reason.why)))

    def signalled(self, reason: Reason, sender: Any) -> None:
        """Whoever waits for it is to end: the start is cut short."""
        self.give_up()
        self.confirmed()
        self.fail(StartFailed(self.what, Killed()))

    def give_up(self) -> None:
        """Nobody waits for it any more: what is half started is to end."""
        first, self.given_up = not self.given_up, True
        if self.peer is None:
            if first and self.abandoned is not None:
                self.abandoned()
        elif self.peer.give_up(self):
            self.unconfirmed = self._engine.loop.call_later(GIVE_UP_SECONDS, self.confirmed)

    def confirmed(self) -> None:
        """Nothing of it is left on the other node, as far as can be known."""
        if self.unconfirmed is not None:
            self.unconfirmed.cancel()
            self.unconfirmed = None
            if self.failure is not None:
                self.reply.fail(self.failure)


class StartingHere:
    """A start on this node after all: what the runtime tells of it, in place of a `Reply`."""

    __slots__ = ("_start",)

    def __init__(self, start: RemoteStart) -> None:
        self._start = start

    def begun(self, cell: Any) -> None:
        """The record of the agent is made."""
        self._start.abandoned = partial(abandon, cell)

    def answer(self, cell: Any) -> None:
        """It has started."""
        self._start.reply.answer(cell)

    def fail(self, error: Exception) -> None:
        """It has not."""
        self._start.fail(error)


class Starting:
    """A start on behalf of another node, in place of the `Reply` its starter would wait on."""

    __slots__ = ("_id", "_peer", "cell")

    def __init__(self, peer: Any, id: int) -> None:
        self._peer, self._id = peer, id
        self.cell: Any = None

    def begun(self, cell: Any) -> None:
        """The record of the agent is made; from now on its end is told."""
        self.cell = cell
        self._peer.starting[self._id] = cell
        self._peer.tell_of(cell)

    def answer(self, cell: Any) -> None:
        """It has started."""
        self._peer.starting.pop(self._id, None)
        self._peer.post((ops.STARTED, self._id, cell._serial))

    def fail(self, error: Exception) -> None:
        """It has not."""
        self._peer.starting.pop(self._id, None)
        try:
            self._peer.post((ops.NOT_STARTED, self._id, error))
        except CannotTravel:
            what, reason = getattr(error, "what", "the agent"), getattr(error, "reason", error)
            self._peer.post((ops.NOT_STARTED, self._id, StartFailed(str(what)[:LONGEST], in_words(reason))))
