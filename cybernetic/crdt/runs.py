"""Sets of numbers as their runs: joined, met, compared. Where two have the same runs, or one has none, whole
stretches are taken at once: those who talk to each other know nearly the same, also where that is in very many runs.
"""

from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator
from itertools import chain, compress
from operator import and_, gt, lt, or_

Bounds = tuple[int, ...]
"""A set of numbers as its runs, written as first, last + 1, first, last + 1, ...: ascending, none touching."""

NONE: Bounds = ()
_STRIDE = 8  # bounds that are compared at once to begin with
_FEW = 8  # so many times fewer are put to others run by run
_SMALL = 256  # bounds of both that are sorted sooner than gone through
_LEAST, _SHARE = 16, 64  # stretches, and bounds to each more of them: where there are fewer, all are sorted
_NEVER = 2**63  # beyond any number

_Op = Callable[[int, int], int]


class _Scattered(Exception):
    """There are more stretches than it is worth to go through."""


def runs_of(numbers: Iterable[int]) -> Bounds:
    """The runs of these."""
    bounds: list[int] = []
    for n in sorted(set(numbers)):
        if bounds and bounds[-1] == n:
            bounds[-1] = n + 1
        else:
            bounds += (n, n + 1)
    return tuple(bounds)


def union(ours: Bounds, theirs: Bounds) -> Bounds:
    """Both in one."""
    if (
        len(ours) == 2 == len(theirs) and ours[0] <= theirs[0] <= ours[1]
    ):  # by far the most: the next of a row
        return ours if theirs[1] <= ours[1] else (ours[0], theirs[1])
    if ours == theirs:
        return ours
    return _combined(ours, theirs, or_, _sorted_union)


def meet(ours: Bounds, theirs: Bounds) -> Bounds:
    """What is in both."""
    if len(ours) == 2 == len(theirs):
        first, end = max(ours[0], theirs[0]), min(ours[1], theirs[1])
        return (first, end) if first < end else NONE
    if ours == theirs:
        return ours
    return _combined(ours, theirs, and_, _sorted_meet)


def less(ours: Bounds, theirs: Bounds) -> Bounds:
    """What is in `ours` alone."""
    if not theirs:
        return ours
    return _combined(ours, theirs, gt, _sorted_less)


def within(ours: Bounds, theirs: Bounds) -> bool:
    """Whether all of `ours` is in `theirs`."""
    if len(theirs) == 2:
        return theirs[0] <= ours[0] and ours[-1] <= theirs[1]
    try:
        return next(_stretches(ours, theirs, gt), None) is None
    except _Scattered:
        return not _sorted_less(ours, theirs)


def _combined(ours: Bounds, theirs: Bounds, op: _Op, in_order: Callable[[Bounds, Bounds], Bounds]) -> Bounds:
    if len(ours) + len(theirs) < _SMALL and len(ours) > 2 < len(theirs):
        return in_order(ours, theirs)
    try:
        return tuple(chain.from_iterable(_stretches(ours, theirs, op)))
    except _Scattered:
        return in_order(ours, theirs)


def _stretches(ours: Bounds, theirs: Bounds, op: _Op) -> Iterator[Bounds]:
    """The bounds of all numbers of which it holds that they are in `ours` `op` that they are in `theirs` (0 or 1 each).

    There is a bound wherever that changes: at all bounds of a stretch that only one has, or both alike, or at none.
    Raises `_Scattered`.
    """
    i = j = 0
    steps = len(ours) + len(theirs)
    if _FEW * min(len(ours), len(theirs)) > max(len(ours), len(theirs)):
        steps = _LEAST + steps // _SHARE
    while i < len(ours) and j < len(theirs):
        steps -= 1
        if steps < 0:
            raise _Scattered
        ours_in, theirs_in = i % 2, j % 2
        now = op(ours_in, theirs_in)
        if ours[i] == theirs[j]:
            end = i + _same(ours, i, theirs, j)
            if now != op(1 - ours_in, 1 - theirs_in):
                yield ours[i:end]
            i, j = end, j + end - i
        elif ours[i] < theirs[j]:
            end = bisect_left(ours, theirs[j], i)
            if now != op(1 - ours_in, theirs_in):
                yield ours[i:end]
            i = end
        else:
            end = bisect_left(theirs, ours[i], j)
            if now != op(ours_in, 1 - theirs_in):
                yield theirs[j:end]
            j = end
    if i < len(ours) and op(1, 0):
        yield ours[i:]
    if j < len(theirs) and op(0, 1):
        yield theirs[j:]


def _same(ours: Bounds, i: int, theirs: Bounds, j: int) -> int:
    """How many bounds from there on are the same: in steps that grow, and then become smaller. The first is."""
    same, step = 1, _STRIDE
    end = min(len(ours) - i, len(theirs) - j)
    while same + step <= end and ours[i + same : i + same + step] == theirs[j + same : j + same + step]:
        same, step = same + step, 2 * step
    while step > 1:
        step //= 2
        if same + step <= end and ours[i + same : i + same + step] == theirs[j + same : j + same + step]:
            same += step
    return same


# All runs of both, sorted.


def _sorted_union(ours: Bounds, theirs: Bounds) -> Bounds:
    """Both in one: after the n-th end there is a gap exactly if the next of the sorted beginnings lies beyond it."""
    begins, ends = _sorted(ours, theirs)
    return begins[0], *_ascending(ends, begins[1:]), ends[-1]


def _sorted_meet(ours: Bounds, theirs: Bounds) -> Bounds:
    """What is in both: from the next of the sorted beginnings to the n-th end, where it lies before that."""
    begins, ends = _sorted(ours, theirs)
    return tuple(_ascending(begins[1:], ends))


def _sorted_less(ours: Bounds, theirs: Bounds) -> Bounds:
    """What is in `ours` alone: in it, and in a gap of `theirs`."""
    return _sorted_meet(ours, _others(theirs))


def _others(bounds: Bounds) -> Bounds:
    """All numbers that are not in it."""
    return (*bounds[1:], _NEVER) if bounds[0] == 1 else (1, *bounds, _NEVER)


def _ascending(some: list[int], others: list[int]) -> Iterator[int]:
    """Each of `some` that is less than its like of the others, and that."""
    return chain.from_iterable(compress(zip(some, others, strict=False), map(lt, some, others)))


def _sorted(ours: Bounds, theirs: Bounds) -> tuple[list[int], list[int]]:
    return sorted(ours[::2] + theirs[::2]), sorted(ours[1::2] + theirs[1::2])
