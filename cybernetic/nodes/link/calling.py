"""How a link is made from this end."""

import asyncio

from cybernetic.core import OptionError
from cybernetic.nodes.errors import LinkRefused, LinkUnreachable
from cybernetic.nodes.link import ways
from cybernetic.nodes.link.address import Address, parse_address
from cybernetic.nodes.link.entry import Entry, Terms
from cybernetic.nodes.link.handshake import Role
from cybernetic.nodes.link.kinds import HELLO_BYTES
from cybernetic.nodes.link.link import Link
from cybernetic.nodes.link.secret import Secret
from cybernetic.nodes.link.settings import LinkSettings
from cybernetic.nodes.link.tls import Tls


async def connect(
    address: Address | str,
    hello: bytes,
    secret: Secret,
    *,
    settings: LinkSettings | None = None,
    tls: Tls | None = None,
) -> Link:
    """Call the node that listens at `address`, and return the link, not yet started.

    Args:
        address: where, as a value or its text.
        hello: what to say of ourselves, at most 64 KiB.
        secret: what both ends must know.
        settings: the numbers of the link; by default those of `LinkSettings()`.
        tls: how to encrypt; needed for TCP beyond this machine.

    Raises:
        LinkUnreachable: nobody is there.
        LinkRefused: one end could not prove itself, or the peer does not want the link. The text
            says which. Within `settings.handshake` seconds.
        OptionError: the address is none, or `hello` is too long.
    """
    address = parse_address(address) if isinstance(address, str) else address
    settings = LinkSettings() if settings is None else settings
    if len(hello) > HELLO_BYTES:
        raise OptionError("hello", f"at most {HELLO_BYTES} bytes", len(hello))
    ways.check_cover(address, tls)
    made: asyncio.Future[Link | str] = asyncio.get_running_loop().create_future()

    def ended(entry: Entry, result: Link | str) -> None:
        if not made.done():
            made.set_result(result)
        elif isinstance(result, Link):
            result.abort("nobody waits for this link any more")

    entry = Entry(Terms(Role.CALLER, secret, lambda: hello, settings), ended)
    try:
        # the entry has a limit of its own; this one is for what comes before it
        async with asyncio.timeout(settings.handshake + 0.1):
            await ways.call(address, entry, tls)
            result = await made
    except TimeoutError:
        why = f"expected a connection within {settings.handshake:g} s, got none"
        raise LinkUnreachable(f"{address}: {why}") from None
    except OSError as error:
        raise LinkUnreachable(f"{address}: {error.strerror or error}") from None
    finally:
        if not made.done():
            made.cancel()
        entry.fail("nobody waits for this link any more")
    if isinstance(result, str):
        raise LinkRefused(f"{address}: {result}")
    return result
