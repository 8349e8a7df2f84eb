"""What the frames on a link mean, and what is in them. Pure."""

from struct import Struct

from cybernetic.wire import HEADER_BYTES, MAX_PAYLOAD, Codec, DamagedMessage, TypeTable, pack_frame

HELLO, WELCOME, REFUSED, BATCH, CREDIT, BEAT, GOODBYE = KINDS = tuple(range(1, 8))

HELLO_BYTES = 64 << 10  # the most that one end may say of itself
_LONGEST_TEXT = 1000  # characters of a reason

_WINDOW = _NUMBER = Struct(">I")
_ARRAYS = frozenset((*range(0x90, 0xA0), 0xDC, 0xDD))  # the bytes that may begin a batch

_codec = Codec(TypeTable(), max_size=MAX_PAYLOAD)
_encode, _decode = _codec.encode, _codec.decode

BEAT_FRAME = pack_frame(BEAT, b"")


_SHORT = 256  # bytes from which on a message is no short one
_ALONE = [pack_frame(BATCH, _encode((bytes(size),)))[: -size or None] for size in range(_SHORT)]
"""How the frame begins whose batch is one short message, by the size of that: all such frames are alike but for it."""
_HEAD = len(_ALONE[0])


def batch_frame(messages: list[bytes]) -> tuple[bytes, int]:
    """The frame that carries `messages`, and how many bytes of credit it takes."""
    if len(messages) == 1 and (size := len(messages[0])) < _SHORT:
        return _ALONE[size] + messages[0], size + _HEAD - HEADER_BYTES
    payload = _encode(tuple(messages))
    return pack_frame(BATCH, payload), len(payload)


def alone(data: bytes) -> bytes | None:
    """The message in `data`, if that is the frame of a batch of one short message, and nothing more; else None.

    Most of what is read from a link that is not busy is such a frame, so it is told at a glance.
    """
    size = len(data) - _HEAD
    if 0 <= size < _SHORT and data.startswith(_ALONE[size]):
        return data[_HEAD:]
    return None


def unpack_batch(payload: bytes) -> list[bytes]:
    """The messages of a batch. Raises `WireError` for anything else."""
    if payload[:1] and payload[0] in _ARRAYS:  # a value of any other form is not even built
        messages = _decode(payload)
        if set(map(type, messages)) == {bytes}:
            return list(messages)
    raise DamagedMessage("a batch of messages", "something else")


def credit_frame(granted: int) -> bytes:
    """The frame that grants `granted` bytes of credit."""
    return pack_frame(CREDIT, _NUMBER.pack(granted))


def unpack_credit(payload: bytes) -> int:
    """The bytes that a credit frame grants. Raises `WireError` for anything else."""
    if len(payload) != _NUMBER.size:
        raise DamagedMessage("a number of bytes granted", f"{len(payload)} bytes")
    granted: int = _NUMBER.unpack(payload)[0]
    return granted


def hello_frame(kind: int, window: int, hello: bytes) -> bytes:
    """The frame (HELLO or WELCOME) by which one end tells its window and what it says of itself."""
    return pack_frame(kind, _WINDOW.pack(window) + hello)


def unpack_hello(payload: bytes) -> tuple[int, bytes]:
    """The window and the words of a HELLO or WELCOME. Raises `WireError` for anything else."""
    if not _WINDOW.size <= len(payload) <= _WINDOW.size + HELLO_BYTES:
        raise DamagedMessage(f"at most {HELLO_BYTES} bytes of greeting", f"{len(payload)} bytes")
    window: int = _WINDOW.unpack_from(payload)[0]
    return window, payload[_WINDOW.size :]


def text_frame(kind: int, text: str) -> bytes:
    """A frame (REFUSED or GOODBYE) that says why; a long text is cut."""
    return pack_frame(kind, text[:_LONGEST_TEXT].encode(errors="replace"))


def unpack_text(payload: bytes) -> str:
    """What such a frame says, on one line, whatever the bytes are."""
    text = payload[: 4 * _LONGEST_TEXT].decode(errors="replace")[:_LONGEST_TEXT]
    return "".join(sign if sign.isprintable() else " " for sign in text)
