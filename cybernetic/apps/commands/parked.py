"""`cybernetic parked`: look at messages that can never succeed, put them back, or discard them."""

import argparse
import asyncio
import json
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from cybernetic.apps.broker import broker_of
from cybernetic.apps.commands import aside
from cybernetic.apps.config.flags import AMQP, add_flags, configured
from cybernetic.apps.control.report import count, reported
from cybernetic.apps.control.views import clean, since
from cybernetic.apps.run import say
from cybernetic.gateways import Key, Keyring, ParkedMessage, Session, discard, parked, read_keyring, requeue

SHOWN = 2000  # bytes of a body


def add(commands: Any) -> None:
    """Give the command its place among `commands`, what `add_subparsers` returned."""
    one = commands.add_parser(
        "parked", help="messages of a queue that can never succeed: look, put back, discard"
    )
    parts = one.add_subparsers(required=True, metavar="list|show|requeue|discard|outbox")
    _part(parts, "list", "which messages rest, and why", _list, ids=None)
    _part(parts, "show", "all that is known of some", _show, ids="+")
    again = _part(parts, "requeue", "put them back, to be tried as if they were new", _requeue, ids="*")
    again.add_argument("--all", action="store_true", help="all that rest")
    again.add_argument(
        "--forged",
        action="append",
        default=[],
        metavar="ID",
        help="put this one back although nobody has verified it: you vouch for it",
    )
    again.add_argument(
        "--key",
        metavar="ID",
        help="sign anew with this key of the keyring (default: the one for the purpose operator)",
    )
    gone = _part(parts, "discard", "drop them for good", _discard, ids="*")
    gone.add_argument("--all", action="store_true", help="all that rest")
    aside.add(parts)


def _part(parts: Any, name: str, text: str, work: Any, *, ids: str | None) -> Any:
    one = parts.add_parser(name, help=text)
    one.add_argument("queue", metavar="QUEUE", help="the queue they could not be handled from")
    if ids is not None:
        one.add_argument("ids", nargs=ids, metavar="ID", help="messages, as `parked list` names them")
    one.add_argument("--limit", type=count, default=1000, metavar="N", help="look at so many (default: 1000)")
    if name in ("list", "show"):
        one.add_argument("--json", action="store_true", help="records, a line for each")
    if name != "discard":
        one.add_argument("--keys", type=Path, metavar="FILE", help="a keyring: whose tickets are verified")
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
    found = await _parked(session, options)
    if options.json:
        for one in found:
            print(json.dumps(_record(one)))
        return 0
    if not found:
        print(f"nothing rests for {options.queue}")
        return 0
    table = Table(box=None, header_style="bold", pad_edge=False)
    for head in ("id", "parked", "retries", "reason", "why", ""):
        table.add_column(head, overflow="fold")
    for one in found:
        at = one.ticket.history[-1].at if one.ticket.history else 0.0
        retries = str(one.ticket.retries)
        doubt = one.doubt.partition(":")[0]
        cells = (one.id or "-", _time(at), retries, one.reason, one.why, doubt)
        table.add_row(*(Text(clean(cell)) for cell in cells))
    Console().print(table)
    return 0


async def _show(session: Session, options: argparse.Namespace) -> int:
    found = [one for one in await _parked(session, options) if one.id in options.ids]
    for one in found:
        print(json.dumps(_record(one)) if options.json else _told(one))
    return _missing(options, [one.id for one in found])


async def _requeue(session: Session, options: argparse.Namespace) -> int:
    keyring = _keyring(options)
    key = None if keyring is None else _key(options, keyring)
    ids = [] if options.forged and not (options.ids or options.all) else await _chosen(session, options)
    doubted = {one.id for one in await _parked(session, options) if one.doubt} - {*options.forged}
    done = await requeue(
        session, options.queue, ids, key, limit=options.limit, keyring=keyring, forged=options.forged
    )
    print(f"{len(done)} put back into {options.queue}")
    left = [id for id in ids if id in doubted]
    if left:
        say(
            f"{len(left)} not put back, for nobody has verified who sent it: {_named(left)}; "
            f"--forged ID puts one back all the same"
        )
    return max(_missing(options, [*done, *left]), 1 if left else 0)


async def _discard(session: Session, options: argparse.Namespace) -> int:
    ids = await _chosen(session, options)
    done = await discard(session, options.queue, ids, limit=options.limit)
    print(f"{len(done)} discarded")
    return _missing(options, done)


async def _chosen(session: Session, options: argparse.Namespace) -> list[str]:
    if options.all:
        return [one.id for one in await _parked(session, options)]
    if not options.ids:
        say("expected message ids, or --all, got: neither")
        raise SystemExit(2)
    return list(options.ids)


async def _parked(session: Session, options: argparse.Namespace) -> list[ParkedMessage]:
    return await parked(session, options.queue, options.limit, _keyring(options))


def _keyring(options: argparse.Namespace) -> Keyring | None:
    file = getattr(options, "keys", None)
    return None if file is None else read_keyring(file)


def _key(options: argparse.Namespace, keyring: Keyring) -> Key:
    key = keyring.current("operator") if options.key is None else keyring.find(options.key)
    if key is None:
        say(f"expected a key of {keyring!r}, got: {options.key!r}")
        raise SystemExit(2)
    return key


def _missing(options: argparse.Namespace, done: list[str]) -> int:
    missing = [id for id in (*options.ids, *getattr(options, "forged", ())) if id not in done]
    if missing:
        say(f"not among the first {options.limit} that rest for {options.queue}: {_named(missing)}")
    return 1 if missing else 0


def _record(one: ParkedMessage) -> dict[str, Any]:
    message, ticket = one.message, one.ticket
    return {
        "id": one.id,
        "reason": one.reason,
        "doubt": one.doubt,
        "exchange": message.exchange,
        "routing_key": message.routing_key,
        "type": message.type,
        "encoding": message.content_encoding,
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
    lines = [
        f"{name + ':':<13}{clean(value)}" for name, value in record.items() if value not in ("", {}, None)
    ]
    return "\n".join(
        [
            *lines,
            *(f"  {_time(line['at'])}  {clean(line['what']):<10}{clean(line['why'])}" for line in history),
        ]
    )


def _named(ids: Sequence[str]) -> str:
    return ", ".join(clean(id) or "-" for id in ids)


def _time(at: float) -> str:
    return since(at) if at else "-"
