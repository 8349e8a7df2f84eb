"""The transaction in which the effect of a delivery is recorded."""

from dataclasses import replace

from cybernetic.core import token
from cybernetic.gateways.broker.messages import Message
from cybernetic.gateways.publisher.rows import Item, packed
from cybernetic.state import Batch

ID_BYTES = 16


class Effect(Batch):
    """What a handler records takes effect whole, once, when it says `Ack` (or `Hold`), and not at all otherwise.

    `execute` and `run` write to tables of the program's own in the gateway's store; `publish` sends messages; `note`
    writes to the journal; `read` sees what is committed. Nothing is locked while the handler waits for something.
    What has an effect elsewhere (a mail, a payment) is done at least once: give the other side the delivery's `key`.
    """

    sends = False  # whether anything was published

    def publish(self, item: Item) -> None:
        """Send a message or letter with the effect: it is in the outbox when that is committed. Raises `OutboxFull`."""
        if isinstance(item, Message) and not item.id:
            item = replace(item, id=token(ID_BYTES))
        headers, body = packed(item)
        self.send(item.exchange, item.routing_key, body, headers)
        self.sends = True
