"""What a node is told when it is linked, which may be very much: in steps, while others have their turn."""

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from typing import Any

Words = Iterator[tuple[Any, ...] | None]
"""Messages, and None between them where others may have their turn."""


class Greeting:
    """Says all of `words` by `say`, then calls `said`: at once if others need no turn, else beside them, by `task`."""

    def __init__(
        self, words: Words, say: Callable[[tuple[Any, ...]], object], said: Callable[[], object]
    ) -> None:
        self._words, self._say, self._said = words, say, said

    def begin(self, task: Callable[[Coroutine[Any, Any, None]], object]) -> None:
        """Say what comes first."""
        if self._more():
            task(self._go_on())

    def _more(self) -> bool:
        for message in self._words:
            if message is None:
                return True
            self._say(message)
        self._said()
        return False

    async def _go_on(self) -> None:
        more = True
        try:
            while more:
                await asyncio.sleep(0)
                more = self._more()
        finally:
            while more:  # this node leaves: what its agents have said before is to arrive
                more = self._more()
