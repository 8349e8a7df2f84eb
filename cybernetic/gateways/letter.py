"""A signed message that is not signed yet: it is, anew, each time it is published."""

from dataclasses import dataclass

from cybernetic.core import OptionError, seconds
from cybernetic.gateways.broker.messages import Message
from cybernetic.gateways.broker.topology import short
from cybernetic.gateways.envelope import Author, Envelope, Keyring, pack
from cybernetic.gateways.envelope.keys import WORK


@dataclass(frozen=True, slots=True)
class Letter:
    """An envelope and where it goes. `Publisher.publish` takes it as it takes a `Message`.

    Its id stays; time, nonce and signature are made when it is sent, so one that waited in the outbox through an outage
    is as fresh as any.

    Attributes:
        envelope: what is said. Its time and nonce are replaced.
        exchange, routing_key: where it goes; both are signed.
        expiration: seconds it may wait in a queue, None: no limit.
        persistent, mandatory: as of a `Message`.
    """

    envelope: Envelope
    exchange: str = ""
    routing_key: str = ""
    expiration: float | None = None
    persistent: bool = True
    mandatory: bool = True

    def __post_init__(self) -> None:
        if not isinstance(self.envelope, Envelope):
            raise OptionError("envelope", "an Envelope", self.envelope)
        short("exchange", self.exchange, empty=True)
        short("routing_key", self.routing_key, empty=True)
        seconds("expiration", self.expiration, none="no limit")

    @property
    def id(self) -> str:
        """The message's id."""
        return self.envelope.id


class Signer:
    """Signs the letters of one publisher.

    Args:
        keyring: its current key of `purpose` signs; may be replaced at any time, which is how keys are rotated.
        author: gives times and nonces.
        purpose: which of the keys.
    """

    def __init__(self, keyring: Keyring, author: Author, purpose: str = WORK) -> None:
        keyring.current(purpose)  # raises at the line where there is none
        self.keyring, self.author, self.purpose = keyring, author, purpose

    def sign(self, letter: Letter) -> Message:
        """The message that publishes `letter` now. Raises `OptionError`: the current key may not sign for it."""
        return pack(
            self.author.renew(letter.envelope),
            letter.exchange,
            letter.routing_key,
            self.keyring.current(self.purpose),
            expiration=letter.expiration,
            persistent=letter.persistent,
            mandatory=letter.mandatory,
        )
