"""What is said on the algedonic channel."""

from dataclasses import dataclass

from cybernetic.vsm.ladder.signals import Pain, PainKey, Pleasure, Severity
from cybernetic.wire import travels


@travels(name="vsm.Felt")
@dataclass(frozen=True, slots=True)
class Felt:
    """Something hurts, or goes well."""

    signal: Pain | Pleasure


@travels(name="vsm.Relief")
@dataclass(frozen=True, slots=True)
class Relief:
    """What hurt is over."""

    key: PainKey


@travels(name="vsm.Ack")
@dataclass(frozen=True, slots=True)
class Ack:
    """`by` at rung `level` takes a pain over."""

    key: PainKey
    level: int
    by: str


@travels(name="vsm.Told")
@dataclass(frozen=True, slots=True)
class Told:
    """A pain has come to rung `level`, and whoever is there should say that he takes it over."""

    pain: Pain
    level: int
    severity: Severity

    @property
    def key(self) -> PainKey:
        """Of the pain."""
        return self.pain.key


@travels(name="vsm.Glad")
@dataclass(frozen=True, slots=True)
class Glad:
    """Something at `key.path` goes better than it has to, lastingly: news for system 5 at rung `level`; 0: of whichever
    level hears it.
    """

    key: PainKey
    level: int = 0


@travels(name="vsm.Held")
@dataclass(frozen=True, slots=True)
class Held:
    """The unit at `path` uses no port, as nobody answered for a pain: it is said again and again, and answered when
    that is over.
    """

    path: str
