"""Nonces of control messages: each is good once, also after a restart."""

import sqlite3

from cybernetic.core import number
from cybernetic.state.store.checks import as_key
from cybernetic.state.store.errors import NoncesFull
from cybernetic.state.store.memory import Gone, Memory
from cybernetic.state.store.room import StoreLimits
from cybernetic.state.store.store import Store


class Nonces:
    """The nonces that have been used. Made by `open`.

    One is remembered at least until it expires, and some time beyond. When as many are remembered as may be and none
    has expired, new ones are refused with `NoncesFull`: a message too many is turned away, none is let in twice.
    """

    def __init__(self, memory: Memory) -> None:
        self._memory = memory

    @classmethod
    async def open(cls, store: Store, limits: StoreLimits | None = None) -> "Nonces":
        """The nonces of `store`; `limits` (default `StoreLimits()`) hold from now on. Raises `StoreError`."""
        return cls(await Memory.open(store, "nonces", "the nonces", limits or StoreLimits(), NoncesFull))

    @property
    def count(self) -> int:
        """How many are remembered, or about to be."""
        return self._memory.room.count

    async def fresh(self, nonce: str | bytes, expires: float) -> bool:
        """Whether `nonce` is used for the first time; that it was used is on the disk when this answers.

        `expires`: when a message with it is refused for its age anyway, in seconds since the epoch. Raises
        `NoncesFull`, `OptionError`, `StoreError`.
        """
        use = _Use(self._memory, as_key(nonce), number("expires", expires))
        return await self._memory.store.commit(use)


class _Use:
    """The use of one nonce."""

    def __init__(self, memory: Memory, nonce: bytes, expires: float) -> None:
        self._memory, self._nonce, self._expires = memory, nonce, expires
        self._gone: Gone = (0, 0)

    async def admit(self) -> None:
        await self._memory.enter(1, len(self._nonce))

    def apply(self, connection: sqlite3.Connection) -> bool:
        if self._memory.add(connection, self._nonce, self._expires, b"") is not None:
            return False
        self._gone = self._memory.tidy(connection, self._memory.store.now())
        return True

    def settle(self, done: bool | None) -> None:
        self._memory.leave(self._gone if done else (1, len(self._nonce)))
