"""The arguments of `System` that a configuration stands for."""

from typing import Any, Literal

from cybernetic.apps.config.kinds import NOWHERE
from cybernetic.apps.config.options import Config
from cybernetic.core import OptionError
from cybernetic.nodes import Secret, Tls

RECIPE = 'python -c "import secrets; print(secrets.token_hex(32))" > secret; chmod 600 secret'


def system_options(config: Config) -> dict[str, Any]:
    """The arguments of `System`, save the secret, which is read where it is needed: see `read_secret`."""
    system, cluster, tls = config.system, config.cluster, config.tls
    return {
        "nodes": system.nodes,
        "tune_gc": system.tune_gc,
        "watchdog": system.watchdog,
        "node": cluster.name,
        "listen": listening(config),
        "announce": cluster.announce,
        "host": cluster.host,
        "join": cluster.join,
        "capabilities": dict(cluster.capabilities),
        "node_dead_after": cluster.node_dead_after,
        "lag_after": cluster.lag_after,
        "tls": None if tls.cert is None else Tls(tls.cert, tls.key),
    }


def door_options(config: Config, name: str) -> dict[str, Any]:
    """The same for a process that makes one node, called `name`, and is none itself.

    Raises `OptionError` if it would link with nobody.
    """
    if not (config.cluster.join or listening(config)):
        raise OptionError("node", "--join ADDRESS or --listen ADDRESS, or both", "neither")
    return system_options(config) | {"nodes": [name], "node": f"{name}.door", "only_door": True}


def read_secret(config: Config) -> dict[str, Any]:
    """The argument `secret` of `System`: from the file, else the environment; empty if none is needed.

    Raises `OptionError` if other hosts are to be linked with and there is none, or its file is not fit.
    """
    file = config.cluster.secret_file
    found = Secret.from_environment() if file is None else Secret.read(file)
    if found is not None:
        return {"secret": found}
    if config.cluster.join or listening(config):
        sentence = f"--secret-file FILE, or the variable CYBERNETIC_SECRET; this makes a file: {RECIPE}"
        raise OptionError("secret", sentence, None)
    return {}


def listening(config: Config) -> tuple[str, ...] | Literal[False]:
    """The argument `listen` of `System`."""
    return False if config.cluster.listen == (NOWHERE,) else config.cluster.listen
