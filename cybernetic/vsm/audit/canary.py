"""Canaries: tasks whose answer is known beforehand, by which a verifier shows that it still can tell."""

from dataclasses import dataclass
from typing import Any

from cybernetic.core import flag
from cybernetic.vsm.checks import word


@dataclass(frozen=True, slots=True)
class Canary:
    """A task of a `kind` with a `body`, the `value` an operation might report for it, and whether that is `good`.

    A verifier is given it like any other task. One that calls a good one bad, or a bad one good, fails it; give some of
    each. Raises `OptionError`.
    """

    kind: str
    body: Any
    value: Any
    good: bool

    def __post_init__(self) -> None:
        word("kind", self.kind)
        flag("good", self.good)
