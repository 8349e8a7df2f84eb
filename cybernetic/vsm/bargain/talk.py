"""The bargain as a conversation: offer, counter-offers for a bounded number of rounds, then agreement or the
floor.
"""

from dataclasses import dataclass, replace
from typing import Self

from cybernetic.core import OptionError, flag, whole
from cybernetic.vsm.bargain.vector import Vector, vector
from cybernetic.vsm.checks import instance


@dataclass(frozen=True, slots=True)
class Talk:
    """One bargain between System 3 and a unit: a value.

    Arguments:
        unit: its path.
        offer: what System 3 offers now.
        most: what it would agree to at most; covers the offer.
        floor: what policy guarantees the unit; imposed when the rounds are used up.
        rounds: counter-offers still allowed, >= 0.
        agreed: the outcome; None while they talk.
        imposed: the outcome is the floor, against the unit's will: to be written in the log as a
            disagreement.

    Raises `OptionError` for what is no `Vector`, and where the offer is above `most`.
    """

    unit: str
    offer: Vector
    most: Vector
    floor: Vector
    rounds: int = 3
    agreed: Vector | None = None
    imposed: bool = False

    def __post_init__(self) -> None:
        instance("unit", self.unit, str)
        whole("rounds", self.rounds)
        flag("imposed", self.imposed)
        for name in ("offer", "most", "floor"):
            vector(name, getattr(self, name))
        if self.agreed is not None:
            vector("agreed", self.agreed)
        if not self.offer <= self.most:
            raise OptionError("offer", f"at most {self.most!r}", self.offer)

    def accepted(self) -> Self:
        """The unit takes the offer."""
        return self if self.agreed is not None else replace(self, agreed=self.offer)

    def countered(self, asked: Vector) -> Self:
        """The unit asks for `asked`: agreed if System 3 would give it; else it meets the unit half way, while
        rounds last.

        With no round left the floor is imposed. After the end nothing changes.
        """
        if self.agreed is not None:
            return self
        if vector("asked", asked) <= self.most:
            return replace(self, agreed=asked)
        if self.rounds == 0:
            return replace(self, agreed=self.floor, imposed=True)
        half_way = (self.offer + asked).times(0.5).least(self.most)
        return replace(self, offer=half_way, rounds=self.rounds - 1)
