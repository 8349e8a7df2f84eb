"""What this version does not know, carried along unread: types of values, and types of converging values."""

from typing import Any

from cybernetic.core import CannotTravel, CyberneticError
from cybernetic.state.crdt.context import Context, Dot
from cybernetic.wire import TYPES, Codec, TypeTable

_MOST_NAMES = 1000  # of unknown types that one table keeps apart; messages with more are refused


class Opaque:
    """A value of a type that is not registered here. It compares and travels on as what it is, unread.

    `name` is the type's on the wire, `parts` what came with it; `bytes_` tells it from others of its type.
    """

    __slots__ = ("bytes_", "name", "parts")

    def __init__(self, name: str, parts: tuple[Any, ...], bytes_: bytes) -> None:
        self.name, self.parts, self.bytes_ = name, parts, bytes_

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Opaque) and (self.name, self.bytes_) == (other.name, other.bytes_)

    def __hash__(self) -> int:
        return hash((self.name, self.bytes_))

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
        return self._types.of(cls) or super().of(cls)

    def named(self, name: bytes) -> Any:
        """The entry that `name` stands for on the wire; for an unknown name one that makes an `Opaque`."""
        found = self._types.named(name) or super().named(name)
        if found is None and self._unknown < _MOST_NAMES and not name.startswith(b"!"):
            try:
                self._carry(name.decode())
            except (UnicodeDecodeError, CyberneticError):  # no name that could be registered anywhere
                return None
            return super().named(name)
        return found

    def _carry(self, name: str) -> None:
        """Let values of an unknown type pass, as instances of a class of their own: a class has one name."""
        cls = type("Opaque", (Opaque,), {"__slots__": ()})
        self.register(cls, name, encode=_parts, decode=lambda *parts: cls(name, parts, self._bytes(parts)))
        self._unknown += 1

    def _bytes(self, parts: tuple[Any, ...]) -> bytes:
        try:
            return self._codec.encode(parts)
        except CannotTravel:  # there is a part of a type that one codec alone lets travel
            return repr(parts).encode(errors="replace")


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
