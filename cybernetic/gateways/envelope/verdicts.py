"""What may become of a message that came: accepted, or unfit, with a fault of a fixed name."""

from dataclasses import dataclass
from enum import StrEnum

from cybernetic.gateways.envelope.envelope import Envelope
from cybernetic.gateways.envelope.limits import DETAIL


class Fault(StrEnum):
    """Why a message is not executed. The words are stable: they stand in parked messages and in metrics."""

    OVERSIZE = "oversize"
    """Body, headers or a text field are larger than the limits."""
    UNSIGNED = "unsigned"
    """There is no signature: a message that is not ours."""
    UNDECODABLE = "undecodable"
    """The body is no envelope, or the payload does not decode."""
    UNKNOWN_VERSION = "unknown_version"
    """An envelope of another version."""
    TAMPERED = "tampered"
    """The signature is not that of the body, or a property differs from what the body says."""
    UNKNOWN_KEY = "unknown_key"
    """No key of this id is known here."""
    EXPIRED_KEY = "expired_key"
    """The key is not valid now."""
    NOT_ALLOWED = "not_allowed"
    """The key is not bound to the path of source or signer."""
    MOVED = "moved"
    """Signed for another exchange or routing key than it came by."""
    STALE = "stale"
    """Older than a message of its type may be."""
    FROM_THE_FUTURE = "from_the_future"
    """Its time is more than 90 seconds ahead."""
    WRONG_TYPE = "wrong_type"
    """Of a type that is not taken here, or with a payload that is not of that type."""
    REPLAYED = "replayed"
    """A control message whose nonce was seen before."""


@dataclass(frozen=True, slots=True)
class Unfit:
    """A message that must not be executed: it is parked.

    Attributes:
        fault: why, in a word.
        detail: why, in a sentence of at most 200 characters: what was expected and what came.
        envelope: what the message says of itself, where it could be read.
        verified: whether the signature is that of a key known here. If not, nothing that the message says counts.
    """

    fault: Fault
    detail: str
    envelope: Envelope | None = None
    verified: bool = False

    def __post_init__(self) -> None:
        if len(self.detail) > DETAIL:
            object.__setattr__(self, "detail", f"{self.detail[: DETAIL - 1]}…")


@dataclass(frozen=True, slots=True)
class Accepted:
    """A message that may be executed.

    Attributes:
        envelope: what it is. Where `signer` is not `source`, somebody published it again for the source.
        key: id of the key that signed it.
        value: the decoded payload; None where it is not decoded here.
    """

    envelope: Envelope
    key: str
    value: object = None


@dataclass(frozen=True, slots=True)
class Once:
    """A control message that may be executed if its nonce was not seen before.

    Attributes:
        accepted: the message, if so.
        nonce: what to ask for. Each key has nonces of its own, so that no holder of one uses up another's.
        expires: seconds since 1970; from then on the message is stale, and its nonce need not be remembered.
    """

    accepted: Accepted
    nonce: str
    expires: float

    def settled(self, fresh: bool) -> Accepted | Unfit:
        """The verdict, once it is known whether the nonce is `fresh`."""
        if fresh:
            return self.accepted
        said = f"expected a nonce not seen before, got: {self.nonce!r}"
        return Unfit(Fault.REPLAYED, said, self.accepted.envelope, verified=True)
