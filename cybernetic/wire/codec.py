"""Values to bytes and back: msgpack, with the types it does not keep apart as tagged arrays. Never pickle.

A message is one msgpack object, in which a top-level array stands for a tuple. Where that does not say it
all, two bytes go before: `SPECIAL`, which begins no msgpack object, and flags. In a tagged message an array
that begins with an extension of code `TAG` is a value of the type it names; any other array is a list.
"""

from collections.abc import Callable, Iterable
from itertools import chain
from typing import Any

from msgpack import ExtType, Packer, StackError, Timestamp, unpackb

from cybernetic.core import CannotTravel, OptionError, flag, whole
from cybernetic.wire import bounds
from cybernetic.wire.canonical import canonical as in_canonical_form
from cybernetic.wire.entry import Parts
from cybernetic.wire.errors import (
    BeyondLimit,
    DamagedMessage,
    EncodeFailed,
    MessageTooLarge,
    WireError,
    told,
)
from cybernetic.wire.known import Extension, Known
from cybernetic.wire.locate import stray, too_deep
from cybernetic.wire.reader import TAG, Reader
from cybernetic.wire.table import TYPES, TypeTable
from cybernetic.wire.vocabulary import PLAIN_REFUSAL

MAX_MESSAGE = 16 * 2**20  # bytes of one message
MAX_DEPTH = 1023  # containers inside each other: what msgpack's own stack allows, so that it costs nothing

SPECIAL = 0xC1
_TAGGED, _TUPLE = 1, 2  # flags
_HEADS = [bytes((SPECIAL, flags)) for flags in range(4)]
_TUPLE_TAG = ExtType(TAG, b"t")

_KEEP = 1 << 20  # a packer that has grown beyond this many bytes is let go
_NATIVE = frozenset((type(None), bool, int, float, str, bytes, bytearray, memoryview, ExtType, Timestamp))

_HEAVY = frozenset((list, dict, bytearray, memoryview))

Buffer = bytes | bytearray | memoryview


class Codec:
    """Turns messages into bytes and back, keeping every type: 1, 1.0 and True, a tuple and a list stay apart.

    Values travel as trees: a part that occurs twice arrives as two. `bytearray` and `memoryview` arrive as
    `bytes`. msgpack's own `ExtType` and `Timestamp` pass as they are, save extensions of code 67, which is
    taken. May be used from several threads.

    Cheapest is a tuple of what msgpack knows: None, bool, int of 64 bits, float, str, bytes, list and dict.
    Each tuple further inside, and each value of any other type, costs some Python.

    Args:
        types: the table of types that may travel; by default the one `register` and `travels` fill.
        extensions: types of this codec alone, which come before the table's.
        max_size: bytes of one message, at least 1.
        max_depth: how deep containers may nest, 1 to 1023; a value of a registered class counts as one.
            A limit below 1023 makes messages of more bytes than the limit a little slower.
        canonical: equal values (of equal types) give equal bytes: dicts and sets are sorted. Slower.

    Raises:
        OptionError: a limit is impossible, or an extension's name is taken.
    """

    __slots__ = (
        "_canonical",
        "_free",
        "_known",
        "_light",
        "_max_depth",
        "_max_size",
        "_pens",
        "_readers",
        "_writers",
    )

    def __init__(
        self,
        types: TypeTable = TYPES,
        *,
        extensions: Iterable[Extension] = (),
        max_size: int = MAX_MESSAGE,
        max_depth: int = MAX_DEPTH,
        canonical: bool = False,
    ) -> None:
        self._max_size = whole("max_size", max_size, least=1)
        self._max_depth = whole("max_depth", max_depth, least=1)
        if max_depth > MAX_DEPTH:
            raise OptionError("max_depth", f"at most {MAX_DEPTH}", max_depth)
        self._canonical = flag("canonical", canonical)
        self._known = Known(types, extensions)
        self._writers = _Writers(self._known)
        self._pens: list[_Pen] = []
        # runs no Python, so that one is enough for all threads
        self._light: Callable[[list[Any]], bytes] = Packer(strict_types=True).pack
        self._readers: list[Reader] = []
        # up to so many bytes a message needs no closer look
        self._free = min(bounds.SMALL, max_depth, max_size)

    def encode(self, value: Any, what: str = "message", *, light: bool = False) -> bytes:
        """The bytes of `value`. `what` names the whole in errors, whose paths begin with it.

        What is too large is refused before it is encoded; `light` says that it is known to be far from that, and
        to hold neither dicts nor deep lists.

        Raises:
            CannotTravel: a part is of a type that is not registered; the text names its path.
            BeyondLimit: a `CannotTravel`: too many bytes, or nested too deep (as what contains itself is).
            EncodeFailed: a `CannotTravel`: the function that takes a part apart raised.
        """
        kind = type(value)
        if light and kind is tuple:
            try:
                data = self._light([*value])
            except Exception:  # there is more in it than msgpack knows
                light = False
            else:
                if len(data) > self._free:
                    self._check_outgoing(data, what)
                return data
        # one level more, cut off again: msgpack would write one that it does not read
        wrapped = [[*value] if kind is tuple else value]
        try:
            pen = self._pens.pop()
        except IndexError:
            pen = _Pen(self._writers, self._canonical, self._max_size)
        if not light:
            pen.weight = bounds.weight(wrapped[0] if kind is tuple else wrapped, self._max_size)
            if pen.weight > self._max_size:
                raise self._too_large(what, pen.weight)
        try:
            data = pen.write(wrapped)[1:]
        except Exception as error:
            pen, data = self._rescued(wrapped, value, what, error)
        pen.weight = 0
        if pen.tagged:
            pen.tagged = False
            data = _HEADS[_TAGGED | (kind is tuple and _TUPLE)] + data
        elif kind is list:
            data = _HEADS[0] + data
        if len(data) > self._free:
            self._check_outgoing(data, what)
        if len(data) < _KEEP:
            self._pens.append(pen)
        return data

    def decode(self, data: Buffer) -> Any:
        """The value that `data` is the message of.

        Whatever the bytes are, memory stays below 16 MiB and 100 times their number, time in proportion
        to it. What the constructors of registered classes do comes on top.

        Raises:
            WireError: `DamagedMessage` for bytes that are no message or build no value, `UnknownType` for a
                type that is not registered here, `MessageTooLarge` for too many bytes or levels.
        """
        try:
            if len(data) > self._free:
                data = self._checked_incoming(data)
            if data[0] == SPECIAL:
                return self._decode_special(data)
            value = unpackb(data, strict_map_key=False, unicode_errors="surrogatepass")
        except (WireError, MemoryError):
            raise
        except StackError:
            raise self._too_deep() from None
        except Exception as error:
            raise DamagedMessage("the bytes of a message", told(error) if len(data) else "none") from error
        return tuple(value) if type(value) is list else value

    def copy(self, value: object, what: str = "message") -> Any:
        """`value` as it would arrive: encoded and decoded. Raises what these raise."""
        return self.decode(self.encode(value, what))

    # the sender's side

    def _rescued(
        self, wrapped: list[Any], value: object, what: str, error: Exception
    ) -> "tuple[_Pen, bytes]":
        """Another try where a string is half a surrogate pair, as the names of odd files are."""
        if isinstance(error, _TooHeavy):
            raise self._too_large(what, error.args[0]) from None
        pen = _Pen(self._writers, self._canonical, self._max_size, "surrogatepass")
        try:
            if isinstance(error, UnicodeEncodeError):
                return pen, pen.write(wrapped)[1:]
        except _TooHeavy as heavy:
            raise self._too_large(what, heavy.args[0]) from None
        except Exception as second:
            error = second
        raise self._explained(value, what, error) from error

    def _explained(self, value: object, what: str, error: Exception) -> CannotTravel:
        """Why `value` could not be encoded, with the path of the part at fault."""
        found = stray(value, what, self._known.of, _NATIVE, self._max_depth)
        if found is not None:
            return found
        if isinstance(error, RecursionError) or "recursion limit" in str(error):
            return too_deep(what, self._max_depth)
        return EncodeFailed(what, value, error)

    def _too_large(self, what: str, least: int) -> BeyondLimit:
        return BeyondLimit(
            what, f"at most {self._max_size} bytes encoded", self._max_size, f"at least {least}"
        )

    def _check_outgoing(self, data: bytes, what: str) -> None:
        if len(data) > self._max_size:
            size = str(len(data))
            raise BeyondLimit(what, f"at most {self._max_size} bytes encoded", self._max_size, size)
        if self._nests_too_deep(data):
            raise too_deep(what, self._max_depth)

    # the receiver's side

    def _checked_incoming(self, data: Buffer) -> bytes:
        """`data` as bytes, once it is certain what decoding may cost."""
        if len(data) > self._max_size:
            raise MessageTooLarge(f"at most {self._max_size} bytes", self._max_size, str(len(data)))
        data = bytes(data)
        if bounds.overclaims(data[2:] if data[0] == SPECIAL else data):
            raise DamagedMessage("arrays within the length of the message", "arrays that announce more")
        if self._nests_too_deep(data):
            raise self._too_deep()
        return data

    def _nests_too_deep(self, data: bytes) -> bool:
        """Whether a limit below msgpack's own is exceeded."""
        limit = self._max_depth
        if limit == MAX_DEPTH or not bounds.may_be_deep(data, limit):
            return False
        return bounds.deeper(_outline(data[2:] if data[0] == SPECIAL else data), limit)

    def _too_deep(self) -> MessageTooLarge:
        return MessageTooLarge(f"at most {self._max_depth} levels of nesting", self._max_depth, "more")

    def _decode_special(self, data: Buffer) -> Any:
        """The value of a message with flags."""
        flags, body = data[1], data[2:]
        if flags == 0:
            return unpackb(body, strict_map_key=False, unicode_errors="surrogatepass")
        if flags & ~_TUPLE != _TAGGED:
            raise DamagedMessage("flags of a message", str(flags))
        try:
            reader = self._readers.pop()
        except IndexError:
            reader = Reader(self._known.named, ExtType)
        value = unpackb(
            body,
            strict_map_key=False,
            unicode_errors="surrogatepass",
            list_hook=reader.array,
            ext_hook=reader.extension,
        )
        if reader.open:
            raise DamagedMessage("the tag of a type at the beginning of its parts", "one astray")
        self._readers.append(reader)
        if flags & _TUPLE:
            if type(value) is not list:
                raise DamagedMessage("the parts of a tuple", type(value).__qualname__)
            return tuple(value)
        return value


class _Writers(dict[type, tuple[ExtType, Callable[[Any], Parts]]]):
    """For a class that travels tagged: its tag and the function that takes a value apart. Fills on demand."""

    __slots__ = ("_known",)

    def __init__(self, known: Known) -> None:
        self._known = known

    def __missing__(self, cls: type) -> tuple[ExtType, Callable[[Any], Parts]]:
        entry = self._known.of(cls)
        if entry is None:
            raise TypeError(f"{cls.__qualname__} cannot travel")
        writer = ExtType(TAG, entry.name.encode()), entry.split
        if entry is not PLAIN_REFUSAL:  # its class may be registered yet
            self[cls] = writer
        return writer


class _TooHeavy(Exception):
    """What has been taken apart so far is more than a message may be; the argument is how many bytes."""


class _Pen:
    """A packer that knows whether what it wrote has tags in it, and how much it is. In use by one call at a time."""

    __slots__ = ("_most", "_writers", "tagged", "weight", "write")

    def __init__(self, writers: _Writers, canonical: bool, most: int, unicode_errors: str = "strict") -> None:
        self._writers, self._most = writers, most
        self.tagged = False
        self.weight = 0  # bytes that what was seen so far takes at least
        packer = Packer(default=self._apart, strict_types=True, unicode_errors=unicode_errors)
        self.write: Callable[[Any], bytes] = packer.pack
        if canonical:
            self.write = lambda value: in_canonical_form(
                value, packer.pack, packer.pack_array_header, packer.pack_map_header, self._apart, _NATIVE
            )

    def _apart(self, value: Any) -> list[Any]:
        """A value that msgpack does not carry by itself, as an array of its tag and its parts."""
        self.tagged = True
        if type(value) is tuple:
            tag: ExtType = _TUPLE_TAG
            parts: Parts = value
        else:
            tag, split = self._writers[type(value)]
            parts = split(value)
        for part in parts:
            kind = type(part)
            if kind is str or kind is bytes:
                self.weight += len(part)
            elif kind in _HEAVY:
                self.weight += bounds.weight((part,), self._most - self.weight)
        if self.weight > self._most:
            raise _TooHeavy(self.weight)
        return [tag, *parts]


def _outline(body: bytes) -> Any:
    """The containers of a message as nested tuples, whatever they stand for. Raises what `unpackb` raises."""
    return unpackb(
        body,
        use_list=False,
        strict_map_key=False,
        unicode_errors="surrogatepass",
        object_pairs_hook=_flat,
        ext_hook=_nothing,
    )


def _flat(pairs: list[tuple[Any, Any]]) -> tuple[Any, ...]:
    return tuple(chain.from_iterable(pairs))


def _nothing(code: int, data: bytes) -> None:
    return None
