"""What units and system 2 say to each other."""

from dataclasses import dataclass
from math import inf

from cybernetic.wire import travels


@travels(name="vsm.Joining")
@dataclass(frozen=True, slots=True)
class Joining:
    """A unit asks for a lease on its part of a paced `port`; it holds one until `holds_until` (-inf: none)."""

    port: str
    holds_until: float = -inf


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
    """A unit asks for the exclusive right to `key` for `ttl` seconds; it is answered with a `Lease` when it has it."""

    key: str
    ttl: float
    priority: float = 0.0


@travels(name="vsm.LeaseRenewal")
@dataclass(frozen=True, slots=True)
class LeaseRenewal:
    """The holder of a lease wants it prolonged; answered with the `Lease`, or refused with `LeaseLost`."""

    key: str
    token: int


@travels(name="vsm.LeaseRelease")
@dataclass(frozen=True, slots=True)
class LeaseRelease:
    """The holder gives a lease back."""

    key: str
    token: int


@travels(name="vsm.Above")
@dataclass(frozen=True, slots=True)
class Above:
    """Within a level: it wants its turn at a `port` that the level above paces; answered when it has it."""

    port: str
