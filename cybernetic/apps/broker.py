"""The broker that a configuration names: the one place that chooses the driver."""

import os
from pathlib import Path

from cybernetic.apps.config.layers import AUDIT_PASSWORD, PASSWORD
from cybernetic.apps.config.options import Config
from cybernetic.core import OptionError
from cybernetic.gateways import AmqpBroker, AmqpTls, Broker


def broker_of(config: Config) -> Broker:
    """The broker at `amqp.url`. Raises `OptionError` where none is given, or what is does not fit together."""
    url = config.amqp.url
    if url is None:
        raise OptionError(
            "amqp.url", "the address of a broker (--amqp URL, or [amqp] in cybernetic.toml)", None
        )
    return _at(url, config, config.amqp.password_file, PASSWORD)


def audit_broker_of(config: Config) -> Broker | None:
    """The broker at `amqp.audit_url`, for audits of levels elsewhere; None: they go by that of all else.

    Its password is in `amqp.audit_password_file` or CYBERNETIC_AMQP_AUDIT_PASSWORD, else that of `amqp.url` is taken.
    Raises `OptionError`.
    """
    amqp = config.amqp
    if amqp.audit_url is None:
        return None
    own = amqp.audit_password_file is not None or AUDIT_PASSWORD in os.environ
    file = amqp.audit_password_file if own else amqp.password_file
    return _at(amqp.audit_url, config, file, AUDIT_PASSWORD if own else PASSWORD)


def _at(url: str, config: Config, file: Path | None, variable: str) -> Broker:
    amqp = config.amqp
    files = (amqp.ca, amqp.cert, amqp.key)
    tls = AmqpTls(*files) if any(files) or url.startswith("amqps:") else None
    return AmqpBroker(
        url,
        password_env=variable if file is None and variable in os.environ else None,
        password_file=file,
        tls=tls,
        heartbeat=amqp.heartbeat,
    )


def broker_at(url: str) -> Broker:
    """The broker at an address given by hand; the password may be in the environment. Raises `OptionError`."""
    return AmqpBroker(url, password_env=PASSWORD if PASSWORD in os.environ else None)
