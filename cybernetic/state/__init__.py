"""What must last and what is shared: values that converge, the clock that stamps them, and the store on disk."""

from cybernetic.crdt import (
    CONVERGING,
    LWW,
    MV,
    AWMap,
    AWSet,
    Context,
    Digests,
    Escrow,
    FutureStamp,
    GCounter,
    Hlc,
    Lattice,
    LeaseHolds,
    NotGuardian,
    Opaque,
    OpaqueTypes,
    PNCounter,
    RightsLacking,
    Stamp,
    digest,
    latest_stamp,
)
from cybernetic.state.graph.answers import Answers, Around, Changed, GraphRefused, GraphStatus, Watching
from cybernetic.state.graph.facts import Assertion, Fact, Period
from cybernetic.state.graph.graph import Graph
from cybernetic.state.graph.graphml import read_graphml, write_graphml
from cybernetic.state.graph.patterns import Var
from cybernetic.state.graph.records import read_lines, write_lines
from cybernetic.state.replica.diff import Diff
from cybernetic.state.replica.editing import EditRefused
from cybernetic.state.replica.ending import ReplicaEnding, ReplicaOver
from cybernetic.state.replica.events import (
    ClockAhead,
    ReplicaDiverged,
    ReplicaEvicted,
    ReplicaIdentified,
    ReplicaRefused,
    ReplicaRejoined,
)
from cybernetic.state.replica.group_peers import GroupPeers
from cybernetic.state.replica.options import ReplicaOptions
from cybernetic.state.replica.peers import Peer, Peers
from cybernetic.state.replica.replica import NoSubscriber, Replica
from cybernetic.state.replica.status import PeerStatus, ReplicaCounts, ReplicaStatus
from cybernetic.state.replica.writer import Writer
from cybernetic.state.store.batch import Batch, Committed
from cybernetic.state.store.errors import (
    InboxFull,
    JournalFull,
    NoncesFull,
    NoRoom,
    OutboxFull,
    StoreClosed,
    StoreDamaged,
    StoreError,
    StoreFailed,
    StoreFull,
    StoreInUse,
    WriteUndone,
    WrongStore,
)
from cybernetic.state.store.inbox import Inbox
from cybernetic.state.store.journal import Journal, Noted, Stream
from cybernetic.state.store.nonces import Nonces
from cybernetic.state.store.outbox import Outbox, Outgoing, SetAside
from cybernetic.state.store.room import StoreLimits
from cybernetic.state.store.store import Store
from cybernetic.state.store.work import Transaction

__all__ = (
    "AWMap",
    "AWSet",
    "Answers",
    "Around",
    "Assertion",
    "Batch",
    "CONVERGING",
    "Changed",
    "ClockAhead",
    "Committed",
    "Context",
    "Diff",
    "Digests",
    "EditRefused",
    "Escrow",
    "Fact",
    "FutureStamp",
    "GCounter",
    "Graph",
    "GraphRefused",
    "GraphStatus",
    "GroupPeers",
    "Hlc",
    "Inbox",
    "InboxFull",
    "Journal",
    "JournalFull",
    "LWW",
    "Lattice",
    "LeaseHolds",
    "MV",
    "NoRoom",
    "NoSubscriber",
    "Nonces",
    "NoncesFull",
    "NotGuardian",
    "Noted",
    "Opaque",
    "OpaqueTypes",
    "Outbox",
    "OutboxFull",
    "Outgoing",
    "PNCounter",
    "Peer",
    "PeerStatus",
    "Peers",
    "Period",
    "Replica",
    "ReplicaCounts",
    "ReplicaDiverged",
    "ReplicaEnding",
    "ReplicaEvicted",
    "ReplicaIdentified",
    "ReplicaOptions",
    "ReplicaOver",
    "ReplicaRefused",
    "ReplicaRejoined",
    "ReplicaStatus",
    "RightsLacking",
    "SetAside",
    "Stamp",
    "Store",
    "StoreClosed",
    "StoreDamaged",
    "StoreError",
    "StoreFailed",
    "StoreFull",
    "StoreInUse",
    "StoreLimits",
    "Stream",
    "Transaction",
    "Var",
    "Watching",
    "WriteUndone",
    "Writer",
    "WrongStore",
    "digest",
    "latest_stamp",
    "read_graphml",
    "read_lines",
    "write_graphml",
    "write_lines",
)
