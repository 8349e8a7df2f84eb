"""`cybernetic call`: ask an agent of a running system something."""

import argparse
from typing import Any

from cybernetic.apps.control.client import Client, find
from cybernetic.apps.control.report import positive, reported
from cybernetic.apps.control.views import answer_text
from cybernetic.apps.control.words import arguments

MARGIN = 10.0  # seconds the system may take on top of the call itself


def add(commands: Any) -> None:
    """Give the command its place among `commands`, what `add_subparsers` returned."""
    one = commands.add_parser("call", help="call a method of an agent in a running system")
    one.add_argument("name", metavar="NAME", help="the agent's name, or its address as in `tree`: main.7")
    one.add_argument("method", metavar="METHOD", help="a public method of it")
    one.add_argument(
        "arguments",
        nargs="*",
        metavar="ARGUMENT",
        help="JSON or Python literals, key=value for keywords; other words are text",
    )
    one.add_argument("--timeout", type=positive, default=5.0, metavar="S", help="seconds (default: 5)")
    one.add_argument("--system", metavar="NAME", help="which, if several are running")
    one.set_defaults(command=run)


@reported
def run(options: argparse.Namespace) -> int:
    """Print the answer, if there is one; returns the exit status."""
    args, kwargs = arguments(options.arguments)
    request = {"name": options.name, "method": options.method, "args": args, "kwargs": kwargs}
    with Client(find(options.system).path) as client:
        answer = client.ask("call", options.timeout + MARGIN, seconds=options.timeout, **request)
    text = answer_text(answer)
    if text:
        print(text)
    return 0
