"""The way from one level to others over the configured broker, audits by a user of their own where there is one."""

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

from cybernetic.apps.broker import audit_broker_of, broker_of
from cybernetic.apps.config.load import load
from cybernetic.apps.config.options import Config
from cybernetic.gateways import Broker, Post


def post_of(
    path: str,
    peers: Mapping[str, str],
    data: Path | str,
    config: Config | None = None,
    inside: Broker | None = None,
    **terms: Any,
) -> "partial[Post]":
    """What to start for a level that meets others over the broker of the configuration: see `Post`.

        await system.start(post_of("shop", {"shop/catalogue": junction_of("shop/catalogue")}, "data"))

    Pain has a connection of its own, and audits go by `amqp.audit_url` where that is given.

    Args:
        path: of the level.
        peers: other levels by path, each with the name of the agent here that takes what it says.
        data: the folder of the stores; it must be there.
        config: None: that of `cybernetic.toml` and the environment.
        inside: the in-process broker, used where `amqp.url` is not given. Default: there is none.
        **terms: further arguments of `Post`, such as `every` and `lost_after`.

    Raises `OptionError` where no broker is given, or what is does not fit together; `ConfigError`.
    """
    known = load().config if config is None else config
    if known.amqp.url is None and inside is not None:
        return partial(Post, inside, inside, data, path, dict(peers), **terms)
    broker, painful, auditing = broker_of(known), broker_of(known), audit_broker_of(known)
    return partial(Post, broker, painful, data, path, dict(peers), auditing=auditing, **terms)
