"""What can go wrong at the border of a process: values that cannot leave, and bytes that cannot come in."""

from cybernetic.core import CannotTravel, CyberneticError

_LONGEST_PATH = 160  # characters; a longer path shows its two ends


def shortened(path: str) -> str:
    """`path`, or another text, for an error: the middle left out where it is very long."""
    if len(path) <= _LONGEST_PATH:
        return path
    return f"{path[: _LONGEST_PATH // 2]} … {path[-_LONGEST_PATH // 2 :]}"


def told(error: BaseException) -> str:
    """`error` in a few words for another's text, also where its own text is long or cannot be made."""
    try:
        text = str(error)
    except Exception:
        text = "without a text"
    return f"{type(error).__name__}: {shortened(text)}"


# At the sender, at the line that sends.


class BeyondLimit(CannotTravel):
    """A message is larger or nested deeper than may travel. `path` names the part, `limit` is the limit."""

    def __init__(self, path: str, expected: str, limit: int, got: str) -> None:
        CyberneticError.__init__(self, f"{shortened(path)}: expected {expected}, got: {got}")
        self.path, self.limit = path, limit


class EncodeFailed(CannotTravel):
    """The function that takes a value apart did not do so. `path` names the value, the cause says why."""

    def __init__(self, path: str, got: object, why: Exception) -> None:
        name = type(got).__qualname__
        CyberneticError.__init__(
            self, f"{shortened(path)}: expected {name} to be taken apart, got: {told(why)}"
        )
        self.path = path


# At the receiver.


class WireError(CyberneticError):
    """Root of what is raised for bytes that came from elsewhere and cannot be used."""


class DamagedMessage(WireError):
    """The bytes are no message, or build no value. `__cause__` is what the attempt ran into, if anything."""

    def __init__(self, expected: str, got: str) -> None:
        super().__init__(f"expected {expected}, got: {got}")


class UnknownType(WireError):
    """A message holds a type not registered here; the rest of it may be sound. `name` is the type's."""

    def __init__(self, name: str) -> None:
        super().__init__(f"expected a type registered on this node, got: {name[:100]!r}")
        self.name = name


class MessageTooLarge(WireError):
    """A message has more bytes, or nests deeper, than this codec accepts. `limit` is the limit."""

    def __init__(self, expected: str, limit: int, got: str) -> None:
        super().__init__(f"expected {expected}, got: {got}")
        self.limit = limit


class FrameError(WireError):
    """A stream of frames is broken for good. `frames` are those completed just before, not yet handed out."""

    def __init__(self, expected: str, got: str, frames: tuple[tuple[int, bytes], ...] = ()) -> None:
        super().__init__(f"expected {expected}, got: {got}")
        self.frames = frames


class DamagedFrame(FrameError):
    """What should be a frame's header is none, or the stream ended inside a frame."""


class WrongVersion(FrameError):
    """The peer speaks another version of the protocol."""


class FrameTooLarge(FrameError):
    """A frame announces, or would have, more bytes than are allowed."""
