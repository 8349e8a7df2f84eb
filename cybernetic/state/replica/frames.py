"""What replicas say to each other, as bytes and back. What comes from outside is checked here."""

from dataclasses import dataclass, fields
from typing import Any, ClassVar

from cybernetic.core import CannotTravel, CyberneticError, OptionError, number, whole
from cybernetic.crdt import Context, Lattice, OpaqueTypes
from cybernetic.wire import MAX_DEPTH, BeyondLimit, Codec, WireError

VERSION = 1
LONGEST_NAME = 200  # characters of a site, a replica, a kind
MOST_KNOWN = 10_000  # sites and replicas told of in one greeting


class BadFrame(CyberneticError):
    """What a peer sent is no frame of a replica of this type: `why` says it in words."""

    def __init__(self, why: str) -> None:
        super().__init__(f"frame of a replica: expected one of version {VERSION}, got: {why}")
        self.why = why


@dataclass(frozen=True, slots=True)
class Hello:
    """Who I am, what I know for certain, and what I have heard of others. Said to each peer at each pulse.

    Attributes:
        kind: the type of the value.
        site, starts, replica: whose store, how often it was started, and the id of this start.
        kept: whether what it knows is on a disk.
        guards: whether it is a guardian of rights to spend.
        context: the changes it knows and will know after a restart.
        digest: of the value that `context` makes; None where it is being worked out.
        heard: up to which byte of the peer's news they have arrived, gaps aside.
        known: of those waited for site, replica, how many seconds ago it was last heard of, and `kept`. Of the peer's
            own site, and to one not met yet of any, only whom the sender heard itself, and when.
        absent: of those not waited for any more replica, site, how many seconds ago it was given up on, and `kept`.
        line: the starts of the same store before this one, the latest last, as far as it remembers.
        noted: which start of the peer's store will be known here after a restart; "" for none.
    """

    sign: ClassVar[str] = "hello"

    kind: str
    site: str
    starts: int
    replica: str
    kept: bool
    guards: bool
    context: Context
    digest: bytes | None
    heard: int
    known: tuple[tuple[str, str, float, bool], ...]
    absent: tuple[tuple[str, str, float, bool], ...]
    line: tuple[str, ...]
    noted: str

    def __post_init__(self) -> None:
        for name in ("kind", "site", "replica"):
            _name(name, getattr(self, name))
        whole("starts", self.starts, least=1)
        whole("heard", self.heard)
        _is("kept", self.kept, bool)
        _is("guards", self.guards, bool)
        _is("context", self.context, Context)
        if self.digest is not None and (type(self.digest) is not bytes or len(self.digest) != 16):
            raise OptionError("digest", "16 bytes or None", self.digest)
        for one in (*_many("known", self.known), *_many("absent", self.absent)):
            if type(one) is not tuple or len(one) != 4:
                raise OptionError("known", "site, replica, time and whether it is kept", one)
            _name("site", one[0])
            _name("replica", one[1])
            number("heard", one[2], least=0.0)
            _is("kept", one[3], bool)
        for name in _many("line", self.line):
            _name("line", name)
        if self.noted != "":
            _name("noted", self.noted)


@dataclass(frozen=True, slots=True)
class News:
    """Changes just made. `before` is how many bytes of news were told before, to whoever listened."""

    sign: ClassVar[str] = "news"

    before: int
    delta: Lattice

    def __post_init__(self) -> None:
        whole("before", self.before)
        _is_value(self.delta)


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of what the peer lacks, number `number` (from 0) of a stream; with `whole` a part of all there is.

    Streams have names: no other of any replica has the same.
    """

    sign: ClassVar[str] = "piece"

    stream: str
    number: int
    whole: bool
    delta: Lattice

    def __post_init__(self) -> None:
        _name("stream", self.stream)
        whole("number", self.number)
        _is("whole", self.whole, bool)
        _is_value(self.delta)


@dataclass(frozen=True, slots=True)
class End:
    """The end of a stream of `count` pieces: who has them all knows `context`, and of a whole value its floor.

    It is heard as the piece number `count` would be.
    """

    sign: ClassVar[str] = "end"

    stream: str
    count: int
    whole: bool
    context: Context
    floor: Context

    def __post_init__(self) -> None:
        _name("stream", self.stream)
        whole("count", self.count)
        _is("whole", self.whole, bool)
        _is("context", self.context, Context)
        _is("floor", self.floor, Context)


@dataclass(frozen=True, slots=True)
class Heard:
    """A piece has been taken in: the next may come."""

    sign: ClassVar[str] = "heard"

    stream: str
    number: int

    def __post_init__(self) -> None:
        _name("stream", self.stream)
        whole("number", self.number)


@dataclass(frozen=True, slots=True)
class Stale:
    """The site you say you are has been started since, as `replica`: your store is a copy, or an old one."""

    sign: ClassVar[str] = "stale"

    site: str
    starts: int
    replica: str

    def __post_init__(self) -> None:
        _name("site", self.site)
        _name("replica", self.replica)
        whole("starts", self.starts, least=1)


@dataclass(frozen=True, slots=True)
class Ahead:
    """Changes of yours were refused, those of `context`: by my clock their stamps are `lead` seconds in the future."""

    sign: ClassVar[str] = "ahead"

    lead: float
    context: Context

    def __post_init__(self) -> None:
        number("lead", self.lead, least=0.0)
        _is("context", self.context, Context)


Frame = Hello | News | Piece | End | Heard | Stale | Ahead

_FRAMES: dict[str, type[Any]] = {kind.sign: kind for kind in (Hello, News, Piece, End, Heard, Stale, Ahead)}


_DEEPER = 2  # containers that a delta is in there
_AROUND = 64  # bytes that a frame of news has around a delta, at most
_HEAD = 12  # bytes of a frame, in which its sign is
_BRING = tuple(
    [bytes((0xA0 + len(cls.sign),)) + cls.sign.encode() for cls in (News, Piece, End)]
)  # as msgpack has it


class Frames:
    """Writes and reads frames of replicas whose value is of type `kind`.

    A frame with a part of the value has at most `largest` bytes, any other what a message may have.

    Types of values that are not known here pass through unread (`Opaque`).
    """

    __slots__ = ("_bodies", "_codec", "_kind", "_limited")

    def __init__(self, kind: type[Lattice], largest: int) -> None:
        self._kind = kind
        self._codec = Codec(OpaqueTypes())
        self._limited = Codec(OpaqueTypes(), max_size=largest)
        self._bodies = Codec(OpaqueTypes(), max_size=largest - _AROUND, max_depth=MAX_DEPTH - _DEEPER)

    def write(self, frame: Frame) -> bytes:
        """The bytes of a frame. Raises `CannotTravel` (`BeyondLimit` for one too large)."""
        codec = self._limited if isinstance(frame, News | Piece) else self._codec
        return codec.encode((VERSION, frame.sign, *[getattr(frame, f.name) for f in fields(frame)]))

    def body(self, delta: Lattice) -> bytes | None:
        """The bytes of a delta; None if a frame would be too large with it, or might be. Raises `CannotTravel`."""
        try:
            return self._bodies.encode(delta)
        except BeyondLimit:
            return None

    @staticmethod
    def brings(data: object) -> bool:
        """Whether a frame brings a part of the value, or the end of such: its first bytes tell, without reading it."""
        return type(data) is bytes and any(data.find(sign, 0, _HEAD) > 0 for sign in _BRING)

    def read(self, data: object) -> Frame:
        """The frame of such bytes. Raises `BadFrame` for what is none, or has a value of another type."""
        if type(data) is not bytes:
            raise BadFrame(type(data).__name__)
        try:
            parts = self._codec.decode(data)
        except (WireError, CannotTravel) as error:
            raise BadFrame(str(error)) from error
        if type(parts) is not tuple or len(parts) < 2 or parts[0] != VERSION or type(parts[1]) is not str:
            raise BadFrame("something else")
        kind = _FRAMES.get(parts[1])
        if kind is None:
            raise BadFrame(f"one of the kind {parts[1][:40]!r}")
        try:
            frame: Frame = kind(*parts[2:])
        except (OptionError, TypeError) as error:
            raise BadFrame(str(error)) from error
        if isinstance(frame, News | Piece) and type(frame.delta) is not self._kind:
            raise BadFrame(f"a value of type {type(frame.delta).__name__}, not {self._kind.__name__}")
        return frame


def _name(name: str, value: object) -> None:
    if type(value) is not str or not 0 < len(value) <= LONGEST_NAME:
        raise OptionError(name, f"text of 1 to {LONGEST_NAME} characters", value)


def _is(name: str, value: object, kind: type) -> None:
    if type(value) is not kind:
        raise OptionError(name, kind.__name__, value)


def _is_value(value: object) -> None:
    if not isinstance(value, Lattice):
        raise OptionError("delta", "a converging value", type(value).__name__)


def _many(name: str, value: object) -> tuple[Any, ...]:
    if type(value) is not tuple or len(value) > MOST_KNOWN:
        raise OptionError(name, f"a tuple of at most {MOST_KNOWN}", type(value).__name__)
    return value
