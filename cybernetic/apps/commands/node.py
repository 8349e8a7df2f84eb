"""`cybernetic node`: bring this host into a cluster, as a node that runs what others place on it."""

import argparse
import platform
from typing import Any

from cybernetic.apps.commands.run import begin_log
from cybernetic.apps.config.flags import NODE, add_flags, configured
from cybernetic.apps.config.load import DEFAULT, ConfigError, Loaded
from cybernetic.apps.config.system import door_options, listening, read_secret
from cybernetic.apps.run import import_from_here, run_system, say
from cybernetic.nodes import System


def add(commands: Any) -> None:
    """Give the command its place among `commands`, what `add_subparsers` returned."""
    one = commands.add_parser(
        "node",
        help="bring this host into a cluster, to run what others place on it",
        description="Bring this host into a cluster, until SIGTERM or Ctrl-C. All hosts of a cluster know one secret.",
    )
    add_flags(one, NODE)
    one.set_defaults(command=run)


def run(options: argparse.Namespace) -> int:
    """Be a node; returns the exit status: 2 if what was asked for cannot be."""
    try:
        loaded = configured(options)
        begin_log(loaded.config)
        name = node_name(loaded, platform.node())
        arguments = door_options(loaded.config, name) | read_secret(loaded.config)
    except ConfigError as error:
        for problem in error.problems:
            say(problem)
        return 2
    except ValueError as error:
        say(str(error))
        return 2

    import_from_here()  # for what is placed here

    async def begin(system: System) -> None:
        print(joined(name, [node.name for node in system.nodes], listening(loaded.config) or ()), flush=True)

    return run_system(arguments, begin, loaded.config.system.name or name)


def node_name(loaded: Loaded, host: str) -> str:
    """What the node is called: as configured, else as the host is."""
    said = loaded.sources["cluster.name"] != DEFAULT
    return loaded.config.cluster.name if said else host or "node"


def joined(name: str, nodes: list[str], listen: tuple[str, ...]) -> str:
    """The line that says how far it got.

    Args:
        name: of this node.
        nodes: all that can be reached.
        listen: where it listens.
    """
    others = [other for other in nodes if other not in (name, f"{name}.door")]
    linked = f"joined {', '.join(others)}" if others else "waits for others"
    return f"node {name} {linked}" + (f"; listens at {', '.join(listen)}" if listen else "")
