"""What comes from another node: each message is done at once, or put into the mailbox of whom it is for."""

from collections.abc import Callable
from typing import Any

from cybernetic.core import (
    BadCall,
    CallFailed,
    Crash,
    NoProc,
    OptionError,
    Reason,
    StartFailed,
)
from cybernetic.nodes.remote import ops
from cybernetic.nodes.remote.answer import Answer
from cybernetic.nodes.remote.fields import FIELDS, check, number, text
from cybernetic.nodes.remote.start import Starting
from cybernetic.nodes.remote.starts import InboundStarts
from cybernetic.runtime import (
    EXITING,
    Protocol,
    ask_to_stop,
    dead_letter,
    deliver,
    signal,
    tie,
    untie,
)
from cybernetic.wire import Codec, DamagedMessage, UnreadTypes, WireError

Message = tuple[Any, ...]


class Inbound:
    """The receiving end of a peer.

    A message that is none, or of a kind not known, is a `DamagedMessage`, which closes the link. One that holds a
    type not known here harms nobody else: a call fails with the reason, the rest is logged and counted.
    """

    def __init__(self, cluster: Any, peer: Any) -> None:
        self._peer, self._cluster, self._engine = peer, cluster, cluster.engine
        self._decode: Callable[[bytes], Any] = cluster.codec.decode
        self._outline = Codec(UnreadTypes())
        self._kinds: dict[int, Protocol] = {}
        self._agents: dict[int, Any] = cluster.engine.agents
        starts = InboundStarts(cluster, peer, self._who)
        self._acts: dict[int, Callable[..., None]] = {
            ops.CAST_WITH: self._cast_with,
            ops.CALL_WITH: self._call_with,
            ops.SEND: self._send,
            ops.TELL: self._tell,
            ops.FAIL: self._fail,
            ops.EXIT: self._exit,
            ops.STOP: self._stop,
            ops.LINK: self._link,
            ops.UNLINK: self._unlink,
            ops.NO_LINK: self._no_link,
            ops.WATCH: self._watch,
            ops.DEATH: self._death,
            ops.CLASS: self._class,
            ops.START: starts.start,
            ops.STARTED: starts.started,
            ops.NOT_STARTED: starts.not_started,
            ops.GIVE_UP: starts.give_up,
            ops.GIVEN_UP: starts.given_up,
            ops.PART: self._part,
            ops.COMPARE: self._compare,
            ops.AGREED: self._agreed,
            ops.LACKING: self._lacking,
            ops.MEMBERS: self._members,
            ops.LINKED: self._linked,
            ops.ASK: self._ask,
            ops.REPLY: self._reply,
        }

    def received(self, messages: list[bytes]) -> None:
        """Take in a batch of messages, in order, and let agents act on it. Raises `WireError`."""
        self._engine.serve(self._take_in, messages)

    def _take_in(self, messages: list[bytes]) -> None:
        agents, decode, peer = self._agents, self._decode, self._peer
        calls = peer.calls
        for data in messages:
            message: Any = data
            try:
                try:
                    message = decode(data)
                except WireError as error:
                    self._unread(data, error)
                    continue
                op = message[0]
                if op == ops.ANSWER:  # these are by far the most common, so they are written out
                    _, id, value = message
                    reply = calls.get(id)
                    if reply is not None:
                        reply.answer(value)
                elif op == ops.CALL:
                    to, sender, kind, id, word = message[1:6]
                    self._call(to, sender, kind, id, word, None, message[6:])
                elif op == ops.CAST:
                    to, sender, kind, word = message[1:5]
                    cell = agents.get(to)
                    if sender:
                        sender = peer.proxies.get(sender) or self._proxy(sender, kind)
                    else:
                        sender = None
                    if cell is None:
                        self._nobody(to, message[5:], sender)
                        continue
                    fn = cell._protocol.served.get(word) or self._serve(cell, word, sender)
                    if fn is not None:
                        cell._admit((fn, message[5:], None, sender, None))
                elif op == ops.CASTS:
                    self._casts(message)
                else:
                    act = self._acts[op]
                    if op in FIELDS:
                        check(op, message)
                    act(*message[1:])
            except (TypeError, ValueError, KeyError, IndexError) as error:
                raise DamagedMessage("a message between nodes", f"{message!r:.80}") from error

    # Messages for agents.

    def _casts(self, message: Message) -> None:
        """Casts of plain values, many in one."""
        agents, proxies, casts = self._agents, self._peer.proxies, iter(message)
        last, who = 0, None
        next(casts)
        for to, sender, kind, word, *args in casts:
            if sender != last:
                last, who = sender, (proxies.get(sender) or self._proxy(sender, kind)) if sender else None
            cell = agents.get(to)
            if cell is None:
                self._nobody(to, tuple(args), who)
                continue
            fn = cell._protocol.served.get(word) or self._serve(cell, word, who)
            if fn is not None:
                cell._admit((fn, tuple(args), None, who, None))

    def _cast_with(
        self, to: int, sender: int, kind: int, word: str, keywords: dict[str, Any], *args: Any
    ) -> None:
        cell, who = self._agents.get(to), self._who(sender, kind)
        if cell is None:
            self._nobody(to, args, who)
            return
        fn = cell._protocol.served.get(word) or self._serve(cell, word, who)
        if fn is not None:
            cell._admit((fn, args, keywords, who, None))

    def _call_with(
        self, to: int, sender: int, kind: int, id: int, word: str, keywords: dict[str, Any], *args: Any
    ) -> None:
        self._call(to, sender, kind, id, word, keywords, args)

    def _call(
        self,
        to: int,
        sender: int,
        kind: int,
        id: int,
        word: str,
        keywords: dict[str, Any] | None,
        args: tuple[Any, ...],
    ) -> None:
        cell, who = self._agents.get(to), self._who(sender, kind)
        answer = Answer(self._peer, id, cell, word)
        if cell is None:
            answer.target = self._cluster.address(to)
            answer.fail(CallFailed(answer.target, word, NoProc()))
            return
        try:
            fn = cell._protocol.served.get(word) or cell._protocol.serve(text(word))
        except BadCall as error:
            answer.fail(error)
            return
        answer.what = fn
        cell._admit((fn, args, keywords, who, answer))

    def _send(self, to: int, sender: int, kind: int, message: Any) -> None:
        cell, who = self._agents.get(to), self._who(sender, kind)
        if cell is None:
            self._nobody(to, (message,), who)
        else:
            cell._admit((cell._protocol.cls.receive, (message,), None, who, None))

    def _tell(self, to: int, sender: int, kind: int, message: Any) -> None:
        cell, who = self._agents.get(to), self._who(sender, kind)
        if cell is not None:
            cell.put((deliver, (message,), None, who, None))

    def _fail(self, id: int, error: BaseException) -> None:
        reply = self._peer.calls.get(id)
        if reply is not None:
            reply.fail(error)

    # Life and death.

    def _exit(self, to: int, sender: int, kind: int, reason: Reason) -> None:
        cell, who = self._agents.get(to), self._who(sender, kind)
        if cell is not None:
            signal(cell, reason, who)

    def _stop(self, to: int, sender: int, kind: int, reason: Reason) -> None:
        cell, who = self._agents.get(to), self._who(sender, kind)
        if cell is not None:
            ask_to_stop(cell, reason, who)

    def _link(self, to: int, of: int, kind: int) -> None:
        cell, peer = self._agents.get(to), self._peer
        if cell is None:
            peer.death(to, NoProc())
            return
        if cell._flags & EXITING:  # who watches it will hear the true reason
            peer.post((ops.NO_LINK, to, of))
            return
        ref = self._who(of, kind)
        peer.watching[of] = ref
        peer.tell_of(cell)
        tie(ref, cell)

    def _no_link(self, to: int, of: int) -> None:
        """An agent of ours has linked to one that is about to end (L-2)."""
        ref, cell = self._peer.proxies.get(to), self._agents.get(of)
        if ref is not None and cell is not None and untie(cell, ref):
            signal(cell, NoProc(), ref)

    def _unlink(self, to: int, of: int) -> None:
        cell, ref = self._agents.get(to), self._peer.proxies.get(of)
        if cell is not None and ref is not None:
            untie(ref, cell)

    def _watch(self, serial: int) -> None:
        cell = self._agents.get(serial)
        if cell is None:
            self._peer.death(serial, NoProc())
        else:
            self._peer.tell_of(cell)

    def _death(self, serial: int, reason: Reason) -> None:
        self._peer.gone(serial, reason)

    def _class(self, number: int, path: str) -> None:
        self._kinds[number] = self._cluster.classes.known(path)

    # What nodes share.

    def _part(self, data: bytes) -> None:
        self._cluster.exchange.told(self._peer, data)

    def _compare(self, version: int, digest: bytes) -> None:
        self._cluster.exchange.compared(self._peer, version, digest)

    def _agreed(self, version: int) -> None:
        self._cluster.exchange.agrees(self._peer, version)

    def _lacking(self, known: list[Any]) -> None:
        self._cluster.exchange.lacks(self._peer, known)

    def _members(self, members: list[Any]) -> None:
        self._cluster.mesh.told(members, self._peer)
        self._peer.introduced = True
        self._cluster.look()

    def _linked(self, members: list[Any]) -> None:
        self._cluster.mesh.told_again(members, self._peer)

    def _ask(self, id: int, what: str, *arguments: Any) -> None:
        self._cluster.asked(self._peer, id, what, arguments)

    def _reply(self, id: int, well: bool, value: Any) -> None:
        future = self._peer.asked.pop(id, None)
        if future is None or future.done():
            return
        if well:
            future.set_result(value)
        else:
            future.set_exception(CallFailed(self._peer, "what it was asked", Crash("Refused", str(value))))

    # Inside.

    def _who(self, serial: int, kind: int) -> Any:
        if not serial:
            return None
        return self._peer.proxies.get(serial) or self._proxy(serial, kind)

    def _proxy(self, serial: int, kind: int) -> Any:
        return self._peer.proxy(number(serial), self._kinds[kind])

    def _serve(self, cell: Any, word: str, sender: Any) -> Any:
        """The function a cast asks for by a new word; None, and it is reported, if there is none."""
        try:
            return cell._protocol.serve(text(word))
        except BadCall as error:
            self._engine.bad_calls += 1
            self._engine.reports.bad_cast(cell, str(error), sender)
            return None

    def _nobody(self, to: int, args: tuple[Any, ...], sender: Any) -> None:
        dead_letter(self._engine, self._cluster.address(to), args, sender, "dead")

    def _start_unread(self, data: bytes, message: Message, error: WireError) -> None:
        """A start whose arguments are of types not known here: the module of its class may bring them along."""
        try:
            self._cluster.classes.load(text(message[4]))
            whole = self._decode(data)
        except (OptionError, WireError):
            Starting(self._peer, message[1]).fail(StartFailed(str(message[4]), Crash.of(error)))
        else:
            check(ops.START, whole)
            self._acts[ops.START](*whole[1:])

    def _unread(self, data: bytes, error: WireError) -> None:
        """A message that this node cannot make a value of: whoever waits for it is told; else it is logged."""
        try:
            message = self._outline.decode(data)
            op = message[0]
        except (WireError, TypeError, IndexError):
            raise error from None
        if op in (ops.CALL, ops.CALL_WITH):
            target = self._agents.get(message[1]) or self._cluster.address(message[1])
            answer = Answer(self._peer, message[4], target, str(message[5]))
            answer.fail(CallFailed(target, str(message[5]), Crash.of(error), lost="call"))
        elif op in (ops.ANSWER, ops.FAIL):
            reply = self._peer.calls.get(message[1])
            if reply is not None:
                what = str(getattr(reply.what, "__qualname__", reply.what))
                reply.fail(CallFailed(reply.target, what, Crash.of(error), lost="answer"))
        elif op == ops.START:
            self._start_unread(data, message, error)
        elif op == ops.NOT_STARTED:
            self._acts[op](message[1], StartFailed("the agent", Crash.of(error)))
        elif op in (ops.CAST, ops.CAST_WITH, ops.SEND, ops.TELL):
            cell = self._agents.get(message[1])
            self._engine.bad_calls += 1
            self._engine.reports.bad_cast(
                cell or self._cluster.address(message[1]), str(error), self._who(message[2], message[3])
            )
        elif op == ops.DEATH:
            self._peer.gone(message[1], Crash.of(error))
        elif op in (ops.EXIT, ops.STOP):
            self._acts[op](*message[1:4], Crash.of(error))
        else:
            raise error
