"""What a message would look like on the other side of a process's border: encoded and decoded on the spot."""

from typing import Any

from cybernetic.core import Token
from cybernetic.runtime import Address
from cybernetic.wire import Codec, Extension


class Transfer:
    """Copies values as a journey to another process would; addresses and tokens stay what they are."""

    def __init__(self) -> None:
        self._held: list[Any] = []
        self._codec = Codec(
            extensions=(
                Extension("address", Address, self._hold, self._held.__getitem__),
                Extension("token", Token, self._hold, self._held.__getitem__),
            )
        )

    def copy(self, value: Any, what: str = "message") -> Any:
        """A copy of `value`. Raises `CannotTravel`, naming the part; `what` begins its path."""
        try:
            return self._codec.copy(value, what)
        finally:
            self._held.clear()

    def _hold(self, value: Any) -> tuple[int]:
        self._held.append(value)
        return (len(self._held) - 1,)
