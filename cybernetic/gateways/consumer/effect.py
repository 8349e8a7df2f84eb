"""The transaction in which the effect of a delivery is recorded."""

from dataclasses import replace
from typing import Any

from cybernetic.core import token
from cybernetic.gateways.broker.messages import Message
from cybernetic.gateways.letter import Signer
from cybernetic.gateways.publisher.rows import Item, packed
from cybernetic.gateways.publisher.sendable import check_sendable
from cybernetic.state import Batch, Store

ID_BYTES = 16


class Effect(Batch):
    """What a handler records takes effect whole, once, when it says `Ack` (or `Hold`), and not at all otherwise.

    `execute` and `run` write to tables of the program's own in the gateway's store; `publish` sends messages; `note`
    writes to the journal; `read` sees what is committed. Nothing is locked while the handler waits for something.
    What has an effect elsewhere (a mail, a payment) is done at least once: give the other side the delivery's `key`.

    Args:
        store: where it is committed.
        signer: of the gateway's publisher; None: letters cannot be published.
        parts: the outbox, inbox and journal it is about, as of a `Batch`.
    """

    sends = False  # whether anything was published

    def __init__(self, store: Store, signer: Signer | None = None, **parts: Any) -> None:
        super().__init__(store, **parts)
        self._signer = signer

    def publish(self, item: Item) -> None:
        """Send a message or letter with the effect: it is in the outbox when that is committed.

        A full outbox is waited for then. Raises `OptionError`: it cannot be sent, or is, with what was published
        before, more than the outbox may hold.
        """
        if isinstance(item, Message) and not item.id:
            item = replace(item, id=token(ID_BYTES))
        check_sendable(item, self._signer)
        self.put(item)

    def put(self, item: Item) -> None:
        """As `publish`, for what is known to be sendable."""
        headers, body = packed(item)
        self.send(item.exchange, item.routing_key, body, headers, late=True)
        self.sends = True
