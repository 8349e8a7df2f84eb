"""What one node has told on one link."""

from cybernetic.nodes.directory import parts
from cybernetic.nodes.directory.entries import Claim, Part, Source

_BLOCK = 8  # bits of a number that are not looked at to find the block with its name


class Told:
    """What one node has told on one link; of this node, what its agents do.

    Attributes:
        source: the node.
        part: what is known of its part.
        lost: whether the link has ended: then nothing of it counts, wherever it still stands.
    """

    __slots__ = ("_names", "lost", "part", "source")

    def __init__(self, source: Source) -> None:
        self.source, self.lost = source, False
        self.part: Part = parts.NONE
        self._names: dict[int, dict[int, str]] = {}  # in blocks: one large table takes milliseconds to grow

    def name(self, claim: Claim) -> None:
        """An agent claims a name."""
        self._names.setdefault(claim.serial >> _BLOCK, {})[claim.serial] = claim.name

    def unname(self, claim: Claim) -> None:
        """It claims that name no more."""
        block = self._names.get(claim.serial >> _BLOCK, {})
        if block.get(claim.serial) == claim.name:
            del block[claim.serial]
            if not block:
                del self._names[claim.serial >> _BLOCK]

    def named(self, serial: int) -> str | None:
        """The name that an agent claims; None: it claims none."""
        block = self._names.get(serial >> _BLOCK)
        return None if block is None else block.get(serial)
