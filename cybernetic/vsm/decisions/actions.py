"""What is decided about: an action somebody wants to do, as a value."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from cybernetic.core import OptionError
from cybernetic.vsm.checks import word


@dataclass(frozen=True, slots=True)
class Action:
    """Something a unit wants to do: a `kind` ("refund") and `facts` about it, read as attributes.

    `Action("refund", {"usd": 30}).usd` is 30. A fact that was not given raises `AttributeError`, so a policy
    that needs it fails, and a policy that fails denies. The facts are a read-only copy. Raises `OptionError`.
    """

    kind: str
    facts: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        word("kind", self.kind)
        if not isinstance(self.facts, Mapping) or not all(isinstance(name, str) for name in self.facts):
            raise OptionError("facts", "a mapping of names to values", self.facts)
        for name in ("kind", "facts"):
            if name in self.facts:
                raise OptionError("facts", f"names other than {name!r}", name)
        object.__setattr__(self, "facts", MappingProxyType(dict(self.facts)))

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_") or name in ("kind", "facts") or name not in self.facts:
            raise AttributeError(f"{name}: expected a fact of the action, got: none of that name", name=name)
        return self.facts[name]
