"""`AmqpBroker`: RabbitMQ, and what else speaks AMQP 0-9-1, as a `Broker`.

Its driver is loaded with the first connection: a program without a broker does not pay for it.
"""

import importlib
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from cybernetic.core import OptionError, number, seconds, whole
from cybernetic.gateways.broker.amqp.address import Address, Tls
from cybernetic.gateways.broker.port import Session

DRIVER = "cybernetic.gateways.broker.amqp.driver_connect"
LARGEST = 128 << 20  # bytes of a body: RabbitMQ's own limit, beyond which it closes the channel


@dataclass(frozen=True, slots=True)
class Settings:
    """What a driver is given: the arguments of `AmqpBroker`, checked."""

    address: Address
    tls: Tls | None
    heartbeat: int
    connect_timeout: float
    confirm_timeout: float | None
    max_body: int


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
        address = Address(url, password_env, password_file)
        if not isinstance(tls, Tls | None) or (tls and address.scheme != "amqps"):
            raise OptionError("tls", "None, or a Tls with an address of amqps://", tls)
        self._settings = Settings(
            address,
            (tls or Tls()) if address.scheme == "amqps" else None,
            whole("heartbeat", heartbeat, least=1),
            number("connect_timeout", connect_timeout, above=0),
            seconds("confirm_timeout", confirm_timeout, none="no limit"),
            whole("max_body", max_body),
        )

    @property
    def url(self) -> str:
        """See `Broker.url`."""
        return self._settings.address.shown

    def __repr__(self) -> str:
        return f"AmqpBroker({self.url!r})"

    async def connect(self, name: str = "cybernetic") -> Session:
        """See `Broker.connect`."""
        driver = importlib.import_module(DRIVER)
        return cast("Session", await driver.connect(self._settings, name))
