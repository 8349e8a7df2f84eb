"""The start of an agent on another node: what waits for it here, and what tells of it there."""

from typing import Any

from cybernetic.core import CannotTravel, Crash, Killed, Reason, StartFailed
from cybernetic.nodes.remote import ops
from cybernetic.runtime import FOREIGN, Protocol, Reply, tie


class RemoteStart:
    """A start that was asked for: what its `Reply` is about until there is an address.

    Args:
        parent: the supervisor here.
        protocol: what is known of the agent's class.
    """

    _details = None
    _flags = FOREIGN

    def __init__(self, parent: Any, protocol: Protocol) -> None:
        self.parent, self._protocol, self._engine = parent, protocol, parent._engine
        self.peer: Any = None
        self.id = 0
        self.given_up = False
        self.reply: Reply[Any] = Reply(self, "start")

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

    def signalled(self, reason: Reason, sender: Any) -> None:
        """Whoever waits for it is to end: the start is cut short."""
        self.give_up()
        self.fail(StartFailed(self.what, Killed()))

    def give_up(self) -> None:
        """Nobody waits for it any more: what is half started is to end."""
        self.given_up = True
        if self.peer is not None and self.peer.starts.pop(self.id, None) is not None:
            self.peer.post((ops.GIVE_UP, self.id))


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
            self._peer.post(
                (ops.NOT_STARTED, self._id, StartFailed(str(what), Crash(type(reason).__name__, str(reason))))
            )
