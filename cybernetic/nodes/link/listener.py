"""How links are made that others ask for."""

import logging
from collections.abc import Callable
from types import TracebackType

from cybernetic.nodes.errors import LinkRefused
from cybernetic.nodes.link import ways
from cybernetic.nodes.link.address import Address, parse_address
from cybernetic.nodes.link.entry import Entry, Terms
from cybernetic.nodes.link.handshake import Role
from cybernetic.nodes.link.link import Link
from cybernetic.nodes.link.secret import Secret
from cybernetic.nodes.link.settings import LinkSettings
from cybernetic.nodes.link.tls import Tls

_log = logging.getLogger("cybernetic.link")


class Listener:
    """Takes connections at an address, from `open` to `close`, or to the end of `async with`.

    Attributes:
        address: the actual one, also where port 0 was asked for.
    """

    def __init__(
        self, terms: Terms, accepted: Callable[[Link], object], refused: Callable[[str], object] | None
    ) -> None:
        self._terms, self._accepted, self._refused = terms, accepted, refused
        self._pending: set[Entry] = set()
        self._ear: ways.Ear | None = None
        self._closed = False
        self.address: Address

    @classmethod
    async def open(
        cls,
        address: Address | str,
        hello: Callable[[], bytes],
        secret: Secret,
        judge: Callable[[bytes], str | None],
        accepted: Callable[[Link], object],
        settings: LinkSettings | None = None,
        tls: Tls | None = None,
        *,
        refused: Callable[[str], object] | None = None,
    ) -> "Listener":
        """Listen at `address`.

        Args:
            address: where, as a value or its text; port 0 takes a free one.
            hello: gives what to say of ourselves to a peer that has proved itself, at most 64 KiB.
            secret: what both ends must know.
            judge: is given what a peer says of itself; a sentence refuses it and is told to it, None lets it in.
            accepted: is given each link, not yet started.
            settings: the numbers of the links; by default those of `LinkSettings()`.
            tls: how to encrypt, with certificate and key; needed for TCP beyond this machine.
            refused: is told in a sentence of each connection that became no link; by default that is logged.

        Raises:
            LinkRefused: it is not possible to listen there: the text says why.
            OptionError: the address is none.
        """
        address = parse_address(address) if isinstance(address, str) else address
        settings = LinkSettings() if settings is None else settings
        ways.check_cover(address, tls)
        context, certificate = (None, b"") if tls is None else tls.listening()
        listener = cls(Terms(Role.HOST, secret, hello, settings, judge, certificate), accepted, refused)
        try:
            ear = await ways.listen(address, listener._enter, listener._crowded, context, settings)
        except OSError as error:
            raise LinkRefused(f"{address}: {error.strerror or error}") from None
        listener._ear, listener.address = ear, ear.address
        return listener

    def close(self) -> None:
        """Take no more connections, and end those that are no links yet. Links go on."""
        self._closed = True
        ear, self._ear = self._ear, None
        if ear is not None:
            ear.close()
        for entry in tuple(self._pending):
            entry.fail("the listener was closed")

    async def __aenter__(self) -> "Listener":
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _crowded(self) -> bool:
        return self._closed or len(self._pending) >= self._terms.settings.pending

    def _enter(self) -> Entry:
        """The protocol of a new connection."""
        entry = Entry(self._terms, self._ended, busy=self._crowded())
        if self._closed:  # it was on its way here when the listener was closed
            entry.fail("the listener was closed")
        else:
            self._pending.add(entry)
        return entry

    def _ended(self, entry: Entry, result: Link | str) -> None:
        self._pending.discard(entry)
        if isinstance(result, Link):
            try:
                self._accepted(result)
            except BaseException:
                result.abort("the link could not be taken over")
                raise
        elif self._refused is not None:
            self._refused(result)
        else:
            _log.warning("%s: a connection was refused: %s", self.address, result)
