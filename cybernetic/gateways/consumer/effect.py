"""The transaction in which the effect of a delivery is recorded."""

from dataclasses import replace
from typing import Any

from cybernetic.core import token
from cybernetic.gateways.broker.messages import Message
from cybernetic.gateways.letter import Signer
from cybernetic.gateways.publisher.rows import Item, packed
from cybernetic.gateways.publisher.sendable import check_sendable
from cybernetic.state import Batch, OutboxFull, Store

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
        self._late: list[tuple[str, str, bytes, bytes]] = []  # for which there was no room when they came

    def publish(self, item: Item) -> None:
        """Send a message or letter with the effect: it is in the outbox when that is committed.

        A full outbox is waited for then. Raises `OptionError`: it cannot be sent, or is larger than the outbox.
        """
        if isinstance(item, Message) and not item.id:
            item = replace(item, id=token(ID_BYTES))
        check_sendable(item, self._signer)
        self.put(item)

    def put(self, item: Item) -> None:
        """As `publish`, for what is known to be sendable."""
        headers, body = packed(item)
        row = item.exchange, item.routing_key, body, headers
        try:
            self.send(*row)
        except OutboxFull:
            self._late.append(row)
        self.sends = True

    async def admit(self) -> None:
        """For `Store.commit`: hold room for all of it. Raises `InboxFull`, `OutboxFull`, `JournalFull`."""
        while self._late:
            self.send(*self._late[0])
            del self._late[0]
        await super().admit()
