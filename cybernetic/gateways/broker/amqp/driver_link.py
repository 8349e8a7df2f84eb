"""One connection to RabbitMQ: aiormq shakes hands, asks, beats and closes; here its life and end are kept track of.

What aiormq raises when a connection or channel ends is not to be relied on (CancelledError where nobody cancelled, bare
`Exception`, a call that never returns): what ended is known from the frames themselves, and no call outlives it.
"""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

import aiormq
import aiormq.abc
import aiormq.exceptions

from cybernetic.gateways.broker.amqp.frames import (
    BLOCKED,
    CONNECTION_CLOSE,
    METHOD,
    UNBLOCKED,
    method_id,
    read_said,
)
from cybernetic.gateways.broker.amqp.line import Line, first
from cybernetic.gateways.broker.amqp.tables import read_short
from cybernetic.gateways.broker.amqp.wire import Wire
from cybernetic.gateways.broker.errors import BrokerError, ChannelClosed, ConnectionLost

T = TypeVar("T")
L = TypeVar("L", bound=Line)
Channel = aiormq.abc.AbstractChannel

CHANNELS = 2047  # what RabbitMQ allows on a connection
PARTING = 2.0  # seconds that an orderly end of a channel or a connection may take


class Link:
    """A connection, from before it is made until it has ended.

    Attributes:
        ended: done when it has ended, after its channels: what ended it, None after `close`.
        blocked: why the broker takes no messages at the moment, or None.
        patience: seconds that an orderly end may take from now on.
        refused: code and text with which the broker closed it.
    """

    def __init__(self) -> None:
        loop = asyncio.get_running_loop()
        self.ended: asyncio.Future[BrokerError | None] = loop.create_future()
        self.blocked: str | None = None
        self.refused: tuple[int, str] | None = None
        self.patience = PARTING
        self.over = False
        self.error: BrokerError | None = None
        self.wire = Wire(loop, self._lost)
        self.wire.ears[0] = self._hear
        self._gone: asyncio.Future[None] = loop.create_future()
        self._clear: asyncio.Future[None] | None = None
        self._connection: aiormq.abc.AbstractConnection | None = None
        self._channels: dict[Line, Channel] = {}
        self._number = 0
        self._partings: set[asyncio.Task[Any]] = set()

    # --- asking -------------------------------------------------------------------------------------------------

    async def ask(self, call: Coroutine[Any, Any, T], timeout: float | None = None) -> T:
        """Run a call of aiormq's. Raises what ended the connection, `TimeoutError`, or what the call raised."""
        task = await self._run(call, timeout, self._gone)
        if task.cancelled() or (task.exception() and self.over):  # and nobody cancelled it
            raise self.lost()
        return task.result()

    async def shake(self, call: Coroutine[Any, Any, object], timeout: float) -> None:
        """Run aiormq's handshake. Raises `TimeoutError`, or what it raised."""
        task = await self._run(call, timeout)
        if task.cancelled():
            raise self.lost()
        task.result()

    async def _run(
        self, call: Coroutine[Any, Any, T], timeout: float | None, *until: "asyncio.Future[None]"
    ) -> "asyncio.Task[T]":
        """The task of a call, done."""
        task = asyncio.get_running_loop().create_task(call)
        task.add_done_callback(_heard)
        try:
            await first(task, *until, timeout=timeout)
        except asyncio.CancelledError:  # who asks was cancelled
            task.cancel()
            raise
        if not task.done():
            error = self.lost() if self.over else TimeoutError()
            task.cancel()
            await asyncio.wait({task}, timeout=PARTING)
            raise error
        return task

    def lost(self) -> BrokerError:
        """What ended the connection, or will have."""
        return (self.error or ConnectionLost("the connection was closed")).with_traceback(None)

    def check(self) -> None:
        """Raise what ended the connection, if it has ended."""
        if self.over:
            raise self.lost()

    async def open(self, make: Callable[[int], L], *, confirms: bool = False) -> tuple[L, Channel]:
        """A new channel, and what `make` makes of its number to listen on it."""
        self.check()
        assert self._connection is not None
        try:
            channel = await self.ask(self._connection.channel(self._free(), publisher_confirms=confirms))
        except BrokerError:
            raise
        except Exception as error:
            raise ConnectionLost(f"no channel could be opened: {error}") from None
        line = make(channel.number)
        self._channels[line] = channel
        line.ended.add_done_callback(lambda _: self._part(line))
        return line, channel

    def _free(self) -> int:
        """A number that was not used lately, for a late frame of one channel must not meet the next."""
        assert self._connection is not None
        for _ in range(CHANNELS):
            self._number = self._number % CHANNELS + 1
            if self._number not in self._connection.channels:
                return self._number
        raise BrokerError(f"no channel could be opened: {CHANNELS} are open already")

    async def shut(self, line: Line) -> None:
        """Close a channel, in an orderly way where that is possible."""
        task = self._part(line)
        if task:
            await first(task, self._gone, timeout=self.patience)
            if not task.done():  # then nothing else will be answered soon
                self.patience = 0.1
        line.end(None)

    def _part(self, line: Line) -> asyncio.Task[None] | None:
        channel = self._channels.pop(line, None)
        if channel is None or channel.is_closed or self.over:
            return None
        task = asyncio.get_running_loop().create_task(_closed(channel))
        self._partings.add(task)
        task.add_done_callback(self._partings.discard)
        return task

    # --- life ---------------------------------------------------------------------------------------------------

    def connected(self, connection: aiormq.abc.AbstractConnection) -> None:
        """The handshake is done."""
        self._connection = connection

    async def ready(self) -> None:
        """Return when the broker takes messages; raises what ended the connection."""
        while not self.over and self._clear is not None:
            await first(self._clear, self._gone)
        self.check()

    async def close(self) -> None:
        """End the connection; what is open on it ends with it."""
        self.end(None)
        if self._connection is not None:
            task = asyncio.get_running_loop().create_task(_closed(self._connection))
            await asyncio.wait({task}, timeout=self.patience)
            if not task.done():
                self.wire.abort()
                await asyncio.wait({task}, timeout=PARTING)
        self.wire.abort()
        if self._partings:
            await asyncio.wait(self._partings, timeout=PARTING)

    def end(self, error: BrokerError | None) -> None:
        """It has ended: tell the channels, then who waits."""
        if self.over:
            return
        self.over, self.error = True, error
        for line in list(self._channels):
            line.end(error or ConnectionLost("the connection was closed"))
        self._channels.clear()
        self._gone.set_result(None)
        if not self.ended.done():
            self.ended.set_result(error)

    def _lost(self, error: BaseException | None) -> None:
        silence = self.wire.silence()
        why = error or (f"nothing came for {silence:.0f} s" if silence > 1 else "the other side closed it")
        self.end(ConnectionLost(f"the connection ended: {why}"))

    def _hear(self, kind: int, data: bytes, start: int, end: int) -> bool:
        """Listen to what aiormq is told about the connection."""
        method = method_id.unpack_from(data, start)[0] if kind == METHOD else 0
        if method == CONNECTION_CLOSE:
            self.refused = read_said(data, start)
            self.end(ConnectionLost("the broker closed the connection: {} {}".format(*self.refused)))
        elif method == BLOCKED:
            self.blocked = read_short(data, start + 4)[0]
            self._clear = self._clear or asyncio.get_running_loop().create_future()
        elif method == UNBLOCKED and self._clear is not None:
            self.blocked = None
            self._clear.set_result(None)
            self._clear = None
        return False


CODES: dict[type[BaseException], int] = {
    aiormq.exceptions.ChannelAccessRefused: 403,
    aiormq.exceptions.ChannelNotFoundEntity: 404,
    aiormq.exceptions.ChannelLockedResource: 405,
    aiormq.exceptions.ChannelPreconditionFailed: 406,
}


def meant(error: BaseException) -> BrokerError:
    """What aiormq raised, as an error of the port."""
    if isinstance(error, BrokerError):
        return error
    if code := CODES.get(type(error)):
        return ChannelClosed(code, " ".join(map(str, error.args)))
    return ConnectionLost(f"{type(error).__name__}: {error}")


def _heard(task: "asyncio.Task[Any]") -> None:
    """Whoever asked may be gone: then nobody else takes note of how it went."""
    if not task.cancelled():
        task.exception()


async def dropped(call: Coroutine[Any, Any, object]) -> None:
    """Run a call whose failure is told by the end of the channel."""
    try:
        await call
    except Exception:
        return


async def _closed(thing: Channel | aiormq.abc.AbstractConnection) -> None:
    """Close it; that it does not close in an orderly way concerns nobody any more."""
    try:
        await thing.close()
    except (Exception, asyncio.CancelledError):
        return
