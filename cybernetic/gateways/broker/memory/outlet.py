"""Publishing to the in-process broker."""

import asyncio
from collections import deque
from collections.abc import Callable

from cybernetic.gateways.broker.errors import BrokerError, ChannelClosed, ConnectionLost
from cybernetic.gateways.broker.memory.headers import sendable
from cybernetic.gateways.broker.messages import CONFIRMED, Message, Outcome, Unknown
from cybernetic.gateways.broker.port import Settled

Publish = Callable[[Message], Outcome]


class MemoryOutlet:
    """An `Outlet`: what is published is in its queues at once; what became of it is told by the loop's next pass.

    While the broker is blocked (`open` is False) messages wait here, without bound of its own: the caller's window
    bounds them.
    """

    def __init__(
        self, loop: asyncio.AbstractEventLoop, publish: Publish, settled: Settled, open_: bool
    ) -> None:
        self.ended: asyncio.Future[BrokerError | None] = loop.create_future()
        self.pending = 0
        self._loop, self._publish, self._settled = loop, publish, settled
        self._open = open_
        self._count = 0
        self._waiting: deque[tuple[int, Message]] = deque()
        self._confirmed: list[int] = []
        self._others: list[tuple[int, Outcome]] = []
        self._error: BrokerError | None = None
        self._drained: asyncio.Future[None] | None = None
        self._scheduled = False

    def publish(self, message: Message) -> int:
        """See `Outlet`."""
        if self.ended.done():
            raise self.ended.result() or ConnectionLost("the outlet was closed")
        message = sendable(message)
        self._count += 1
        self.pending += 1
        if self._open and self._error is None:
            self._send(self._count, message)
        else:
            self._waiting.append((self._count, message))
        return self._count

    async def close(self, timeout: float = 10.0) -> None:
        """See `Outlet`."""
        if self.pending and not self.ended.done():
            self._drained = self._drained or self._loop.create_future()
            await asyncio.wait([self._drained], timeout=timeout)
        self.end(None)

    def open(self, open_: bool) -> None:
        """The broker takes messages again, or no more."""
        self._open = open_
        while self._open and self._waiting and self._error is None:
            self._send(*self._waiting.popleft())

    def end(self, error: BrokerError | None) -> None:
        """It is over: whatever was not told yet is unknown now."""
        if self.ended.done():
            return
        numbers = [
            *self._confirmed,
            *(number for number, _ in self._others),
            *(one for one, _ in self._waiting),
        ]
        self._confirmed, self._others = [], []
        self._waiting.clear()
        self.pending = 0
        self.ended.set_result(error)
        self._rest()
        if numbers:
            self._tell(sorted(numbers), Unknown(error or ConnectionLost("the outlet was closed")))

    def _send(self, number: int, message: Message) -> None:
        try:
            outcome = self._publish(message)
        except ChannelClosed as error:
            self._error = error
            self._waiting.appendleft((number, message))
        else:
            if outcome is CONFIRMED:
                self._confirmed.append(number)
            else:
                self._others.append((number, outcome))
        if not self._scheduled:
            self._scheduled = True
            self._loop.call_soon(self._flush)

    def _flush(self) -> None:
        """Tell what is known, each outcome once for all numbers that share it."""
        self._scheduled = False
        confirmed, self._confirmed = self._confirmed, []
        others, self._others = self._others, []
        self.pending -= len(confirmed) + len(others)
        if confirmed:
            self._tell(confirmed, CONFIRMED)
        shared: dict[Outcome, list[int]] = {}
        for number, outcome in others:
            shared.setdefault(outcome, []).append(number)
        for outcome, numbers in shared.items():
            self._tell(numbers, outcome)
        if self._error is not None:
            self.end(self._error)
        elif not self.pending:
            self._rest()

    def _rest(self) -> None:
        """Nothing is pending: whoever waits for that need not wait longer."""
        if self._drained is not None and not self._drained.done():
            self._drained.set_result(None)

    def _tell(self, numbers: list[int], outcome: Outcome) -> None:
        try:
            self._settled(numbers, outcome)
        except Exception as error:
            self._loop.call_exception_handler(
                {"message": f"settled{numbers, outcome} raised", "exception": error}
            )
