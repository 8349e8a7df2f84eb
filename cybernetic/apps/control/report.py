"""How commands that ask a running system tell what went wrong."""

import argparse
import functools
import sys
from collections.abc import Callable

from cybernetic.core import CyberneticError

Command = Callable[[argparse.Namespace], int]


def reported(command: Command) -> Command:
    """The same command, which prints an error of this library on stderr and returns 1 instead of raising it."""

    @functools.wraps(command)
    def told(options: argparse.Namespace) -> int:
        try:
            return command(options)
        except CyberneticError as error:
            print(f"cybernetic: {error}", file=sys.stderr)
            return 1

    return told


def positive(text: str) -> float:
    """Seconds > 0 from a command line. Raises `ArgumentTypeError`."""
    try:
        number = float(text)
    except ValueError:
        number = 0.0
    if not 0 < number < 1e6:
        raise argparse.ArgumentTypeError(f"expected seconds > 0, got: {text!r}")
    return number


def count(text: str) -> int:
    """A whole number >= 1 from a command line. Raises `ArgumentTypeError`."""
    if not (text.isascii() and text.isdigit() and int(text) > 0):
        raise argparse.ArgumentTypeError(f"expected a whole number >= 1, got: {text!r}")
    return int(text)
