"""The command line, `cybernetic COMMAND`: each command has a file in `commands`."""

import argparse
import importlib.metadata
import os
import platform
import sys
from collections.abc import Sequence
from typing import Any, NoReturn

from cybernetic.apps.commands import (
    bench,
    call,
    config,
    demo,
    doctor,
    graph,
    node,
    parked,
    room,
    run,
    stop,
    top,
    tree,
)
from cybernetic.apps.config.nearest import hint

COMMANDS = (run, node, tree, top, room, call, stop, graph, parked, config, doctor, bench, demo)
TEXT = """\
Supervised agents that stay alive.

  cybernetic run shop.main:Shop        run the supervisor Shop of the module shop.main
  cybernetic tree                      look into it from another terminal: so do top, room, call and stop
  cybernetic COMMAND --help            what a command can do
"""
INTERRUPTED = 130
PIPE_CLOSED = 141


def main(argv: Sequence[str] | None = None) -> int:
    """What the command `cybernetic` does; `argv` without the program's name. Returns the exit status.

    It is 130 after Ctrl-C and, silently, 141 when whoever reads the output has gone, as shells have it.
    """
    arguments = sys.argv[1:] if argv is None else list(argv)
    parser, commands = _parser()
    _check_command(parser, list(commands), arguments)
    try:
        options, rest = parser.parse_known_args(arguments)
        if rest:
            commands.get(arguments[0], parser).unknown(rest[0])
        status = int(options.command(options))
        sys.stdout.flush()
        return status
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        _forget_output()
        return PIPE_CLOSED


class Parser(argparse.ArgumentParser):
    """Says what is wrong in one sentence, and where to look; the usage is for who asks for it."""

    def error(self, message: str) -> NoReturn:
        """End with status 2."""
        self.exit(2, f"{self.prog}: {message} (`{self.prog} --help` shows what there is)\n")

    def unknown(self, word: str) -> NoReturn:
        """End with status 2 because of a word that is not known."""
        options = [name for name in self._option_string_actions if name.startswith("--")]
        switch = word.partition("=")[0]
        wanted = "one of its switches" if word.startswith("-") else "no more words"
        self.error(f"expected {wanted}, got: {switch!r}{hint(switch, options)}")


def _parser() -> tuple[Parser, dict[str, Parser]]:
    """The parser, and those of the commands by name."""
    form = argparse.RawDescriptionHelpFormatter
    parser = Parser(prog="cybernetic", description=TEXT, formatter_class=form)
    version = f"cybernetic {importlib.metadata.version('cybernetic')} (Python {platform.python_version()})"
    parser.add_argument("--version", action="version", version=version)
    commands: Any = parser.add_subparsers(required=True, metavar="COMMAND")
    for command in COMMANDS:
        command.add(commands)
    return parser, dict(commands.choices)


def _check_command(parser: Parser, names: list[str], arguments: list[str]) -> None:
    """End with the nearest name if the first word is no command."""
    first = arguments[0] if arguments else None
    if first is None:
        parser.print_help(sys.stderr)
        raise SystemExit(2)
    if not first.startswith("-") and first not in names:
        parser.error(f"expected a command ({', '.join(names)}), got: {first!r}{hint(first, names)}")


def _forget_output() -> None:
    """What is still to be written goes nowhere, so that the end of the interpreter does not complain."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)
