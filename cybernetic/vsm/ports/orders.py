"""What the levels above have ordered of a unit's ports: suspensions, quarantines, policies."""

from cybernetic.runtime import Named
from cybernetic.vsm.books.books import Books
from cybernetic.vsm.decisions.actions import Action
from cybernetic.vsm.decisions.decide import Decision, decide
from cybernetic.vsm.decisions.policy import Policy
from cybernetic.vsm.governance.messages import PolicyKnown, PolicyUpdate
from cybernetic.vsm.inspection.messages import Quarantine
from cybernetic.vsm.ports.refusals import Quarantined, Suspended
from cybernetic.vsm.timing import now


class Orders:
    """What holds for the ports of the unit at `path`.

    Args:
        path: of the unit.
        books: in which quarantines are kept.
        policies: in force when it starts.

    Attributes:
        revision: of the policies; 0: only those declared are known.
    """

    def __init__(self, path: str, books: Named[Books], policies: tuple[Policy, ...]) -> None:
        self._path, self._books, self._policies, self.revision = path, books, policies, 0
        self._suspended: tuple[float, str] | None = None
        self._quarantined: dict[str, str] = {}

    async def begin(self) -> None:
        """Go on from the books."""
        self._quarantined = await self._books.call(Books.load, "quarantined") or {}

    def decide(self, action: Action) -> Decision | None:
        """What the policies say of an action; None where there are none."""
        return decide(self._policies, action, {"path": self._path}) if self._policies else None

    def check(self, port: str) -> None:
        """Raises `Suspended` and `Quarantined`."""
        if self._suspended is not None:
            until, reason = self._suspended
            if now() < until:
                raise Suspended(self._path, reason, until)
            self._suspended = None
        if port in self._quarantined:
            raise Quarantined(port, self._quarantined[port])

    def adopt(self, update: PolicyUpdate) -> PolicyKnown:
        """Policies of a revision; an older one changes nothing."""
        if update.revision > self.revision:
            self._policies, self.revision = update.policies, update.revision
        return PolicyKnown(self._path, self.revision)

    def suspend(self, until: float, reason: str) -> None:
        """Refuse every use of a port until then, in seconds."""
        self._suspended = until, reason

    def resume(self) -> None:
        """Refuse no more."""
        self._suspended = None

    async def quarantine(self, one: Quarantine) -> None:
        """Let nothing through a port, or let it through again; a successor knows of it."""
        if one.lifted:
            self._quarantined.pop(one.port, None)
        else:
            self._quarantined[one.port] = one.reason
        await self._books.call(Books.save, "quarantined", dict(self._quarantined))

    def open(self, port: str) -> bool:
        """Whether a port is in use, as far as quarantines go."""
        return port not in self._quarantined
