"""What system 2 of a level has to do with: a value, made of what the level declares."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from cybernetic.vsm.bargain.budget import Rate


@dataclass(frozen=True, slots=True)
class Remit:
    """The ports and the units of a level, as its system 2 sees them.

    Attributes:
        weights: of the units, by path.
        rates: of the ports that are paced here, by name.
        shared: of the ports that the level above paces: what one unit may use by itself, units a second, by name.
        own: the ports that this level declares, with the seconds that a call may take: whatever turns out to have a
            limit among them is paced here.
        groups: ports of this level that are equivalent, by the name of their group.
        above: the names of groups that a level above declares.
        nested: the units whose inside is a level.
    """

    weights: Mapping[str, float]
    rates: Mapping[str, Rate] = field(default_factory=dict)
    shared: Mapping[str, float] = field(default_factory=dict)
    own: Mapping[str, float] = field(default_factory=dict)
    groups: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    above: frozenset[str] = frozenset()
    nested: frozenset[str] = frozenset()

    @property
    def members(self) -> frozenset[str]:
        """The paths of the units."""
        return frozenset(self.weights)
