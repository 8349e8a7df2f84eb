"""`cybernetic parked outbox`: what a running system could not publish, to be looked at, sent after all, or dropped."""

import argparse
import json
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from cybernetic.apps.control.client import Client, find
from cybernetic.apps.control.report import count, reported
from cybernetic.apps.control.views import clean, since
from cybernetic.apps.run import say

COLUMNS = ("number", "id", "to", "set aside", "why")


def add(parts: Any) -> None:
    """Give the command its place among those of `cybernetic parked`."""
    one = parts.add_parser(
        "outbox", help="messages that a running system could not publish: look, send after all, drop"
    )
    choice = one.add_mutually_exclusive_group()
    choice.add_argument(
        "--restore", nargs="+", type=count, metavar="NUMBER", help="send these after all, at the end"
    )
    choice.add_argument("--discard", nargs="+", type=count, metavar="NUMBER", help="drop these for good")
    one.add_argument("--limit", type=count, default=1000, metavar="N", help="list so many (default: 1000)")
    one.add_argument("--json", action="store_true", help="records, a line for each")
    one.add_argument("--gateway", default="amqp", metavar="NAME", help="which gateway's (default: amqp)")
    one.add_argument("--system", metavar="NAME", help="which, if several are running")
    one.set_defaults(command=run)


@reported
def run(options: argparse.Namespace) -> int:
    """Do what is asked, and return the exit status: 1 where a number is not there."""
    with Client(find(options.system).path) as client:
        name = f"{options.gateway}.publisher"
        if options.restore or options.discard:
            return _act(client, name, options)
        found = client.ask("call", name=name, method="aside", args=[0, options.limit])
    _show(found, options)
    return 0


def _act(client: Client, name: str, options: argparse.Namespace) -> int:
    """Restore or discard each, in the order given; those that are not there are named."""
    method, numbers = ("restore", options.restore) if options.restore else ("discard", options.discard)
    done = [number for number in dict.fromkeys(numbers) if _is_there(client, name, number)]
    for number in done:
        client.ask("call", name=name, method=method, args=[number])
    print(f"{len(done)} {'sent after all' if options.restore else 'dropped'}")
    missing = [str(number) for number in numbers if number not in done]
    if missing:
        say(f"not among what the outbox has set aside: {', '.join(missing)}")
    return 1 if missing else 0


def _is_there(client: Client, name: str, number: int) -> bool:
    found = client.ask("call", name=name, method="aside", args=[number - 1, 1])
    return any(one["number"] == number for one in found)


def _show(found: list[dict[str, Any]], options: argparse.Namespace) -> None:
    if options.json:
        for one in found:
            print(json.dumps(one))
        return
    if not found:
        print("nothing was set aside")
        return
    table = Table(box=None, header_style="bold", pad_edge=False)
    for head in COLUMNS:
        table.add_column(head, overflow="fold")
    for one in found:
        to = f"{one['exchange']} {one['routing_key']}".strip()
        cells = (one["number"], one.get("id") or "-", to, since(one["at"]), one["why"])
        table.add_row(*(Text(clean(cell)) for cell in cells))
    Console().print(table)
