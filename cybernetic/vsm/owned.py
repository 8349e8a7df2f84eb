"""What a process keeps beside a system, for as long as there is the system."""

from collections.abc import Callable
from itertools import count
from typing import Any, Generic, TypeVar

_T = TypeVar("_T")
_numbers = count()


class Owned(Generic[_T]):
    """Something of which each system of this process has one, made by `make` when it is asked for first.

    It may hold agents, and by them the system: both go together. From a weak dictionary neither ever would.
    """

    __slots__ = ("_make", "_name")

    def __init__(self, make: Callable[[], _T]) -> None:
        self._make, self._name = make, f"_owned_{next(_numbers)}"

    def of(self, system: Any) -> _T:
        """That of a system."""
        held: _T | None = vars(system).get(self._name)
        if held is None:
            held = vars(system)[self._name] = self._make()
        return held
