"""The command line: `cybernetic run`, `cybernetic demo`."""

import argparse
import functools
import importlib
import logging
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from cybernetic.apps.demo import demo
from cybernetic.apps.run import run_tree
from cybernetic.runtime import Agent


def main(argv: Sequence[str] | None = None) -> int:
    """What the command `cybernetic` does; `argv` without the program's name. Returns the exit status."""
    options = _parser().parse_args(argv)
    try:
        return int(options.command(options))
    except KeyboardInterrupt:
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="cybernetic", description="Supervised agents that stay alive.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    one = commands.add_parser("run", help="run a tree of agents until it ends or is stopped")
    one.add_argument("target", metavar="MODULE:CLASS", help="what to start, such as shop.main:Shop")
    one.add_argument("arguments", nargs="*", metavar="ARGUMENT", help="given to its __init__ as strings")
    one.add_argument(
        "--log", default="info", choices=("debug", "info", "warning", "error"), help="default: info"
    )
    one.set_defaults(command=_run)
    two = commands.add_parser("demo", help="watch a supervision tree being killed and healing")
    two.add_argument("--seed", type=int, default=7, metavar="N", help="where chance begins (default: 7)")
    two.add_argument("--kills", type=_whole, default=40, metavar="N", help="kills in the storm (default: 40)")
    two.add_argument("--fast", action="store_true", help="without pauses to watch")
    two.add_argument("--plain", action="store_true", help="lines of text instead of a picture")
    two.set_defaults(command=lambda options: demo(options.seed, options.kills, options.fast, options.plain))
    return parser


def _whole(text: str) -> int:
    if not text.isdigit():
        raise argparse.ArgumentTypeError(f"expected a whole number >= 0, got: {text!r}")
    return int(text)


def _run(options: argparse.Namespace) -> int:
    logging.basicConfig(level=options.log.upper(), format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    try:
        cls = _agent_class(options.target)
    except ValueError as error:
        print(f"cybernetic: {error}", file=sys.stderr)
        return 2
    return run_tree(functools.partial(cls, *options.arguments))


def _agent_class(target: str) -> Any:
    """The class that `module:Class` names. Raises `ValueError` that says what is wrong with it."""
    module, colon, path = target.partition(":")
    if not (module and colon and path):
        raise ValueError(f"expected MODULE:CLASS such as shop.main:Shop, got: {target!r}")
    here = str(Path.cwd())
    if here not in sys.path:
        sys.path.insert(0, here)
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
