"""What tells that bytes come back from the disk as they were written: SQLite keeps no check of them."""

from hashlib import blake2b
from typing import Any

from cybernetic.state.store.errors import StoreDamaged
from cybernetic.wire import Codec, WireError

_MARKED = (
    b"\x00"  # nothing that is kept begins with it, nor does one bit more: what has no mark is read as it is
)
_SIZE = 8


def marked(body: bytes) -> bytes:
    """`body` with a mark before it that one bit more or less would not fit."""
    return _MARKED + blake2b(body, digest_size=_SIZE).digest() + body


def read_marked(path: str, name: str, codec: Codec, data: bytes) -> Any:
    """What was written as `data` of the replica `name` in the file at `path`. Raises `StoreDamaged` where that is not
    what was written.
    """
    body = data
    if data[:1] == _MARKED:
        body = data[1 + _SIZE :]
        if data != marked(body):
            raise _damaged(path, f"bytes of the replica {name!r} that are not those that were written")
    try:
        return codec.decode(body)
    except WireError as error:
        raise _damaged(path, f"bytes of the replica {name!r} that mean nothing ({error})") from error


def _damaged(path: str, why: str) -> StoreDamaged:
    advice = "put a good copy in its place; or move it away, and peers bring back what they know"
    return StoreDamaged(path, f"{why}. The file was left untouched: {advice}")
