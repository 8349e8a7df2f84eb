"""System 2: damping. Pacing of shared rates, exclusive leases, detection and damping of oscillation; values
only.
"""

from cybernetic.vsm.damping.aimd import Aimd
from cybernetic.vsm.damping.choice import Advice
from cybernetic.vsm.damping.fair import FairQueue, Waiting
from cybernetic.vsm.damping.fence import Fence, LeaseLost
from cybernetic.vsm.damping.flap import FlapDamper, Flapping
from cybernetic.vsm.damping.leases import Lease, LeaseTable, Waiter
from cybernetic.vsm.damping.oscillation import (
    Oscillation,
    autocovariance,
    decay_ratio,
    detrended,
    find_oscillation,
    regularity,
)
from cybernetic.vsm.damping.pacer import Pacer, wip_limit
from cybernetic.vsm.damping.plan import Engagement, Plan, balanced_plan
from cybernetic.vsm.damping.shaping import Shaping, dead_band, full_jitter, next_turn, phase
from cybernetic.vsm.damping.shares import Member, SharedPacer
from cybernetic.vsm.damping.swings import SwingCounter, swing_limit

__all__ = (
    "Advice",
    "Aimd",
    "Engagement",
    "FairQueue",
    "Fence",
    "FlapDamper",
    "Flapping",
    "Lease",
    "LeaseLost",
    "LeaseTable",
    "Member",
    "Oscillation",
    "Pacer",
    "Plan",
    "Shaping",
    "SharedPacer",
    "SwingCounter",
    "Waiter",
    "Waiting",
    "autocovariance",
    "balanced_plan",
    "dead_band",
    "decay_ratio",
    "detrended",
    "find_oscillation",
    "full_jitter",
    "next_turn",
    "phase",
    "regularity",
    "swing_limit",
    "wip_limit",
)
