"""Values that converge however their changes travel, and the clock that stamps them: pure delta-state CRDTs.

Counters, registers, sets and maps; nothing here acts, sends or waits.

Sources: Almeida, Shoker, Baquero, "Delta State Replicated Data Types", 2018; Preguiça et al., "Dotted Version
Vectors", 2010; Balegas et al., "Extending Eventually Consistent Cloud Databases for Enforcing Numeric
Invariants", 2015.
"""

from cybernetic.crdt.awmap import AWMap
from cybernetic.crdt.awset import AWSet
from cybernetic.crdt.branch import Branch
from cybernetic.crdt.context import Context
from cybernetic.crdt.counters import GCounter, PNCounter
from cybernetic.crdt.digests import Digests, digest
from cybernetic.crdt.escrow import Escrow
from cybernetic.crdt.hlc import MOST_TICKS, FutureStamp, Hlc, Stamp, checked_stamp
from cybernetic.crdt.keys import key_of, slot_of
from cybernetic.crdt.lattice import KINDS, Lattice
from cybernetic.crdt.leaf import Leaf
from cybernetic.crdt.opaque import Opaque, OpaqueTypes
from cybernetic.crdt.pieces import held
from cybernetic.crdt.refusals import LeaseHolds, NotGuardian, RightsLacking
from cybernetic.crdt.registers import LWW, MV
from cybernetic.crdt.stamps import latest_stamp, redated
from cybernetic.crdt.travel import CONVERGING

__all__ = (
    "AWMap",
    "AWSet",
    "Branch",
    "CONVERGING",
    "Context",
    "Digests",
    "Escrow",
    "FutureStamp",
    "GCounter",
    "Hlc",
    "KINDS",
    "LWW",
    "Lattice",
    "Leaf",
    "LeaseHolds",
    "MOST_TICKS",
    "MV",
    "NotGuardian",
    "Opaque",
    "OpaqueTypes",
    "PNCounter",
    "RightsLacking",
    "Stamp",
    "checked_stamp",
    "digest",
    "held",
    "key_of",
    "latest_stamp",
    "redated",
    "slot_of",
)
