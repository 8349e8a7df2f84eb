"""An archive that stays alive: documents of a folder are checked and indexed, on request over AMQP.

    python examples/archive.py FOLDER                  asks for every document itself, over a broker inside the process
    python examples/archive.py FOLDER --amqp URL       the same over RabbitMQ
    python examples/archive.py FOLDER --amqp URL --serve    does what others ask, until Ctrl-C
    python examples/archive.py FOLDER --sums           prints the index: `... --sums | (cd FOLDER && sha256sum -c)`
    python examples/archive.py FOLDER --find WORD      the documents in which a word stands

Anybody with an AMQP client may ask: a message to the queue `archive.operations` whose body is
`{"document": "a/b.txt"}`, a path below the folder, with a `message_id`. The outcome comes to the queue named in
`reply_to`, or to `archive.outcomes`, with the request's `correlation_id`, or its `message_id` where it has none.
`--trouble 1` kills a reader every second.
"""

import argparse
import asyncio
import hashlib
import json
import logging
import os
import re
import sqlite3
import sys
from contextlib import closing
from functools import partial
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from cybernetic import Agent, Kill, Normal, OptionError, Refusal, Supervisor, System, child
from cybernetic.apps import run_tree
from cybernetic.core import number
from cybernetic.gateways import (
    Ack,
    AmqpBroker,
    BrokerError,
    Consumer,
    Gateway,
    MemoryBroker,
    Message,
    Publisher,
    Queue,
    Retry,
    Topology,
    consume,
)
from cybernetic.state import Store, StoreError
from cybernetic.vsm import (
    Allow,
    Audit,
    Budget,
    BudgetExhausted,
    Cost,
    Deny,
    Index,
    Operation,
    Outcome,
    Policy,
    PolicyDenied,
    Port,
    Suspended,
    Task,
    ViableSystem,
    unit,
)

OPERATIONS = Queue("archive.operations", kind="classic")
OUTCOMES = Queue("archive.outcomes", kind="classic")
SCHEMA = [
    "CREATE TABLE IF NOT EXISTS documents (path TEXT PRIMARY KEY, sha256 TEXT, bytes INTEGER, kind TEXT)",
    "CREATE TABLE IF NOT EXISTS words (word TEXT, path TEXT, PRIMARY KEY (word, path)) WITHOUT ROWID",
]
SUMS = "SELECT sha256, path FROM documents ORDER BY path"
FIND = "SELECT path FROM words WHERE word = ? ORDER BY path"
INDEX = "archive.sqlite"
PASSWORD = "CYBERNETIC_AMQP_PASSWORD"  # the variable that may hold the broker's
JSON = "application/json"
READERS = 4
LARGEST = 1 << 30  # bytes of a document; the policy below denies more
TEXT = 4 << 20  # bytes of a text whose words are indexed
CHUNK = 1 << 20
WORD = re.compile(r"[^\W\d_]{3,30}")


# What is done with a document: plain functions.


class NotADocument(Refusal):
    """What was asked for is no file below the folder, or cannot be read."""


class Changed(Refusal):
    """A document is not what it was when it was indexed: nobody can tell whether the index was right."""


def located(folder: str, name: object) -> Path:
    """The file that `name` means. Raises `NotADocument`, also for a way out of the folder."""
    if not isinstance(name, str) or not name or "\0" in name:
        raise NotADocument(f"document: expected a path below the folder, got: {name!r:.100}")
    path = Path(folder, name).resolve()
    if not path.is_relative_to(folder) or not path.is_file():
        raise NotADocument(f"document: expected a file below the folder, got: {name!r:.100}")
    return path


def examined(path: Path) -> dict[str, object]:
    """Read it through: its digest, size and kind, when it was written, and its words where it is text."""
    digest, size, head = hashlib.sha256(), 0, b""
    try:
        written = path.stat().st_mtime_ns
        with path.open("rb") as file:
            while chunk := file.read(CHUNK):
                digest.update(chunk)
                size += len(chunk)
                head += chunk if size <= TEXT else b""
    except OSError as error:
        raise NotADocument(f"document: expected one that can be read, got: {error}") from error
    found = {"sha256": digest.hexdigest(), "bytes": size, "written": written, "kind": "large", "words": []}
    if size > TEXT:
        return found
    try:
        words = sorted({word.lower() for word in WORD.findall(head.decode())})
    except UnicodeDecodeError:
        return found | {"kind": "binary"}
    return found | {"kind": "text", "words": words}


def read_again(evidence) -> bool:
    """The auditor's own reading, past the reader and its port. Raises `Changed` where it comes too late."""
    path, told = located(**evidence.task.body), evidence.outcome.value
    if path.stat().st_mtime_ns != told["written"]:
        raise Changed(f"{path}: expected it as it was written then, got: a later one")
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest() == told["sha256"]


async def read_again_aside(evidence) -> bool:
    """As `read_again`, in a thread: a verifier must not hold the loop."""
    return await asyncio.to_thread(read_again, evidence)


# The viable system that does it.


class Reader(Operation):
    """Reads a document at a time, through a port that counts bytes."""

    indices = (Index("cycle_time", limits=(0.0, 10.0), cost=True),)

    async def handle(self, task):
        path = located(**task.body)
        found = await self.use("disk", read, path, upper=Cost(bytes=path.stat().st_size))
        return Outcome(found.value, evidence=[found.receipt])


async def read(path: Path) -> dict[str, object]:
    """What goes through the port: `examined`, in a thread."""
    return await asyncio.to_thread(examined, path)


def not_too_large(action, context):
    """A policy: pure, asked before each use of a port."""
    if action.kind == "disk" and action.facts.get("bytes", 0) > LARGEST:
        return Deny(f"a document of more than {LARGEST} bytes")
    return Allow()


class Archive(ViableSystem):
    """A few readers, a budget of bytes an hour, a policy, and an audit that reads again by itself."""

    purpose = "what the index says of a document is true"
    budget = Budget(bytes=100e9, per=3600)
    ports = {"disk": Port(timeout=60)}  # noqa: RUF012 (read once, when the class is made)
    policies = (Policy("size", version=1, decide=not_too_large),)
    audit = Audit(probability=0.05, verify=read_again_aside)

    def units(self):
        return [unit(Reader, id=f"reader-{n}") for n in range(READERS)]


# What stands between it and the broker.


class Desk(Consumer):
    """One operation: what it adds to the index and the outcome that goes back are one transaction."""

    def __init__(self, folder: str) -> None:
        self.folder = folder

    async def handle(self, delivery, tx):
        asked = delivery.message
        try:
            answer = await self.done(json.loads(delivery.body)["document"], delivery.key, tx)
        except (BudgetExhausted, Suspended) as later:
            return Retry(str(later))
        except (NotADocument, PolicyDenied) as never:
            answer = {"ok": False, "why": str(never)}
        except (ValueError, LookupError, TypeError):
            answer = {"ok": False, "why": f'expected {{"document": "a.txt"}}, got: {delivery.body!r:.100}'}
        to, about = asked.reply_to or OUTCOMES.name, asked.correlation_id or asked.id
        tx.publish(Message(json.dumps(answer).encode(), "", to, correlation_id=about, content_type=JSON))
        return Ack()

    async def done(self, name, key, tx):
        """Have the archive read it, write it down, and say what goes back."""
        where = {"folder": self.folder, "name": name}
        path = str(located(**where).relative_to(self.folder))
        archive = self.system.named("archive", Archive)
        performed = await archive.within(None).call(Archive.submit, Task("index", where, id=key or path))
        found = performed.outcome.value
        tx.run(partial(written_down, path, found))
        return {"ok": True, "document": path} | {fact: found[fact] for fact in ("sha256", "bytes", "kind")}


def written_down(path, found, connection: sqlite3.Connection) -> None:
    """A document enters the index, on the store's thread, or takes the place of what it was."""
    row = (path, found["sha256"], found["bytes"], found["kind"])
    connection.execute("INSERT OR REPLACE INTO documents VALUES (?, ?, ?, ?)", row)
    connection.execute("DELETE FROM words WHERE path = ?", (path,))
    connection.executemany("INSERT INTO words VALUES (?, ?)", [(word, path) for word in found["words"]])


class Program(Supervisor):
    """All of it: the archive, the gateway, and whoever asks or makes trouble."""

    def __init__(
        self, folder: str, url: str = "", index: str = INDEX, names=(), trouble: float = 0.0
    ) -> None:
        self.folder, self.url, self.index = str(Path(folder).resolve()), url, index
        self.names, self.trouble = names, trouble

    def children(self):
        broker = broker_at(self.url) if self.url else MemoryBroker()
        work = [consume(Desk, self.folder, queue=OPERATIONS, prefetch=8 * READERS)]
        work += [consume(Arrivals, queue=OUTCOMES, once=False)] if self.names else []
        topology = Topology(queues=(OUTCOMES,))
        yield child(Archive, name="archive")
        yield child(partial(Gateway, schema=SCHEMA), broker, self.index, topology, work, name="amqp")
        if self.trouble:
            yield child(Trouble, self.trouble)
        if self.names:
            yield child(Asker, self.names, name="asker", restart="transient")


def broker_at(url: str) -> AmqpBroker:
    """RabbitMQ there. Raises `OptionError` for what is no address."""
    return AmqpBroker(url, password_env=PASSWORD if PASSWORD in os.environ else None)


async def ready(url: str, index: str) -> None:
    """Look whether the broker answers and the index opens. Raises `BrokerError`, `OptionError`, `StoreError`."""
    if url:
        session = await broker_at(url).connect()
        await session.close()
    store = await Store.open(index)
    await store.close()


# Who asks, where nobody else does.


class Asker(Agent):
    """Asks for documents, and ends when all outcomes have come."""

    def __init__(self, names: list[str]) -> None:
        self.names, self.good, self.bad = names, 0, 0
        columns = (TextColumn("indexing"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        self.bar = Progress(*columns, console=Console(stderr=True))
        self.row = self.bar.add_task("", total=len(names))

    async def setup(self):
        self.bar.start()
        self.task(self.ask())

    async def ask(self):
        publisher = self.system.named("amqp.publisher", Publisher)
        for name in self.names:
            body = json.dumps({"document": name}).encode()
            await publisher.within(None).call(Publisher.publish, Message(body, "", OPERATIONS.name))

    def arrived(self, answer) -> None:
        self.bar.advance(self.row)
        self.good += answer["ok"]
        self.bad += not answer["ok"]
        if not answer["ok"]:
            self.bar.console.print(answer["why"], style="red", highlight=False)
        if self.good + self.bad == len(self.names):
            self.stop(Normal())

    def terminate(self, reason):
        self.bar.stop()
        self.bar.console.print(f"{self.good} documents indexed, {self.bad} refused", highlight=False)


class Arrivals(Consumer):
    """An outcome has come."""

    async def handle(self, delivery, tx):
        await self.system.named("asker", Asker).call(Asker.arrived, json.loads(delivery.body))


class Trouble(Agent):
    """Kills one reader after the other."""

    def __init__(self, seconds: float) -> None:
        self.seconds, self.next = seconds, 0

    def setup(self):
        self.ref.every(self.seconds).cast(Trouble.strike)

    def strike(self) -> None:
        self.next = (self.next + 1) % READERS
        victim = self.system.whereis(f"archive/reader-{self.next}", Reader)
        if victim is not None:
            print(f"killed {victim.name}", file=sys.stderr, flush=True)
            victim.exit(Kill())


# The command line.


class Arguments(argparse.ArgumentParser):
    """What is wrong is said in one sentence, without the usage in front of it."""

    def error(self, message):
        self.exit(2, f"{self.prog}: {message}\n")


def pause(text: str) -> float:
    """Seconds, above 0."""
    try:
        return number("--trouble", float(text), above=0.0)
    except ValueError:
        raise argparse.ArgumentTypeError(f"expected seconds > 0, got: {text!r}") from None


def main() -> int:
    parser = Arguments(description="Check and index the documents of a folder.")
    add = parser.add_argument
    add("folder", type=Path)
    add("--index", default=INDEX, metavar="FILE", help=f"where the index is kept (default: {INDEX})")
    add("--amqp", default="", metavar="URL", help="a broker (default: one inside this process)")
    add("--serve", action="store_true", help="ask for nothing, do what others ask, until Ctrl-C")
    add("--trouble", type=pause, default=0.0, metavar="SECONDS", help="kill a reader so often")
    add("--sums", action="store_true", help="print the index as sha256sum reads it")
    add("--find", metavar="WORD", help="print the documents in which a word stands")
    options = parser.parse_args()
    if not options.folder.is_dir():
        parser.error(f"expected a folder that is there, got: {str(options.folder)!r}")
    if options.serve and not options.amqp:
        parser.error("--serve needs --amqp URL: nobody else can ask over a broker inside this process")
    if options.sums or options.find:
        return shown(options.index, options.find, parser)
    folder = options.folder.resolve()
    there = [] if options.serve else sorted(folder.rglob("*"))
    names = [str(one.relative_to(folder)) for one in there if one.is_file()]
    if not names and not options.serve:
        parser.error(f"expected documents in the folder, got: none in {str(folder)!r}")
    program = Program, str(folder), options.amqp, options.index, names, options.trouble
    try:
        asyncio.run(ready(options.amqp, options.index))
        return run_tree(*program) if options.serve else asyncio.run(asked(*program))
    except (OptionError, BrokerError) as error:
        parser.error(f"--amqp: {error}")
    except StoreError as error:
        parser.error(f"--index: {error}")
    except KeyboardInterrupt:
        return 130


async def asked(*program) -> int:
    """Run it until all that was asked for has come."""
    async with System() as system:
        await system.start(*program)
        asker = system.whereis("asker", Asker)
        return 0 if asker is None or await system.wait(asker) == Normal() else 1


def shown(index: str, word: str | None, parser: argparse.ArgumentParser) -> int:
    """Print what the index says."""
    if not Path(index).is_file():
        parser.error(f"expected an index, made by a run without --sums and --find, got: no file {index!r}")
    try:
        with closing(sqlite3.connect(f"{Path(index).resolve().as_uri()}?mode=ro", uri=True)) as connection:
            for row in connection.execute(SUMS) if word is None else connection.execute(FIND, [word.lower()]):
                print(*row, sep="  ")
    except sqlite3.Error as error:
        parser.error(f"--index: expected an index that can be read, got: {index!r}: {error}")
    return 0


if __name__ == "__main__":
    quiet = "--trouble" in " ".join(sys.argv)  # the crashes are meant
    logging.basicConfig(
        level=logging.CRITICAL if quiet else logging.ERROR, format="%(levelname)s %(name)s: %(message)s"
    )
    logging.getLogger("aiormq").setLevel(logging.CRITICAL)  # what it says, the gateway says
    sys.exit(main())
