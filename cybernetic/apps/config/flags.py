"""Flags that stand for keys of the configuration: which command takes which, and how they become a layer of it."""

import argparse
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cybernetic.apps.config.load import Loaded, load


@dataclass(frozen=True, slots=True)
class Flag:
    """A flag for the key `key`; `many`: it may be repeated."""

    name: str
    key: str
    metavar: str
    help: str
    many: bool = False

    @property
    def place(self) -> str:
        """Where argparse keeps its value."""
        return "key " + self.key


SYSTEM = Flag("--system", "system.name", "NAME", "what the system is called by `cybernetic tree` and others")
LOG = Flag("--log", "system.log", "LEVEL", "debug, info, warning or error (default: info)")
NODES = Flag("--nodes", "system.nodes", "N", "run agents in N more processes (default: 0)")
LISTEN = Flag(
    "--listen",
    "cluster.listen",
    "ADDRESS",
    "where other hosts may link, as tcp:10.0.0.5:4711, or with ports for more nodes :4711-4720; or nowhere",
    many=True,
)
ANNOUNCE = Flag(
    "--announce",
    "cluster.announce",
    "HOST",
    "by what name or number other hosts reach this one (default: as --listen says, or the host's name)",
)
JOIN = Flag("--join", "cluster.join", "ADDRESS", "a node of another host to link with", many=True)
CAPABILITY = Flag(
    "--capability", "cluster.capabilities", "NAME=VALUE", "what this host offers, as gpu=true", many=True
)
SECRET = Flag(
    "--secret-file", "cluster.secret_file", "FILE", "what all nodes know (or set CYBERNETIC_SECRET)"
)
DEAD_AFTER = Flag(
    "--dead-after", "cluster.node_dead_after", "S", "seconds of silence that lose a node (default: 10)"
)
AMQP = Flag("--amqp", "amqp.url", "URL", "the broker (default: the in-process one)")
RUN = (
    SYSTEM,
    NODES,
    LISTEN,
    ANNOUNCE,
    JOIN,
    CAPABILITY,
    SECRET,
    Flag("--node", "cluster.name", "NAME", "what this process is called as a node (default: main)"),
    DEAD_AFTER,
    LOG,
)
NODE = (
    Flag("--name", "cluster.name", "NAME", "what the node is called (default: the host's name)"),
    JOIN,
    LISTEN,
    ANNOUNCE,
    CAPABILITY,
    SECRET,
    SYSTEM,
    DEAD_AFTER,
    LOG,
)


def add_flags(parser: argparse.ArgumentParser, flags: tuple[Flag, ...]) -> None:
    """Let a command take `flags`, and `--config`."""
    for flag in flags:
        action = "append" if flag.many else "store"
        parser.add_argument(flag.name, dest=flag.place, metavar=flag.metavar, help=flag.help, action=action)
    add_file(parser)
    parser.set_defaults(flags=flags)


def add_file(parser: argparse.ArgumentParser) -> None:
    """Let a command take `--config`."""
    text = "the configuration (default: the nearest cybernetic.toml, looking upward from here)"
    parser.add_argument("--config", type=Path, metavar="FILE", help=text)


def given(options: argparse.Namespace) -> dict[str, tuple[str, Any]]:
    """Key -> (the flag, its value) for the flags that were given."""
    values = vars(options)
    return {
        flag.key: (flag.name, values[flag.place])
        for flag in values.get("flags", ())
        if values[flag.place] is not None
    }


def configured(options: argparse.Namespace, environ: Mapping[str, str] | None = None) -> Loaded:
    """The configuration with the flags of a command line on top. Raises `ConfigError`."""
    return load(options.config, environ=environ, flags=given(options))
