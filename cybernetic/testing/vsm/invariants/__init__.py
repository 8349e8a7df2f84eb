"""Every invariant that can be asked of any viable system."""

from cybernetic.testing.vsm.invariants import channels, control, operations, pain, shape
from cybernetic.testing.vsm.invariants.invariant import Invariant

INVARIANTS: tuple[Invariant, ...] = (
    *channels.INVARIANTS,
    *operations.INVARIANTS,
    *control.INVARIANTS,
    *pain.INVARIANTS,
    *shape.INVARIANTS,
)
