"""Connects by way of aiormq: named by `AmqpBroker`, loaded with the first connection."""

import asyncio
import inspect
import ssl
from typing import Any
from urllib.parse import quote

import aiormq
import aiormq.connection

from cybernetic.gateways.broker.amqp.address import Address, Tls
from cybernetic.gateways.broker.amqp.broker import Settings
from cybernetic.gateways.broker.amqp.driver_link import Link
from cybernetic.gateways.broker.amqp.driver_plain import PlainLink, PlainSession
from cybernetic.gateways.broker.amqp.driver_session import AmqpSession
from cybernetic.gateways.broker.amqp.wire import Wire
from cybernetic.gateways.broker.errors import BrokerError, LoginRefused, NoVhost, Unreachable
from cybernetic.gateways.broker.port import Session


async def connect(settings: Settings, name: str) -> Session:
    """A new connection, shown to the broker's operator as `name`; see `Broker.connect`."""
    return await _Connector(settings).connect(name)


class _Connector:
    """Makes one connection."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    async def connect(self, name: str) -> Session:
        """Connect."""
        context = await self._context()
        fits = takes_a_transport()
        link = Link() if fits else PlainLink()
        transport = _Factory(self._settings.address, self._settings.tls, context, link)
        connection = _Connection(
            self._secret_url(),
            client_properties={"connection_name": name, "product": "cybernetic"},
            **({"transport_factory": transport} if fits else {"context": context}),
        )
        try:
            await link.shake(connection.connect(), self._settings.connect_timeout)
        except BaseException as error:
            link.end(None)
            link.wire.abort()
            await asyncio.sleep(0)  # what aborting does is done in the loop's next pass
            if isinstance(error, Exception):
                raise self._meant(link, error) from None
            raise
        link.connected(connection)
        session = AmqpSession if fits else PlainSession
        return session(
            link,
            self._settings.address.shown,
            confirm_timeout=self._settings.confirm_timeout,
            max_body=self._settings.max_body,
        )

    async def _context(self) -> ssl.SSLContext | None:
        if self._settings.tls is None:
            return None
        try:
            return await asyncio.to_thread(self._settings.tls.context)
        except (OSError, ValueError) as error:
            raise Unreachable(
                self._settings.address.shown, f"a certificate cannot be read: {error}"
            ) from None

    def _secret_url(self) -> str:
        """The address as aiormq takes it; it shows itself, and so its log, without the password."""
        address = self._settings.address
        login = f"{quote(address.user, safe='')}:{quote(address.password(), safe='')}"
        host = f"[{address.host}]" if ":" in address.host else address.host
        vhost = quote(address.vhost, safe="")
        return (
            f"{address.scheme}://{login}@{host}:{address.port}/{vhost}?heartbeat={self._settings.heartbeat}"
        )

    def _meant(self, link: Link, error: Exception) -> BrokerError:
        """What a failed handshake meant."""
        if link.refused:
            code, text = link.refused
            if code == 403:
                return LoginRefused(self._settings.address.shown, text)
            if code == 530:
                return NoVhost(self._settings.address.shown, text)
            return Unreachable(self._settings.address.shown, f"{code} {text}")
        if isinstance(error, aiormq.exceptions.AuthenticationError):
            return LoginRefused(self._settings.address.shown, "it does not take passwords (PLAIN)")
        if isinstance(error, TimeoutError) and not str(error):
            return Unreachable(
                self._settings.address.shown, f"no answer within {self._settings.connect_timeout:g} s"
            )
        if isinstance(error, OSError | BrokerError) and not link.wire.strange:
            return Unreachable(self._settings.address.shown, error)
        return Unreachable(
            self._settings.address.shown, f"it does not speak AMQP 0-9-1 ({type(error).__name__})"
        )


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
