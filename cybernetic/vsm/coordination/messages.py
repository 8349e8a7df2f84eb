"""What units and system 2 say to each other."""

from dataclasses import dataclass
from math import inf

from cybernetic.wire import travels

TTL = 5.0  # seconds of a lease on a part of a rate, at the top


def lease_seconds(level: str) -> float:
    """How long a lease on a part of a rate lasts in the level at this path.

    The deeper, the longer: a level may promise what its units have promised, so their leases outlast its own.
    """
    return TTL * (1 + level.count("/"))


@travels(name="vsm.Joining")
@dataclass(frozen=True, slots=True)
class Joining:
    """A unit asks for a lease on its part of a paced `port`; it holds one until `holds_until` (-inf: none).

    A level that is a unit says with `part` (0 to 1) how much of its share none of its units will use by itself until
    then.
    """

    port: str
    holds_until: float = -inf
    part: float = 1.0


@travels(name="vsm.Leased")
@dataclass(frozen=True, slots=True)
class Leased:
    """The answer: a lease for `ttl` seconds, counted from when it was asked for."""

    port: str
    ttl: float


@travels(name="vsm.PaceRequest")
@dataclass(frozen=True, slots=True)
class PaceRequest:
    """A unit asks to use a paced `port` once; it is answered when it may, and then it should at once."""

    port: str
    cost: float = 1.0
    weight: float = 1.0


@travels(name="vsm.Paced")
@dataclass(frozen=True, slots=True)
class Paced:
    """The answer: go now."""

    port: str


@travels(name="vsm.TooMany")
@dataclass(frozen=True, slots=True)
class Refused:
    """The other side of a port said "too many", and asked to wait `retry_after` seconds."""

    port: str
    retry_after: float = 0.0


@travels(name="vsm.Succeeded")
@dataclass(frozen=True, slots=True)
class Succeeded:
    """The other side of a port answered as it should."""

    port: str


@travels(name="vsm.LeaseRequest")
@dataclass(frozen=True, slots=True)
class LeaseRequest:
    """A unit asks for the exclusive right to `key` for `ttl` seconds; it is answered with a `Lease` when it has it.

    Asked again it keeps its place. One that does not ask again in time waits no more.
    """

    key: str
    ttl: float
    priority: float = 0.0


@travels(name="vsm.LeaseRenewal")
@dataclass(frozen=True, slots=True)
class LeaseRenewal:
    """The holder of a lease wants it prolonged; answered with the `Lease`, or refused with `LeaseLost`.

    `ttl` and `until` (seconds) say what it holds: a system 2 that was born meanwhile takes it in by them.
    """

    key: str
    token: int
    ttl: float
    until: float


@travels(name="vsm.LeaseRelease")
@dataclass(frozen=True, slots=True)
class LeaseRelease:
    """The holder gives a lease back."""

    key: str
    token: int


@travels(name="vsm.LeaseWithdrawal")
@dataclass(frozen=True, slots=True)
class LeaseWithdrawal:
    """A unit waits no more for `key`, or (None) for anything: what wanted it has ended."""

    key: str | None = None


@travels(name="vsm.Above")
@dataclass(frozen=True, slots=True)
class Above:
    """Within a level: it wants its turn at a `port` that the level above paces.

    Answered with True when it has it, with False if the level has to go by its static share.
    """

    port: str
