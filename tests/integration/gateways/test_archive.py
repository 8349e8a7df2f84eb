"""The example that does real work: a foreign client asks, readers are killed meanwhile, and all is answered once."""

import hashlib
import json
import random
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pika
import pytest

from tests.integration.gateways.foreign import channel, deleted
from tests.integration.gateways.forked import forked
from tests.integration.gateways.rabbit import RabbitMQ
from tests.support import soak

ROOT = Path(__file__).parents[3]
EXAMPLE = str(ROOT / "examples" / "archive.py")
COUNT = soak(1000, 5000)
QUEUES = ("archive.operations", "archive.outcomes")


@contextmanager
def serving(rabbit: RabbitMQ, folder: Path, index: Path, *more: str) -> Iterator[None]:
    """The example, answering whoever asks; stopped as a user stops it."""
    said = folder.parent / "said"  # a pipe that nobody reads would stop it some day
    command = [
        sys.executable,
        EXAMPLE,
        str(folder),
        "--index",
        str(index),
        "--amqp",
        rabbit.url,
        "--serve",
        *more,
    ]
    with said.open("w") as output, subprocess.Popen(command, stderr=output) as program:
        try:
            yield
            program.send_signal(signal.SIGTERM)
            program.wait(60)
        finally:
            program.kill()
            print(said.read_text()[-3000:])
    assert program.returncode == 0
    assert "Traceback" not in said.read_text()


def ask(there: Any, id: str, body: bytes) -> None:
    properties = pika.BasicProperties(message_id=id, delivery_mode=2)
    there.basic_publish("", "archive.operations", body, properties, mandatory=True)


def outcomes(there: Any, count: int, patience: float = 200) -> dict[str, list[Any]]:
    """What came back, by the id of what was asked, until `count` have come, and whatever comes in a second more."""
    found: dict[str, list[Any]] = {}
    come, until = 0, time.monotonic() + patience
    while come < count and time.monotonic() < until:
        come += len(_next(there, found, 1.0))
    _next(there, found, 1.0)
    return found


def _next(there: Any, found: dict[str, list[Any]], seconds: float) -> list[str]:
    come = []
    for method, properties, body in there.consume("archive.outcomes", inactivity_timeout=seconds):
        if method is None:
            break
        there.basic_ack(method.delivery_tag)
        found.setdefault(properties.correlation_id, []).append(json.loads(body))
        come.append(properties.correlation_id)
    there.cancel()
    return come


def left(rabbit: RabbitMQ) -> dict[str, int]:
    """What is in any queue of the broker that begins with the example's name, and stays there."""
    until = time.monotonic() + 60
    while True:  # the last acknowledgements are on their way, and quorum queues count every few seconds only
        left = {
            name: count for name, count in rabbit.queues().items() if count and name.startswith("archive.")
        }
        if not left or time.monotonic() > until:
            return left
        time.sleep(0.1)


def declared(rabbit: RabbitMQ) -> None:
    """Wait until the example has made its queues."""
    until = time.monotonic() + 60
    while time.monotonic() < until:
        if rabbit.queues().keys() >= set(QUEUES):
            return
        time.sleep(0.1)
    raise AssertionError("the example did not declare its queues")


# Those without a broker come first: it is on its way meanwhile.


WRONG = {
    ("nowhere",): "expected a folder that is there, got: 'nowhere'",
    (".", "--serve"): "--serve needs --amqp URL",
    (".", "--sums"): "expected an index",
    (".", "--sums", "--index", "a.txt"): "--index: expected an index that can be read, got: 'a.txt'",
    (".", "--index", "nowhere/x.sqlite"): "nowhere/x.sqlite: expected a disk that writes",
    (".", "--index", "."): ": expected a disk that writes",
    (".", "--index", "a.txt"): "a.txt: expected a store in good order",
    (".", "--trouble", "-1"): "argument --trouble: expected seconds > 0, got: '-1'",
    (".", "--trouble", "0"): "argument --trouble: expected seconds > 0, got: '0'",
    (".", "--trouble", "x"): "argument --trouble: expected seconds > 0, got: 'x'",
    (".", "--trouble", "inf"): "argument --trouble: expected seconds > 0, got: 'inf'",
    (".", "--amqp", "http://here"): "--amqp: url: expected amqp",
    (".", "--amqp", "amqp://127.0.0.1:1"): "127.0.0.1:1",
}


@pytest.fixture(scope="module")
def started(tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, ...], tuple[int, Path]]:
    """How each wrong way ended, and the folder it was in: all are tried at once."""
    folders = {arguments: tmp_path_factory.mktemp("wrong") / "here" for arguments in WRONG}
    for folder in folders.values():
        folder.mkdir()
        (folder / "a.txt").write_text("a")
    ended = forked(EXAMPLE, {folder: arguments for arguments, folder in folders.items()})
    return {arguments: (ended[folder], folder) for arguments, folder in folders.items()}


@pytest.mark.parametrize("arguments", WRONG, ids=" ".join)
def test_a_wrong_way_to_start_it_gets_one_sentence(
    arguments: tuple[str, ...], started: dict[tuple[str, ...], tuple[int, Path]]
) -> None:
    status, folder = started[arguments]
    said = folder.with_name("here.err").read_text()
    assert status == 2, said
    assert WRONG[arguments] in said
    assert said.startswith("archive.py: ")
    assert said.count("\n") == 1  # and nothing else: no usage, no traceback
    assert folder.with_name("here.out").read_text() == ""


def test_without_a_broker_it_asks_for_a_whole_folder_by_itself(tmp_path: Path) -> None:
    folder, index = tmp_path / "documents", str(tmp_path / "index.sqlite")
    folder.mkdir()
    for n in range(30):
        (folder / f"{n}.txt").write_text(f"text number{'x' * n}")
    command = [sys.executable, EXAMPLE, str(folder), "--index", index]
    run = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert (run.returncode, run.stdout) == (0, "")
    assert "30 documents indexed, 0 refused" in run.stderr
    assert "Traceback" not in run.stderr
    found = subprocess.run([*command, "--find", "NUMBERxxx"], capture_output=True, text=True, timeout=120)
    assert found.stdout.split() == ["3.txt"]


def test_a_thousand_operations_have_a_thousand_outcomes_while_a_unit_is_killed_every_second(
    rabbit: RabbitMQ, tmp_path: Path
) -> None:
    folder, index, chance = tmp_path / "documents", tmp_path / "index.sqlite", random.Random(7)
    for n in range(COUNT):
        path = folder / f"{n % 7}" / f"{n}.txt"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"number {n} " + " ".join(chance.choices(["alpha", "beta", "gamma", "delta"], k=200)))
    names = {f"op-{n}": f"{n % 7}/{n}.txt" for n in range(COUNT)}
    with serving(rabbit, folder, index, "--trouble", "1"), channel(rabbit) as there:
        declared(rabbit)
        for id, name in names.items():
            ask(there, id, json.dumps({"document": name}).encode())
        found = outcomes(there, COUNT)
        remain = left(rabbit)
    deleted(rabbit, *QUEUES)
    assert found.keys() == names.keys()
    assert all(len(came) == 1 for came in found.values())
    for id, (outcome,) in found.items():
        assert outcome["ok"], outcome
        assert outcome["sha256"] == hashlib.sha256((folder / names[id]).read_bytes()).hexdigest()
    assert remain == {}
    sums = subprocess.run(
        [sys.executable, EXAMPLE, str(folder), "--index", str(index), "--sums"],
        capture_output=True,
        text=True,
        check=True,
    )
    lines = sums.stdout.splitlines()
    assert sorted(line.partition("  ")[2] for line in lines) == sorted(names.values())
    checked = subprocess.run(["sha256sum", "-c", "--quiet"], input=sums.stdout, cwd=folder, text=True)
    assert checked.returncode == 0
    with sqlite3.connect(index) as connection:
        (rows,) = connection.execute("SELECT count(*) FROM words WHERE word = 'alpha'").fetchone()
    assert rows == COUNT


def test_what_cannot_be_done_is_answered_with_the_reason_and_changes_nothing(
    rabbit: RabbitMQ, tmp_path: Path
) -> None:
    folder, index = tmp_path / "documents", tmp_path / "index.sqlite"
    folder.mkdir()
    (folder / "empty.txt").touch()
    (folder / "bytes.bin").write_bytes(b"\xff\xfe\x00" * 100)
    (tmp_path / "secret.txt").write_text("not theirs")
    (folder / "way out").symlink_to(tmp_path / "secret.txt")
    asked = {
        "empty": b'{"document": "empty.txt"}',
        "binary": b'{"document": "bytes.bin"}',
        "missing": b'{"document": "none.txt"}',
        "outside": b'{"document": "../secret.txt"}',
        "link": b'{"document": "way out"}',
        "folder": b'{"document": "."}',
        "number": b'{"document": 7}',
        "other": b'{"paper": "empty.txt"}',
        "list": b"[1, 2]",
        "noise": b"\xff\x00 no json",
    }
    with serving(rabbit, folder, index), channel(rabbit) as there:
        declared(rabbit)
        for id, body in asked.items():
            ask(there, id, body)
        ask(there, "empty", asked["empty"])  # again, under the same id
        found = outcomes(there, len(asked))
        remain = left(rabbit)
    deleted(rabbit, *QUEUES)
    assert {id: [one["ok"] for one in came] for id, came in found.items()} == {
        id: [id in ("empty", "binary")] for id in asked
    }
    assert found["binary"][0]["kind"] == "binary"
    assert found["empty"][0]["sha256"] == hashlib.sha256(b"").hexdigest()
    assert all("expected" in one["why"] for came in found.values() for one in came if not one["ok"])
    assert remain == {}
    with sqlite3.connect(index) as connection:
        paths = [path for (path,) in connection.execute("SELECT path FROM documents ORDER BY path")]
    assert paths == ["bytes.bin", "empty.txt"]
