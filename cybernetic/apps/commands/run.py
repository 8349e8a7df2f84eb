"""`cybernetic run`: a tree of agents as a program."""

import argparse
import functools
import importlib
import logging
from typing import Any

from cybernetic.apps.config.flags import RUN, add_flags, configured
from cybernetic.apps.config.load import ConfigError
from cybernetic.apps.config.options import Config
from cybernetic.apps.config.system import read_secret, system_options
from cybernetic.apps.run import import_from_here, run_tree, say
from cybernetic.runtime import Agent

FORMAT = "%(asctime)s %(levelname)s %(name)s: %(message)s"


def add(commands: Any) -> None:
    """Give the command its place among `commands`, what `add_subparsers` returned."""
    one = commands.add_parser(
        "run",
        help="run a tree of agents until it ends or is stopped",
        description="Run a tree of agents until it ends, or SIGTERM or Ctrl-C stops it in order; a second one at once.",
    )
    one.add_argument("target", metavar="MODULE:CLASS", help="what to start, such as shop.main:Shop")
    one.add_argument("arguments", nargs="*", metavar="ARGUMENT", help="given to its __init__ as strings")
    add_flags(one, RUN)
    one.set_defaults(command=run)


def run(options: argparse.Namespace) -> int:
    """Run it; returns the exit status: 2 if what was asked for cannot be."""
    try:
        config = configured(options).config
        begin_log(config)
        arguments = system_options(config) | read_secret(config)
        cls = agent_class(options.target)
    except ConfigError as error:
        for problem in error.problems:
            say(problem)
        return 2
    except ValueError as error:
        say(str(error))
        return 2
    name = config.system.name or options.target.partition(":")[0]
    return run_tree(functools.partial(cls, *options.arguments), options=arguments, control=name)


def begin_log(config: Config) -> None:
    """Log on stderr what is important enough."""
    logging.basicConfig(level=config.system.log.upper(), format=FORMAT)


def agent_class(target: str) -> Any:
    """The class that `module:Class` names, looked for from the current directory. Raises `ValueError`."""
    module, colon, path = target.partition(":")
    if not (module and colon and path):
        raise ValueError(f"expected MODULE:CLASS such as shop.main:Shop, got: {target!r}")
    import_from_here()
    try:
        found: Any = importlib.import_module(module)
    except ModuleNotFoundError as error:
        if error.name is None or not f"{module}.".startswith(f"{error.name}."):
            raise
        raise ValueError(
            f"expected a module that can be imported from here, got: {module!r} ({error})"
        ) from None
    for name in path.split("."):
        if not hasattr(found, name):
            raise ValueError(f"expected a name in {module}, got: {name!r}")
        found = getattr(found, name)
    if not (isinstance(found, type) and issubclass(found, Agent)):
        raise ValueError(f"expected a subclass of Agent or Supervisor, got: {found!r}")
    return found
