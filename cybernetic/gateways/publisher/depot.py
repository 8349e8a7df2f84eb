"""A publisher's side of the outbox: what comes in, what of it is in memory, and what is read when there is room."""

import asyncio
import heapq
import logging
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from cybernetic.gateways.errors import refusal
from cybernetic.gateways.publisher.flight import Entry, Flight
from cybernetic.gateways.publisher.receipt import Receipt
from cybernetic.gateways.publisher.rows import Item, packed, unpacked
from cybernetic.gateways.shelf import Shelf
from cybernetic.runtime import Deferred
from cybernetic.state import Outbox, Outgoing, StoreError

Reply = Deferred[Receipt]

_log = logging.getLogger("cybernetic.gateways")

LARGE = 1024 * 1024  # bytes of a page: with so much there may be more behind it
PAUSE = 5.0  # seconds before what could not be written is tried again


class Depot:
    """Brings the messages of an outbox into a `Flight`, each once, in order, and never more than fit.

    A message that comes while everything before it is in memory goes on from there; when too many wait, it is
    left on the disk, and read when there is room. All methods are called on the event loop; none waits.

    Args:
        outbox: where messages are kept.
        shelf: told when the store fails.
        wake: called when there may be something to send.
    """

    def __init__(self, outbox: Outbox, shelf: Shelf, wake: Callable[[], object]) -> None:
        self.outbox = outbox
        self._shelf, self._wake = shelf, wake
        self._fresh: list[Entry] = []  # on the disk by now, and not looked at yet
        self._held: set[int] = set()  # numbers that are in memory, or confirmed and not deleted yet
        self._off: set[int] = set()  # numbers that wait for another time
        self._wanted: list[int] = []  # numbers whose time has come: a heap
        self._putting: set[asyncio.Future[int]] = set()  # not known to be on the disk
        self._replies: dict[int, Reply] = {}  # who waits for messages that are left on the disk
        self._gone: set[int] = set()  # numbers deleted while a page is being read
        self._page: Sequence[Outgoing] = ()
        self._behind = False  # the page has messages whose time has come: they go behind all that waits
        self._last = 0  # the highest number that was in memory
        self._turn = False  # it is theirs: they and the others take turns
        self._rests = False  # the disk could not be read: not again before some time has passed
        self._more = True  # there may be messages on the disk that are not in memory
        self._cursor = 0  # up to here all are in memory, put off, or gone
        self._reading: asyncio.Task[None] | None = None
        self._closed = False

    def put(self, message: Item, reply: Reply, *, confirmed: bool) -> None:
        """Write a message. `reply` is answered when it is confirmed, or (`confirmed=False`) when it is on the disk."""
        headers, body = packed(message)
        done = self.outbox.put(message.exchange, message.routing_key, body, headers)
        entry = Entry(message, None, reply if confirmed else None)

        def written(future: "asyncio.Future[int]") -> None:
            self._putting.discard(future)
            error = asyncio.CancelledError() if future.cancelled() else future.exception()
            if error is not None:
                reply.fail(refusal(error))
                self._shelf.failed(error)
                return
            entry.number = future.result()
            if not confirmed:
                reply.reply(Receipt(message.id, entry.number, confirmed=False))
            if not self._fresh:
                self._wake()
            self._fresh.append(entry)

        self._putting.add(done)
        done.add_done_callback(written)

    def look(self) -> None:
        """Messages may have come into the outbox by another way."""
        self._more = True

    def fill(self, flight: Flight) -> None:
        """Move into `flight` what may go there, and have read what there is room for."""
        self._take_page(flight)
        if self._reading is None:
            self._take_fresh(flight)
        elif len(self._fresh) > flight.limit or sum(one.size for one in self._fresh) > flight.bytes:
            self._leave_fresh()
        due = self._wanted or self._more
        if self._reading is None and due and not self._rests and flight.has_room(stored=True):
            self._reading = asyncio.ensure_future(self._read(flight.limit))

    def confirmed(self, numbers: Sequence[int]) -> None:
        """The broker has these: delete them."""
        if numbers:
            self._delete(numbers, partial(self.outbox.confirm, numbers))

    def failed(self, number: int, why: str, then: Callable[[], object] = lambda: None) -> None:
        """This one cannot be sent: set it aside, and call `then` when it is."""

        async def set_aside() -> None:
            await self.outbox.fail(number, why)
            then()

        self._delete((number,), lambda: asyncio.ensure_future(set_aside()))

    def put_off(self, entry: Entry) -> None:
        """Forget a message until it is wanted; who waits for it goes on waiting."""
        assert entry.number is not None
        self._off.add(entry.number)
        self._held.discard(entry.number)
        self._wait_for(entry)

    def want(self, number: int) -> None:
        """The time has come for one that was put off."""
        if number in self._off:
            heapq.heappush(self._wanted, number)

    def close(self) -> None:
        """Read no more."""
        self._closed = True
        if self._reading is not None:
            self._reading.cancel()

    async def _read(self, limit: int) -> None:
        behind = self._turn or not self._more if self._wanted else False
        self._turn = not behind
        try:
            page = await (self._read_wanted(limit) if behind else self._read_on(limit))
            if self._putting:  # the disk may be ahead of what is known here
                await asyncio.wait(self._putting)
            self._page, self._behind = page, behind
        except Exception as error:
            self._more = True
            if not self._shelf.failed(error) and not self._closed:
                _log.warning("the outbox is read again in %g s: %s", PAUSE, error)
                self._rests = True
                asyncio.get_running_loop().call_later(PAUSE, self._rested)
            return
        finally:
            self._reading = None
        self._wake()

    def _rested(self) -> None:
        self._rests = False
        self._wake()

    async def _read_wanted(self, limit: int) -> Sequence[Outgoing]:
        """Those whose time has come, as many as are close together."""
        left = chosen = [heapq.heappop(self._wanted) for _ in range(min(limit, len(self._wanted)))]
        try:
            page = await self.outbox.take(chosen[0] - 1, len(chosen))
            left = [number for number in chosen if page and number > page[-1].number]
        finally:
            for number in left:
                heapq.heappush(self._wanted, number)
        due = set(chosen).difference(left)
        self._off -= due
        return [row for row in page if row.number in due]

    async def _read_on(self, limit: int) -> Sequence[Outgoing]:
        self._more = False
        page = await self.outbox.take(self._cursor, limit)
        if page:
            self._cursor = page[-1].number
            # a page that is not full may still have been cut for its size
            self._more = self._more or len(page) == limit or sum(len(row.body) for row in page) > LARGE
        return page

    def _take_page(self, flight: Flight) -> None:
        page, self._page = self._page, ()
        if page:  # it has what came meanwhile, up to its end
            self._fresh = [entry for entry in self._fresh if not self._is_read(entry)]
        for row in page:
            if row.number in self._held or row.number in self._off or row.number in self._gone:
                continue
            try:
                message = unpacked(row.exchange, row.routing_key, row.headers, row.body)
            except Exception as error:  # a row that is damaged, in whatever way
                self._held.add(row.number)
                self.failed(row.number, f"not a message: {error}")
                continue
            entry = Entry(message, row.number, self._replies.pop(row.number, None))
            if self._behind:
                entry.order = self._last + 1  # behind all that waits, and before what comes after these
            self._take(flight, entry)
        if self._reading is None:
            self._gone.clear()

    def _is_read(self, entry: Entry) -> bool:
        assert entry.number is not None
        if entry.number > self._cursor:
            return False
        self._wait_for(entry)
        return True

    def _take_fresh(self, flight: Flight) -> None:
        fresh, self._fresh = self._fresh, []
        for index, entry in enumerate(fresh):
            if self._more or not flight.has_room(stored=True):
                self._fresh = fresh[index:]
                self._leave_fresh()
                return
            self._take(flight, entry)

    def _leave_fresh(self) -> None:
        """Too many: they are read again when there is room."""
        for entry in self._fresh:
            self._wait_for(entry)
        self._fresh = []
        self._more = True

    def _wait_for(self, entry: Entry) -> None:
        if entry.reply is not None and entry.number is not None:
            self._replies[entry.number] = entry.reply

    def _take(self, flight: Flight, entry: Entry) -> None:
        assert entry.number is not None
        self._held.add(entry.number)
        self._last = max(self._last, entry.number)
        flight.add(entry)

    def _delete(self, numbers: Sequence[int], delete: "Callable[[], asyncio.Future[Any]]") -> None:
        try:
            delete().add_done_callback(partial(self._deleted, numbers, delete))
        except StoreError as error:
            self._shelf.failed(error)

    def _deleted(
        self, numbers: Sequence[int], delete: "Callable[[], asyncio.Future[Any]]", done: "asyncio.Future[Any]"
    ) -> None:
        error = None if done.cancelled() else done.exception()
        if error is None:
            self._held.difference_update(numbers)
            if self._reading is not None or self._page:
                self._gone.update(numbers)
        elif not self._shelf.failed(error) and not self._closed:
            asyncio.get_running_loop().call_later(PAUSE, self._delete, numbers, delete)
