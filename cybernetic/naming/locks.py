"""Locks by key: one holder at a time, in the order of asking; an agent that ends lets go of them."""

import asyncio
from typing import Any

from cybernetic.core import CallFailed, NoProc, OptionError
from cybernetic.naming.table import strictly


class Claim:
    """One asking for a lock.

    Attributes:
        owner: the agent that asks, or None for code outside of agents.
        task: the asyncio task that asks.
        turn: done when the lock is held.
    """

    __slots__ = ("key", "owner", "task", "turn")

    def __init__(self, key: object, owner: Any) -> None:
        self.key, self.owner = key, owner
        self.task = asyncio.current_task()
        self.turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()


class Locks:
    """The locks of one registry; their keys have nothing to do with those registered (REG-13)."""

    __slots__ = ("_by_owner", "_queues")

    def __init__(self) -> None:
        self._queues: dict[object, dict[Claim, None]] = {}  # of each key, who holds it and who waits
        self._by_owner: dict[Any, dict[Claim, None]] = {}

    def claim(self, key: object, owner: Any) -> Claim:
        """Stand in line for a key. Raises `OptionError` if the very task that asks holds it: it would wait for ever."""
        strict = strictly(key)
        claim = Claim(strict, owner)
        holder = next(iter(self._queues.get(strict, ())), None)
        if holder is not None and holder.task is claim.task and claim.task is not None:
            raise OptionError("lock", "a key that the caller does not hold already", key)
        self._queues.setdefault(strict, {})[claim] = None
        self._by_owner.setdefault(owner, {})[claim] = None
        self._serve(strict)
        return claim

    def give_back(self, claim: Claim) -> None:
        """Let go of a lock, or of the place in line; nothing if that has happened already."""
        if claim in self._queues.get(claim.key, ()):
            self._remove(claim)
            self._serve(claim.key)

    def forget(self, owner: Any) -> None:
        """Give back all that an agent holds or waits for."""
        for claim in tuple(self._by_owner.get(owner, ())):
            self.give_back(claim)

    def concern(self, owner: Any) -> bool:
        """Whether an agent holds a lock or waits for one."""
        return owner in self._by_owner

    def close(self, host: Any) -> None:
        """The registry `host` has ended: who waits learns it by `CallFailed`."""
        for queue in self._queues.values():
            for claim in queue:
                if not claim.turn.done():
                    claim.turn.set_exception(CallFailed(host, "lock", NoProc()))
        self._queues.clear()
        self._by_owner.clear()

    def _serve(self, key: object) -> None:
        """Give the lock to the first in line, unless it has it, or has given up and is about to leave the line."""
        first = next(iter(self._queues.get(key, ())), None)
        if first is not None and not first.turn.done():
            first.turn.set_result(None)

    def _remove(self, claim: Claim) -> None:
        for index, name in ((self._queues, claim.key), (self._by_owner, claim.owner)):
            del index[name][claim]
            if not index[name]:
                del index[name]
