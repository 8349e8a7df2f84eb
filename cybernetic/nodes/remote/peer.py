"""Another node, as this one sees it: the way to its agents, and what is to happen here when it is lost."""

import asyncio
import itertools
import logging
from collections import deque
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any
from weakref import WeakValueDictionary

from cybernetic.core import CallFailed, CannotTravel, NoConnection, Reason, StartFailed
from cybernetic.nodes.remote import ops
from cybernetic.nodes.remote.light import COST, ENOUGH, LIGHT, light
from cybernetic.nodes.remote.line import Line
from cybernetic.nodes.remote.ref import RemoteRef
from cybernetic.nodes.remote.start import RemoteStart
from cybernetic.nodes.remote.words import in_words
from cybernetic.runtime import (
    FOREIGN,
    LostRef,
    Protocol,
    depart,
    function_name,
    unwatch,
    watch,
)

_log = logging.getLogger("cybernetic.nodes")

FEW = 1 << 10  # bytes that go in one frame though each message of them tells of one name
KEPT = 64  # addresses of agents there that are kept although nobody may have them: who called is likely to call again
DIALS = 8  # nodes that one node has told of are called at a time


class Peer:
    """One incarnation of another node, over one link: when that ends the peer is lost for good.

    It may be used before it is linked: messages wait then. All that one agent sends to agents of that node goes
    through here in order, and nothing overtakes anything.

    Args:
        cluster: what this node knows and shares: `engine`, `codec`, `classes`; `greet`: what a peer must be told.
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
        self._greet: Callable[[Peer], ops.Words] = cluster.greet
        self._name: Callable[[Peer, int], str | None] = cluster.exchange.name
        self._encode: Callable[..., bytes] = cluster.codec.encode
        self._light: list[list[Any]] = []  # casts of plain values, to be encoded together
        self._cost = 0  # bytes they will take, about
        self._leave = self._let_leave  # bound once
        self.line = Line()
        self._explained: list[bytes] = []  # classes, while it is not linked
        self._ids = itertools.count(1)
        self._kinds: dict[Protocol, int] = {}

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
            origin, kind = sender._serial, self._kinds.get(sender._protocol) or self.kind(sender._protocol)
        cost = COST
        for value in args:
            size = LIGHT.get(type(value))
            if size is None or (cost := cost + size(value)) > ENOUGH:
                plain = False
                break
        else:
            plain = not kwargs
        if plain and self.line.open and self.engine.running:
            self._light.append([to, origin, kind, word, *args])
            self._cost += cost
            self.engine.outflow[self._leave] = None
            if self._cost > ENOUGH:
                self._gather()
            if self.link.full and sender is not None:
                self.line.hold(sender)
            return
        if kwargs:
            message = (ops.CAST_WITH, to, origin, kind, word, kwargs, *args)
        else:
            message = (ops.CAST, to, origin, kind, word, *args)
        try:
            data = self._encode(message, light=plain)
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
            origin, kind = caller._serial, self._kinds.get(caller._protocol) or self.kind(caller._protocol)
        if kwargs:
            message = (ops.CALL_WITH, to, origin, kind, number, word, kwargs, *args)
        else:
            message = (ops.CALL, to, origin, kind, number, word, *args)
        try:
            data = self._encode(message, light=not kwargs and light(args))
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
        self._send(self._encode(message, what, light=light(message)), sender)

    def answer(self, id: int, value: Any) -> None:
        """Answer a call from there. Raises `CannotTravel`."""
        size = LIGHT.get(type(value))
        plain = size is not None and size(value) < ENOUGH
        try:
            data = self._encode((ops.ANSWER, id, value), "answer", light=plain)
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
        for data in self._explained:
            link.send(data)
        self._explained = []
        self.line.tell_first(self._greet(self))
        self._go_on()

    def inform(self, words: ops.Words) -> None:
        """Tell of names and groups, some in each turn of the loop; what is sent later arrives after all of them."""
        if self._light:
            self._gather()
        idle = self.line.open
        self.line.tell(words)
        if idle:
            self._go_on()

    def say(self, data: bytes) -> None:
        """Tell of a few names and groups, while the line is `ready`."""
        if self._light:
            self._gather()
        self._put(data)
        self.link.cut(FEW)

    def close(self, reason: str) -> None:
        """End the link in order: what agents have said still leaves; names of this node are needed no more."""
        if self._light:
            self._gather()
        for data in self.line.rest():
            self.link.put(data)
        self.link.close(reason)

    def drained(self) -> None:
        """The link takes more."""
        if not self.line.paused:
            self._go_on()

    def proxy(self, serial: int, protocol: Protocol) -> Any:
        """The address here of an agent there; the same one as long as anybody has it."""
        ref = self.proxies.get(serial)
        if ref is None:
            ref = self.proxies[serial] = RemoteRef(self.engine, protocol, serial, self)
            self._kept.append(ref)
            name = self._name(self, serial)
            if name is not None:
                ref.details().name = name
        return ref

    def gone(self, serial: int, reason: Reason) -> None:
        """An agent there has ended."""
        ref = self.watching.pop(serial, None) or self.proxies.get(serial)
        if ref is not None:
            depart(ref, reason)  # it stays in the table as long as anybody has it: it is equal to itself

    def lose(self) -> None:
        """The node is out of reach: for all here its agents have ended with `NoConnection`."""
        self.lost, self.link, self._explained, self._light = True, None, [], []
        self.line.end()
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
        self.line.release()

    # Inside.

    def _go_on(self) -> None:
        """Say of what waits all that may leave in this turn; agents that were held go on when nothing waits."""
        if self.lost:
            return
        try:
            for data in self.line.leaving(self.link):
                self._put(data)
            self.link.cut(0 if self.line.paused else FEW)
        except CannotTravel as error:
            _log.error("%s cannot be told what it must know: %s", self.name, error)
            self.link.abort("it cannot be told what it must know")
        if self.line.paused:
            self.engine.loop.call_soon(self._go_on)
        elif self.line.open and not self.link.full:
            self.line.release()

    def _message(self, op: int, to: int, message: object, sender: Any) -> None:
        try:
            self.post((op, to, *self._origin(sender), message), sender)
        except CannotTravel:
            self._encode(message, "message")
            raise

    def _origin(self, sender: Any) -> tuple[int, int]:
        if sender is None or not hasattr(sender, "_serial") or sender._flags & FOREIGN:
            return 0, 0
        return sender._serial, self._kinds.get(sender._protocol) or self.kind(sender._protocol)

    def kind(self, protocol: Protocol) -> int:
        """The number that stands for a class on this link, which is explained to the other node."""
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
        if not self.line.open:
            if not self.lost:
                self.line.wait(data, sender)
            return
        if self._light:
            self._gather()
        self._put(data)
        if sender is not None and self.link.full:
            self.line.hold(sender)

    def _put(self, data: bytes) -> None:
        """Give it to the link; what agents send in their turns leaves together."""
        if self.engine.running:
            self.link.put(data)
            self.engine.outflow[self._leave] = None
        else:
            self.link.send(data)

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

    def _explain(self, args: tuple[Any, ...], kwargs: dict[str, Any] | None) -> None:
        """Raise the `CannotTravel` that names the part as the sender knows it."""
        self._encode(args, "arguments")
        if kwargs:
            self._encode(kwargs, "keywords")

    def _ended(self, serial: int, reason: Reason) -> None:
        self.telling.pop(serial, None)
        if not self.lost:
            self.death(serial, reason)


def _taken(table: dict[int, Any]) -> Iterable[Any]:
    values = list(table.values())
    table.clear()
    return values
