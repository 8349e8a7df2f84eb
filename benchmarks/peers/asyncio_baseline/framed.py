"""Frames on a stream: four bytes of length, then msgpack. What is written is batched by the transport alone."""

import asyncio
from collections.abc import Callable
from typing import Any

import msgpack

TELL, MORE, COUNT, PING = range(4)  # every frame is [kind, number of the question or 0, body]


class Framed(asyncio.Protocol):
    """One end of a stream; `heard` is told each frame and this end."""

    def __init__(self, heard: Callable[["Framed", list[Any]], None]) -> None:
        self.heard = heard
        self.rest = b""
        self.writable = asyncio.Event()
        self.writable.set()
        self.closed = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.WriteTransport)
        self.transport = transport

    def connection_lost(self, error: Exception | None) -> None:
        self.writable.set()
        if not self.closed.done():
            self.closed.set_result(None)

    def pause_writing(self) -> None:
        self.writable.clear()

    def resume_writing(self) -> None:
        self.writable.set()

    def data_received(self, data: bytes) -> None:
        data = self.rest + data
        at, size = 0, len(data)
        while at + 4 <= size:
            end = at + 4 + int.from_bytes(data[at : at + 4], "big")
            if end > size:
                break
            self.heard(self, msgpack.unpackb(data[at + 4 : end]))
            at = end
        self.rest = data[at:]

    def send(self, *frame: object) -> None:
        """Write one frame."""
        packed = msgpack.packb(frame)
        self.transport.write(len(packed).to_bytes(4, "big") + packed)
