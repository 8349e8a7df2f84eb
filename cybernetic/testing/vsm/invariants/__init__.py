"""Every invariant that can be asked of any viable system."""

from cybernetic.testing.vsm.invariants import channels, control, coordination, future, operations, pain, shape
from cybernetic.testing.vsm.invariants.invariant import Invariant

INVARIANTS: tuple[Invariant, ...] = (
    *channels.INVARIANTS,
    *coordination.INVARIANTS,
    *operations.INVARIANTS,
    *control.INVARIANTS,
    *future.INVARIANTS,
    *pain.INVARIANTS,
    *shape.INVARIANTS,
)
