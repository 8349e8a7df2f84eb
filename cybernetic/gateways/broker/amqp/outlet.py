"""Publishing: no task and no future for a message, numbers only, and confirms settled by the batch that came."""

import asyncio
from collections.abc import Awaitable, Callable

from cybernetic.core import token
from cybernetic.gateways.broker.amqp.content import body_size, check_message, decode_properties
from cybernetic.gateways.broker.amqp.frames import (
    ACK,
    EDGE,
    HEADER,
    NACK,
    RETURN,
    published,
    read_said,
    read_settled,
)
from cybernetic.gateways.broker.amqp.line import Line, first
from cybernetic.gateways.broker.amqp.wire import FRAME, Wire
from cybernetic.gateways.broker.errors import BrokerError, ConnectionLost
from cybernetic.gateways.broker.messages import CONFIRMED, REJECTED, Message, Outcome, Returned, Unknown
from cybernetic.gateways.broker.port import Settled


class AmqpOutlet(Line):
    """An `Outlet` on a channel in confirm mode.

    Args:
        settled: told what became of which numbers.
        shut: closes the channel; never hangs.
        confirm_timeout: seconds without any outcome, while the broker takes messages, after which the channel is given
            up; None: no limit.
        max_body: bytes of the largest body.
        blocked: whether the broker takes no messages at the moment.
    """

    def __init__(
        self,
        wire: Wire,
        number: int,
        settled: Settled,
        *,
        shut: Callable[[Line], Awaitable[None]],
        blocked: Callable[[], object],
        confirm_timeout: float | None,
        max_body: int,
        room: int = FRAME - EDGE,
    ) -> None:
        super().__init__(wire, number)
        self._settled, self._shut, self._blocked = settled, shut, blocked
        self._max_body, self._room = max_body, room
        self._last = 0
        self._attempts = token(8)  # unique: two outlets' returns are never taken for each other's
        self._pending: dict[int, None] = {}
        self._returned: Returned | None = None
        self._which, self._left = 0, 0
        self._closing = False
        self._empty: asyncio.Future[None] | None = None
        self._patience = confirm_timeout
        self._timer: asyncio.TimerHandle | None = None
        self._progress = self._seen = 0

    @property
    def pending(self) -> int:
        """How many published messages have no outcome yet."""
        return len(self._pending)

    # --- out ----------------------------------------------------------------------------------------------------

    def publish(self, message: Message) -> int:
        """See `Outlet.publish`."""
        if self.over or self._closing:
            self.check("the outlet")
            raise ConnectionLost("the outlet is closing")
        check_message(message, self._max_body)
        number = self._last + 1
        attempt = f"{self._attempts}.{number}".encode()
        frames = published(self.number, message, attempt, self._room)
        self._last = number
        self._pending[number] = None
        self.wire.send(frames)
        if self._patience is not None and self._timer is None:
            self._wait()
        return number

    # --- in -----------------------------------------------------------------------------------------------------

    def take_method(self, method: int, data: bytes, start: int) -> bool:
        """Acks, nacks and returns."""
        if method == ACK:
            self._confirmed(*read_settled(data, start), CONFIRMED)
        elif method == NACK:
            self._confirmed(*read_settled(data, start), REJECTED)
        elif method == RETURN:
            self._returned = Returned(*read_said(data, start))
        else:
            return False
        return True

    def take_content(self, kind: int, data: bytes, start: int, end: int) -> bool:
        """What comes back with a return: of it only the attempt's name is needed."""
        if self._returned is None:
            return False
        if kind == HEADER:
            content = data[start:end]
            self._left = body_size(content)
            self._which = self._attempt(decode_properties(content).get("message_id", ""))
        else:
            self._left -= end - start
        if self._left <= 0:
            outcome, self._returned = self._returned, None
            if self._which in self._pending:  # its ack comes next, and finds nothing
                del self._pending[self._which]
                self._tell([self._which], outcome)
        return True

    def _attempt(self, message_id: str) -> int:
        ours, _, number = message_id.rpartition(".")
        return int(number) if ours == self._attempts and number.isdigit() else 0

    def _confirmed(self, tag: int, multiple: bool, outcome: Outcome) -> None:
        pending = self._pending
        if not multiple:
            if tag in pending:
                del pending[tag]
                self._tell([tag], outcome)
            return
        numbers = []
        for number in pending:
            if number > tag > 0:
                break
            numbers.append(number)
        for number in numbers:
            del pending[number]
        if numbers:
            self._tell(numbers, outcome)

    def _tell(self, numbers: list[int], outcome: Outcome) -> None:
        self._progress += 1
        if self._empty and not self._pending and not self._empty.done():
            self._empty.set_result(None)
        self._settled(numbers, outcome)

    # --- the end ------------------------------------------------------------------------------------------------

    async def close(self, timeout: float = 10.0) -> None:
        """See `Outlet.close`."""
        if self.over:
            return
        self._closing = True
        if self._pending:
            self._empty = asyncio.get_running_loop().create_future()
            await first(self._empty, self.ended, timeout=timeout)
        await self._shut(self)

    def settle(self, error: BrokerError | None) -> None:
        """What is pending may have arrived or not."""
        if self._timer:
            self._timer.cancel()
        numbers, self._pending = list(self._pending), {}
        if numbers:
            self._tell(
                numbers, Unknown(error or ConnectionLost("the outlet was closed before they were confirmed"))
            )

    def _wait(self) -> None:
        """Look again after `confirm_timeout` whether anything was settled meanwhile."""
        assert self._patience is not None
        self._seen = self._progress
        self._timer = asyncio.get_running_loop().call_later(self._patience, self._look)

    def _look(self) -> None:
        self._timer = None
        if not self._pending or self.over:
            return
        if self._seen != self._progress or self._blocked():
            self._wait()
            return
        self.end(
            ConnectionLost(f"nothing was confirmed for {self._patience:g} s, and {self.pending} wait for it")
        )
