"""Causal contexts: which changes of which replicas somebody knows. A change is named by a dot."""

from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping
from types import MappingProxyType

from cybernetic.crdt.runs import NONE, Bounds, less, meet, runs_of, union, within

Dot = tuple[str, int]
"""The name of a change: the replica that made it and its number there, from 1."""


class Context:
    """A set of dots: for each replica its runs of numbers. Immutable.

    A version vector is the case of one run from 1 for each replica; a dot cloud, of runs of one. What lies
    between closes up by itself as the gaps are filled.
    """

    __slots__ = ("_runs",)

    def __init__(self, runs: Mapping[str, Bounds] | None = None) -> None:
        self._runs: dict[str, Bounds] = {} if runs is None else {r: b for r, b in runs.items() if b}

    @classmethod
    def of(cls, dots: Iterable[Dot]) -> "Context":
        """The context of just these dots."""
        numbers: dict[str, list[int]] = {}
        for replica, n in dots:
            numbers.setdefault(replica, []).append(n)
        return cls({replica: runs_of(found) for replica, found in numbers.items()})

    @property
    def runs(self) -> Mapping[str, Bounds]:
        """The runs of each replica."""
        return MappingProxyType(self._runs)

    @property
    def unbroken(self) -> bool:
        """Whether it has of each replica the changes from the first on, without gaps."""
        return all(len(bounds) == 2 and bounds[0] == 1 for bounds in self._runs.values())

    def next(self, replica: str) -> int:
        """The number of the next change of `replica`: one more than any known."""
        bounds = self._runs.get(replica)
        return bounds[-1] if bounds else 1

    def knows(self, replica: str, n: int) -> bool:
        """Whether the dot is in it."""
        bounds = self._runs.get(replica, NONE)
        if len(bounds) == 2:
            return bounds[0] <= n < bounds[1]
        return bisect_right(bounds, n) % 2 == 1

    def knows_all(self, dots: Iterable[Dot]) -> bool:
        """Whether each of the dots is in it."""
        for replica, n in dots:  # noqa: SIM110 - a generator would cost more than the search
            if not self.knows(replica, n):
                return False
        return True

    def knows_up_to(self, replica: str, n: int) -> bool:
        """Whether every change of `replica` with a number up to `n` is in it."""
        bounds = self._runs.get(replica)
        return bounds is not None and bounds[0] == 1 and n < bounds[1]

    def join(self, other: "Context") -> "Context":
        """What either knows."""
        if not other._runs:
            return self
        runs = self._runs.copy()
        for replica, bounds in other._runs.items():
            runs[replica] = union(runs.get(replica, NONE), bounds)
        return _context(runs)

    def meet(self, other: "Context") -> "Context":
        """What both know: the meet over all replicas is what is stable."""
        return self._sift(other, meet)

    def minus(self, other: "Context") -> "Context":
        """What this one knows and `other` does not."""
        return self._sift(other, less)

    def without(self, replicas: Iterable[str]) -> "Context":
        """It, without anything of these replicas."""
        gone = set(replicas)
        return _context({replica: bounds for replica, bounds in self._runs.items() if replica not in gone})

    def up_to(self) -> "Context":
        """Of each replica in it all changes from the first to the last that is."""
        return _context({replica: (1, bounds[-1]) for replica, bounds in self._runs.items()})

    def _sift(self, other: "Context", keep: Callable[[Bounds, Bounds], Bounds]) -> "Context":
        runs = {}
        for replica, bounds in self._runs.items():
            left = keep(bounds, other._runs.get(replica, NONE))
            if left:
                runs[replica] = left
        return _context(runs)

    def __le__(self, other: "Context") -> bool:
        return all(within(bounds, other._runs.get(r, NONE)) for r, bounds in self._runs.items())

    def __bool__(self) -> bool:
        return bool(self._runs)

    def __len__(self) -> int:
        return sum(sum(bounds[1::2]) - sum(bounds[::2]) for bounds in self._runs.values())

    def __iter__(self) -> Iterator[Dot]:
        for replica, bounds in self._runs.items():
            for at in range(0, len(bounds), 2):
                for n in range(bounds[at], bounds[at + 1]):
                    yield replica, n

    def __eq__(self, other: object) -> bool:
        return self._runs == other._runs if isinstance(other, Context) else NotImplemented

    def __hash__(self) -> int:
        return hash(frozenset(self._runs.items()))

    def __repr__(self) -> str:
        return f"Context({self._runs})"


def _context(runs: dict[str, Bounds]) -> Context:
    """The context of runs that are known to be in order, without another look."""
    made = Context.__new__(Context)
    made._runs = runs
    return made
