"""Transports within one event loop, on virtual time too: a network that can be slow, cut, or silent."""

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Any
from weakref import WeakKeyDictionary, ref

from cybernetic.core import OptionError

Factory = Callable[[], asyncio.Protocol]

_HIGH = 64 << 10  # bytes on their way at which a writer is told to pause
_LOW = 16 << 10


class MemoryTransport(asyncio.Transport):
    """One end of a pair. What is written arrives in order, after the pair's delay, at the end of the loop's pass."""

    def __init__(self, loop: asyncio.AbstractEventLoop, pair: "Pair") -> None:
        super().__init__({"pair": pair})
        self._loop, self._pair = loop, pair
        self._protocol: asyncio.Protocol | None = None
        self._other: MemoryTransport | None = None
        self._chunks: deque[bytes | None] = deque()  # on their way to us and not due; None: the end
        self._due: deque[bytes | None] = deque()  # arrived, and not read yet
        self._coming = 0  # bytes in both
        self._closing = self._lost = self._reading_paused = self._writing_paused = False

    def join(self, other: "MemoryTransport", protocol: asyncio.Protocol) -> None:
        """Begin: `other` is the other end, `protocol` who talks over this one."""
        self._other, self._protocol = other, protocol
        self._loop.call_soon(protocol.connection_made, self)

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Send `data`; dropped once this end is closing, and by a partition."""
        if not self._closing and data:
            self._give(bytes(data))

    def close(self) -> None:
        """End after what was written; the other end reads that first."""
        if not self._closing:
            self._give(None)
            self._end(None)

    def abort(self) -> None:
        """End at once; the other end still reads what was written."""
        self.close()

    def break_off(self, error: Exception) -> None:
        """End by a broken line: what has not been read is gone."""
        self._chunks.clear()
        self._due.clear()
        self._end(error)

    def is_closing(self) -> bool:
        """Whether this end has been closed."""
        return self._closing

    def is_reading(self) -> bool:
        """Whether the protocol gets what arrives."""
        return not self._reading_paused and not self._closing

    def pause_reading(self) -> None:
        """Keep what arrives."""
        self._reading_paused = True

    def resume_reading(self) -> None:
        """Hand out what has arrived, and what will."""
        self._reading_paused = False
        if self._due:
            self._loop.call_soon(self._read)

    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        """Change who talks over this end."""
        assert isinstance(protocol, asyncio.Protocol)
        self._protocol = protocol

    def get_protocol(self) -> asyncio.BaseProtocol:
        """Who talks over this end."""
        assert self._protocol is not None
        return self._protocol

    def get_write_buffer_size(self) -> int:
        """Bytes on their way to the other end."""
        return self._other._coming if self._other is not None else 0

    def _give(self, chunk: bytes | None) -> None:
        other = self._other
        if other is None or other._lost or self._pair.partition:
            return
        other._chunks.append(chunk)
        other._coming += len(chunk or b"")
        if self._pair.delay:
            self._loop.call_later(self._pair.delay, other._arrive)
        else:
            self._loop.call_soon(other._arrive)
        if other._coming > _HIGH and not self._writing_paused and self._protocol is not None:
            self._writing_paused = True
            self._protocol.pause_writing()

    def _arrive(self) -> None:
        """The oldest chunk on its way has come; timers of one instant may fire in any order, chunks do not."""
        if self._chunks:
            self._due.append(self._chunks.popleft())
            self._read()

    def _read(self) -> None:
        while self._due and not self._reading_paused and not self._closing and self._protocol is not None:
            chunk = self._due.popleft()
            if chunk is None:
                self._protocol.eof_received()
                self.close()
                return
            self._coming -= len(chunk)
            self._protocol.data_received(chunk)
            self._relieve()

    def _relieve(self) -> None:
        """Let the other end write again when little is on its way."""
        other = self._other
        if other is not None and other._writing_paused and self._coming <= _LOW:
            other._writing_paused = False
            if not other._closing and other._protocol is not None:
                self._loop.call_soon(other._resume)

    def _resume(self) -> None:
        if not self._closing and self._protocol is not None:
            self._protocol.resume_writing()

    def _end(self, error: Exception | None) -> None:
        if not self._lost:
            self._closing = self._lost = True
            self._loop.call_soon(self._part, error)

    def _part(self, error: Exception | None) -> None:
        protocol, self._protocol, self._other = self._protocol, None, None
        self._chunks.clear()
        self._due.clear()
        if protocol is not None:
            protocol.connection_lost(error)


class Pair:
    """A connection in memory: `delay` in seconds each way, `partition` swallows silently what is written."""

    def __init__(self, loop: asyncio.AbstractEventLoop, delay: float) -> None:
        self.delay, self.partition = delay, False
        self.ends = (MemoryTransport(loop, self), MemoryTransport(loop, self))

    @property
    def ended(self) -> bool:
        """Whether both ends have been closed."""
        return all(end.is_closing() for end in self.ends)

    def cut(self) -> None:
        """Break the connection: both ends lose it now, and what was on its way."""
        for end in self.ends:
            end.break_off(ConnectionResetError("the line was cut"))


class Network:
    """The names listened to on one event loop, and the connections made there.

    Attributes:
        delay: seconds that each new connection takes each way. Default 0.
        pairs: the connections that were made and have not ended, oldest first.
    """

    def __init__(self) -> None:
        self._names: dict[str, Factory] = {}
        self._pairs: list[ref[Pair]] = []  # weak, for each holds the loop that the network is kept with
        self.delay = 0.0

    @property
    def pairs(self) -> list[Pair]:
        """The connections that have not ended."""
        found = [pair for made in self._pairs if (pair := made()) and not pair.ended]
        self._pairs = list(map(ref, found))
        return found

    def listen(self, name: str, factory: Factory) -> Callable[[], Any]:
        """Give every caller of `name` a protocol of `factory`; returns what ends this. Raises `OSError` if taken."""
        if name in self._names:
            raise OSError("this name is listened to already")
        self._names[name] = factory
        return lambda: self._names.pop(name, None)

    def call(self, name: str, protocol: asyncio.Protocol) -> Pair:
        """Connect `protocol` to who listens to `name`. Raises `ConnectionRefusedError` if nobody does."""
        factory = self._names.get(name)
        if factory is None:
            raise ConnectionRefusedError("nobody listens to this name")
        pair = Pair(asyncio.get_running_loop(), self.delay)
        self._pairs.append(ref(pair))
        here, there = pair.ends
        there.join(here, factory())
        here.join(there, protocol)
        return pair


_networks: WeakKeyDictionary[asyncio.AbstractEventLoop, Network] = WeakKeyDictionary()


def network() -> Network:
    """The network of the running event loop. Raises `OptionError` outside of one."""
    try:
        loop = asyncio.get_running_loop()
    except RuntimeError:
        raise OptionError("network", "a running event loop", None) from None
    found = _networks.get(loop)
    if found is None:
        found = _networks[loop] = Network()
    return found
