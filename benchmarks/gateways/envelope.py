"""Envelopes: what it costs to seal one and to check one, beside msgpack and HMAC alone, in one interleaved run.

`python -m benchmarks.gateways.envelope [--rounds N] [--count N] [--payload BYTES]` prints the best round of each, in
microseconds of processor time, and how often what is bare fits into it. Status 1 if sealing or checking takes more
than 25 µs, or ten times what is bare.

Bare is the least that a signed message needs: the same fields as a msgpack array, its HMAC-SHA256, and back. It checks
no field, and knows no key, place or time.
"""

import argparse
import hmac
import sys
from collections.abc import Callable
from time import process_time

import msgpack

from cybernetic.gateways.envelope import Accepted, Author, Key, Keyring, Rules, check, pack

NOW = 1_800_000_000.0
SECRET = b"s" * 32
MOST_MICROSECONDS, MOST_TIMES = 25.0, 10.0


def tasks(payload: bytes) -> dict[str, Callable[[], object]]:
    """What is timed, by name; the first two are what the others are compared with."""
    key = Key("k", SECRET, ["shop"])
    keyring, rules = Keyring([key]), Rules(ttl=60.0)
    author = Author("node-1", now=lambda: NOW)
    envelope = author.write("ticket.opened", "shop/support/answer-1", payload)
    message = pack(envelope, "shop.tickets", "new", key)
    fields = [*envelope, "k", "shop.tickets", "new"]
    body = msgpack.packb(fields)
    signature = hmac.digest(SECRET, body, "sha256").hex()

    def bare_seal() -> object:
        return hmac.digest(SECRET, msgpack.packb(fields), "sha256").hex()

    def bare_open() -> object:
        assert hmac.compare_digest(hmac.digest(SECRET, body, "sha256").hex(), signature)
        return msgpack.unpackb(body)

    assert check(message, keyring, NOW, rules) == Accepted(envelope, "k")
    return {
        "bare seal": bare_seal,
        "bare open": bare_open,
        "pack": lambda: pack(envelope, "shop.tickets", "new", key),
        "check": lambda: check(message, keyring, NOW, rules),
        "write": lambda: author.write("ticket.opened", "shop/support/answer-1", payload),
        "renew": lambda: author.renew(envelope),
    }


def timed(task: Callable[[], object], count: int) -> float:
    """Microseconds of processor time that `task` takes once."""
    start = process_time()
    for _ in range(count):
        task()
    return (process_time() - start) / count * 1e6


def main() -> int:
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--rounds", type=int, default=15)
    arguments.add_argument("--count", type=int, default=2000)
    arguments.add_argument("--payload", type=int, default=1024)
    args = arguments.parse_args()
    all_tasks = tasks(b"p" * args.payload)
    rounds = [{name: timed(task, args.count) for name, task in all_tasks.items()} for _ in range(args.rounds)]
    best = {name: min(each[name] for each in rounds) for name in all_tasks}
    bare = {"check": best["bare open"]}
    ratios = {name: best[name] / bare.get(name, best["bare seal"]) for name in all_tasks}
    print(f"{args.payload} bytes of payload, best of {args.rounds} rounds of {args.count}\n")
    print("| | µs | × bare |\n|---|---|---|")
    for name in all_tasks:
        print(f"| {name} | {best[name]:.1f} | {ratios[name]:.1f} |")
    good = all(best[name] <= MOST_MICROSECONDS and ratios[name] <= MOST_TIMES for name in ("pack", "check"))
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
