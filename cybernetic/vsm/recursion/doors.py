"""By which door each half of a system may be asked, as one half knows it."""

from cybernetic.vsm.ids import fresh_id
from cybernetic.vsm.lives import begun_now, outbid
from cybernetic.vsm.recursion.parcels import Open


class Doors:
    """The door of this half, and that of the other as it was heard last.

    What says them may be lost, or overtaken by what was said later. So doors have numbers, and a later one's is
    greater, in a later life as well; and each half says which it knows of the other, so that both know when they meet.

    Attributes:
        own: the door of this half.
        number: its number.
        other: the door of the other; None: none is open.
        theirs: its number; 0: none is known, or the other is of a version that does not number them.
        most: the greatest number that was heard of the other, by whatever it said.
    """

    def __init__(self) -> None:
        self.own, self.number = fresh_id(8), begun_now()
        self.other: str | None = None
        self.theirs = self.most = 0
        self._latest = 0, ""  # number and door of the other that were heard last
        self._heard = 0  # which of this half's the other has heard

    @property
    def met(self) -> bool:
        """Whether both halves know how to ask each other."""
        numbered = self.theirs == self.most and self._heard >= self.number
        return self.other is not None and (numbered or self.theirs == 0)

    def anew(self, known: int = 0) -> None:
        """Another door of this half, whose number is greater than that of any it has had, and than `known`."""
        self.own, self.number = fresh_id(8), max(begun_now(), outbid(self.number, known))

    def shut(self) -> None:
        """The other half is away: what either was asked by is over."""
        self.other = None
        self.anew()

    def word(self, asks: bool = False) -> Open:
        """What the other half is told."""
        return Open(self.own, asks, self.number, self.most)

    def noted(self, number: int) -> None:
        """The other half has said something, by a door of its own that has this number."""
        self.most = max(self.most, number)

    def hear(self, open: Open) -> bool:
        """The other half says its door. Returns whether this half's had to change.

        One that a later one has overtaken changes nothing. Where the other knows a greater number of this half than it
        has, the clock has been set back since: it takes a greater one still.
        """
        self.noted(open.number)
        if 0 < open.number == self._latest[0] and open.door != self._latest[1]:
            self.noted(open.number + 1)  # two lives have the same: who is told of this takes a greater one
        if open.number in (0, self.most):
            self._heard = open.known if open.door != self._latest[1] else max(self._heard, open.known)
            self.other, self.theirs, self._latest = open.door, open.number, (open.number, open.door)
        if open.known <= self.number:
            return False
        self.anew(open.known)
        return True
