"""When a verifier is tried out, and with what."""

from collections.abc import Sequence

from cybernetic.vsm.audit.canary import Canary
from cybernetic.vsm.audit.sampling import Sampler
from cybernetic.vsm.inspection.messages import Evidence
from cybernetic.vsm.operations.task import Outcome, Task

PART = 0.1  # of audits are followed by a canary


class Canaries:
    """The canaries of a level, one after the other, dressed as evidence of a unit."""

    def __init__(self, canaries: Sequence[Canary]) -> None:
        self._canaries, self._next = tuple(canaries), 0

    def __bool__(self) -> bool:
        return bool(self._canaries)

    def turn(self, sampler: Sampler, task: str) -> bool:
        """Whether one is to follow the audit of `task`: by the same secret, so the verifier cannot foresee it."""
        return bool(self) and sampler.draw(f"canary {task}") < PART

    def next(self, path: str) -> tuple[Evidence, bool]:
        """The next one as it would come from the unit at `path`, and whether it is good."""
        one = self._canaries[self._next % len(self._canaries)]
        self._next += 1
        return Evidence(path, Task(one.kind, one.body), Outcome(one.value), ()), one.good
