"""Files that hold what nobody else may know."""

import os
import stat
from pathlib import Path

from cybernetic.core.errors import OptionError


def read_private(name: str, path: str | Path, most: int) -> bytes:
    """The content of a file that holds a secret: an ordinary one, which nobody but its owner can read or write.

    Args:
        name: what the file holds, for errors: they never tell any of the content.
        path: of the file; its mode is to be 0600, or less.
        most: bytes it may have.

    Raises:
        OptionError: the file cannot be read, is none of this kind, or is larger.
    """
    try:
        with open(path, "rb", opener=_opened) as file:
            status = os.fstat(file.fileno())
            content = file.read(most + 1) if stat.S_ISREG(status.st_mode) else None
    except OSError as error:
        raise OptionError(name, "a readable file", _Said(f"{path}: {error.strerror}")) from None
    if content is None or len(content) > most:
        raise OptionError(name, f"an ordinary file of at most {most} bytes", _Said(path))
    mode = stat.S_IMODE(status.st_mode)
    if mode & 0o077:
        raise OptionError(name, f"a file of mode 0600 (chmod 600 {path})", _Said(f"mode {mode:04o}"))
    return content


def _opened(path: str, flags: int) -> int:
    """Without waiting for whoever might write into a named pipe."""
    return os.open(path, flags | os.O_NONBLOCK)


class _Said(str):
    """A text that an error shows as it is."""

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)
