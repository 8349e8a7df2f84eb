"""What units and system 2 say to each other."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import inf

from cybernetic.core import Refusal
from cybernetic.vsm.bargain.vector import Vector
from cybernetic.vsm.damping.choice import Advice
from cybernetic.wire import travels

TTL = 5.0  # seconds of a lease on a part of a rate, at the top


def lease_seconds(level: str, pulse: float = 1.0) -> float:
    """How long a lease on a part of a rate lasts in the level at this path.

    The deeper, the longer: a level may promise what its units have promised, so their leases outlast its own. They are
    renewed once a `pulse`.
    """
    return TTL * pulse * (1 + level.count("/"))


OBEYED = 300.0  # seconds: a Retry-After that asks for more is not obeyed for longer


@travels(name="vsm.Joining")
@dataclass(frozen=True, slots=True)
class Joining:
    """A unit asks for a lease on its part of a paced `port`; it holds one until `holds_until` (-inf: none).

    A level that is a unit says with `part` (0 to 1) how much of its share none of its units will use by itself until
    then. `share` is its static share as far as it knows, units a second: of a port that nobody declared to be paced a
    system 2 newly born knows nothing else. Nor does it know that the other side asked to wait: for `barred` seconds
    more.
    """

    port: str
    holds_until: float = -inf
    part: float = 1.0
    share: float = 0.0
    barred: float = 0.0


@travels(name="vsm.Leased")
@dataclass(frozen=True, slots=True)
class Leased:
    """The answer: a lease for `ttl` seconds, counted from when it was asked for."""

    port: str
    ttl: float


@travels(name="vsm.PaceRequest")
@dataclass(frozen=True, slots=True)
class PaceRequest:
    """A unit asks to use a paced `port` once; it is answered when it may, and then it should at once. By its `id` it
    can be taken back (`PaceWithdrawal`). `again`: it has asked before, under the same `id`, and its word may be lost.
    """

    port: str
    cost: float = 1.0
    weight: float = 1.0
    id: str = ""
    again: bool = False


@travels(name="vsm.PaceWithdrawal")
@dataclass(frozen=True, slots=True)
class PaceWithdrawal:
    """Nobody waits any more for the turns that a unit asked for under `ids`: it is as if it had not."""

    port: str
    ids: tuple[str, ...]


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
    """The other side of a port answered as it should; it took `seconds` (None: not measured)."""

    port: str
    seconds: float | None = None


@travels(name="vsm.Ended")
@dataclass(frozen=True, slots=True)
class Ended:
    """A call through a paced port is over, without an answer that says anything of the rate."""

    port: str


@travels(name="vsm.Opened")
@dataclass(frozen=True, slots=True)
class Opened:
    """System 2 paces a port from now on, or at another rate: `share` is the unit's static share, units a second.

    Said of a port with a declared rate as well, when the other side lets less through.
    """

    port: str
    share: float


@travels(name="vsm.UsedPort")
@dataclass(frozen=True, slots=True)
class UsedPort:
    """How often a unit used a port lately, before that was paced, times a second."""

    port: str
    rate: float


@travels(name="vsm.NotPaced")
class NotPaced(Refusal):
    """System 2 does not know, or not yet, that a port is to be paced. `port` says which."""

    def __init__(self, port: str) -> None:
        super().__init__(f"port {port!r}: expected one that is paced here, got: one that nobody has joined")
        self.port = port


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

    Answered with True when it has it, with False if the level has to go by its static share, and with None when it was
    taken back under its `id` (`PaceWithdrawal`).
    """

    port: str
    id: str = ""


@travels(name="vsm.Census")
@dataclass(frozen=True, slots=True)
class Census:
    """A system 2 newly born asks a unit what exclusive leases it holds: answered with a tuple of `LeaseRenewal`."""


@travels(name="vsm.Chose")
@dataclass(frozen=True, slots=True)
class Chose:
    """Among the ports of a `group`, which are equivalent, a unit uses this one."""

    group: str
    port: str


@travels(name="vsm.CoordinationPlan")
@dataclass(frozen=True, slots=True)
class CoordinationPlan:
    """System 2 advises all that choose within a `group`: where each belongs, and how to move from there."""

    group: str
    advice: Advice


@travels(name="vsm.Hold")
@dataclass(frozen=True, slots=True)
class Hold:
    """System 2 asks a unit that goes to and fro to stay where it is in a `group` until then, seconds."""

    group: str
    until: float


@travels(name="vsm.OscillationNotice")
@dataclass(frozen=True, slots=True)
class OscillationNotice:
    """A decision that many make, or one that is made again and again, swings.

    Attributes:
        signal: which one.
        period: of the swing, seconds.
        regularity, decay: what shows it (see `damping.Oscillation`).
        amplitude: in the unit of the signal.
    """

    signal: str
    period: float
    regularity: float
    decay: float
    amplitude: float


@travels(name="vsm.Granted")
@dataclass(frozen=True, slots=True)
class Granted:
    """What a unit was granted for an epoch, of the first resource: system 2 looks at whether that swings."""

    amount: float


@travels(name="vsm.Crowd")
@dataclass(frozen=True, slots=True)
class Crowd:
    """Within a level that is a unit: how many use each port of a `group` that a level above declares."""

    group: str
    counts: Mapping[str, int]


# Calls that are one (`Port.shared`).


@travels(name="vsm.CallWanted")
@dataclass(frozen=True, slots=True)
class CallWanted:
    """A unit would make a call through a `port` whose calls may be shared: is it made already?

    Answered with `CallShared`, with `MakeIt`, or with `CallAwaited` where it is being made; asked again it keeps its
    place. `same` is equal for equal calls (see `sameness`), `id` that of the reservation for this one.
    """

    port: str
    same: str
    id: str


@travels(name="vsm.MakeIt")
@dataclass(frozen=True, slots=True)
class MakeIt:
    """Nobody else has made it: the unit should, and say what came of it (`CallShared` or `CallLost`)."""


@travels(name="vsm.CallAwaited")
@dataclass(frozen=True, slots=True)
class CallAwaited:
    """Another unit is making it: ask again."""


@travels(name="vsm.CallShared")
@dataclass(frozen=True, slots=True)
class CallShared:
    """A call was made: its `answer` as it travels, the digest of that (`result`), and what it took (`cost`).

    It is of use for `seconds` more. `id` is that of its receipt.
    """

    port: str
    same: str
    id: str
    answer: bytes
    result: str
    cost: Vector
    seconds: float


@travels(name="vsm.CallLost")
@dataclass(frozen=True, slots=True)
class CallLost:
    """A call (`id`) came to nothing that others could use: it failed, nobody knows, or who made it is gone."""

    port: str
    same: str
    id: str


@travels(name="vsm.CallUnderWay")
@dataclass(frozen=True, slots=True)
class CallUnderWay:
    """A call (`id`) is still being made: said in each round, and who is not heard of for three is gone."""

    port: str
    same: str
    id: str
