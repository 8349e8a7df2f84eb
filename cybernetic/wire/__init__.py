"""What crosses the border of a process: msgpack messages of registered types, in frames."""

from cybernetic.wire.codec import MAX_DEPTH, MAX_MESSAGE, Codec
from cybernetic.wire.errors import (
    BeyondLimit,
    DamagedFrame,
    DamagedMessage,
    EncodeFailed,
    FrameError,
    FrameTooLarge,
    MessageTooLarge,
    UnknownType,
    WireError,
    WrongVersion,
    told,
)
from cybernetic.wire.frames import (
    HEADER_BYTES,
    MAX_PAYLOAD,
    PROTOCOL_VERSION,
    Frame,
    FrameReader,
    pack_frame,
    pack_frames,
)
from cybernetic.wire.known import Extension
from cybernetic.wire.table import TYPES, TypeTable, register, travels
from cybernetic.wire.unread import Unread, UnreadTypes
from cybernetic.wire.vocabulary import plain_refusal

__all__ = (
    "BeyondLimit",
    "Codec",
    "DamagedFrame",
    "DamagedMessage",
    "EncodeFailed",
    "Extension",
    "Frame",
    "FrameError",
    "FrameReader",
    "FrameTooLarge",
    "HEADER_BYTES",
    "MAX_DEPTH",
    "MAX_MESSAGE",
    "MAX_PAYLOAD",
    "MessageTooLarge",
    "PROTOCOL_VERSION",
    "TYPES",
    "TypeTable",
    "UnknownType",
    "Unread",
    "UnreadTypes",
    "WireError",
    "WrongVersion",
    "pack_frame",
    "pack_frames",
    "plain_refusal",
    "register",
    "told",
    "travels",
)
