"""Causal contexts: which changes of which replicas somebody knows. A change is named by a dot."""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import chain
from types import MappingProxyType

Dot = tuple[str, int]
"""The name of a change: the replica that made it and its number there, from 1."""

Bounds = tuple[int, ...]
"""A set of numbers as its runs, written as first, last + 1, first, last + 1, ...: ascending, none touching."""

_NONE: Bounds = ()
_FEW = 8  # so many times smaller a set is put into another run by run
_NEVER = 2**63  # beyond any number


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
        return cls({replica: _bounds(found) for replica, found in numbers.items()})

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
        bounds = self._runs.get(replica, _NONE)
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
            runs[replica] = _union(runs.get(replica, _NONE), bounds)
        return _context(runs)

    def meet(self, other: "Context") -> "Context":
        """What both know: the meet over all replicas is what is stable."""
        return self._sift(other, _met)

    def minus(self, other: "Context") -> "Context":
        """What this one knows and `other` does not."""
        return self._sift(other, _less)

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
            left = keep(bounds, other._runs.get(replica, _NONE))
            if left:
                runs[replica] = left
        return _context(runs)

    def __le__(self, other: "Context") -> bool:
        return all(_within(bounds, other._runs.get(r, _NONE)) for r, bounds in self._runs.items())

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


def _bounds(numbers: list[int]) -> Bounds:
    bounds: list[int] = []
    for n in sorted(set(numbers)):
        if bounds and bounds[-1] == n:
            bounds[-1] = n + 1
        else:
            bounds += (n, n + 1)
    return tuple(bounds)


def _union(ours: Bounds, theirs: Bounds) -> Bounds:
    """Both in one. A few runs are put into many one by one, with copies of what lies between."""
    if (
        len(ours) == 2 == len(theirs) and ours[0] <= theirs[0] <= ours[1]
    ):  # by far the most: the next of a row
        return ours if theirs[1] <= ours[1] else (ours[0], theirs[1])
    if len(ours) < len(theirs):
        ours, theirs = theirs, ours
    if _much(ours, theirs):
        return _united(ours, theirs)
    found: list[int] = []
    at = 0
    for n in range(0, len(theirs), 2):
        first, end = theirs[n], theirs[n + 1]
        left = bisect_left(ours, first, at)
        found += ours[at:left]
        at = bisect_right(ours, end, left)
        if left % 2 == 0:
            found.append(first)
        if at % 2 == 0:
            found.append(end)
    found += ours[at:]
    return tuple(found)


def _much(larger: Bounds, smaller: Bounds) -> bool:
    """Whether all runs of both are sorted in less time than those of the smaller are looked for one by one."""
    return len(smaller) * _FEW > len(larger) > 2


def _united(ours: Bounds, theirs: Bounds) -> Bounds:
    """Both in one: after the n-th end there is a gap exactly if the next of the sorted beginnings lies beyond it."""
    begins, ends = _sorted(ours, theirs)
    gaps = [pair for pair in zip(ends, begins[1:], strict=False) if pair[0] < pair[1]]
    return begins[0], *chain.from_iterable(gaps), ends[-1]


def _shared(ours: Bounds, theirs: Bounds) -> Bounds:
    """What is in both: from the next of the sorted beginnings to the n-th end, where it lies before that."""
    begins, ends = _sorted(ours, theirs)
    return tuple(
        chain.from_iterable([pair for pair in zip(begins[1:], ends, strict=False) if pair[0] < pair[1]])
    )


def _sorted(ours: Bounds, theirs: Bounds) -> tuple[list[int], list[int]]:
    return sorted(ours[::2] + theirs[::2]), sorted(ours[1::2] + theirs[1::2])


def _met(ours: Bounds, theirs: Bounds) -> Bounds:
    """What is in both: what the larger has within each run of the smaller, where that has few."""
    if len(ours) < len(theirs):
        ours, theirs = theirs, ours
    if _much(ours, theirs):
        return _shared(ours, theirs)
    found: list[int] = []
    right = 0
    for n in range(0, len(theirs), 2):
        first, end = theirs[n], theirs[n + 1]
        left = bisect_right(ours, first, right)
        right = bisect_left(ours, end, left)
        if left % 2:
            found.append(first)
        found += ours[left:right]
        if right % 2:
            found.append(end)
    return tuple(found)


def _less(ours: Bounds, theirs: Bounds) -> Bounds:
    """What is in `ours` alone: in it, and in a gap of `theirs`."""
    if not theirs:
        return ours
    return _met(ours, (*theirs[1:], _NEVER) if theirs[0] == 1 else (1, *theirs, _NEVER))


def _within(ours: Bounds, theirs: Bounds) -> bool:
    """Whether all of `ours` is in `theirs`: each run of it in one of those."""
    if len(theirs) == 2:
        return theirs[0] <= ours[0] and ours[-1] <= theirs[1]
    at = 0
    for n in range(0, len(ours), 2):
        at = bisect_right(theirs, ours[n], at)
        if at % 2 == 0 or theirs[at] < ours[n + 1]:
            return False
    return True
