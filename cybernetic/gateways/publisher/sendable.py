"""Whether something can be sent at all: asked at the line that publishes it, not when it is on its way."""

from cybernetic.core import OptionError
from cybernetic.gateways.broker.amqp.content import encode_properties
from cybernetic.gateways.broker.amqp.frames import EDGE
from cybernetic.gateways.broker.amqp.wire import FRAME
from cybernetic.gateways.broker.memory.headers import sendable
from cybernetic.gateways.broker.messages import Message
from cybernetic.gateways.letter import Signer
from cybernetic.gateways.publisher.rows import Item

ROOM = FRAME - EDGE  # bytes that headers and properties have together
_ATTEMPT = b"0" * 40  # as long as what names an attempt


def check_sendable(item: Item, signer: Signer | None) -> None:
    """Raise `OptionError` for what neither broker would take: for its headers, its size, or for want of a signer."""
    check_headers(sendable(signed(item, signer)))


def check_headers(message: Message) -> None:
    """Raise `OptionError` where AMQP cannot carry the headers and properties of `message`."""
    size = len(encode_properties(message, _ATTEMPT))
    if size > ROOM:
        raise OptionError("headers", f"headers and properties of at most {ROOM} bytes", size)


def signed(item: Item, signer: Signer | None) -> Message:
    """The message that publishes `item` now. Raises `OptionError` for a letter that cannot be signed."""
    if isinstance(item, Message):
        return item
    if signer is None:
        raise OptionError("letter", "a publisher with a signer", None)
    return signer.sign(item)
