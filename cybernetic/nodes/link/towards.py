"""Where a node that joins another may be called itself: at the address that it has on the way there."""

import asyncio
import contextlib
import socket

from cybernetic.core import token
from cybernetic.nodes.errors import LinkUnreachable
from cybernetic.nodes.link.address import Address, MemoryAddress, TcpAddress, UnixAddress


async def own_address(target: Address, name: str) -> Address | None:
    """Where to listen so that those who reach `target` reach this process too: the port is for the system to choose.

    Nothing is sent: the system is asked by which of its addresses it would go there. None for a Unix socket, whose
    users share a host and have its directories.

    Args:
        target: what will be called.
        name: begins the name, where connections are made in memory.

    Raises:
        LinkUnreachable: the host is not known, or there is no way to it.
    """
    if isinstance(target, MemoryAddress):
        return MemoryAddress(f"{name}-{token(4)}")
    if isinstance(target, UnixAddress):
        return None
    why: OSError | None = None
    try:
        found = await asyncio.get_running_loop().getaddrinfo(target.host, target.port, type=socket.SOCK_DGRAM)
    except OSError as error:
        raise LinkUnreachable(f"{target}: {error.strerror or error}") from None
    for family, kind, protocol, _, place in found:
        with contextlib.closing(socket.socket(family, kind, protocol)) as probe:
            try:
                probe.connect(place)
            except OSError as error:
                why = error
                continue
            return TcpAddress(probe.getsockname()[0], 0)
    raise LinkUnreachable(f"{target}: {why.strerror if why else 'expected an address, got none'}")
