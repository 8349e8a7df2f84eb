"""A channel as its listener sees it: which end it came to, told once."""

import asyncio
from typing import Any

from cybernetic.gateways.broker.amqp.frames import (
    ACK,
    CHANNEL_CLOSE,
    CHANNEL_CLOSED,
    DELIVER,
    METHOD,
    NACK,
    RETURN,
    method_id,
    read_said,
)
from cybernetic.gateways.broker.amqp.wire import Wire
from cybernetic.gateways.broker.errors import BrokerError, ChannelClosed, ConnectionLost

STREAM = (ACK, DELIVER, NACK, RETURN)  # what comes unasked


async def first(*futures: "asyncio.Future[Any]", timeout: float | None = None) -> None:
    """Return when one of `futures` is done, after at most `timeout` seconds; none of them is cancelled."""
    await asyncio.wait(futures, timeout=timeout, return_when=asyncio.FIRST_COMPLETED)


class Line:
    """Listens on one channel of `wire`; `ended` holds what ended it, None for an orderly close."""

    def __init__(self, wire: Wire, number: int) -> None:
        self.wire, self.number = wire, number
        self.ended: asyncio.Future[BrokerError | None] = asyncio.get_running_loop().create_future()
        self.over = False
        self.error: BrokerError | None = None
        wire.ears[number] = self.hear

    def hear(self, kind: int, data: bytes, start: int, end: int) -> bool:
        """Take a frame; see `Ear`."""
        if kind != METHOD:
            return self.over or self.take_content(kind, data, start, end)
        method = method_id.unpack_from(data, start)[0]
        if method in (CHANNEL_CLOSE, CHANNEL_CLOSED):
            self.wire.flush()  # not after aiormq's answer, for then the channel is no more
            self.wire.ears.pop(self.number, None)
            self.end(ChannelClosed(*read_said(data, start)) if method == CHANNEL_CLOSE else None)
            return False
        return method in STREAM if self.over else self.take_method(method, data, start)

    def take_method(self, method: int, data: bytes, start: int) -> bool:
        """Take a method frame; see `Ear`."""
        return False

    def take_content(self, kind: int, data: bytes, start: int, end: int) -> bool:
        """Take a content frame; see `Ear`."""
        return False

    def end(self, error: BrokerError | None) -> None:
        """The channel has ended, or is given up: what still comes on it goes nowhere."""
        if self.over:
            return
        self.over, self.error = True, error
        try:
            self.settle(error)
        except Exception as failure:  # what who listens raises must keep nobody from hearing of the end
            asyncio.get_running_loop().call_exception_handler(
                {"message": f"listener of AMQP channel {self.number}", "exception": failure}
            )
        if not self.ended.done():
            self.ended.set_result(error)

    def settle(self, error: BrokerError | None) -> None:
        """Settle what is open, before `ended` is done."""

    def check(self, what: str) -> None:
        """Raise what ended the channel, if it has ended."""
        if self.over:
            raise (self.error or ConnectionLost(f"{what} was closed")).with_traceback(None)
