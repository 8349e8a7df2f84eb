"""What calls that were one have saved: synergy, as the spending that was not needed (1.3)."""

from dataclasses import dataclass

from cybernetic.vsm.bargain.vector import NOTHING, Vector


@dataclass(frozen=True, slots=True)
class Saved:
    """What a unit did not have to spend as another had made the call: so many `calls`, which took `spend` there.

    `last` is the id of the receipt of the last such call, the unit's own, which names that of the call itself.
    """

    spend: Vector = NOTHING
    calls: int = 0
    last: str = ""

    def __add__(self, other: "Saved") -> "Saved":
        return Saved(self.spend + other.spend, self.calls + other.calls, other.last or self.last)

    def since(self, before: "Saved") -> "Saved":
        """What was saved since `before`, as far as it is told: whoever counts begins at nothing when he begins anew."""
        if self.calls < before.calls:
            return self
        return Saved(self.spend.less(before.spend), self.calls - before.calls, self.last)


NONE_SAVED = Saved()
