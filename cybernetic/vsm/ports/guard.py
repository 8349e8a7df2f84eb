"""The guard against loops: the same call again and again within one task."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Self

from cybernetic.vsm.ports.refusals import Stuck


@dataclass(frozen=True, slots=True)
class Guard:
    """Counts equal calls of one task in one life of the operation (`life`): a value. `counts` is by digest (see
    `call_digest`).
    """

    life: str = ""
    counts: Mapping[str, int] = field(default_factory=dict)

    def passed(self, path: str, port: str, call: str, repeats: int) -> Self:
        """The guard after one more call. Raises `Stuck` for one made `repeats` times before (T-S1-stuck)."""
        times = self.counts.get(call, 0)
        if times >= repeats:
            raise Stuck(path, port, times)
        return type(self)(self.life, {**self.counts, call: times + 1})
