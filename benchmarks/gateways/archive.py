"""What being regulated takes: `examples/archive.py` beside a bare consumer that does the same work, in one run.

`python -m benchmarks.gateways.archive [--url URL] [--rate R] [--count N] [--trouble S]` asks both for the same
documents, in turn, R times a second each, over one RabbitMQ, and prints p50, p95 and p99 in milliseconds from asking to
the outcome, and the difference of the p95. A reader of the regulated one is killed every S seconds; operations that
were under way then, or asked for in the 0.3 s after it, are counted apart. The bare one reads, hashes, answers and
acknowledges, in a process of its own, with pika; it writes no index and remembers nothing.
"""

import argparse
import json
import random
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from statistics import quantiles
from typing import Any

import pika

from benchmarks.gateways.broker import broker

EXAMPLE = Path(__file__).parents[2] / "examples" / "archive.py"
BARE = ("bare.operations", "bare.outcomes")
OURS = ("archive.operations", "archive.outcomes")
WINDOW = 0.3  # seconds after a reader was killed
GOAL = 50.0  # milliseconds between the p95

BARE_CONSUMER = """
import hashlib, json, sys, pathlib, pika
there = pika.BlockingConnection(pika.URLParameters(sys.argv[1])).channel()
there.basic_qos(prefetch_count=32)
def answer(channel, method, properties, body):
    name = json.loads(body)["document"]
    found = pathlib.Path(sys.argv[2], name).read_bytes()
    outcome = {"ok": True, "sha256": hashlib.sha256(found).hexdigest(), "bytes": len(found)}
    about = pika.BasicProperties(correlation_id=properties.message_id, delivery_mode=2)
    channel.basic_publish("", "bare.outcomes", json.dumps(outcome).encode(), about)
    channel.basic_ack(method.delivery_tag)
there.basic_consume("bare.operations", answer)
there.start_consuming()
"""


def main() -> None:
    """Measure, and print what came of it."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.gateways.archive")
    parser.add_argument("--url", help="a broker that runs (default: one of its own)")
    parser.add_argument("--rate", type=float, default=20.0, help="operations a second, of each")
    parser.add_argument("--count", type=int, default=1000, help="operations, of each")
    parser.add_argument("--trouble", type=float, default=1.0, help="seconds between two killed readers")
    args = parser.parse_args()
    with broker(args.url) as url, tempfile.TemporaryDirectory() as place:
        sent, come, kills = measured(url, Path(place), args.rate, args.count, args.trouble)
    shown(sent, come, kills)


Times = dict[str, float]  # when, by the id of an operation


def measured(
    url: str, place: Path, rate: float, count: int, trouble: float
) -> tuple[Times, Times, list[float]]:
    """When each operation was asked for, when its outcome came, and when readers were killed."""
    folder, chance = place / "documents", random.Random(1)
    folder.mkdir()
    for n in range(count):
        words = chance.choices(["alpha", "beta", "gamma", "delta", "epsilon"], k=chance.randint(50, 2000))
        (folder / f"{n}.txt").write_text(f"number {n} " + " ".join(words))
    pika_url = url if "%2F" in url else f"{url.rstrip('/')}/%2F"
    connection = pika.BlockingConnection(pika.URLParameters(pika_url))
    there = connection.channel()
    for queue in BARE:
        there.queue_declare(queue, durable=True)
    ours = [
        sys.executable,
        str(EXAMPLE),
        str(folder),
        "--index",
        str(place / "index.sqlite"),
        "--amqp",
        url,
        "--serve",
    ]
    bare = subprocess.Popen([sys.executable, "-c", BARE_CONSUMER, pika_url, str(folder)])
    with subprocess.Popen([*ours, "--trouble", str(trouble)], stderr=subprocess.PIPE, text=True) as program:
        kills: list[float] = []
        reading = threading.Thread(target=_note, args=(program.stderr, kills))
        reading.start()
        try:
            time.sleep(3.0)  # both have begun
            return *_asked(there, rate, count), kills
        finally:
            bare.kill()
            bare.wait()
            program.terminate()
            reading.join()
            connection.close()


def _note(lines: Any, kills: list[float]) -> None:
    kills.extend(time.perf_counter() for line in lines if line.startswith("killed"))


def _asked(there: Any, rate: float, count: int) -> tuple[Times, Times]:
    """Ask both in turn, at a steady pace, and take what comes."""
    sent, come = dict[str, float](), dict[str, float]()

    def arrived(channel: Any, method: Any, properties: Any, body: bytes) -> None:
        come[properties.correlation_id] = time.perf_counter()
        channel.basic_ack(method.delivery_tag)

    for queue in (BARE[1], OURS[1]):
        there.basic_consume(queue, arrived)
    began = time.perf_counter()
    for n in range(2 * count):
        _until(there, began + n / (2 * rate))
        queue, id = (BARE, f"bare-{n // 2}") if n % 2 else (OURS, f"ours-{n // 2}")
        sent[id] = time.perf_counter()
        body = json.dumps({"document": f"{n // 2}.txt"}).encode()
        there.basic_publish("", queue[0], body, pika.BasicProperties(message_id=id, delivery_mode=2))
    last = time.perf_counter() + 30.0
    while len(come) < len(sent) and time.perf_counter() < last:
        there.connection.process_data_events(0.05)
    return sent, come


def _until(there: Any, when: float) -> None:
    while (left := when - time.perf_counter()) > 0:
        there.connection.process_data_events(left)


def shown(sent: Times, come: Times, kills: list[float]) -> None:
    """Print a table, and whether the goal is reached."""
    struck = {id for id in come if any(sent[id] - WINDOW <= kill <= come[id] for kill in kills)}
    groups = {
        "bare consumer": [id for id in come if id.startswith("bare")],
        "regulated": [id for id in come if id.startswith("ours") and id not in struck],
        "regulated, after a reader was killed": [id for id in come if id.startswith("ours") and id in struck],
    }
    p95 = {}
    print(f"{len(sent)} asked, {len(come)} answered, {len(kills)} readers killed\n")
    print("| | operations | p50 ms | p95 ms | p99 ms | longest ms |\n|---|---:|---:|---:|---:|---:|")
    for name, ids in groups.items():
        took = sorted((come[id] - sent[id]) * 1000.0 for id in ids)
        if len(took) < 2:
            print(f"| {name} | {len(took)} |  |  |  |  |")
            continue
        cuts = quantiles(took, n=100, method="inclusive")
        p95[name] = cuts[94]
        print(f"| {name} | {len(took)} | {cuts[49]:.1f} | {cuts[94]:.1f} | {cuts[98]:.1f} | {took[-1]:.1f} |")
    more = p95["regulated"] - p95["bare consumer"]
    print(f"\np95 of the regulated less p95 of the bare: {more:.1f} ms (goal: at most {GOAL:g})")


if __name__ == "__main__":
    main()
