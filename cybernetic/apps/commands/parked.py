"""`cybernetic parked`: look at messages that can never succeed, put them back, or discard them."""

import argparse
import asyncio
import json
from collections.abc import Awaitable, Callable
from datetime import datetime
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from cybernetic.apps.broker import broker_of
from cybernetic.apps.config.flags import AMQP, add_flags, configured
from cybernetic.apps.control.report import count, reported
from cybernetic.apps.run import say
from cybernetic.gateways import Key, ParkedMessage, Session, discard, parked, read_keyring, requeue

SHOWN = 2000  # bytes of a body


def add(commands: Any) -> None:
    """Give the command its place among `commands`, what `add_subparsers` returned."""
    one = commands.add_parser(
        "parked", help="messages of a queue that can never succeed: look, put back, discard"
    )
    parts = one.add_subparsers(required=True, metavar="list|show|requeue|discard")
    _part(parts, "list", "which messages rest, and why", _list, ids=None)
    _part(parts, "show", "all that is known of some", _show, ids="+")
    again = _part(parts, "requeue", "put them back, to be tried as if they were new", _requeue, ids="*")
    again.add_argument("--all", action="store_true", help="all that rest")
    again.add_argument("--keys", type=Path, metavar="FILE", help="a keyring: signed messages are signed anew")
    again.add_argument(
        "--key", metavar="ID", help="which key of it (default: the one for the purpose operator)"
    )
    gone = _part(parts, "discard", "drop them for good", _discard, ids="*")
    gone.add_argument("--all", action="store_true", help="all that rest")


def _part(parts: Any, name: str, text: str, work: Any, *, ids: str | None) -> Any:
    one = parts.add_parser(name, help=text)
    one.add_argument("queue", metavar="QUEUE", help="the queue they could not be handled from")
    if ids is not None:
        one.add_argument("ids", nargs=ids, metavar="ID", help="messages, as `parked list` names them")
    one.add_argument("--limit", type=count, default=1000, metavar="N", help="look at so many (default: 1000)")
    if name in ("list", "show"):
        one.add_argument("--json", action="store_true", help="records, a line for each")
    add_flags(one, (AMQP,))
    one.set_defaults(command=_with_session(work))
    return one


def _with_session(work: Callable[[Session, argparse.Namespace], Awaitable[int]]) -> Any:
    """The command that connects, does `work`, and closes."""

    async def act(options: argparse.Namespace) -> int:
        session = await broker_of(configured(options).config).connect("cybernetic parked")
        try:
            return await work(session, options)
        finally:
            await session.close()

    @reported
    def command(options: argparse.Namespace) -> int:
        return asyncio.run(act(options))

    return command


async def _list(session: Session, options: argparse.Namespace) -> int:
    found = await parked(session, options.queue, options.limit)
    if options.json:
        for one in found:
            print(json.dumps(_record(one)))
        return 0
    if not found:
        print(f"nothing rests for {options.queue}")
        return 0
    table = Table(box=None, header_style="bold", pad_edge=False)
    for head in ("id", "parked", "retries", "reason", "why"):
        table.add_column(head, overflow="fold")
    for one in found:
        since = one.ticket.history[-1].at if one.ticket.history else 0.0
        retries = str(one.ticket.retries)
        table.add_row(*map(Text, (one.id or "-", _time(since), retries, one.reason, one.why)))
    Console().print(table)
    return 0


async def _show(session: Session, options: argparse.Namespace) -> int:
    found = [one for one in await parked(session, options.queue, options.limit) if one.id in options.ids]
    for one in found:
        print(json.dumps(_record(one)) if options.json else _told(one))
    return _missing(options, [one.id for one in found])


async def _requeue(session: Session, options: argparse.Namespace) -> int:
    ids = await _chosen(session, options)
    key = _key(options)
    done = await requeue(session, options.queue, ids, key, limit=options.limit)
    print(f"{len(done)} put back into {options.queue}")
    return _missing(options, done)


async def _discard(session: Session, options: argparse.Namespace) -> int:
    ids = await _chosen(session, options)
    done = await discard(session, options.queue, ids, limit=options.limit)
    print(f"{len(done)} discarded")
    return _missing(options, done)


async def _chosen(session: Session, options: argparse.Namespace) -> list[str]:
    if options.all:
        return [one.id for one in await parked(session, options.queue, options.limit)]
    if not options.ids:
        say("expected message ids, or --all, got: neither")
        raise SystemExit(2)
    return list(options.ids)


def _key(options: argparse.Namespace) -> Key | None:
    if options.keys is None:
        return None
    keyring = read_keyring(options.keys)
    key = keyring.current("operator") if options.key is None else keyring.find(options.key)
    if key is None:
        say(f"expected a key of {keyring!r}, got: {options.key!r}")
        raise SystemExit(2)
    return key


def _missing(options: argparse.Namespace, done: list[str]) -> int:
    missing = [id for id in options.ids if id not in done]
    if missing:
        say(f"not among the first {options.limit} that rest for {options.queue}: {', '.join(missing)}")
    return 1 if missing else 0


def _record(one: ParkedMessage) -> dict[str, Any]:
    message, ticket = one.message, one.ticket
    return {
        "id": one.id,
        "reason": one.reason,
        "exchange": message.exchange,
        "routing_key": message.routing_key,
        "type": message.type,
        "headers": dict(message.headers),
        "body": message.body[:SHOWN].decode(errors="backslashreplace"),
        "bytes": len(message.body),
        "since": ticket.since,
        "retries": ticket.retries,
        "requeued": ticket.requeued,
        "history": [{"at": line.at, "what": line.what, "why": line.why} for line in ticket.history],
    }


def _told(one: ParkedMessage) -> str:
    record = _record(one)
    history = record.pop("history")
    lines = [f"{name + ':':<13}{value}" for name, value in record.items() if value not in ("", {}, None)]
    return "\n".join(
        [*lines, *(f"  {_time(line['at'])}  {line['what']:<10}{line['why']}" for line in history)]
    )


def _time(at: float) -> str:
    return f"{datetime.fromtimestamp(at):%Y-%m-%d %H:%M:%S}" if at else "-"
