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

    __slots__ = ("_before", "_names", "_version", "lost", "part", "source")

    def __init__(self, source: Source) -> None:
        self.source, self.lost = source, False
        self.part: Part = parts.NONE
        self._before: Part | None = None  # what was known, while it is told anew
        self._version = 0  # the change up to which it is then to be known
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

    # What is told anew.

    def doubt(self, version: int) -> None:
        """The part is not as on its own node: it is made anew, which is done when all up to that change is known."""
        self._version = version
        if (
            self._before is None
        ):  # else it is being made anew already, and what was known before must still go
            self._before, self.part = self.part, parts.NONE

    @property
    def whole(self) -> bool:
        """Whether all of a part that was doubted is known by now."""
        if self._before is None:
            return False
        return self.part.context.knows_up_to(parts.writer(self.source), self._version)

    def replaced(self) -> Part:
        """What was known before, which is not kept any more."""
        before, self._before = self._before, None
        return parts.NONE if before is None else before

    def has(self, slot: object) -> bool:
        """Whether anything is known at a place, be it in doubt."""
        known = (self.part, self._before or parts.NONE)
        return any(part.store.trie.get(slot) is not None for part in known)

    def taken(self) -> list[Part]:
        """All that is known, which is not kept any more."""
        before, part, self.part = self.replaced(), self.part, parts.NONE
        return [part, before]
