"""How much a gateway remembers of what had its effect, and for how long: what de-duplication rests on."""

from dataclasses import dataclass

from cybernetic.core import OptionError, number
from cybernetic.gateways.consumer.terms import Terms
from cybernetic.state import StoreLimits

NONCES = StoreLimits(count=1_000_000)


@dataclass(frozen=True, slots=True)
class Remember:
    """What a gateway's store remembers, so that a message that comes again has no second effect.

    A key is kept for each effect. When as many are kept as may be, nothing more is handled until the oldest has
    expired: so choose `limits` for the messages that come within that time. From a queue without a TTL, keys are kept
    for four days by default: 5 million are enough for 14 messages a second. With a TTL of an hour, and an outage of
    two, they are enough for 340 (for 50 where messages are signed: tickets of retries are good for a day). Each million
    is some 130 MB of file, and a second or so more at the start.

    Args:
        limits: how many keys, and how many bytes of them; no age. Default None: 5 million keys, 2 GiB.
        nonces: the same of control messages, each kept for as long as one may be old, and an hour. Default one
            million.
        outage: seconds for which a broker, a sender or this program may be away, and then send again what was handled.
            Default a day.
        keep: seconds for which each key is kept, at least as long as the oldest message a queue may deliver, its
            retries, and `outage`, together. Default None: just as long.

    Raises `OptionError`.
    """

    limits: StoreLimits | None = None
    nonces: StoreLimits = NONCES
    outage: float = 86_400.0
    keep: float | None = None

    def __post_init__(self) -> None:
        for name, limits in (("limits", self.limits or NONCES), ("nonces", self.nonces)):
            if not isinstance(limits, StoreLimits) or limits.age is not None:
                raise OptionError(f"remember, {name}", "StoreLimits without an age", limits)
        number("remember, outage", self.outage, least=0)
        if self.keep is not None:
            number("remember, keep", self.keep, above=0)

    def kept(self, terms: Terms) -> float:
        """Seconds for which the keys of a queue are kept. Raises `OptionError`: `keep` is too short for it."""
        least = terms.longest + self.outage
        if self.keep is None:
            return least
        if self.keep < least:
            raise OptionError(
                "remember, keep",
                f"at least {least:.0f} s: the age of messages and tickets, their retries, and an outage",
                self.keep,
            )
        return self.keep
