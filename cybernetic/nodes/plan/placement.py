"""On which node an agent is placed: a pure decision that every node would make alike."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b

from cybernetic.nodes.plan.capabilities import Requires, fits, lacks, shown

NAMED = 5  # how many nodes a refusal speaks of


@dataclass(frozen=True, slots=True)
class Candidate:
    """A node that an agent may be placed on.

    Attributes:
        name: what it is called; no two candidates have the same.
        host: the host it runs on.
        capabilities: what it offers.
        load: how many agents have been placed on it.
    """

    name: str
    host: str
    capabilities: Mapping[str, object]
    load: int = 0


@dataclass(frozen=True, slots=True)
class NoFit:
    """There is no node for an agent. `why` is a sentence: what was asked for, and what each candidate lacks."""

    why: str

    def __str__(self) -> str:
        return self.why


def place(
    key: str,
    node: str | None,
    requires: Requires,
    candidates: Iterable[Candidate],
    *,
    avoid: Collection[str] = (),
) -> str | NoFit:
    """The name of the node for an agent, or why there is none.

    Equal keys go to equal nodes, in every process, and a node that goes moves only what was on it (rendezvous hashing;
    EX-3). But no node takes more than its share with a quarter on top (`most_load`): what is too much for it goes to
    the next in the key's order.

    Args:
        key: what the place is derived from.
        node: the only node that will do; None: any.
        requires: what the node must offer.
        candidates: the nodes there are, in any order.
        avoid: names of nodes that are taken only if no other fits; without effect where `node` is given.
    """
    known = sorted(candidates, key=lambda candidate: candidate.name)
    asked = [candidate for candidate in known if node is None or candidate.name == node]
    fitting = [candidate for candidate in asked if fits(candidate.capabilities, requires)]
    if not fitting:
        return NoFit(_sentence(node, requires, known, asked))
    if node is not None:
        return node
    wanted = [candidate for candidate in fitting if candidate.name not in avoid] or fitting
    most = most_load(candidate.load for candidate in wanted)
    free = [candidate for candidate in wanted if candidate.load < most]
    return max(free, key=lambda candidate: (rank(key, candidate.name), candidate.name)).name


def most_load(loads: Iterable[int]) -> int:
    """How many agents a node may have with one more placed: 1.25 times the mean that makes, rounded up."""
    loads = tuple(loads)
    return -(-5 * (sum(loads) + 1) // (4 * len(loads)))


def rank(key: str, node: str) -> int:
    """How much a key wants a node: 64 bits that are alike in every process."""
    text = f"{len(node)}:{node}{key}".encode(errors="surrogatepass")
    return int.from_bytes(blake2b(text, digest_size=8).digest(), "big")


def _sentence(
    node: str | None, requires: Requires, known: Sequence[Candidate], asked: Sequence[Candidate]
) -> str:
    wanted = ", ".join(shown(name, value) for name, value in sorted(requires, key=repr))
    if not asked:
        there = _some([repr(candidate.name) for candidate in known], ", ")
        want = f"node {node!r}" if node is not None else wanted or "any node"
        return f"no node fits: expected {want}, got: {there or 'none'}"
    where = f"node {node!r} with " if node is not None else ""
    missing = [f"{candidate.name!r} lacks {lacks(candidate.capabilities, requires)}" for candidate in asked]
    return f"no node fits: expected {where}{wanted}, but {_some(missing, '; ')}"


def _some(words: Sequence[str], between: str) -> str:
    """The first few of many."""
    more = f"{between}and {len(words) - NAMED} more" if len(words) > NAMED else ""
    return between.join(words[:NAMED]) + more
