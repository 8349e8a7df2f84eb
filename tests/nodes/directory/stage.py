"""Agents and means for tests of the directory between nodes."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from cybernetic import Groups, System, travels
from cybernetic.nodes.remote import ops
from tests.nodes.cluster.mesh import Holder, inside

teams = Groups("teams of the exchange")

KINDS = {
    number: name for name, number in vars(ops).items() if name in ("PART", "COMPARE", "AGREED", "LACKING")
}


@travels
@dataclass(frozen=True, eq=False)
class Loud:
    """A key that is equal to another in whatever letters it is written."""

    text: str

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Loud) and self.text.lower() == other.text.lower()

    def __hash__(self) -> int:
        return hash(self.text.lower())


class Joiner(Holder):
    """Joins and looks."""

    def join(self, group: Any = "g") -> None:
        teams.join(self, group)

    def leave(self, group: Any = "g") -> None:
        teams.leave(self, group)

    def members(self, group: Any = "g") -> list[Any]:
        return list(teams.members(self, group))

    def tie(self, others: list[Any]) -> None:
        for other in others:
            self.link(other)

    def watch(self, group: Any = "g") -> None:
        teams.monitor(self, group)


def post(system: System, other: str) -> Any:
    """Where a node posts what is for another."""
    return inside(system).peers[other]


@contextmanager
def watched(system: System, other: str, lose: int = 0) -> Iterator[Counter[str]]:
    """Counts what a node tells another of the directory; the first `lose` pieces are lost."""
    peer, told = post(system, other), Counter[str]()
    before = peer.post

    def through(message: tuple[Any, ...], *rest: Any) -> None:
        kind = KINDS.get(message[0])
        if kind is not None:
            told[kind] += 1
        if kind != "PART" or told[kind] > lose:
            before(message, *rest)

    peer.post = through
    try:
        yield told
    finally:
        del peer.post


def serials(refs: Any) -> list[int]:
    """The numbers of agents on their nodes."""
    return [ref._serial for ref in refs]


def part(system: System, of: System) -> Any:
    """What a node knows of the part of another."""
    return inside(system).exchange.directory.part(inside(of).exchange.directory.me)
