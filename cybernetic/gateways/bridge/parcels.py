"""A value as a message of the bridge, and back."""

from dataclasses import dataclass
from typing import Any

from cybernetic.core import OptionError, token, wall
from cybernetic.gateways.broker.messages import Message
from cybernetic.gateways.consumer.received import Received
from cybernetic.gateways.envelope import Author
from cybernetic.gateways.letter import Letter
from cybernetic.gateways.publisher.rows import Item
from cybernetic.wire import Codec

SOURCE = "x-source"  # header that says who speaks, where messages are not signed
MSGPACK = "application/vnd.msgpack"
ID_BYTES = 16

codec = Codec()


@dataclass(frozen=True, slots=True)
class Sender:
    """Makes what one level sends.

    Args:
        path: who speaks, as "shop/support".
        author: makes signed letters (the publisher must have a signer); None: plain messages, easily forged.
    """

    path: str
    author: Author | None = None

    def parcel(
        self,
        value: Any,
        type: str,
        exchange: str,
        routing_key: str,
        *,
        expiration: float | None = None,
        persistent: bool = True,
        mandatory: bool = True,
    ) -> Item:
        """`value` on its way to an exchange. Raises `CannotTravel` for what cannot leave the process."""
        payload = codec.encode(value)
        if self.author is not None:
            envelope = self.author.write(type, self.path, payload)
            return Letter(envelope, exchange, routing_key, expiration, persistent, mandatory)
        return Message(
            payload,
            exchange,
            routing_key,
            {SOURCE: self.path},
            id=token(ID_BYTES),
            type=type,
            content_type=MSGPACK,
            expiration=expiration,
            timestamp=int(wall()),
            persistent=persistent,
            mandatory=mandatory,
        )


def source_of(delivery: Received) -> str:
    """Who speaks: as signed, or, where nothing is, as said. Raises `OptionError` where nobody is named."""
    said = delivery.envelope.source if delivery.envelope is not None else delivery.message.headers.get(SOURCE)
    if not isinstance(said, str):
        raise OptionError(SOURCE, "a header that names the sender", said)
    return said


def value_of(delivery: Received) -> Any:
    """The value that was sent. Raises `WireError` for what is none."""
    return codec.decode(delivery.body if delivery.envelope is None else delivery.envelope.payload)
