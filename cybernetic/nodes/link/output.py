"""The sending half of a link: messages become batches, batches go as credit and the transport allow."""

import asyncio
from collections import deque
from collections.abc import Callable

from cybernetic.core import loop_clock
from cybernetic.nodes.link.credit import may_send
from cybernetic.nodes.link.kinds import batch_frame
from cybernetic.nodes.link.settings import LinkSettings
from cybernetic.wire import FrameTooLarge

_BESIDE = 16  # bytes a message is counted for beside its own
_ONE_WRITE = 256 << 10  # bytes that are joined before they are written


class Output:
    """What has been sent and has not left yet.

    The first message of a pass of the loop leaves at once, those that follow in the same pass together at its end,
    or as soon as they fill a batch. After a pass that sent more than one message, the next pass's first one waits
    for company too: so single messages are fast, and many share frames.

    Attributes:
        full: whether so much waits that senders should.
    """

    __slots__ = (
        "_blocked",
        "_clock",
        "_closed",
        "_cost",
        "_drained",
        "_eager",
        "_limit",
        "_loop",
        "_open",
        "_out",
        "_paused",
        "_scheduled",
        "_sealed",
        "_sealed_cost",
        "_sealed_count",
        "_sent",
        "_settings",
        "_transport",
        "_window",
        "full",
    )

    def __init__(self, transport: asyncio.Transport, window: int, settings: LinkSettings) -> None:
        self._loop = asyncio.get_running_loop()
        self._clock = loop_clock(self._loop)
        self._transport, self._window, self._settings = transport, window, settings
        self._open: list[bytes] = []  # the batch that is being filled
        self._cost = 0  # of what is in it
        self._sealed: deque[tuple[list[bytes], int]] = deque()  # batches that wait, and what each costs
        self._sealed_cost = self._sealed_count = 0
        self._out = 0  # bytes of credit taken and not granted back
        self._limit = settings.batch  # cost from which `send` has to look closer; 0: always
        self._scheduled = self._blocked = self._paused = self._closed = self._sent = False
        self._eager = True
        self._drained: Callable[[], object] | None = None
        self.full = False

    @property
    def queued(self) -> int:
        """Bytes of messages that wait to be handed to the transport."""
        return self._sealed_cost + self._cost - _BESIDE * self._waiting

    def send(self, message: bytes) -> None:
        """Queue a message for the peer. Never waits; when the link has ended or is closing, it is dropped.

        Raises `FrameTooLarge` for a message larger than the settings allow.
        """
        cost = self._cost + len(message) + _BESIDE
        if cost >= self._limit:
            self._send_beyond(message, cost)
            return
        self._open.append(message)
        self._cost = cost
        if not self._scheduled:
            self._scheduled = True
            if self._eager:
                self._flush()
            self._loop.call_soon(self._end_pass)

    def put(self, message: bytes) -> None:
        """Queue a message as `send` does, for one who will `flush` before long. Raises as `send` does."""
        cost = self._cost + len(message) + _BESIDE
        if cost >= self._limit:
            self._send_beyond(message, cost)
            return
        self._open.append(message)
        self._cost = cost

    def flush(self) -> None:
        """Let what was `put` leave."""
        if self._open and not self._scheduled:
            self._flush()

    def pause_writing(self) -> None:
        """The transport has enough."""
        self._paused = True

    def resume_writing(self) -> None:
        """The transport takes more."""
        self._paused = False
        self._flush()

    @property
    def _waiting(self) -> int:
        """Messages that wait."""
        return self._sealed_count + len(self._open)

    def _send_beyond(self, message: bytes, cost: int) -> None:
        """A message that fills a batch, or meets a link that does not send now."""
        if self._closed:
            return
        if len(message) > self._settings.largest:
            raise FrameTooLarge(f"a message of at most {self._settings.largest} bytes", str(len(message)))
        self._open.append(message)
        self._cost = cost
        if not self._blocked:
            self._flush()
            return
        if cost >= self._settings.batch:
            self._seal()
        if self._waiting >= self._settings.high_messages or self.queued >= self._settings.high_bytes:
            self.full = True

    def _end_pass(self) -> None:
        self._scheduled = False
        self._eager = not self._open
        if self._open:
            self._flush()

    def _seal(self) -> None:
        """Close the batch that is being filled."""
        self._sealed.append((self._open, self._cost))
        self._sealed_cost += self._cost
        self._sealed_count += len(self._open)
        self._open, self._cost = [], 0

    def _flush(self) -> None:
        """Write what may leave now; then tell whether more is wanted."""
        cost = self._cost
        if cost and not self._blocked and not self._paused and may_send(self._window, self._out, cost):
            frame, taken = batch_frame(self._open)  # nothing waits before it: the common case
            self._open, self._cost = [], 0
            self._out += taken
            self._write(frame)
            return
        sealed, frames, size = self._sealed, [], 0
        while sealed or self._open:
            if not sealed:
                self._seal()
            messages, cost = sealed[0]
            if self._paused or not may_send(self._window, self._out, cost):
                break
            sealed.popleft()
            self._sealed_cost -= cost
            self._sealed_count -= len(messages)
            frame, taken = batch_frame(messages)
            self._out += taken
            frames.append(frame)
            size += taken
            if size >= _ONE_WRITE:
                self._write(b"".join(frames))
                frames, size = [], 0
        if frames:
            self._write(b"".join(frames) if len(frames) > 1 else frames[0])
        self._gauge()

    def _gauge(self) -> None:
        """Note whether anything waits, and tell those who wait for less of it."""
        if self._closed:
            return
        self._blocked = bool(self._sealed)
        self._limit = 0 if self._blocked else self._settings.batch
        waiting, queued = self._waiting, self.queued
        most, most_bytes = self._settings.high_messages, self._settings.high_bytes
        if not self._blocked or (2 * waiting <= most and 2 * queued <= most_bytes):
            if self.full:
                self.full = False
                if self._drained is not None:
                    self._drained()
        elif waiting >= most or queued >= most_bytes:
            self.full = True

    def _write(self, data: bytes) -> None:
        self._sent = True
        self._transport.write(data)

    def _shut(self) -> None:
        """Take no more messages."""
        self._closed, self._limit = True, 0

    def _discard(self) -> None:
        """Take no more messages, and forget those that wait."""
        self._shut()
        self._open, self._cost = [], 0
        self._sealed.clear()
        self._sealed_cost = self._sealed_count = 0
        self.full = False
