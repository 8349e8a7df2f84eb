"""The connection's bytes: frames of channels that somebody listens on are handed to him, the rest goes on to aiormq.

aiormq asks for a reader and a writer (`transport_factory`). It gets a reader that never sees what is published or
delivered, for its way with these is slow (three waits and a task or two for each message) and full of traps. What it
asks itself, and heartbeats, it sees as ever.
"""

import asyncio
from collections.abc import Callable

from cybernetic.gateways.broker.amqp.frames import BEAT, EDGE, END, HEARTBEAT, METHOD, frame_start

FRAME = 131_072  # bytes of the largest frame: what RabbitMQ offers; aiormq takes what is offered
SIGN_OF_LIFE = 0.5  # seconds between heartbeats told to aiormq while all that comes is handed to others
CROWDED = (
    1 << 20
)  # bytes that are written at once rather than gathered further; and that may wait for the socket

# Called with the kind of a frame, and where its payload begins and ends: whether nobody else is to see the frame.
Ear = Callable[[int, bytes, int, int], bool]


class Wire(asyncio.StreamReaderProtocol):
    """One connection's transport, reader and writer.

    `lost` is called once, with why, when the connection has ended. `strange`: what came is no AMQP. `full`: the other
    side is slow to read, and who publishes must wait for `room`.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, lost: Callable[[BaseException | None], None]) -> None:
        self.reader = asyncio.StreamReader(limit=FRAME, loop=loop)
        super().__init__(self.reader, loop=loop)
        self.ears: dict[int, Ear] = {}
        self._loop_ = loop
        self._lost = lost
        self._rest = b""
        self._out: list[bytes] = []
        self._size = 0
        self._alive = self._came = loop.time()
        self.strange = self.full = False
        self._room: asyncio.Future[None] | None = None
        self.transport: asyncio.Transport | None = None

    # --- what comes ---------------------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Called by the loop."""
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        transport.set_write_buffer_limits(CROWDED)
        super().connection_made(transport)

    def connection_lost(self, exc: Exception | None) -> None:
        """Called by the loop."""
        super().connection_lost(exc)
        self.transport = None
        self._give_room()
        self._lost(exc)

    def pause_writing(self) -> None:
        """Called by the loop."""
        super().pause_writing()
        self.full = True

    def resume_writing(self) -> None:
        """Called by the loop."""
        super().resume_writing()
        self._give_room()

    def data_received(self, data: bytes) -> None:
        """Called by the loop."""
        self._came = self._loop_.time()
        if self.strange:
            super().data_received(data)
            return
        data = self._rest + data if self._rest else data
        others: list[bytes] = []
        at, taken = 0, False
        while len(data) - at >= EDGE:
            kind, channel, size = frame_start.unpack_from(data, at)
            start = at + 7
            end = start + size
            if not METHOD <= kind <= BEAT or size > FRAME or (len(data) > end and data[end] != END[0]):
                self.strange = True  # no AMQP: aiormq says so in its way
                break
            if len(data) <= end:
                break
            if channel in self.ears and self._heard(channel, kind, data, start, end):
                taken = True
            else:
                others.append(data[at : end + 1])
            at = end + 1
        self._rest = b"" if self.strange else data[at:]
        if self.strange:
            others.append(data[at:])
        elif taken and not others and self._came - self._alive > SIGN_OF_LIFE:
            others.append(HEARTBEAT)
        if others:
            self._alive = self._came
            super().data_received(b"".join(others))

    def silence(self) -> float:
        """Seconds since something came."""
        return self._loop_.time() - self._came

    def _heard(self, channel: int, kind: int, data: bytes, start: int, end: int) -> bool:
        try:
            return self.ears[channel](kind, data, start, end)
        except Exception as error:  # what a listener's own callback raises must not end the connection
            self._loop_.call_exception_handler(
                {"message": f"listener of AMQP channel {channel}", "exception": error}
            )
            return True

    # --- what goes ----------------------------------------------------------------------------------------------

    def send(self, frames: bytes) -> None:
        """Send whole frames with the next write; what is sent within one pass of the loop goes in one write."""
        if not self._out:
            self._loop_.call_soon(self.flush)
        self._out.append(frames)
        self._size += len(frames)
        if self._size > CROWDED:
            self.flush()

    def flush(self) -> None:
        """Write what was sent so far."""
        if self._out:
            if self.transport:
                self.transport.write(b"".join(self._out))
            self._out.clear()
            self._size = 0

    async def room(self) -> None:
        """Wait until the socket takes more, or has ended."""
        while self.full:
            self._room = self._room or self._loop_.create_future()
            await asyncio.shield(self._room)

    def _give_room(self) -> None:
        self.full = False
        if self._room is not None:
            self._room.set_result(None)
            self._room = None

    def abort(self) -> None:
        """End the connection at once."""
        if self.transport:
            self.transport.abort()
