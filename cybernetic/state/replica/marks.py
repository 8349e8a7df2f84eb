"""What tells that bytes come back from the disk as they were written, and whence: SQLite keeps no check of them."""

from hashlib import blake2b
from typing import Any

from cybernetic.state.store.errors import StoreDamaged
from cybernetic.wire import Codec, WireError

_MARKED = (
    b"\x00"  # nothing that is kept begins with it, nor does one bit more: what has no mark is read as it is
)
_SIZE = 8


def marked(body: bytes, *place: object) -> bytes:
    """`body` with a mark before it that neither one bit more or less would fit, nor another `place`: where it is kept,
    as names and numbers.
    """
    return _MARKED + _digest(repr(place).encode() + b"\n" + body) + body


def read_marked(path: str, name: str, codec: Codec, data: object, *place: object) -> Any:
    """What was written as `data` of the replica `name` in the file at `path`, at that `place`. Raises `StoreDamaged`
    where that is not what was written there.

    What has no mark, or a first one, which stood for the body alone, is what an earlier version wrote.
    """
    if not isinstance(data, bytes):
        raise replica_damaged(path, name, f"of type {type(data).__name__}")
    body = data
    if data[:1] == _MARKED:
        body = data[1 + _SIZE :]
        if data not in (marked(body, *place), _MARKED + _digest(body) + body):
            raise replica_damaged(path, name, "that are not those that were written there")
    try:
        return codec.decode(body)
    except WireError as error:
        raise replica_damaged(path, name, f"that mean nothing ({error})") from error


def _digest(data: bytes) -> bytes:
    return blake2b(data, digest_size=_SIZE).digest()


def in_a_row(path: str, name: str, number: int, expected: int, what: str) -> None:
    """Raises `StoreDamaged` where the next of what was written one after another is not there."""
    if number != expected:
        raise replica_damaged(path, name, f"without its {what} {expected}")


def replica_damaged(path: str, name: str, why: str) -> StoreDamaged:
    """The error for what came of a replica, with what a person can do about it."""
    advice = "put a good copy in its place; or move it away, and peers bring back what they know"
    return StoreDamaged(path, f"bytes of the replica {name!r} {why}. The file was left untouched: {advice}")
