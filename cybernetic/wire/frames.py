"""Frames: what a stream between nodes is cut into. Pure: bytes in, frames out; who owns a socket feeds it.

A frame is a header of eight bytes and its payload: a magic byte, the version of the protocol (8 bits), the
kind of the frame (16), the length of the payload (32), all big-endian. What kinds mean is up to who speaks.
"""

from collections.abc import Collection, Iterable
from struct import Struct
from typing import NamedTuple

from cybernetic.core import OptionError, whole
from cybernetic.wire.errors import DamagedFrame, FrameError, FrameTooLarge, WrongVersion

PROTOCOL_VERSION = 1
MAX_PAYLOAD = 17 * 2**20  # bytes of one frame: the largest message, and room for what goes with it
MAX_KIND = 0xFFFF

_MAGIC = 0xCB
_PREFIX = _MAGIC << 8 | PROTOCOL_VERSION
_HEADER = Struct(">HHI")
HEADER_BYTES = _HEADER.size

_unpack = _HEADER.unpack_from
_new = tuple.__new__  # a named tuple's own constructor takes twice as long


class Frame(NamedTuple):
    """One frame: its kind (0 to 65,535) and its payload."""

    kind: int
    payload: bytes


def pack_frame(kind: int, payload: bytes, max_payload: int = MAX_PAYLOAD) -> bytes:
    """The bytes of one frame. Raises `OptionError` for the kind, `FrameTooLarge` for the payload."""
    if len(payload) > max_payload:
        raise FrameTooLarge(f"a frame of at most {max_payload} bytes", str(len(payload)))
    if not 0 <= kind <= MAX_KIND:
        raise OptionError("kind", f"0 to {MAX_KIND}", kind)
    return _HEADER.pack(_PREFIX, kind, len(payload)) + payload


def pack_frames(frames: Iterable[tuple[int, bytes]], max_payload: int = MAX_PAYLOAD) -> bytes:
    """The bytes of several frames (kind and payload each), for one write. Raises as `pack_frame` does."""
    return b"".join([pack_frame(kind, payload, max_payload) for kind, payload in frames])


class FrameReader:
    """Cuts a stream into frames, however it arrives. Holds at most one unfinished frame and what came last.

    Args:
        max_payload: bytes of one frame's payload, at least 0; a header that announces more is refused.
        kinds: the kinds of frames that are known; None: any.
    """

    __slots__ = ("_buffer", "_failure", "_kinds", "_max_payload", "_needed")

    def __init__(self, max_payload: int = MAX_PAYLOAD, kinds: Collection[int] | None = None) -> None:
        self._max_payload = whole("max_payload", max_payload)
        self._kinds: Collection[int] = range(MAX_KIND + 1) if kinds is None else frozenset(kinds)
        self._buffer = bytearray()
        self._needed = 0  # bytes in the buffer before it is worth another look
        self._failure: FrameError | None = None

    @property
    def pending(self) -> int:
        """Bytes of an unfinished frame that wait for the rest."""
        return len(self._buffer)

    def feed(self, data: bytes | bytearray | memoryview) -> list[Frame]:
        """The frames that `data` completes, in order.

        Raises `DamagedFrame` for what is no header or of an unknown kind, `WrongVersion`, `FrameTooLarge`: as
        soon as the bytes show it, with the frames completed before in `.frames`. The stream is over then: any
        further call raises `DamagedFrame`.
        """
        if self._failure is not None:
            raise DamagedFrame("no more data", f"{len(data)} bytes after: {self._failure}")
        if self._buffer:
            self._buffer += data
            if len(self._buffer) < self._needed:
                return []
            data = bytes(self._buffer)
            self._buffer.clear()
        frames, rest = self._cut(bytes(data))
        fault = self._fault(rest, tuple(frames)) if rest else None
        if fault is not None:
            self._failure = fault
            raise fault
        self._buffer += rest
        return frames

    def finish(self) -> None:
        """Say that the stream has ended. Raises `DamagedFrame` if that was inside a frame."""
        if self._buffer:
            raise DamagedFrame(
                "the rest of a frame", f"the end of the stream after {self.pending} of its bytes"
            )

    def _cut(self, data: bytes) -> tuple[list[Frame], bytes]:
        """The whole frames that begin `data`, and what follows them: nothing, a beginning or a fault."""
        frames: list[Frame] = []
        kinds, max_payload = self._kinds, self._max_payload
        at, end = 0, len(data)
        while end - at >= HEADER_BYTES:
            prefix, kind, length = _unpack(data, at)
            start = at + HEADER_BYTES
            stop = start + length
            self._needed = stop - at
            if prefix != _PREFIX or kind not in kinds or length > max_payload or stop > end:
                return frames, data[at:]
            frames.append(_new(Frame, (kind, data[start:stop])))
            at = stop
        self._needed = 0
        return frames, data[at:]

    def _fault(self, rest: bytes, frames: tuple[Frame, ...]) -> FrameError | None:
        """What is wrong with the header that begins `rest`, as far as it has arrived."""
        if rest[0] != _MAGIC:
            return DamagedFrame("a frame of this protocol", repr(rest[:HEADER_BYTES]), frames)
        if len(rest) > 1 and rest[1] != PROTOCOL_VERSION:
            return WrongVersion(f"version {PROTOCOL_VERSION} of the protocol", f"version {rest[1]}", frames)
        if len(rest) < HEADER_BYTES:
            return None
        _, kind, length = _unpack(rest)
        if kind not in self._kinds:
            return DamagedFrame(f"a frame of a kind in {sorted(self._kinds)}", str(kind), frames)
        if length > self._max_payload:
            return FrameTooLarge(f"a frame of at most {self._max_payload} bytes", str(length), frames)
        return None
