"""`Link`: one ordered stream of messages between two nodes, after both have proved themselves."""

import asyncio
import logging
import os
from collections.abc import Callable, Iterable
from dataclasses import replace

from cybernetic.nodes.link import beats
from cybernetic.nodes.link.credit import after_grant, due, may_send
from cybernetic.nodes.link.kinds import (
    BATCH,
    BEAT,
    BEAT_FRAME,
    CREDIT,
    GOODBYE,
    alone,
    credit_frame,
    text_frame,
    unpack_batch,
    unpack_credit,
    unpack_text,
)
from cybernetic.nodes.link.output import Output
from cybernetic.nodes.link.settings import LinkSettings
from cybernetic.wire import HEADER_BYTES, DamagedMessage, Frame, FrameError, FrameReader, WireError

_log = logging.getLogger("cybernetic.link")

_ROOM = 256 << 10  # bytes read at a time

Received = Callable[[list[bytes]], object]
Lost = Callable[[str], object]
Lagging = Callable[[float], object]


class Link(Output, asyncio.BufferedProtocol, asyncio.Protocol):
    """One connection to another node. Made by `connect` and `Listener`, silent until `start`.

    Transports of asyncio read into the room it keeps: to make that much room anew for each read takes longer than
    the read. Those in memory give it the bytes that they have.

    Attributes:
        hello: what the peer said of itself.
        full: whether so much waits to leave that senders should wait.
    """

    __slots__ = (
        "_closing",
        "_deaf",
        "_early",
        "_fault",
        "_granting",
        "_handled",
        "_heard",
        "_held",
        "_lagged",
        "_lagging",
        "_lost",
        "_over",
        "_pulse",
        "_reader",
        "_reason",
        "_received",
        "_room",
        "_timer",
        "_watch",
        "hello",
    )

    def __init__(
        self,
        transport: asyncio.Transport,
        reader: FrameReader,
        early: Iterable[Frame],
        hello: bytes,
        window: int,
        settings: LinkSettings,
    ) -> None:
        super().__init__(transport, window, settings)
        self.hello = hello
        self._reader = reader
        self._room = memoryview(bytearray(_ROOM))
        self._early = list(early)  # frames that came before the start
        self._fault: str | None = None  # what came after them, if it was no frame
        self._received: Received | None = None  # None: not started
        self._lost: Lost | None = None
        self._lagging: Lagging | None = None
        self._held = 0  # bytes of credit the peer has taken and we have not granted back
        self._handled = 0  # those of them that were dealt with
        self._granting = self._lagged = self._over = False
        self._deaf = False  # whether what still comes is left alone
        self._closing: str | None = None  # our reason, while what is queued may still leave
        self._reason: str | None = None  # why the link has ended
        self._timer: asyncio.TimerHandle | None = None  # of the end
        self._watch: asyncio.TimerHandle | None = None  # of the beats
        self._heard = self._clock()
        self._pulse = beats.Pulse(self._heard, self._heard)

    def __repr__(self) -> str:
        return f"<link {self._reason or self._closing or 'up'}>"

    @property
    def place(self) -> str | None:
        """The number of the host at the other end, over TCP; None where there is none."""
        found = self._transport.get_extra_info("peername")
        return str(found[0]) if isinstance(found, tuple) else None

    def start(
        self,
        received: Received,
        lost: Lost,
        *,
        drained: Callable[[], object] | None = None,
        lagging: Lagging | None = None,
    ) -> None:
        """Begin to receive. Everything is called on the event loop, from its next pass on.

        Args:
            received: called with each batch of messages, in order. If it raises, the link ends with that reason.
            lost: called once with a sentence when the link has ended, after all that was received.
            drained: called when little enough waits again after `full` was true.
            lagging: called with the seconds of silence when the peer has not been heard for `settings.lag`, and with
                0.0 when it is heard again.
        """
        self._received, self._lost, self._drained, self._lagging = received, lost, drained, lagging
        self._loop.call_soon(self._begin)

    def hurry(self, dead_after: float) -> None:
        """Take the peer for lost after `dead_after` seconds of silence, where the settings allow it more."""
        if dead_after < self._settings.dead_after:
            lag = min(self._settings.lag, dead_after / 2)
            self._settings = replace(self._settings, dead_after=dead_after, lag=lag)

    def close(self, reason: str) -> None:
        """End the link: what is queued leaves as far as the peer takes it within `settings.linger`, then `reason`."""
        if self._closing is None and self._reason is None:
            self._closing = reason
            self._flush()
            self._shut()
            if not self._waiting:
                self._hang_up()
            elif self._reason is None:
                self._timer = self._loop.call_later(self._settings.linger, self._hang_up)

    def abort(self, reason: str) -> None:
        """End the link at once, without a word to the peer."""
        self._deaf = True
        self._end(reason)
        self._transport.abort()

    # What the transport calls.

    def get_buffer(self, sizehint: int) -> memoryview:
        """Where to read to."""
        return self._room

    def buffer_updated(self, nbytes: int) -> None:
        """Take what was read."""
        self.data_received(bytes(self._room[:nbytes]))

    def data_received(self, data: bytes) -> None:
        """Take what came from the peer."""
        self._heard = self._clock()
        if self._watch is not None and not self._lagged and self._held <= self._settings.window >> 2:
            message = alone(data)  # and so much credit is never too much to take
            if message is not None and not self._reader.pending:
                self._hand_over([message], len(data) - HEADER_BYTES)
                return
        fault = None
        try:
            frames: Iterable[Frame] = self._reader.feed(data)
        except FrameError as error:
            frames, fault = map(Frame._make, error.frames), str(error)
        if self._received is None or self._early:
            self._early += frames
            self._fault = self._fault or fault
            return
        if self._lagged:
            self._lagged = False
            if self._lagging is not None:
                self._lagging(0.0)
        self._take(frames, fault)

    def resume_writing(self) -> None:
        """The transport takes more."""
        super().resume_writing()
        self._hang_up_if_empty()

    def connection_lost(self, error: Exception | None) -> None:
        """The connection has ended."""
        if error is not None and self._reason is None:
            self._read_rest()
        inside = ", inside a frame" if self._reader.pending else ""
        self._end(self._closing or f"the peer has gone{inside}" + (f": {error}" if error else ""))
        self._over = True
        if self._timer is not None:
            self._timer.cancel()
        if self._received is not None and not self._early:
            self._tell()

    # Receiving.

    def _begin(self) -> None:
        """Deal with what came before the start, then with all that comes."""
        early, self._early = self._early, []
        self._take(early, self._fault)
        if self._over:
            self._tell()
        elif self._reason is None:
            self._heard = self._clock()
            self._pulse = beats.Pulse(self._heard, self._heard)
            self._watch = self._loop.call_later(self._settings.interval, self._look)
            self._transport.resume_reading()

    def _take(self, frames: Iterable[Frame], fault: str | None) -> None:
        """Deal with frames in order; `fault` says what came after them that was none.

        Batches that follow each other are handed over together: what they lead to can share frames in its turn.
        """
        messages: list[bytes] = []
        size = 0
        for kind, payload in frames:
            if self._deaf:
                return
            try:
                if kind == BATCH:
                    messages += self._unpacked(payload, size)
                    size += len(payload)
                    continue
                if messages:
                    self._hand_over(messages, size)
                    messages, size = [], 0
                self._take_other(kind, payload)
            except WireError as error:
                fault = str(error)
                break
        if messages:
            self._hand_over(messages, size)
        if fault is not None:
            self._fail(fault)

    def _take_other(self, kind: int, payload: bytes) -> None:
        """Deal with a frame that is no batch. Raises `WireError` for what has no place on a running link."""
        if kind == CREDIT:
            self._take_credit(payload)
        elif kind == GOODBYE:
            self._part(f"the peer closed the link: {unpack_text(payload)}")
        elif kind != BEAT or payload:
            raise DamagedMessage("a frame of a running link", f"one of kind {kind}")

    def _unpacked(self, payload: bytes, before: int) -> list[bytes]:
        """The messages of a batch, `before` bytes of which are to be dealt with first. Raises `WireError`."""
        size = len(payload)
        if not may_send(self._settings.window, self._held + before, size):
            raise DamagedMessage("the peer to wait for credit", f"{size} bytes beyond it")
        return unpack_batch(payload)

    def _hand_over(self, messages: list[bytes], size: int) -> None:
        """Have messages dealt with that took `size` bytes of credit."""
        if self._deaf:
            return
        self._held += size
        assert self._received is not None
        try:
            self._received(messages)
        except Exception as error:
            if not isinstance(error, WireError):  # which is the peer's fault, and says all there is to say
                _log.exception("what a peer sent could not be dealt with")
            self._fail(f"what was sent could not be dealt with: {type(error).__name__}: {error}")
            return
        self._handled += size
        if not self._granting and due(self._settings.window, self._handled):
            self._granting = True
            self._loop.call_soon(self._grant)  # not before what is ready to run has had its turn

    def _grant(self) -> None:
        """Let the peer send as much more as was dealt with."""
        self._granting = False
        if self._reason is None:
            self._write(credit_frame(self._handled))
            self._held -= self._handled
            self._handled = 0

    def _take_credit(self, payload: bytes) -> None:
        granted = unpack_credit(payload)
        out = after_grant(self._out, granted)
        if out is None:
            self._fail(f"expected at most {self._out} bytes of credit, got {granted}")
            return
        self._out = out
        if self._sealed:
            self._flush()
            self._hang_up_if_empty()

    # Watching.

    def _look(self) -> None:
        """See whether the peer lives; let it know that we do."""
        settings, now = self._settings, self._clock()
        self._pulse, verdict = beats.check(
            self._pulse,
            now,
            self._heard,
            self._sent,
            interval=settings.interval,
            lag=settings.lag,
            dead_after=settings.dead_after,
        )
        self._sent = False
        if verdict.dead:
            self.abort(f"silent for {settings.dead_after:g} s")
            return
        if verdict.beat and not self._paused:  # otherwise enough is on its way
            self._write(BEAT_FRAME)
            self._sent = False
        self._watch = self._loop.call_at(now + settings.interval, self._look)
        if verdict.lagging:
            self._lagged = True
            if self._lagging is not None:
                self._lagging(verdict.silent)

    # Ending.

    def _fail(self, why: str) -> None:
        """End the link because of what the peer did, and say so to it."""
        self._deaf = True
        if self._reason is None:
            self._write(text_frame(GOODBYE, why))
            self._part(why)

    def _hang_up(self) -> None:
        """End the link because we were asked to, and say so to the peer."""
        if self._reason is None and self._closing is not None:
            self._write(text_frame(GOODBYE, self._closing))
            self._part(self._closing)

    def _hang_up_if_empty(self) -> None:
        if self._closing is not None and not self._waiting:
            self._hang_up()

    def _part(self, reason: str) -> None:
        """End the link when the last words have been said."""
        self._deaf = True
        self._end(reason)
        self._transport.close()

    def _end(self, reason: str) -> None:
        """Note that the link has ended; what the transport still holds gets `settings.linger` to leave."""
        if self._reason is None:
            self._reason = reason
            self._discard()
            for timer in (self._timer, self._watch):
                if timer is not None:
                    timer.cancel()
            self._timer = self._loop.call_later(self._settings.linger, self._transport.abort)

    def _tell(self) -> None:
        """Say that the link has ended, once; nothing is called any more."""
        lost, self._lost = self._lost, None
        self._drained = self._lagging = None
        if lost is not None and self._reason is not None:
            lost(self._reason)

    def _read_rest(self) -> None:
        """Take what had arrived before the connection broke: writing to one who has gone hides it."""
        socket = self._transport.get_extra_info("socket")
        if socket is None or self._transport.get_extra_info("sslcontext") is not None:
            return
        try:
            while not self._deaf and (data := os.read(socket.fileno(), _ROOM)):
                self.data_received(data)
        except OSError:  # there is no more
            return
