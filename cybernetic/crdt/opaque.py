"""What this version does not know, carried along unread: types of values, and types of converging values."""

from functools import cache
from typing import Any, ClassVar

from cybernetic.core import CannotTravel
from cybernetic.crdt.context import Context, Dot
from cybernetic.wire import TYPES, Codec, TypeTable

_LONGEST_NAME = 200  # bytes, as `wire` has it
_MOST_NAMES = 1000  # of unknown types that one table keeps apart; messages with more are refused


class Opaque:
    """A value of a type that is not registered here. It compares and travels on as what it is, unread.

    `name` is the type's on the wire, for which there is a class of its own; `parts` is what came with it.
    """

    __slots__ = ("_bytes", "parts")

    name: ClassVar[str]

    def __init__(self, parts: tuple[Any, ...], bytes_: bytes) -> None:
        self.parts, self._bytes = parts, bytes_

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Opaque) and (self.name, self._bytes) == (other.name, other._bytes)

    def __hash__(self) -> int:
        return hash((self.name, self._bytes))

    def __repr__(self) -> str:
        return f"<Opaque {self.name}>"


class OpaqueTypes(TypeTable):
    """The types of another table, and any other as `Opaque`: `Codec(OpaqueTypes())` reads what newer versions send.

    With it, what is decoded, joined and encoded again has lost nothing of types this version does not know.
    Refusals are left out, as they arrive as plain ones anyway; so are names that no type could have.
    """

    __slots__ = ("_codec", "_types", "_unknown")

    def __init__(self, types: TypeTable = TYPES) -> None:
        super().__init__()
        self._types = types
        self._unknown = 0
        self._codec = Codec(self, canonical=True)

    def of(self, cls: type) -> Any:
        """The entry of exactly this class, or None."""
        found = self._types.of(cls) or super().of(cls)
        if found is None and issubclass(cls, Opaque):  # another table has made it
            self._carry(cls)
            return super().of(cls)
        return found

    def named(self, name: bytes) -> Any:
        """The entry that `name` stands for on the wire; for an unknown name one that makes an `Opaque`."""
        found = self._types.named(name) or super().named(name)
        if found is None and self._unknown < _MOST_NAMES and _possible(name):
            self._carry(_class_of(name.decode()))
            return super().named(name)
        return found

    def _carry(self, cls: type[Opaque]) -> None:
        """Let values of an unknown type pass."""
        self.register(cls, cls.name, encode=_parts, decode=lambda *parts: cls(parts, self._bytes(parts)))
        self._unknown += 1

    def _bytes(self, parts: tuple[Any, ...]) -> bytes:
        try:
            return self._codec.encode(parts)
        except CannotTravel:  # there is a part of a type that one codec alone lets travel
            return repr(parts).encode(errors="replace")


def _possible(name: bytes) -> bool:
    """Whether a type could be registered under `name`, and is no refusal."""
    text = name.decode(errors="replace")
    return 2 <= len(name) <= _LONGEST_NAME and text.isprintable() and "\ufffd" not in text and text[0] != "!"


@cache
def _class_of(name: str) -> type[Opaque]:
    """The class of values of the unknown type `name`: on the wire a class has one name."""
    return type("Opaque", (Opaque,), {"__slots__": (), "name": name})


class Sealed:
    """The store of a converging value of a type unknown here: all that arrived of it, for who can join it.

    It shows nothing, cannot be removed, and is sent to everyone always.
    """

    __slots__ = ("bodies",)

    seen: tuple[Dot, ...] = (("", 1),)  # a change that no context knows
    alive = False

    def __init__(self, bodies: frozenset[bytes]) -> None:
        self.bodies = bodies

    def bury(self, replica: str, n: int) -> "Sealed":
        """It, unchanged."""
        return self

    def join(self, other: "Sealed", ours: Context, theirs: Context) -> "Sealed":
        """What arrived at both."""
        return self if other.bodies <= self.bodies else Sealed(self.bodies | other.bodies)

    def arriving(self, ours: Context) -> "Sealed":
        """It: what it tells is not known."""
        return self

    def forget(self, stable: Context) -> "Sealed":
        """It, unchanged."""
        return self

    def retire(self, whole: Context) -> "Sealed":
        """It, unchanged."""
        return self

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sealed) and self.bodies == other.bodies

    def __hash__(self) -> int:
        return hash(self.bodies)


_seals = Codec(OpaqueTypes(), canonical=True)


def sealed(body: Any) -> Sealed:
    """The store of a body that arrived. Raises `CannotTravel` for one with parts of types of one codec alone."""
    return Sealed(frozenset((_seals.encode(body),)))


def unsealed(store: Sealed) -> list[Any]:
    """The bodies of a store, to be sent on."""
    return [_seals.decode(body) for body in sorted(store.bodies)]


def _parts(value: Opaque) -> tuple[Any, ...]:
    return value.parts
