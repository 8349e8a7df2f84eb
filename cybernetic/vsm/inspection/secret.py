"""The secret that decides which tasks are audited, as it is kept in the books and shown to nobody."""

from dataclasses import dataclass, field
from typing import Self

from cybernetic.core import token
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
