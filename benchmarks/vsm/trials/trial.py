"""What a trial is: a world, the arms that live in it, the columns of its table, and what is claimed."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from statistics import median
from typing import Any, Literal


@dataclass(frozen=True)
class Result:
    """What one run came to: its figures by name, and a digest of all that happened in it."""

    figures: Mapping[str, float]
    digest: str


class Trace:
    """A digest of what happens in a world, in order."""

    def __init__(self) -> None:
        self._hash = sha256()

    def note(self, *what: object) -> None:
        """One thing happened."""
        self._hash.update(repr(what).encode())

    @property
    def digest(self) -> str:
        """Sixteen hexadecimal digits that tell two runs apart."""
        return self._hash.hexdigest()[:16]


Arm = Callable[[Any, int], Awaitable[Result]]
"""`async def run(world, seed) -> Result`."""


@dataclass(frozen=True)
class Column:
    """One figure in a table: its name, its heading, which way is better ("": neither), and digits shown."""

    name: str
    head: str
    better: Literal["more", "less", ""] = ""
    digits: int = 0


class Found:
    """What all arms came to, seed by seed."""

    def __init__(self, results: Mapping[str, Sequence[Result]]) -> None:
        self.results = results

    @property
    def seeds(self) -> int:
        """How many worlds each arm lived in."""
        return min(len(results) for results in self.results.values())

    def values(self, arm: str, figure: str) -> list[float]:
        """One figure of one arm, in the order of the seeds."""
        return [result.figures[figure] for result in self.results[arm]]

    def middle(self, arm: str, figure: str) -> float:
        """The median over the seeds."""
        return median(self.values(arm, figure))

    def most(self, arm: str, figure: str) -> float:
        """The largest over the seeds."""
        return max(self.values(arm, figure))

    def least(self, arm: str, figure: str) -> float:
        """The smallest over the seeds."""
        return min(self.values(arm, figure))


@dataclass(frozen=True)
class Claim:
    """What the trial is to show, in words, and whether it does; judged only by `seeds` paired seeds or more."""

    words: str
    holds: Callable[[Found], bool]
    seeds: int = 1

    def judge(self, found: Found) -> bool | None:
        """Whether it holds; None where the seeds are too few to say."""
        return self.holds(found) if found.seeds >= self.seeds else None


@dataclass(frozen=True)
class Trial:
    """A world and those who live in it.

    `name` chooses it, `title` heads its table; `world` makes a fresh one of a seed and a length (1: all of it;
    tests live shorter, where a world can be shorter); `ours` is the arm that is compared with all `others` (all
    arms, where that is empty).
    """

    name: str
    title: str
    world: Callable[[int, float], Any]
    arms: Mapping[str, Arm]
    columns: tuple[Column, ...]
    ours: str
    claims: tuple[Claim, ...] = ()
    others: tuple[str, ...] = ()

    @property
    def compared(self) -> tuple[str, ...]:
        """The arms that ours is compared with."""
        return self.others or tuple(arm for arm in self.arms if arm != self.ours)
