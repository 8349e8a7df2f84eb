"""Converging maps and sets beside plain dicts and sets, and beside loro and pycrdt where they are installed.

    python -m benchmarks.state.crdt [--keys 100000] [--rounds 3] [--peers awmap dict pycrdt]

In each round every peer does the same in a process of its own. Prints the medians of processor time as a table.
Only ratios mean something: absolute times depend on the machine and on what else it does.
"""

import argparse
import gc
import importlib.util
import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from statistics import median
from time import process_time
from typing import Any

from cybernetic.state import LWW, AWMap, AWSet, Stamp
from cybernetic.wire import Codec

CHANGES = 10_000  # made on both sides of a partition; at most a tenth of the keys
STAMP = Stamp(1_700_000_000_000, 0, "0123456789abcdef")
_names = count()  # of replicas: each fork is one of its own
UNITS = {"memory": "B/key", "encoded": "B/key", "delta": "B"}  # what is not µs for each key or change


class Plain:
    """A dict that copies nothing and converges with nobody: the floor."""

    def __init__(self) -> None:
        self.codec = Codec()
        self.value: Any = {}

    def set(self, n: int, value: Any) -> None:
        self.value[f"key-{n}"] = value

    def get(self, n: int) -> Any:
        return self.value[f"key-{n}"]

    def encode(self) -> bytes:
        return self.codec.encode(self.value)

    def decode(self, data: bytes) -> Any:
        return self.codec.decode(data)

    def fork(self) -> "Plain":
        other = type(self)()
        other.value = dict(self.value)
        return other

    def change(self, n: int, value: Any) -> bytes:
        self.set(n, value)
        return self.codec.encode((f"key-{n}", value))

    def apply(self, delta: bytes) -> None:
        key, value = self.codec.decode(delta)
        self.value[key] = value

    def since(self, other: Any) -> bytes:
        return self.codec.encode(
            {key: value for key, value in self.value.items() if other.value[key] != value}
        )

    def merge(self, delta: bytes) -> None:
        self.value.update(self.codec.decode(delta))


class PlainSet(Plain):
    """A plain set."""

    def __init__(self) -> None:
        super().__init__()
        self.value = set()

    def set(self, n: int, value: Any) -> None:
        self.value.add(f"key-{n}")

    def get(self, n: int) -> Any:
        return f"key-{n}" in self.value

    def fork(self) -> "PlainSet":
        other = PlainSet()
        other.value = set(self.value)
        return other

    def apply(self, delta: bytes) -> None:
        self.value.add(self.codec.decode(delta)[0])

    def since(self, other: Any) -> bytes:
        return self.codec.encode(self.value - other.value)


class Converging(Plain):
    """A map of last-writer-wins registers."""

    def __init__(self) -> None:
        super().__init__()
        self.value = AWMap()
        self.stamp = STAMP

    def delta(self, n: int, value: Any) -> Any:
        key = f"key-{n}"
        return self.value.put(key, self.value.at(key, LWW).set(self.stamp.node, self.stamp, value))

    def set(self, n: int, value: Any) -> None:
        self.value = self.value.join(self.delta(n, value))

    def get(self, n: int) -> Any:
        return self.value.at(f"key-{n}", LWW).value

    def fork(self) -> "Converging":
        other = type(self)()
        other.value = self.value
        other.stamp = Stamp(STAMP.millis + 1, 0, f"{next(_names):016x}")
        return other

    def change(self, n: int, value: Any) -> bytes:
        delta = self.delta(n, value)
        self.value = self.value.join(delta)
        return self.codec.encode(delta)

    def apply(self, delta: bytes) -> None:
        self.value = self.value.join(self.codec.decode(delta))

    def since(self, other: Any) -> bytes:
        return self.codec.encode(self.value.since(other.value.context))

    merge = apply


class ConvergingSet(Converging):
    """An add-wins set."""

    def __init__(self) -> None:
        super().__init__()
        self.value = AWSet()

    def delta(self, n: int, value: Any) -> Any:
        return self.value.add(self.stamp.node, f"key-{n}")

    def get(self, n: int) -> Any:
        return f"key-{n}" in self.value


class Pycrdt(Plain):
    """A pycrdt map."""

    def __init__(self) -> None:
        self.pycrdt: Any = importlib.import_module("pycrdt")
        self.doc = self.pycrdt.Doc()
        self.map = self.doc.get("map", type=self.pycrdt.Map)

    def set(self, n: int, value: Any) -> None:
        self.map[f"key-{n}"] = value

    def get(self, n: int) -> Any:
        return self.map[f"key-{n}"]

    def encode(self) -> bytes:
        return bytes(self.doc.get_update())

    def decode(self, data: bytes) -> Any:
        other = Pycrdt()
        other.doc.apply_update(data)
        return other

    def fork(self) -> Any:
        return self.decode(self.encode())

    def change(self, n: int, value: Any) -> bytes:
        before = self.doc.get_state()
        self.set(n, value)
        return bytes(self.doc.get_update(before))

    def apply(self, delta: bytes) -> None:
        self.doc.apply_update(delta)

    def since(self, other: Any) -> bytes:
        return bytes(self.doc.get_update(other.doc.get_state()))

    merge = apply


class Loro(Plain):
    """A loro map. A change is committed for each, as it is to be sent."""

    def __init__(self) -> None:
        self.loro: Any = importlib.import_module("loro")
        self.doc = self.loro.LoroDoc()
        self.map = self.doc.get_map("map")

    def set(self, n: int, value: Any) -> None:
        self.map.insert(f"key-{n}", value)
        self.doc.commit()

    def get(self, n: int) -> Any:
        return self.map.get(f"key-{n}").value

    def encode(self) -> bytes:
        return bytes(self.doc.export(self.loro.ExportMode.Snapshot()))

    def decode(self, data: bytes) -> Any:
        other = Loro()
        other.doc.import_(data)
        other.map.get("key-0")  # it is lazy
        return other

    def fork(self) -> Any:
        return self.decode(self.encode())

    def change(self, n: int, value: Any) -> bytes:
        before = self.doc.oplog_vv
        self.set(n, value)
        return bytes(self.doc.export(self.loro.ExportMode.Updates(before)))

    def apply(self, delta: bytes) -> None:
        self.doc.import_(delta)

    def since(self, other: Any) -> bytes:
        return bytes(self.doc.export(self.loro.ExportMode.Updates(other.doc.oplog_vv)))

    merge = apply


PEERS: dict[str, type[Plain]] = {
    "awmap": Converging,
    "dict": Plain,
    "pycrdt": Pycrdt,
    "loro": Loro,
    "awset": ConvergingSet,
    "set": PlainSet,
}
FLOORS = {"awmap": "dict", "pycrdt": "dict", "loro": "dict", "awset": "set"}


def measure(peer: str, keys: int) -> Iterator[tuple[str, float]]:
    """What one peer needs for each key or change."""
    make = PEERS[peer]
    gc.collect()
    before, one = _resident(), make()
    yield "set", _timed(lambda: _each(one.set, keys), keys)
    gc.collect()
    yield "memory", (_resident() - before) / keys
    yield "read", _timed(lambda: [one.get(n) for n in range(keys)], keys)
    data: list[bytes] = []
    yield "encode all", _timed(lambda: data.append(one.encode()), keys)
    yield "encoded", len(data[0]) / keys
    yield "decode all", _timed(lambda: one.decode(data[0]), keys)
    changes = min(CHANGES, keys // 10)
    other, third = one.fork(), one.fork()
    deltas: list[bytes] = []
    yield "change", _timed(lambda: deltas.extend(other.change(n * 7, -n) for n in range(changes)), changes)
    yield "delta", median(map(len, deltas))
    yield "apply", _timed(lambda: _applied(third, deltas), changes)
    for part in (100, 10, 1):
        yield f"meet {100 // part} %", _partition(one, changes // part)


def _partition(one: Plain, changes: int) -> float:
    """How long two take to agree that each made so many changes, half of them of the same keys."""
    ours, theirs = one.fork(), one.fork()
    for n in range(changes):
        ours.set(n, "ours")
        theirs.set(n + changes // 2, "theirs")

    def meet() -> None:
        delta, back = ours.since(theirs), theirs.since(ours)
        theirs.merge(delta)
        ours.merge(back)

    return _timed(meet, 2 * changes)


def _timed(act: Callable[[], object], count: int) -> float:
    begin = process_time()
    act()
    return (process_time() - begin) / count * 1e6


def _each(set_: Callable[[int, Any], None], keys: int) -> None:
    for n in range(keys):
        set_(n, n)


def _applied(one: Plain, deltas: list[bytes]) -> None:
    for delta in deltas:
        one.apply(delta)


def _resident() -> int:
    """Bytes of memory that this process occupies (Linux)."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--keys", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--peers", nargs="+", choices=PEERS, default=list(PEERS))
    parser.add_argument("--one", choices=PEERS, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.one:
        print(json.dumps(dict(measure(args.one, args.keys))))
        return 0
    peers = [p for p in args.peers if p not in ("pycrdt", "loro") or importlib.util.find_spec(p)]
    rounds: dict[str, list[dict[str, float]]] = {peer: [] for peer in peers}
    for _ in range(args.rounds):
        for peer in peers:
            command = [sys.executable, "-m", "benchmarks.state.crdt", "--one", peer, "--keys", str(args.keys)]
            done = subprocess.run(command, check=True, capture_output=True, text=True)
            rounds[peer].append(json.loads(done.stdout))
    _print({peer: _medians(found) for peer, found in rounds.items()}, args.keys, args.rounds)
    return 0


def _medians(rounds: list[dict[str, float]]) -> dict[str, float]:
    return {name: median(each[name] for each in rounds) for name in rounds[0]}


def _print(found: dict[str, dict[str, float]], keys: int, rounds: int) -> None:
    print(
        f"Python {sys.version.split()[0]}, {keys} keys, medians of {rounds} rounds; in brackets × the plain type\n"
    )
    print(f"| {'':20} |" + "".join(f" {peer:>16} |" for peer in found))
    print("|---|" + "---|" * len(found))
    for name in next(iter(found.values())):
        cells = []
        for peer, figures in found.items():
            floor = found.get(FLOORS.get(peer, ""), {}).get(name)
            ratio = f" ({figures[name] / floor:.1f})" if floor and floor > 0 else ""
            cells.append(f" {figures[name]:8.1f}{ratio:>8} |")
        print(f"| {name + ', ' + UNITS.get(name, 'µs'):20} |" + "".join(cells))


if __name__ == "__main__":
    sys.exit(main())
