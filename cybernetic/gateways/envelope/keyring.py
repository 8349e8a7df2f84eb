"""The keys one process knows: which verify what comes, and which one signs what goes."""

from collections.abc import Iterable, Mapping

from cybernetic.core import OptionError, one_of
from cybernetic.gateways.envelope.keys import WORK, Key


class Keyring:
    """Keys by id, one of each purpose being current. Immutable: to rotate, put a new keyring in its place.

    A rotation without a gap: a keyring with the new key goes to every receiver; then one in which it is current goes to
    every sender; and when the last message under the old one has left its queue, a keyring without that.

    Args:
        keys: all keys; each id once.
        current: id of the key that signs, by purpose. A purpose with one key needs no word.

    Raises `OptionError`: an id twice, or a current key that is not there or of another purpose.
    """

    __slots__ = ("_current", "_keys")

    def __init__(self, keys: Iterable[Key] = (), current: Mapping[str, str] | None = None) -> None:
        self._keys: dict[str, Key] = {}
        for key in keys:
            if not isinstance(key, Key):
                raise OptionError("keys", "keys", type(key))
            if key.id in self._keys:
                raise OptionError("keys", "each id once", key.id)
            self._keys[key.id] = key
        self._current = self._only()
        for purpose, id in (current or {}).items():
            one_of(f"current[{purpose!r}]", id, self._of(purpose))
            self._current[purpose] = self._keys[id]

    def find(self, id: str) -> Key | None:
        """The key of this id, or None."""
        return self._keys.get(id)

    def current(self, purpose: str = WORK) -> Key:
        """The key that signs for `purpose`. Raises `OptionError` where none is current."""
        try:
            return self._current[purpose]
        except KeyError:
            got = self._of(purpose) or "no key"
            raise OptionError("purpose", f"a current key for {purpose!r}", got) from None

    def of(self, purpose: str) -> list[Key]:
        """The keys for `purpose`."""
        return [key for key in self._keys.values() if key.purpose == purpose]

    def _of(self, purpose: str) -> list[str]:
        return [key.id for key in self.of(purpose)]

    def _only(self) -> dict[str, Key]:
        """The key of each purpose that has just one."""
        return {key.purpose: key for key in self._keys.values() if self._of(key.purpose) == [key.id]}

    def __len__(self) -> int:
        return len(self._keys)

    def __repr__(self) -> str:
        return f"<Keyring of {', '.join(self._keys) or 'no keys'}>"

    def __reduce__(self) -> str:
        raise TypeError("expected a keyring to stay in its process, got: a pickle of one")
