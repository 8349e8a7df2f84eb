"""Every invariant that can be asked of any viable system."""

from cybernetic.testing.vsm.invariants import (
    audits,
    channels,
    climbing,
    control,
    coordination,
    future,
    limits,
    operations,
    pain,
    policies,
    shape,
)
from cybernetic.testing.vsm.invariants.invariant import Invariant

INVARIANTS: tuple[Invariant, ...] = (
    *channels.INVARIANTS,
    *coordination.INVARIANTS,
    *operations.INVARIANTS,
    *control.INVARIANTS,
    *limits.INVARIANTS,
    *audits.INVARIANTS,
    *future.INVARIANTS,
    *policies.INVARIANTS,
    *pain.INVARIANTS,
    *climbing.INVARIANTS,
    *shape.INVARIANTS,
)
