"""What passes between an allocator and a unit: contracts down, acceptances and reports up; sealed against
replay.
"""

from dataclasses import dataclass

from cybernetic.core import flag, number, whole
from cybernetic.vsm.bargain.budget import epoch_number
from cybernetic.vsm.bargain.vector import Vector, vector
from cybernetic.vsm.checks import instance

UNHEARD = "?"
"""What an allocator takes for the purse of a unit that has none yet as far as it knows: no purse has this id."""


@dataclass(frozen=True, slots=True, order=True)
class Seal:
    """Which word is the later one: `term` counts allocators that replaced each other, `version` the words of
    one; both >= 0. Raises `OptionError`.
    """

    term: int
    version: int

    def __post_init__(self) -> None:
        whole("term", self.term)
        whole("version", self.version)

    def __str__(self) -> str:
        return f"{self.term}.{self.version}"


@dataclass(frozen=True, slots=True)
class Contract:
    """What a unit may spend in an epoch, by the word of its allocator.

    It is for the purse of that id, and for no other: what a purse that is lost has spent of an earlier one, none that
    came after it knows. `per` is what an epoch lasts for who grants it, seconds; 0: he does not say. In epochs below
    `bare` of which a purse knows nothing it has no floor: they were begun before his clock was set back. 0: in all.

    Raises `OptionError` for an `epoch` or `bare` that is no integer, a `grant` that is no `Vector`, a `seal` that is no
    `Seal`, and a `per` below 0.
    """

    unit: str
    epoch: int
    grant: Vector
    seal: Seal
    purse: str = ""
    per: float = 0.0
    bare: int = 0

    def __post_init__(self) -> None:
        instance("unit", self.unit, str)
        instance("purse", self.purse, str)
        epoch_number("epoch", self.epoch)
        vector("grant", self.grant)
        instance("seal", self.seal, Seal)
        number("per", self.per, least=0.0)
        epoch_number("bare", self.bare)


@dataclass(frozen=True, slots=True)
class Accepted:
    """A unit's answer to a contract: what it holds since, and what its clock said then, seconds; None: it does not say.

    It holds more than was granted, if more was committed already. Raises `OptionError` as `Contract` does.
    """

    unit: str
    epoch: int
    holds: Vector
    seal: Seal
    at: float | None = None

    def __post_init__(self) -> None:
        instance("unit", self.unit, str)
        epoch_number("epoch", self.epoch)
        vector("holds", self.holds)
        instance("seal", self.seal, Seal)
        if self.at is not None:
            number("at", self.at)


@dataclass(frozen=True, slots=True)
class Report:
    """What a unit spent in an epoch that is over, by the word of its `purse`; until it is `final`, an upper bound.

    Raises `OptionError` for an `epoch` that is no integer, `spent` that is no `Vector`, and `final` that is no bool.
    """

    unit: str
    epoch: int
    spent: Vector
    final: bool
    purse: str = ""

    def __post_init__(self) -> None:
        instance("unit", self.unit, str)
        instance("purse", self.purse, str)
        epoch_number("epoch", self.epoch)
        vector("spent", self.spent)
        flag("final", self.final)
