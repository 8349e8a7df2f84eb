"""The secret that decides which tasks are audited, as it is kept in the books and shown to nobody."""

import asyncio
from dataclasses import dataclass, field
from typing import Self

from cybernetic.core import Chance, real_time, token
from cybernetic.wire import travels


@travels(name="vsm.Secret")
@dataclass(frozen=True, slots=True)
class Secret:
    """Bytes that no text shows: `repr` says that there is one."""

    value: bytes = field(repr=False)

    @classmethod
    def fresh(cls) -> Self:
        """One that nobody knows."""
        return cls(token(32).encode())

    @classmethod
    def of(cls, declared: bytes | None, chance: Chance, path: str) -> Self:
        """That of the level at `path`: of what was declared, else a fresh one, or where time is simulated one by the
        seed of `chance`. Levels that share a declaration have secrets of their own.
        """
        if declared is not None:
            return cls(declared + b" " + path.encode())
        if real_time(asyncio.get_running_loop()):
            return cls.fresh()
        return cls(chance.stream("secret", path).randbytes(32))
