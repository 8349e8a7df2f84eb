"""The beginning of a connection: both ends prove themselves, then say who they are. A link comes out, or a sentence."""

import asyncio
import hashlib
import logging
from collections.abc import Callable
from dataclasses import dataclass, field

from cybernetic.core import token
from cybernetic.nodes.link.handshake import NONCE_BYTES, Handshake, Role
from cybernetic.nodes.link.kinds import (
    HELLO,
    HELLO_BYTES,
    KINDS,
    REFUSED,
    WELCOME,
    hello_frame,
    text_frame,
    unpack_hello,
    unpack_text,
)
from cybernetic.nodes.link.link import Link
from cybernetic.nodes.link.secret import Secret
from cybernetic.nodes.link.settings import LinkSettings
from cybernetic.wire import PROTOCOL_VERSION, Frame, FrameReader, WireError

_log = logging.getLogger("cybernetic.link")

_PARTING = 1.0  # seconds for the last words to a peer that is refused
_LARGEST = HELLO_BYTES + 64  # bytes of a greeting, in its frame


@dataclass(slots=True, frozen=True)
class Terms:
    """What one end brings to a connection.

    Attributes:
        role: whether it called or was called.
        secret: what both ends must know.
        hello: gives what it says of itself.
        settings: the numbers of the link.
        judge: looks at what the peer says of itself; a sentence refuses it.
        certificate: the host's own certificate in DER form, where the stream is encrypted. The caller asks the stream.
    """

    role: Role
    secret: Secret
    hello: Callable[[], bytes]
    settings: LinkSettings
    judge: Callable[[bytes], str | None] = field(default=lambda hello: None)
    certificate: bytes = b""


class Entry(asyncio.Protocol):
    """A connection that has not become a link yet. `ended` is called once: with the link, or with why there is none."""

    def __init__(
        self, terms: Terms, ended: Callable[["Entry", Link | str], object], busy: bool = False
    ) -> None:
        self._terms, self._ended, self._busy = terms, ended, busy
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport | None = None
        self._handshake: Handshake | None = None
        self._reader = FrameReader(kinds=KINDS)
        self._over = False
        self._ahead = b""  # what came before `connection_made`, as the first bytes under TLS may
        self._timer = self._loop.call_later(terms.settings.handshake, self._expire)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Greet the peer, or send it away where too many wait."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        if self._over:
            transport.abort()
            return
        nonce = bytes.fromhex(token(NONCE_BYTES))
        terms = self._terms
        self._handshake = Handshake(
            terms.role, terms.secret, nonce, PROTOCOL_VERSION, self._channel(transport)
        )
        if self._busy:
            transport.write(self._handshake.busy())
            self.fail("too many connections wait to prove themselves")
        else:
            transport.write(self._handshake.greeting())
            if self._ahead:
                self.data_received(self._ahead)

    def data_received(self, data: bytes) -> None:
        """Go on with the handshake, or with the greeting that follows it."""
        handshake, transport = self._handshake, self._transport
        if self._over:
            return
        if handshake is None or transport is None:
            self._ahead = (self._ahead + data)[:_LARGEST]
            return
        if handshake.proved:
            self._greeted(data)
            return
        if answer := handshake.feed(data):
            transport.write(answer)
        if handshake.failure is not None:
            self.fail(handshake.failure)
        elif handshake.proved and self._terms.role is Role.CALLER:
            self._say(HELLO)

    def connection_lost(self, error: Exception | None) -> None:
        """The peer has gone before there was a link."""
        known = self._handshake
        if known is None:
            self.fail("the peer ended before encryption had begun")
        else:
            self.fail("the peer ended before it had said who it is" if known.proved else known.end())

    def fail(self, why: str, tell: bool = False) -> None:
        """End the connection, and say why: to whom it concerns here, and to the peer if `tell`."""
        transport = self._transport
        if self._over:
            return
        if transport is not None:
            if tell:
                transport.write(text_frame(REFUSED, why))
            transport.close()
            self._loop.call_later(_PARTING, transport.abort)
        self._finish(why)

    def _channel(self, transport: asyncio.Transport) -> bytes:
        """What the proofs are bound to: the hash of the host's certificate, nothing where there is none."""
        certificate = self._terms.certificate
        encrypted = transport.get_extra_info("ssl_object")
        if encrypted is not None and self._terms.role is Role.CALLER:
            certificate = encrypted.getpeercert(binary_form=True) or b""
        return hashlib.sha256(certificate).digest() if certificate else b""

    def _say(self, kind: int) -> None:
        """Tell the peer who we are."""
        assert self._transport is not None
        hello = self._terms.hello()
        self._transport.write(hello_frame(kind, self._terms.settings.window, hello))

    def _greeted(self, data: bytes) -> None:
        """Take what the peer says of itself."""
        try:
            frames = self._reader.feed(data)
            if frames:
                self._judge(frames)
            elif self._reader.pending > _LARGEST:
                self.fail(f"expected at most {HELLO_BYTES} bytes of greeting, got more", tell=True)
        except WireError as error:
            # nothing that came with it counts: there is no link yet
            self.fail(str(error), tell=True)

    def _judge(self, frames: list[Frame]) -> None:
        first, *early = frames
        host = self._terms.role is Role.HOST
        if not host and first.kind == REFUSED:
            self.fail(unpack_text(first.payload))
            return
        if first.kind != (HELLO if host else WELCOME):
            self.fail(f"expected the peer to say who it is, got a frame of kind {first.kind}", tell=True)
            return
        window, hello = unpack_hello(first.payload)
        try:
            why = self._terms.judge(hello)
        except Exception as error:
            _log.exception("what a peer said of itself could not be judged")
            why = f"what the peer said of itself could not be judged: {type(error).__name__}"
        if why is not None:
            self.fail(why, tell=True)
            return
        if host:
            self._say(WELCOME)
        self._hand_over(early, hello, window)

    def _hand_over(self, early: list[Frame], hello: bytes, window: int) -> None:
        transport = self._transport
        assert transport is not None
        transport.pause_reading()  # until the link is started
        link = Link(transport, self._reader, early, hello, window, self._terms.settings)
        transport.set_protocol(link)
        self._finish(link)

    def _expire(self) -> None:
        limit = self._terms.settings.handshake
        self.fail(f"expected the peer to prove itself and say who it is within {limit:g} s, it did not")

    def _finish(self, result: Link | str) -> None:
        self._over = True
        self._timer.cancel()
        self._ended(self, result)
