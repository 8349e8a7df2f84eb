"""What a replica tells of itself: who it is, what its peers lack, and what it has counted."""

from dataclasses import dataclass
from typing import Any

from cybernetic.wire import travels


@travels(name="state.ReplicaCounts")
@dataclass(slots=True)
class ReplicaCounts:
    """What a replica has counted since its start.

    Attributes:
        changes: changes made here.
        taken: deltas of others that told something new, and `known` those that did not.
        news: frames of changes sent at once, and `streams` times that a peer was sent what it lacked,
            `wholes` of these with all there is.
        behind: times that a peer's buffer was full, so that it was told no more until it had caught up.
        damaged: frames refused, and `future` deltas refused for a stamp too far in the future; `full` deltas not
            taken because the journal was full.
        diverged: times that a peer showed something else for the same changes.
        evicted: replicas given up on, and `rejoined` times that this one learned the whole anew.
        identified: times that the store was found to be a copy and got a site of its own.
        oversized: places too large for one frame, which no peer was sent, or that were not written for that.
        ahead: times that a peer said that it refuses writes of here, as their stamps are too far in the future for it;
            `redated` places that were written anew, with right stamps, when the clock had been set right.
    """

    changes: int = 0
    taken: int = 0
    known: int = 0
    news: int = 0
    streams: int = 0
    wholes: int = 0
    behind: int = 0
    damaged: int = 0
    future: int = 0
    full: int = 0
    diverged: int = 0
    evicted: int = 0
    rejoined: int = 0
    identified: int = 0
    oversized: int = 0
    ahead: int = 0
    redated: int = 0


@travels(name="state.PeerStatus")
@dataclass(frozen=True, slots=True)
class PeerStatus:
    """A peer as a replica knows it.

    Attributes:
        peer: where it is, as text; `replica`: its id, "" before it has said so.
        lacks: how many changes known here it has not confirmed to know.
        silent: seconds since it was heard; None if it never was.
        behind: whether it is told no news until it has caught up.
        catching_up: whether it is being sent what it lacks.
    """

    peer: str
    replica: str
    lacks: int
    silent: float | None
    behind: bool
    catching_up: bool


@travels(name="state.ReplicaStatus")
@dataclass(frozen=True, slots=True)
class ReplicaStatus:
    """A replica as it knows itself.

    Attributes:
        name, kind: of the replicated value.
        replica: its id, of this start alone; `site`: that of its store, and `starts` how often that was started.
        changes: how many changes it knows, and `unsaved` how many of them are not on the disk yet.
        digest: of what it shows, in hexadecimal; None while it is worked out.
        peers: the peers, in no particular order.
        waited_for: ids of the replicas that must know of a removal before its mark is dropped; `absent`: of those
            given up on.
        counts: what it has counted.
    """

    name: str
    kind: str
    replica: str
    site: str
    starts: int
    changes: int
    unsaved: int
    digest: str | None
    peers: tuple[PeerStatus, ...]
    waited_for: tuple[str, ...]
    absent: tuple[str, ...]
    counts: Any
