"""What is under way with one peer: what it is known to know, what it is being sent, what it is sending."""

import asyncio
from typing import Any, Generic, TypeVar

from cybernetic.crdt import Context, Lattice
from cybernetic.state.replica.claims import Claims

L = TypeVar("L", bound=Lattice)

WINDOW = 16  # pieces sent and not heard
RESEND = 0.5  # seconds after which they are sent again
PATIENCE = 60.0  # seconds after which what was refused is sent again, at most
TRIES = 6  # times in a row, without a word, before a stream is given up; the next greeting begins another


_NOTHING = Context()


class Coming(Generic[L]):
    """A stream of pieces that a peer is sending. Of a whole value they are put together in `staged`, in any order.

    `spoiled`: a piece was refused, so the end does not mean that all is known. `at`: when the last one came.
    """

    __slots__ = ("at", "numbers", "spoiled", "staged", "stream", "whole")

    def __init__(self, stream: str, whole: bool, staged: L) -> None:
        self.stream, self.whole, self.staged = stream, whole, staged
        self.numbers: set[int] = set()
        self.spoiled = False
        self.at = 0.0

    def stage(self, part: L) -> None:
        """Put a part of a whole value to the others: nothing is known of it before all is there."""
        self.staged = self.staged.join(part.from_store(part.store, Context()))

    def complete(self, count: int) -> bool:
        """Whether all of so many pieces have come, and were taken. The end has the number after theirs: it stands for
        none of them, however often it comes.
        """
        return len(self.numbers - {count}) == count and not self.spoiled


class Talk:
    """One peer.

    Attributes:
        site, replica: who it says it is, "" before it has; `guards`: whether it is a guardian.
        context: what it said it knows, `at` what time of the loop's clock; None if it never did.
        heard: up to which byte of the news it has them, as far as known; `behind`: it is told no more until
            it has caught up.
        arrived: up to which byte of its own news they have arrived here.
        stream: the name of the stream it was sent last; `unheard`: pieces of it on their way.
        sending: the task that sends it.
        coming: the stream it is sending.
        claims: what it is told of what is known here.
        doubts: digests that were found to differ, so that each is told once.
        refused: changes that it refuses, and `withheld` what it is not told of besides, as it hangs on these or could
            not be sent: neither is tried before `again` on the loop's clock, later each time.
        left_out: changes that a whole value it was sent was without.
        refusing: changes of its own that were refused here and that it was not told of yet; `lead` by how much their
            stamps are in the future, `warned` when it was told last.
    """

    __slots__ = (
        "_patience",
        "_wake",
        "again",
        "arrived",
        "at",
        "behind",
        "claims",
        "coming",
        "context",
        "doubts",
        "guards",
        "heard",
        "lead",
        "left_out",
        "refused",
        "refusing",
        "replica",
        "sending",
        "site",
        "stream",
        "unheard",
        "warned",
        "withheld",
    )

    def __init__(self, heard: int) -> None:
        self.site = self.replica = ""
        self.guards = False
        self.context = Context()
        self.at: float | None = None
        self.heard, self.behind, self.arrived = heard, False, 0
        self.stream = ""
        self.unheard: dict[int, bytes] = {}
        self.sending: asyncio.Task[Any] | None = None
        self.coming: Coming[Any] | None = None
        self.claims = Claims()
        self.doubts: object = None
        self._wake: asyncio.Future[None] | None = None
        self.refused, self.withheld, self.again, self._patience = _NOTHING, _NOTHING, 0.0, 1.0
        self.left_out = _NOTHING
        self.refusing, self.lead, self.warned = Context(), 0.0, -1.0

    def spared(self, now: float) -> Context:
        """What it is not told now, for what it refuses; nothing when that is to be tried again."""
        return self.refused.join(self.withheld) if now < self.again else _NOTHING

    def refuses(self, context: Context, now: float) -> None:
        """It has refused changes: they are sent again with those refused before, when it is time for these."""
        if not self.refused:
            self.wait(now)
        self.refused = self.refused.join(context)

    def wait(self, now: float) -> None:
        """What it refuses, or could not be sent, is tried: it will be again, twice as long after as the time before."""
        if now >= self.again:
            self.again = now + self._patience
            self._patience = min(PATIENCE, 2 * self._patience)

    def accepts(self) -> None:
        """It refuses nothing any more."""
        self.refused, self.withheld, self.again, self._patience = _NOTHING, _NOTHING, 0.0, 1.0

    @property
    def busy(self) -> bool:
        """Whether it is being sent what it lacks."""
        return self.sending is not None and not self.sending.done()

    def hear(self, stream: str, number: int) -> None:
        """It has taken in a piece."""
        if stream != self.stream or self.unheard.pop(number, None) is None:
            return
        if self._wake is not None and not self._wake.done():
            self._wake.set_result(None)

    async def changed(self) -> bool:
        """Wait until it takes in a piece, at most `RESEND` seconds; whether it did."""
        self._wake = asyncio.get_running_loop().create_future()
        try:
            async with asyncio.timeout(RESEND):
                await self._wake
        except TimeoutError:
            return False
        return True

    def end(self) -> None:
        """It is gone: send it nothing more."""
        if self.sending is not None:
            self.sending.cancel()
