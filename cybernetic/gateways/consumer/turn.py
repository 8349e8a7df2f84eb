"""Whether a delivery is still ours: what was given back, or lost with its connection, must not be begun here."""

import asyncio
from collections.abc import Callable
from enum import Enum

GIVE_UP = 600.0  # seconds for which one is waited for that went back: then it is with another process


class Gone(Exception):
    """The delivery went back and did not come again: it is handled elsewhere, or begun anew when it does come."""


class State(Enum):
    """How far a delivery is."""

    WAITS = "it waits for its turn, or its next try"
    RUNS = "a handler has it"
    ENDS = "what came of it is being written"


class Turn:
    """When a delivery may be begun: while it is here, and nobody else can have it.

    Attributes:
        state: how far it is.
        here: whether the delivery is ours at the moment.
        renew: gives back a delivery that has been here for too long to be begun; called before it is.
    """

    def __init__(self) -> None:
        self.state = State.WAITS
        self.renew: Callable[[], None] | None = None
        self.here = True
        self._back: asyncio.Event | None = None

    def went(self) -> None:
        """The delivery is not ours any more."""
        self.here = False
        self._back = asyncio.Event()

    def came(self) -> None:
        """It came again."""
        self.here = True
        if self._back is not None:
            self._back.set()

    async def wait(self) -> None:
        """Wait until the delivery is here. Raises `Gone`: it does not come again."""
        if self.here and self.renew is not None:
            self.renew()
        while not self.here and self._back is not None:
            try:
                await asyncio.wait_for(self._back.wait(), GIVE_UP)
            except TimeoutError:
                raise Gone from None

    def begin(self) -> bool:
        """Begin it, if it is here; whether it is."""
        if self.here:
            self.state = State.RUNS
        return self.here

    def end(self, again: bool) -> None:
        """Its handler is done; `again`: it waits for the next try."""
        self.state = State.WAITS if again else State.ENDS
