"""The address of an agent on another node: looks and works like any other."""

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

from cybernetic.core import CallDeadlock, CallFailed, NoProc, Reason
from cybernetic.runtime import CALL_SECONDS, DROP, Foreign, Reply, outsider

A_co = TypeVar("A_co", covariant=True)

ASK_SECONDS = 0.05  # how much later a call may fail for another node to say what its agent is doing
ASKED = 16  # questions to a node, from which on no more are asked for the sake of an error's text


class RemoteRef(Foreign[A_co]):
    """An agent on another node. `_way` is the `Peer` that stands for that node."""

    __slots__ = ()

    def _cast(self, method: Any, args: tuple[Any, ...], kwargs: dict[str, Any] | None) -> None:
        word = self._word(method)
        sender = self._engine.current
        if sender is None and (sender := outsider(self._engine, self, method, args)) is DROP:
            return
        self._way.cast(self._serial, word, args, kwargs, sender)

    def _send(self, message: object) -> None:
        sender = self._engine.current
        if sender is None and (sender := outsider(self._engine, self, "send", (message,))) is DROP:
            return
        self._way.message(self._serial, message, sender)

    def _request(
        self, method: Any, args: tuple[Any, ...], kwargs: dict[str, Any] | None, seconds: float | None
    ) -> Any:
        word = self._word(method)
        engine = self._engine
        caller = engine.current
        if caller is None:
            caller = outsider(engine, self, method, args)
        reply = RemoteReply(self, method)
        if caller is DROP:
            reply.fail(CallFailed(self, str(word), NoProc()))
            return reply
        if caller is not None and _started_by(caller, self):
            raise CallDeadlock(caller, self)
        if seconds is not None:
            unlimited = self._protocol.unlimited
            if not unlimited or seconds is not CALL_SECONDS or self._resolve(method) not in unlimited:
                engine.deadlines.add(reply, seconds)
        self._way.call(self._serial, word, args, kwargs, caller, reply)
        return reply

    def _word(self, method: Any) -> str:
        """How its node is asked for `method`. Raises `BadCall`."""
        try:
            return self._methods[method]  # type: ignore[return-value]
        except (KeyError, TypeError):
            return self._protocol.word(method)

    def _admit(self, entry: Any) -> None:
        """Send what was made into an entry already: a timer's message."""
        fn, args, kwargs, sender, _ = entry
        if fn is self._protocol.cls.receive:  # type: ignore[attr-defined]
            self._way.message(self._serial, args[0], sender)
        else:
            self._way.cast(self._serial, self._protocol.word(fn), args, kwargs, sender)

    def told(self, message: object, sender: Any) -> None:
        """Have `message` delivered to `receive`, past any limit of the mailbox."""
        self._way.tell(self._serial, message, sender)

    def signalled(self, reason: Reason, sender: Any) -> None:
        """Send an exit signal."""
        self._way.signal(self._serial, reason, sender)

    def asked_to_stop(self, reason: Reason, sender: Any) -> None:
        """Send a request to stop."""
        self._way.stop(self._serial, reason, sender)

    def linked_with(self, cell: Any) -> None:
        """Its node is to know of the link, and to tell of its end, as this node tells of the other's."""
        self.watched()
        self._way.link_up(self, cell)

    def unlinked_from(self, cell: Any) -> None:
        """Undo a link there as well."""
        self._way.unlink(self._serial, cell)

    def watched(self) -> None:
        """Ask its node to tell of its end."""
        self._way.watch(self)

    if not TYPE_CHECKING:

        def cast(self, method, /, *args, **kwargs):
            """As `Address.cast`."""
            try:
                word = self._methods[method]
            except (KeyError, TypeError):
                word = self._protocol.word(method)
            sender = self._engine.current
            if sender is None and (sender := outsider(self._engine, self, method, args)) is DROP:
                return
            self._way.cast(self._serial, word, args, kwargs, sender)


class RemoteReply(Reply[Any]):
    """What waits for an answer from another node; once settled, an answer that still comes finds nobody."""

    id: int  # of the call, on its link

    __slots__ = ("id", "waiting")

    def __init__(self, target: Any, what: Any) -> None:
        super().__init__(target, what)
        self.waiting: dict[int, Any] | None = None  # the unanswered calls it stands among

    def asks(self, told: Callable[[str | None], object]) -> bool:
        """Ask the target's node what it is doing, for a moment, and unless there is much else that was asked."""
        target: Any = self.target
        peer = target._way
        if target.gone or peer.link is None or len(peer.asked) >= ASKED:
            return False
        loop = self.get_loop()
        doing = loop.create_future()
        late = loop.call_later(ASK_SECONDS, doing.cancel)

        def done(doing: "asyncio.Future[Any]") -> None:
            late.cancel()
            told(None if doing.cancelled() or doing.exception() is not None else doing.result())

        doing.add_done_callback(done)
        peer.ask("doing", (target._serial,), doing)
        return True

    def _told(self) -> None:
        if self.waiting is not None:
            self.waiting.pop(self.id, None)
        super()._told()


def _started_by(caller: Any, target: Any) -> bool:
    """Whether `target`, on another node, waits for `caller` to start: a call to it could never be answered."""
    details = caller._details
    return details is not None and details.starting is not None and details.parent is target
