"""A key of a unique registry as a name: to start an agent under, and to address it by."""

from typing import Any, TypeVar

from cybernetic.naming.table import strictly
from cybernetic.runtime import Named

A_co = TypeVar("A_co", covariant=True)


class Via:
    """What `Registry.via` returns: a name that a registry keeps (N-3). It names no system, so it may stand anywhere.

    Two are equal if their registries are and their keys, which compare strictly (REG-4).
    """

    __slots__ = ("_value", "key", "registry")

    def __init__(self, registry: Any, key: object, value: object = None) -> None:
        self.registry, self.key, self._value = registry, key, value
        strictly(key)

    def __repr__(self) -> str:
        return f"{self.registry.name}[{self.key!r}]"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Via) and self._identity() == other._identity()

    def __hash__(self) -> int:
        return hash(self._identity())

    def claim(self, ref: Any) -> None:
        """Take the key for an agent that is about to start (N-4, GS-2); the runtime calls it.

        Raises `AlreadyStarted` if it is held, `StartFailed` with `NoProc` if the registry is not running.
        """
        self.registry._claim(ref, self.key, self._value)

    def find(self, system: Any) -> Any:
        """The agent that holds the key now, or None."""
        return self.registry._holder(system, self.key)

    def _identity(self) -> tuple[object, object]:
        return self.registry, strictly(self.key)


class Keyed(Named[A_co]):
    """An address by a registry's key: resolved anew at every use, so it outlives restarts of who holds it."""

    __slots__ = ()

    def _find(self) -> Any:
        return self.name.find(self._engine.system)
