"""What the nodes of a cluster know and nobody else does."""

import hmac
import os
from pathlib import Path

from cybernetic.core import OptionError, read_private, token

LEAST_BYTES = 16
MOST_BYTES = 1 << 16  # of a file that holds one
VARIABLE = "CYBERNETIC_SECRET"


class Secret:
    """A secret that both ends of a link must know, of at least 16 bytes. Never shown: not by `repr`, not in errors."""

    __slots__ = ("_key",)

    def __init__(self, key: bytes) -> None:
        if len(key) < LEAST_BYTES:
            raise OptionError("secret", f"at least {LEAST_BYTES} bytes", _Size(len(key)))
        self._key = key

    @classmethod
    def of(cls, value: str | bytes) -> "Secret":
        """The secret that a text (encoded in UTF-8) or bytes are. Raises `OptionError` if it is too short."""
        if not isinstance(value, str | bytes):
            raise OptionError("secret", "a text or bytes", type(value))
        return cls(value.encode(errors="surrogateescape") if isinstance(value, str) else value)

    @classmethod
    def fresh(cls) -> "Secret":
        """A new secret of 32 unpredictable bytes."""
        return cls(bytes.fromhex(token(32)))

    @classmethod
    def read(cls, path: str | Path) -> "Secret":
        """The secret in a file, blanks around it left out.

        Raises `OptionError` if the file cannot be read, is no ordinary file, may be read by others than its owner
        (it should have mode 0600), or holds too little.
        """
        return cls(read_private("secret", path, MOST_BYTES).strip())

    @classmethod
    def from_environment(cls) -> "Secret | None":
        """The secret that the variable CYBERNETIC_SECRET holds, None if it is not set or empty."""
        text = os.environ.get(VARIABLE, "")
        return cls.of(text) if text else None

    def proof(self, *parts: bytes) -> bytes:
        """HMAC-SHA256 of `parts`, each with its length before it, under this secret: 32 bytes."""
        joined = b"".join(len(part).to_bytes(4, "big") + part for part in parts)
        return hmac.digest(self._key, joined, "sha256")

    def reveal(self) -> bytes:
        """The secret itself: for a process of the same host that is to know it too, and for nothing else."""
        return self._key

    def __repr__(self) -> str:
        return "<Secret>"

    def __reduce__(self) -> str:
        raise TypeError("expected a secret to stay in its process, got: a pickle of one")


class _Size(int):
    """A number of bytes, as an error shows it."""

    __slots__ = ()

    def __repr__(self) -> str:
        return f"{int(self)} bytes"
