"""The graph of facts beside rdflib (where it is installed) and a plain dict of dicts of sets, the floor.

    python -m benchmarks.state.graph [--facts 100000] [--rounds 3] [--peers graph sets] [--gc]

In each round every peer does the same in a process of its own, where the garbage collector runs as rarely as under
`cybernetic run` (with `--gc` as often as it does by default, which is most of the time of adding a million facts).
The graph alone keeps provenance, converges with other replicas and can be watched; the others hold bare triples.
Prints medians of processor time as a table. "put in" is the graph as well, but every fact comes from an export of
another one. Only ratios mean something: absolute times depend on the machine and on what else it does. A million
facts need about 1.5 GB and some minutes.
"""

import argparse
import gc
import importlib
import importlib.util
import json
import subprocess
import sys
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path
from random import Random
from statistics import median
from time import process_time
from typing import Any

from cybernetic.state import Fact, Stamp, Var
from cybernetic.state.graph.book import Book
from cybernetic.state.graph.entries import State, touched
from cybernetic.state.graph.facts import Assertion
from cybernetic.state.graph.patterns import query_of
from cybernetic.state.graph.pen import Pen
from cybernetic.state.graph.solve import solve
from cybernetic.state.graph.walk import Way, path
from cybernetic.state.graph.watching import Watches

STEP = 50  # facts of one change
ASKED = 1000  # things that are asked about
FAR = 60  # facts that a way may have
TRIED = 50  # ways that are looked for
NOW = 1_700_000_000.0
X, Y, N = Var("x"), Var("y"), Var("n")
UNITS = {"memory": "B/fact"}  # what is not µs
SELDOM = (100_000, 50, 100)  # thresholds of the garbage collector, as `System(tune_gc=True)` sets them

HERE, ELSEWHERE = "0123456789abcdef", "fedcba9876543210"  # replicas

Triple = tuple[str, str, Any]


def world(facts: int) -> Iterator[Triple]:
    """Five facts of each thing: a type, two it knows, an age, and a name that no other has."""
    chance, things = Random(7), facts // 5
    for n in range(things):
        thing = f"thing-{n}"
        yield thing, "type", f"type-{n % 10}"
        yield thing, "knows", f"thing-{chance.randrange(things)}"
        yield thing, "knows", f"thing-{(n + 1) % things}"
        yield thing, "age", chance.randrange(100)
        yield thing, "name", f"name of {n}"


class Facts:
    """The value and the book of a graph, as its agent has them."""

    def __init__(self) -> None:
        self.state, self.book, self.ticks, self.watches = State(), Book(), 0, Watches()

    def tick(self) -> Stamp:
        self.ticks += 1
        return Stamp(int(NOW * 1000), self.ticks, HERE)

    def add(self, facts: list[Triple]) -> None:
        pen = Pen(self.state, HERE, self.tick)
        for fact in facts:
            pen.add(Fact(*fact), "me")
        self.take(pen)

    def take(self, pen: Pen) -> None:
        self.state = pen.state
        for change in self.book.follow(self.state, touched(pen.delta), NOW):
            for _ in self.watches.react(self.book.triples, change) if change else ():
                pass

    def match(self, s: Any, p: Any, o: Any) -> Iterable[Any]:
        return self.book.triples.match(s, p, o)

    def join(self, thing: str) -> int:
        query = query_of([(Y, "age", N), (X, "knows", Y), (thing, "knows", X)])
        return sum(row is not None for row in solve(self.book.triples, query))

    def path(self, start: str, goal: str) -> int:
        found = [
            way
            for way in path(self.book.triples, start, goal, FAR, Way("out", ("knows",)))
            if way is not None
        ]
        return len(found[0]) if found else 0


class PutIn(Facts):
    """The same, of facts that were put in as an export of another graph has them, with its changes."""

    def __init__(self) -> None:
        super().__init__()
        self.elsewhere = 0

    def add(self, facts: list[Triple]) -> None:
        pen = Pen(self.state, HERE, self.tick, NOW, self.book.ended)
        for fact in facts:
            self.elsewhere += 1
            at = Stamp(int(NOW * 1000), self.elsewhere, ELSEWHERE)
            pen.restore(Assertion(Fact(*fact), "me", at), ((ELSEWHERE, self.elsewhere),))
        self.take(pen)
        for _ in self.book.look():
            pass


class Sets:
    """Three dicts of dicts of sets: nothing but triples, and joins written by hand."""

    def __init__(self) -> None:
        self.spo: Any = defaultdict(lambda: defaultdict(set))
        self.pos: Any = defaultdict(lambda: defaultdict(set))
        self.osp: Any = defaultdict(lambda: defaultdict(set))

    def add(self, facts: list[Triple]) -> None:
        for s, p, o in facts:
            self.spo[s][p].add(o)
            self.pos[p][o].add(s)
            self.osp[o][s].add(p)

    def match(self, s: Any, p: Any, o: Any) -> Iterable[Any]:
        if s is not None and p is not None:
            return [(s, p, o) for o in self.spo[s][p]]
        if s is not None and o is not None:
            return [(s, p, o) for p in self.osp[o][s]]
        if p is not None and o is not None:
            return [(s, p, o) for s in self.pos[p][o]]
        if s is not None:
            return [(s, p, o) for p, found in self.spo[s].items() for o in found]
        if p is not None:
            return [(s, p, o) for o, found in self.pos[p].items() for s in found]
        return [(s, p, o) for s, found in self.osp[o].items() for p in found]

    def join(self, thing: str) -> int:
        return len(
            [
                (x, y, n)
                for x in self.spo[thing]["knows"]
                for y in self.spo[x]["knows"]
                for n in self.spo[y]["age"]
            ]
        )

    def path(self, start: str, goal: str) -> int:
        """From both ends, as the graph searches."""
        ends: Any = [({start}, {start}, self.spo), ({goal}, {goal}, None)]
        for length in range(FAR):
            near = 0 if len(ends[0][1]) <= len(ends[1][1]) else 1
            met, frontier, _ = ends[near]
            beyond = set()
            for node in frontier:
                beyond |= self.spo[node]["knows"] if near == 0 else self.pos["knows"][node]
            beyond -= met
            if beyond & ends[1 - near][0]:
                return length + 1
            ends[near] = (met | beyond, beyond, None)
        return 0


class Rdf:
    """rdflib's graph in memory; joins in SPARQL, as its users write them."""

    def __init__(self) -> None:
        self.rdflib: Any = importlib.import_module("rdflib")
        self.graph = self.rdflib.Graph()
        self.term: Any = lambda x: self.rdflib.URIRef("x:" + x.replace(" ", "_"))

    def node(self, value: Any) -> Any:
        return (
            None
            if value is None
            else self.rdflib.Literal(value)
            if isinstance(value, int)
            else self.term(value)
        )

    def add(self, facts: list[Triple]) -> None:
        for fact in facts:
            self.graph.add(tuple(map(self.node, fact)))

    def match(self, s: Any, p: Any, o: Any) -> Iterable[Any]:
        return self.graph.triples((self.node(s), self.node(p), self.node(o)))  # type: ignore[no-any-return]

    def join(self, thing: str) -> int:
        text = f"SELECT ?x ?y ?n {{ ?y <x:age> ?n . ?x <x:knows> ?y . <x:{thing}> <x:knows> ?x }}"
        return len(self.graph.query(text))


PEERS: dict[str, Callable[[], Any]] = {"graph": Facts, "put in": PutIn, "sets": Sets, "rdflib": Rdf}


def measure(peer: str, facts: int) -> Iterator[tuple[str, float]]:
    """What one peer needs: µs for each fact added, question asked, or fact found."""
    known = list(world(facts))
    things = [f"thing-{n * (facts // 5 // ASKED)}" for n in range(ASKED)]
    gc.collect()
    before, one = _resident(), PEERS[peer]()
    steps = [known[at : at + STEP] for at in range(0, len(known), STEP)]
    yield "add", _timed(lambda: _each(one.add, steps), facts)
    gc.collect()
    yield "memory", (_resident() - before) / facts
    for name, asked in (
        ("subject", [(thing, None, None) for thing in things]),
        ("object", [(None, None, thing) for thing in things]),
        ("subject, predicate", [(thing, "name", None) for thing in things]),
        ("subject, object", [(known[n * 5][0], None, known[n * 5][2]) for n in range(ASKED)]),
        ("predicate, object", [(None, "name", f"name of {n}") for n in range(ASKED)]),
    ):
        yield name, _timed(partial(_ask, one, asked), ASKED)
    found: list[Any] = []
    yield (
        "predicate, each found",
        _timed(lambda: found.extend(one.match(None, "knows", None)), facts // 5 * 2),
    )
    assert len(found) > facts // 5
    yield "join of three", _timed(lambda: [one.join(thing) for thing in things], ASKED)
    if hasattr(one, "path"):
        lengths: list[int] = []
        pairs = list(zip(things[:TRIED], things[-TRIED:], strict=True))
        yield "shortest way", _timed(lambda: lengths.extend(one.path(*pair) for pair in pairs), TRIED)
        assert all(lengths)
    if isinstance(one, Facts):
        one.watches.add("w", query_of([(X, "knows", Y), (Y, "age", N)]))
        more = [[(f"new-{n}", "knows", thing)] for n, thing in enumerate(things)]
        yield "add, watched", _timed(lambda: _each(one.add, more), ASKED)
        assert sum(len(added) for _, added, _ in one.watches.take()) == ASKED


def _timed(act: Callable[[], object], count: int) -> float:
    begin = process_time()
    act()
    return (process_time() - begin) / count * 1e6


def _ask(one: Any, asked: list[Any]) -> None:
    for parts in asked:
        list(one.match(*parts))


def _each(add: Callable[[list[Triple]], None], steps: list[list[Triple]]) -> None:
    for step in steps:
        add(step)


def _resident() -> int:
    """Bytes of memory that this process occupies (Linux)."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--facts", type=int, default=100_000, help="at least 5000")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--peers", nargs="+", choices=PEERS, default=list(PEERS))
    parser.add_argument(
        "--gc", action="store_true", help="collect garbage as often as Python does by default"
    )
    parser.add_argument("--one", choices=PEERS, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.one:
        if not args.gc:
            gc.freeze()
            gc.set_threshold(*SELDOM)
        print(json.dumps(dict(measure(args.one, args.facts))))
        return 0
    peers = [peer for peer in args.peers if peer != "rdflib" or importlib.util.find_spec(peer)]
    rounds: dict[str, list[dict[str, float]]] = {peer: [] for peer in peers}
    for _ in range(args.rounds):
        for peer in peers:
            command = [
                sys.executable,
                "-m",
                "benchmarks.state.graph",
                "--one",
                peer,
                "--facts",
                str(args.facts),
                *(["--gc"] if args.gc else []),
            ]
            done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
            rounds[peer].append(json.loads(done.stdout))
    _print({peer: _medians(found) for peer, found in rounds.items()}, args.facts, args.rounds)
    return 0


def _medians(rounds: list[dict[str, float]]) -> dict[str, float]:
    return {name: median(each[name] for each in rounds) for name in rounds[0]}


def _print(found: dict[str, dict[str, float]], facts: int, rounds: int) -> None:
    python = sys.version.split()[0]
    print(f"Python {python}, {facts} facts, medians of {rounds} rounds, µs; in brackets × the plain sets\n")
    print(f"| {'':26} |" + "".join(f" {peer:>16} |" for peer in found))
    print("|---|" + "---|" * len(found))
    for name in next(iter(found.values())):
        cells = []
        for numbers in found.values():
            floor = found.get("sets", {}).get(name)
            ratio = f" ({numbers[name] / floor:.1f})" if floor and name in numbers else ""
            cells.append(f"{numbers[name]:.1f}{ratio}" if name in numbers else "")
        title = f"{name}, {UNITS[name]}" if name in UNITS else name
        print(f"| {title:26} |" + "".join(f" {cell:>16} |" for cell in cells))


if __name__ == "__main__":
    raise SystemExit(main())
