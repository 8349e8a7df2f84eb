"""The store of a gateway as its agents see it: the agent that keeps it open writes here, the others read here."""

from collections.abc import Callable
from dataclasses import dataclass, field

from cybernetic.gateways.remember import Remember
from cybernetic.state import Store, StoreError


@dataclass(slots=True)
class Shelf:
    """What a `Storage` agent keeps for those beside it.

    Attributes:
        store: the open store; None before it is open.
        remember: how much it remembers of what was consumed.
        broken: called with what went wrong when the store can no longer be trusted; ends the agent that keeps it.
    """

    store: Store | None = None
    broken: Callable[[StoreError], object] | None = None
    remember: Remember = field(default_factory=Remember)

    def open(self) -> Store:
        """The store. Raises `RuntimeError` before it is open, which no agent after `Storage` sees."""
        if self.store is None:
            raise RuntimeError("the store is not open: expected the Storage agent to be started before")
        return self.store

    def failed(self, error: BaseException | None) -> bool:
        """Something could not be written; whether the store is at fault for good: its agent opens it anew then."""
        if not isinstance(error, StoreError) or not error.final:
            return False
        if self.broken is not None:
            self.broken(error)
        return True
