"""The broker that a configuration names: the one place that chooses the driver."""

import os

from cybernetic.apps.config.layers import PASSWORD
from cybernetic.apps.config.options import Config
from cybernetic.core import OptionError
from cybernetic.gateways import AmqpBroker, AmqpTls, Broker


def broker_of(config: Config) -> Broker:
    """The broker at `amqp.url`. Raises `OptionError` where none is given, or what is does not fit together."""
    amqp = config.amqp
    if amqp.url is None:
        raise OptionError(
            "amqp.url", "the address of a broker (--amqp URL, or [amqp] in cybernetic.toml)", None
        )
    files = (amqp.ca, amqp.cert, amqp.key)
    tls = AmqpTls(*files) if any(files) or amqp.url.startswith("amqps:") else None
    in_environment = amqp.password_file is None and PASSWORD in os.environ
    return AmqpBroker(
        amqp.url,
        password_env=PASSWORD if in_environment else None,
        password_file=amqp.password_file,
        tls=tls,
        heartbeat=amqp.heartbeat,
    )


def broker_at(url: str) -> Broker:
    """The broker at an address given by hand; the password may be in the environment. Raises `OptionError`."""
    return AmqpBroker(url, password_env=PASSWORD if PASSWORD in os.environ else None)
