"""The inbox: which deliveries have had their effect, so that one that comes again has it only once."""

from cybernetic.core import number
from cybernetic.state.store.checks import as_key, blob
from cybernetic.state.store.errors import InboxFull
from cybernetic.state.store.memory import Memory
from cybernetic.state.store.room import StoreLimits
from cybernetic.state.store.store import Store

KEEP = 7 * 86400.0  # seconds
LIMITS = StoreLimits(count=5_000_000, bytes=2 * 1024**3)


class Inbox:
    """Keys of effects, each with the result it had. Made by `open`; `Batch.once` adds to it.

    A key is remembered at least until it expires, and some time beyond. It is bounded: when as many are remembered as
    may be and none has expired, new ones are refused with `InboxFull`; none that has not expired is forgotten.
    """

    def __init__(self, memory: Memory, keep: float) -> None:
        self.memory, self.keep = memory, keep

    @classmethod
    async def open(cls, store: Store, limits: StoreLimits | None = None, *, keep: float = KEEP) -> "Inbox":
        """The inbox of `store`.

        `limits` (default: 5 million keys, 2 GiB of keys and results) hold from now on for whoever has opened it.
        `keep`: for how many seconds a key is remembered whose expiry is not given; above 0, default 7 days. It must
        outlive every repetition: how old a message may become plus the longest outage.

        Raises `OptionError`, `StoreError`.
        """
        number("keep", keep, above=0)
        return cls(await Memory.open(store, "inbox", "the inbox", limits or LIMITS, InboxFull), keep)

    @property
    def count(self) -> int:
        """How many keys are remembered, or about to be."""
        return self.memory.room.count

    @property
    def share(self) -> float:
        """How full it is, from 0 to 1; what has expired counts until it is swept."""
        return self.memory.share

    async def expect(self, key: str | bytes, result: bytes = b"") -> int:
        """Hold room for a key before its effect is worked out; give what this returns to `expected` after the commit.

        Raises `InboxFull` where there is none, so that nothing is done in vain; `OptionError` and `StoreError`.
        """
        size = len(as_key(key)) + len(blob("result", result))
        await self.memory.expect(size)
        return size

    def expected(self, held: int) -> None:
        """Let go of room that `expect` holds: the key was added, or will not be."""
        self.memory.expected(held)

    async def seen(self, key: str | bytes) -> bytes | None:
        """The result of the effect `key`, if it is committed and remembered; None otherwise. Raises `StoreError`."""
        name = as_key(key)
        return await self.memory.store.read(lambda connection: self.memory.find(connection, name))

    async def begins(self, prefix: str | bytes) -> bool:
        """Whether any key is remembered that begins with `prefix`; "": whether any is. Raises `StoreError`."""
        name = as_key(prefix)
        return await self.memory.store.read(lambda connection: self.memory.begins(connection, name))

    async def sweep(self) -> int:
        """Forget a few keys that have expired; how many. It happens by itself as others come. Raises `StoreError`."""
        return await self.memory.sweep()
