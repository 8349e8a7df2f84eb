"""The ways a connection can go: how each kind of address is called, and how it is listened to."""

import asyncio
import contextlib
import errno
import os
import socket
import ssl
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial

from cybernetic.nodes.errors import LinkRefused
from cybernetic.nodes.link.address import Address, MemoryAddress, TcpAddress, UnixAddress
from cybernetic.nodes.link.memory import network
from cybernetic.nodes.link.settings import LinkSettings
from cybernetic.nodes.link.tls import Tls

_BACKLOG = 128  # connections the system holds that we have not taken

Factory = Callable[[], asyncio.Protocol]


@dataclass(frozen=True, slots=True)
class Ear:
    """What listens: the actual address, and what ends it."""

    address: Address
    close: Callable[[], object]


def check_cover(address: Address, tls: Tls | None) -> None:
    """Check that what leaves the machine is encrypted, and nothing else claims to be. Raises `LinkRefused`."""
    if isinstance(address, TcpAddress):
        if tls is None and not address.loopback:
            raise LinkRefused(f"{address}: expected TLS for what is not on loopback, got none")
    elif tls is not None:
        raise LinkRefused(f"{address}: expected TLS for TCP alone, got it for another kind of address")


async def call(address: Address, protocol: asyncio.Protocol, tls: Tls | None) -> None:
    """Connect `protocol` to who listens at `address`. Raises `OSError` (of which `ssl.SSLError` is one)."""
    loop = asyncio.get_running_loop()
    if isinstance(address, MemoryAddress):
        network().call(address.name, protocol)
    elif isinstance(address, UnixAddress):
        await loop.create_unix_connection(lambda: protocol, address.path)
    else:
        context = tls.calling() if tls is not None else None
        transport, _ = await loop.create_connection(lambda: protocol, address.host, address.port, ssl=context)
        _without_delay(transport)


async def listen(
    address: Address,
    factory: Factory,
    crowded: Callable[[], bool],
    context: ssl.SSLContext | None,
    settings: LinkSettings,
) -> Ear:
    """Give every caller at `address` a protocol of `factory`. Raises `OSError`.

    Args:
        address: where to listen; port 0 takes a free one, several ports the first that is free.
        factory: makes the protocol of a caller.
        crowded: whether there are too many callers already: then none is taken through the beginning of TLS.
        context: for TLS; None: none.
        settings: how long the beginning of TLS may take.
    """
    loop = asyncio.get_running_loop()
    if isinstance(address, MemoryAddress):
        return Ear(address, network().listen(address.name, factory))
    if isinstance(address, UnixAddress):
        return await _listen_at_path(loop, address, factory)
    tasks: set[asyncio.Task[None]] = set()

    def receive() -> asyncio.Protocol:
        return _Receiver(factory, crowded, context, settings, tasks)

    server = await _serve_at_port(loop, address, receive)
    port = server.sockets[0].getsockname()[1]

    def close() -> None:
        _close(loop, server)
        for task in tasks:
            task.cancel()

    return Ear(TcpAddress(address.host, port), close)


async def _serve_at_port(
    loop: asyncio.AbstractEventLoop, address: TcpAddress, factory: Factory
) -> asyncio.Server:
    """Listen at the first of some ports that nobody uses. Raises `OSError`."""
    for port in address.ports:
        try:
            return await loop.create_server(factory, address.host, port, backlog=_BACKLOG)
        except OSError as error:
            if error.errno != errno.EADDRINUSE or port == address.ports[-1]:
                raise
    raise AssertionError("there is at least one port")


async def _listen_at_path(loop: asyncio.AbstractEventLoop, address: UnixAddress, factory: Factory) -> Ear:
    """Listen at a path of mode 0600; what a dead process left there is taken away, what a living one uses is not."""
    path = address.path
    with contextlib.closing(socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)) as probe:
        probe.setblocking(False)
        try:
            probe.connect(path)
        except FileNotFoundError:
            pass
        except ConnectionRefusedError:
            os.unlink(path)
        except BlockingIOError:  # its backlog is full: alive
            raise OSError(errno.EADDRINUSE, os.strerror(errno.EADDRINUSE)) from None
        else:
            raise OSError(errno.EADDRINUSE, os.strerror(errno.EADDRINUSE))
    ear = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        ear.bind(path)
        os.chmod(path, 0o600)  # before it listens nobody can connect
        made = os.stat(path)
        server = await loop.create_unix_server(factory, sock=ear, backlog=_BACKLOG)
    except BaseException:
        ear.close()
        raise

    def close() -> None:
        _close(loop, server)
        with contextlib.suppress(OSError):
            found = os.stat(path)
            if (found.st_dev, found.st_ino) == (made.st_dev, made.st_ino):
                os.unlink(path)

    return Ear(address, close)


def _close(loop: asyncio.AbstractEventLoop, server: asyncio.Server) -> None:
    """Take no more callers; those that asyncio has begun to take in would stay open if the server ended before."""
    for ear in server.sockets:
        loop.remove_reader(ear.fileno())
    loop.call_soon(server.close)


class _Receiver(asyncio.Protocol):
    """Meets a caller over TCP; where there is TLS, its own protocol begins when that stands."""

    def __init__(
        self,
        factory: Factory,
        crowded: Callable[[], bool],
        context: ssl.SSLContext | None,
        settings: LinkSettings,
        tasks: set[asyncio.Task[None]],
    ) -> None:
        self._factory, self._crowded, self._context = factory, crowded, context
        self._settings, self._tasks = settings, tasks

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Hand the caller over, or begin TLS with it; nothing is read before."""
        assert isinstance(transport, asyncio.Transport)
        _without_delay(transport)
        if self._context is None:
            protocol = self._factory()
            transport.set_protocol(protocol)
            protocol.connection_made(transport)
        elif self._crowded():
            transport.abort()
        else:
            transport.pause_reading()
            task = asyncio.get_running_loop().create_task(
                self._cover(transport, self._context, self._factory())
            )
            self._tasks.add(task)
            task.add_done_callback(partial(self._covered, transport))

    def _covered(self, transport: asyncio.Transport, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if task.cancelled():  # before it began
            transport.abort()

    async def _cover(
        self, transport: asyncio.Transport, context: ssl.SSLContext, protocol: asyncio.Protocol
    ) -> None:
        loop = asyncio.get_running_loop()
        try:
            begin: Awaitable[asyncio.Transport | None] = loop.start_tls(
                transport, protocol, context, server_side=True, ssl_handshake_timeout=self._settings.handshake
            )
            covered = await begin
        except (OSError, asyncio.CancelledError) as error:
            transport.abort()
            protocol.connection_lost(error if isinstance(error, OSError) else None)
            return
        if covered is not None:
            protocol.connection_made(covered)


def _without_delay(transport: asyncio.BaseTransport) -> None:
    """Small writes leave at once (asyncio sees to it for most sockets)."""
    sock = transport.get_extra_info("socket")
    if sock is not None:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
