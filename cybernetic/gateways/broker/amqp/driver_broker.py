"""RabbitMQ, and what else speaks AMQP 0-9-1, as a `Broker`."""

import asyncio
import inspect
import ssl
from pathlib import Path
from typing import Any
from urllib.parse import quote

import aiormq
import aiormq.connection

from cybernetic.core import OptionError, number, seconds, whole
from cybernetic.gateways.broker.amqp.address import Address, Tls
from cybernetic.gateways.broker.amqp.driver_link import Link
from cybernetic.gateways.broker.amqp.driver_plain import PlainLink, PlainSession
from cybernetic.gateways.broker.amqp.driver_session import AmqpSession
from cybernetic.gateways.broker.amqp.wire import Wire
from cybernetic.gateways.broker.errors import BrokerError, LoginRefused, NoVhost, Unreachable
from cybernetic.gateways.broker.port import Session

LARGEST = 128 << 20  # bytes of a body: RabbitMQ's own limit, beyond which it closes the channel


class AmqpBroker:
    """A broker at an address.

    Args:
        url: `amqp[s]://user[:password]@host[:port][/vhost]`. Without a user: guest, guest. Without a virtual host: "/".
        password_env, password_file: where the password is, if not in the URL: an environment variable, or a file. Read
            at each connect, so that it can be rotated.
        tls: for "amqps" (None: the system's authorities, no certificate of ours). Its files are read at each connect.
        heartbeat: seconds; a broker or way to it that is frozen is found after at most three times this and a second.
        connect_timeout: seconds until `connect` gives up.
        confirm_timeout: seconds without any confirm, while some are pending and the broker takes messages, after which
            an outlet is given up and its pending messages are `Unknown`; None: no limit.
        max_body: bytes of the largest message body.

    Raises `OptionError`.
    """

    def __init__(
        self,
        url: str,
        *,
        password_env: str | None = None,
        password_file: str | Path | None = None,
        tls: Tls | None = None,
        heartbeat: int = 10,
        connect_timeout: float = 10.0,
        confirm_timeout: float | None = None,
        max_body: int = LARGEST,
    ) -> None:
        self._address = Address(url, password_env, password_file)
        if not isinstance(tls, Tls | None) or (tls and self._address.scheme != "amqps"):
            raise OptionError("tls", "None, or a Tls with an address of amqps://", tls)
        self._tls = (tls or Tls()) if self._address.scheme == "amqps" else None
        self._heartbeat = whole("heartbeat", heartbeat, least=1)
        self._connect_timeout = number("connect_timeout", connect_timeout, above=0)
        self._confirm_timeout = seconds("confirm_timeout", confirm_timeout, none="no limit")
        self._max_body = whole("max_body", max_body)

    @property
    def url(self) -> str:
        """See `Broker.url`."""
        return self._address.shown

    def __repr__(self) -> str:
        return f"AmqpBroker({self.url!r})"

    async def connect(self, name: str = "cybernetic") -> Session:
        """See `Broker.connect`."""
        context = await self._context()
        fits = takes_a_transport()
        link = Link() if fits else PlainLink()
        transport = _Factory(self._address, self._tls, context, link)
        connection = _Connection(
            self._secret_url(),
            client_properties={"connection_name": name, "product": "cybernetic"},
            **({"transport_factory": transport} if fits else {"context": context}),
        )
        try:
            await link.shake(connection.connect(), self._connect_timeout)
        except BaseException as error:
            link.end(None)
            link.wire.abort()
            await asyncio.sleep(0)  # what aborting does is done in the loop's next pass
            if isinstance(error, Exception):
                raise self._meant(link, error) from None
            raise
        link.connected(connection)
        session = AmqpSession if fits else PlainSession
        return session(link, confirm_timeout=self._confirm_timeout, max_body=self._max_body)

    async def _context(self) -> ssl.SSLContext | None:
        if self._tls is None:
            return None
        try:
            return await asyncio.to_thread(self._tls.context)
        except (OSError, ValueError) as error:
            raise Unreachable(self.url, f"a certificate cannot be read: {error}") from None

    def _secret_url(self) -> str:
        """The address as aiormq takes it; it shows itself, and so its log, without the password."""
        address = self._address
        login = f"{quote(address.user, safe='')}:{quote(address.password(), safe='')}"
        host = f"[{address.host}]" if ":" in address.host else address.host
        vhost = quote(address.vhost, safe="")
        return f"{address.scheme}://{login}@{host}:{address.port}/{vhost}?heartbeat={self._heartbeat}"

    def _meant(self, link: Link, error: Exception) -> BrokerError:
        """What a failed handshake meant."""
        if link.refused:
            code, text = link.refused
            if code == 403:
                return LoginRefused(self.url, text)
            if code == 530:
                return NoVhost(self.url, text)
            return Unreachable(self.url, f"{code} {text}")
        if isinstance(error, aiormq.exceptions.AuthenticationError):
            return LoginRefused(self.url, "it does not take passwords (PLAIN)")
        if isinstance(error, TimeoutError) and not str(error):
            return Unreachable(self.url, f"no answer within {self._connect_timeout:g} s")
        if isinstance(error, OSError | BrokerError) and not link.wire.strange:
            return Unreachable(self.url, error)
        return Unreachable(self.url, f"it does not speak AMQP 0-9-1 ({type(error).__name__})")


def takes_a_transport() -> bool:
    """Whether aiormq lets us bring reader and writer. If not, all goes by its own, slower calls."""
    return "transport_factory" in inspect.signature(aiormq.Connection.__init__).parameters


class _Connection(aiormq.Connection):
    HEARTBEAT_GRACE_MULTIPLIER = 2  # intervals without a sign of life; aiormq's own 3 make 33 seconds of 10


class _Factory(aiormq.connection.TransportFactory):
    """Gives aiormq the reader and writer of a `Wire`."""

    def __init__(self, address: Address, tls: Tls | None, context: ssl.SSLContext | None, link: Link) -> None:
        self._address, self._tls, self._context, self._link = address, tls, context, link

    def _wire(self) -> Wire:
        return self._link.wire

    async def create(self, url: object, **_: Any) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """Called by aiormq, once."""
        loop, wire = asyncio.get_running_loop(), self._link.wire
        name = (self._tls and self._tls.server_name) or self._address.host
        transport, __ = await loop.create_connection(
            self._wire,
            self._address.host,
            self._address.port,
            ssl=self._context,
            server_hostname=name if self._context else None,
            ssl_handshake_timeout=None if self._context is None else 10.0,
        )
        return wire.reader, asyncio.StreamWriter(transport, wire, wire.reader, loop)
