"""Another node, as this one sees it: the way to its agents, and what is to happen here when it is lost."""

import asyncio
import itertools
from collections import deque
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any
from weakref import WeakValueDictionary

from cybernetic.core import CallFailed, CannotTravel, NoConnection, Reason, StartFailed
from cybernetic.nodes.remote import ops
from cybernetic.nodes.remote.ref import RemoteRef
from cybernetic.nodes.remote.start import RemoteStart
from cybernetic.nodes.remote.words import in_words
from cybernetic.runtime import (
    FOREIGN,
    LostRef,
    Protocol,
    depart,
    function_name,
    hold,
    release,
    unwatch,
    watch,
)

ENOUGH = 24 << 10  # bytes of casts that are encoded together
_COST = 32  # bytes of a cast beside its arguments
_LIGHT: dict[
    type, Callable[[Any], int]
] = {  # what cannot change any more, and always travels: about how many bytes
    bytes: len,
    str: len,
    **dict.fromkeys((int, float, bool, type(None)), lambda _: 9),
}
KEPT = 64  # addresses of agents there that are kept although nobody may have them: who called is likely to call again
DIALS = 8  # nodes that one node has told of are called at a time
WAITING = 4096  # messages for a node not linked yet, from which on their senders are held


class Peer:
    """One incarnation of another node, over one link: when that ends the peer is lost for good.

    It may be used before it is linked: messages wait then. All that one agent sends to agents of that node goes
    through here in order, and nothing overtakes anything.

    Args:
        cluster: what this node knows and shares: `engine`, `codec`, `classes`; `greet(peer)` tells it all it must know.
        name: the other node's name.
        incarnation: which of the nodes of that name it is.
    """

    def __init__(self, cluster: Any, name: str, incarnation: str) -> None:
        self.name, self.incarnation = name, incarnation
        self.engine, self.classes = cluster.engine, cluster.classes
        self.lost = False
        self.introduced = False  # it has told whom it knows
        self.link: Any = None
        self.proxies: WeakValueDictionary[int, RemoteRef[Any]] = WeakValueDictionary()
        self._kept: deque[RemoteRef[Any]] = deque(maxlen=KEPT)
        self.calls: dict[int, Any] = {}  # of ours, not answered yet
        self.starts: dict[int, RemoteStart] = {}  # that we have asked for
        self.giving_up: dict[int, RemoteStart] = {}  # of them, those given up and not confirmed to be gone
        self.starting: dict[int, Any] = {}  # embryos of ours whose start it has asked for
        self.asked: dict[int, Any] = {}  # what was asked of the node itself
        self.watching: dict[int, RemoteRef[Any]] = {}  # its agents whose end it is to tell
        self.telling: dict[int, Any] = {}  # our agents whose end it is told
        self.dials = asyncio.Semaphore(DIALS)  # of nodes it has told of
        self._greet: Callable[[Peer], object] = cluster.greet
        self._encode: Callable[..., bytes] = cluster.codec.encode
        self._light: list[list[Any]] = []  # casts of plain values, to be encoded together
        self._cost = 0  # bytes they will take, about
        self._leave = self._let_leave  # bound once
        self._waiting: list[bytes] = []
        self._explained: list[bytes] = []  # classes, while it is not linked
        self._ids = itertools.count(1)
        self._kinds: dict[Protocol, int] = {}
        self._held: dict[Any, None] = {}

    def __repr__(self) -> str:
        return f"<node {self.name} {'lost' if self.lost else 'up' if self.link else 'not linked yet'}>"

    # What is sent there.

    def cast(
        self, to: int, word: str, args: tuple[Any, ...], kwargs: dict[str, Any] | None, sender: Any
    ) -> None:
        """Ask an agent there to run a method. Raises `CannotTravel`."""
        if sender is None or sender._flags & FOREIGN:
            origin, kind, sender = 0, 0, None
        else:
            origin, kind = sender._serial, self._kinds.get(sender._protocol) or self._introduce(sender)
        cost = _COST
        for value in args:
            size = _LIGHT.get(type(value))
            if size is None or (cost := cost + size(value)) > ENOUGH:
                light = False
                break
        else:
            light = not kwargs
        if light and self.link is not None and self.engine.running:
            self._light.append([to, origin, kind, word, *args])
            self._cost += cost
            self.engine.outflow[self._leave] = None
            if self._cost > ENOUGH:
                self._gather()
            if self.link.full and sender is not None:
                self._hold(sender)
            return
        if kwargs:
            message = (ops.CAST_WITH, to, origin, kind, word, kwargs, *args)
        else:
            message = (ops.CAST, to, origin, kind, word, *args)
        try:
            data = self._encode(message, light=light)
        except CannotTravel:
            self._explain(args, kwargs)
            raise
        self._send(data, sender)

    def call(
        self,
        to: int,
        word: str,
        args: tuple[Any, ...],
        kwargs: dict[str, Any] | None,
        caller: Any,
        reply: Any,
    ) -> None:
        """Ask an agent there to run a method, and settle `reply` with what comes of it. Raises `CannotTravel`."""
        number = next(self._ids)
        if caller is None or caller._flags & FOREIGN:
            origin = kind = 0
        else:
            origin, kind = caller._serial, self._kinds.get(caller._protocol) or self._introduce(caller)
        if kwargs:
            message = (ops.CALL_WITH, to, origin, kind, number, word, kwargs, *args)
        else:
            message = (ops.CALL, to, origin, kind, number, word, *args)
        try:
            data = self._encode(message, light=not kwargs and _light(args))
        except CannotTravel:
            self._explain(args, kwargs)
            raise
        self.calls[number] = reply
        reply.id, reply.waiting = number, self.calls
        self._send(data, caller)

    def message(self, to: int, message: object, sender: Any) -> None:
        """Hand a message to `receive` of an agent there. Raises `CannotTravel`."""
        self._message(ops.SEND, to, message, sender)

    def tell(self, to: int, message: object, sender: Any) -> None:
        """The same, for messages of the library itself, which no limit drops."""
        self._message(ops.TELL, to, message, sender)

    def signal(self, to: int, reason: Reason, sender: Any) -> None:
        """Send an exit signal. Raises `CannotTravel`."""
        self.post((ops.EXIT, to, *self._origin(sender), reason), sender, "reason")

    def stop(self, to: int, reason: Reason, sender: Any) -> None:
        """Send a request to stop. Raises `CannotTravel`."""
        self.post((ops.STOP, to, *self._origin(sender), reason), sender, "reason")

    def link_up(self, ref: RemoteRef[Any], cell: Any) -> None:
        """Tell that an agent of ours has linked to one there."""
        self.tell_of(cell)
        self.post((ops.LINK, ref._serial, *self._origin(cell)), cell)

    def unlink(self, to: int, cell: Any) -> None:
        """Tell that the link is undone."""
        self.post((ops.UNLINK, to, cell._serial))

    def watch(self, ref: RemoteRef[Any]) -> None:
        """Ask to be told of the end of an agent there; once is enough."""
        if ref._serial not in self.watching:
            self.watching[ref._serial] = ref
            self.post((ops.WATCH, ref._serial))

    def tell_of(self, cell: Any) -> None:
        """See to it that the other node is told of the end of an agent of ours."""
        if cell._serial not in self.telling:
            self.telling[cell._serial] = cell
            watch(cell, self, partial(self._ended, cell._serial))

    def start(self, start: RemoteStart, message: tuple[Any, ...]) -> None:
        """Ask for the start of an agent there. Raises `CannotTravel`."""
        start.peer, start.id = self, next(self._ids)
        self.tell_of(start.parent)
        try:
            data = self._encode((ops.START, start.id, *self._origin(start.parent), *message), "child")
        except CannotTravel:
            self._explain(*message[1:3])
            raise
        self.starts[start.id] = start
        self._send(data, None)

    def give_up(self, start: RemoteStart) -> bool:
        """Have what is half started there ended; False if there is nothing to be ended."""
        if self.starts.pop(start.id, None) is None:
            return False
        self.giving_up[start.id] = start
        self.post((ops.GIVE_UP, start.id, 0))
        return True

    def ask(self, what: str, arguments: tuple[Any, ...], told: Any) -> None:
        """Ask the node itself something; `told` is a future of the answer."""
        number = next(self._ids)
        self.post((ops.ASK, number, what, *arguments))
        self.asked[number] = told

    def post(self, message: tuple[Any, ...], sender: Any = None, what: str = "message") -> None:
        """Send any message. Raises `CannotTravel`."""
        self._send(self._encode(message, what, light=_light(message)), sender)

    def answer(self, id: int, value: Any) -> None:
        """Answer a call from there. Raises `CannotTravel`."""
        size = _LIGHT.get(type(value))
        light = size is not None and size(value) < ENOUGH
        try:
            data = self._encode((ops.ANSWER, id, value), "answer", light=light)
        except CannotTravel:
            self._encode(value, "answer")  # which names the part as who answers knows it
            raise
        self._send(data, None)

    def death(self, serial: int, reason: Reason) -> None:
        """Tell of an end; a reason that cannot travel arrives in words."""
        try:
            self.post((ops.DEATH, serial, reason), None, "reason")
        except CannotTravel:
            self.post((ops.DEATH, serial, in_words(reason)))

    # The link.

    def linked(self, link: Any) -> None:
        """The link is there: what it must know goes first, then what has waited."""
        self.link = link
        explained, self._explained, waiting, self._waiting = self._explained, [], self._waiting, []
        for data in explained:
            link.send(data)
        self._greet(self)
        for data in waiting:
            link.send(data)
        if not link.full:
            self.drained()

    def drained(self) -> None:
        """The link takes more: agents that were held go on."""
        held, self._held = self._held, {}
        for cell in held:
            release(cell)

    def proxy(self, serial: int, protocol: Protocol) -> Any:
        """The address here of an agent there; the same one as long as anybody has it."""
        ref = self.proxies.get(serial)
        if ref is None:
            ref = self.proxies[serial] = RemoteRef(self.engine, protocol, serial, self)
            self._kept.append(ref)
        return ref

    def gone(self, serial: int, reason: Reason) -> None:
        """An agent there has ended."""
        ref = self.watching.pop(serial, None) or self.proxies.get(serial)
        if ref is not None:
            depart(ref, reason)  # it stays in the table as long as anybody has it: it is equal to itself

    def lose(self) -> None:
        """The node is out of reach: for all here its agents have ended with `NoConnection`."""
        self.lost, self.link, self._waiting, self._explained, self._light = True, None, [], [], []
        reason = NoConnection(f"{self.name}#{self.incarnation}")
        for cell in self.telling.values():
            unwatch(cell, self)
        self.telling.clear()
        self.watching.clear()
        for ref in list(self.proxies.values()):
            depart(ref, reason, LostRef)
        self.proxies.clear()
        self._kept.clear()
        for reply in _taken(self.calls):
            reply.fail(CallFailed(reply.target, function_name(reply.what), reason))
        for start in _taken(self.starts):
            start.fail(StartFailed(start.what, reason))
        for start in _taken(self.giving_up):
            start.confirmed()
        for future in _taken(self.asked):
            if not future.done():
                future.set_exception(CallFailed(self, "what it was asked", reason))
        self.drained()

    # Inside.

    def _message(self, op: int, to: int, message: object, sender: Any) -> None:
        try:
            self.post((op, to, *self._origin(sender), message), sender)
        except CannotTravel:
            self._encode(message, "message")
            raise

    def _origin(self, sender: Any) -> tuple[int, int]:
        if sender is None or not hasattr(sender, "_serial") or sender._flags & FOREIGN:
            return 0, 0
        return sender._serial, self._kinds.get(sender._protocol) or self._introduce(sender)

    def _introduce(self, sender: Any) -> int:
        """Give a class a number, and explain it to the other node."""
        return self.kind(sender._protocol)

    def kind(self, protocol: Protocol) -> int:
        """The number that stands for a class on this link."""
        found = self._kinds.get(protocol)
        if found is None:
            found = self._kinds[protocol] = len(self._kinds) + 1
            data = self._encode((ops.CLASS, found, self.classes.path(protocol)))
            if self.link is None:
                self._explained.append(data)
            else:
                self._send(data, None)
        return found

    def _send(self, data: bytes, sender: Any) -> None:
        link = self.link
        if link is None:
            self._wait(data, sender)
            return
        if self._light:
            self._gather()
        if not self.engine.running:
            link.send(data)
            return
        link.put(data)
        self.engine.outflow[self._leave] = None
        if link.full and sender is not None:
            self._hold(sender)

    def _gather(self) -> None:
        """Make one message of the casts that have gathered."""
        light, self._light, self._cost = self._light, [], 0
        self.link.put(self._encode((ops.CASTS, *light), light=True))

    def _let_leave(self) -> None:
        """Let everything leave that agents have sent in their turns."""
        if self.link is not None:
            if self._light:
                self._gather()
            self.link.flush()

    def _wait(self, data: bytes, sender: Any) -> None:
        if self.lost:
            return
        self._waiting.append(data)
        if len(self._waiting) >= WAITING and sender is not None:
            self._hold(sender)

    def _hold(self, sender: Any) -> None:
        if not sender._flags & FOREIGN:
            self._held[sender] = None
            hold(sender)

    def _explain(self, args: tuple[Any, ...], kwargs: dict[str, Any] | None) -> None:
        """Raise the `CannotTravel` that names the part as the sender knows it."""
        self._encode(args, "arguments")
        if kwargs:
            self._encode(kwargs, "keywords")

    def _ended(self, serial: int, reason: Reason) -> None:
        self.telling.pop(serial, None)
        if not self.lost:
            self.death(serial, reason)


def _light(args: tuple[Any, ...]) -> bool:
    """Whether arguments are plain and few enough to be far from any limit."""
    cost = 0
    for value in args:
        size = _LIGHT.get(type(value))
        if size is None or (cost := cost + size(value)) > ENOUGH:
            return False
    return True


def _taken(table: dict[int, Any]) -> Iterable[Any]:
    values = list(table.values())
    table.clear()
    return values
