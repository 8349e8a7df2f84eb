"""What a part tells the world by itself, without waiting: the last word on each thing, until it is told or moot."""

import asyncio
from dataclasses import dataclass
from typing import Any

from cybernetic.core import Refusal
from cybernetic.state import GraphRefused
from cybernetic.vsm.timing import now
from cybernetic.vsm.world.knowing import Knowing

SHORTEST, LONGEST = 0.5, 8.0  # seconds between two tries, each twice as long as the one before


@dataclass(frozen=True, slots=True)
class Word:
    """That a fact holds until a moment, seconds as `now`; or, not `so`, that it is taken back.

    To tell it is moot after that moment: what was told of the fact has expired by then.
    """

    so: bool
    until: float
    cause: str | None = None


class Telling:
    """Words on facts (subject, predicate, object), told one after another for each fact, the latest alone.

    A world that is away is tried again, with growing pauses. There is one task and one word for each fact at most.
    Where no world is declared it does nothing.

    Args:
        agent: whose it is; with it ends what is still to be told.
        world: who tells.
    """

    def __init__(self, agent: Any, world: Knowing) -> None:
        self._agent, self._world = agent, world
        self._words: dict[tuple[str, str, str], Word] = {}

    def tell(self, fact: tuple[str, str, str], until: float, cause: str | None = None) -> None:
        """The fact holds until then, unless something else is said of it first."""
        self._say(fact, Word(True, until, cause))

    def take_back(self, fact: tuple[str, str, str], until: float, cause: str | None = None) -> None:
        """It holds no more; what was told of it expires by then at the latest."""
        self._say(fact, Word(False, until, cause))

    def _say(self, fact: tuple[str, str, str], word: Word) -> None:
        if not self._world.declared:
            return
        idle = fact not in self._words
        self._words[fact] = word
        if idle:
            self._agent.task(self._told(fact))

    async def _told(self, fact: tuple[str, str, str]) -> None:
        """Tell the last word on a fact, and what becomes the last one meanwhile."""
        pause = SHORTEST
        while True:
            word = self._words[fact]
            try:
                await self._once(fact, word)
            except GraphRefused:
                pass  # it would be refused again
            except Refusal:
                await asyncio.sleep(pause)
                pause = min(2 * pause, LONGEST)
                continue
            if self._words[fact] is word:
                del self._words[fact]
                return
            pause = SHORTEST

    async def _once(self, fact: tuple[str, str, str], word: Word) -> None:
        left = word.until - now()
        if left <= 0:
            return
        if word.so:
            await self._world.tell(*fact, ttl=left, cause=word.cause)
        else:
            await self._world.take_back(*fact, cause=word.cause)
