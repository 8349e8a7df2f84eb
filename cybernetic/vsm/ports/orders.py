"""What holds for a unit's ports by the word of its level: suspensions, quarantines, policies."""

from collections.abc import Awaitable, Callable
from math import inf

from cybernetic.runtime import Named
from cybernetic.vsm.books.books import Books
from cybernetic.vsm.decisions.actions import Action
from cybernetic.vsm.decisions.decide import Decision, decide
from cybernetic.vsm.decisions.policy import Policy
from cybernetic.vsm.governance.messages import PolicyKnown, PolicyUpdate
from cybernetic.vsm.lives import UNTOLD, Edition
from cybernetic.vsm.operations.messages import WHOLE, Command, Rung
from cybernetic.vsm.ports.refusals import Quarantined, Suspended
from cybernetic.vsm.timing import now


class Orders:
    """What holds for the ports of the unit at `path`.

    Args:
        path: of the unit.
        books: in which what is commanded is kept: a successor goes by it, whether system 3 lives then or not.
        policies: in force when it starts.

    Attributes:
        acting: the edition of the policies; `UNTOLD`: only those declared are known.
    """

    def __init__(self, path: str, books: Named[Books], policies: tuple[Policy, ...]) -> None:
        self._path, self._books, self._policies = path, books, policies
        self.acting = UNTOLD
        self._command = Command()
        self._pain: tuple[float, str] | None = None  # until when, and why, it may not go on as it hurts

    async def begin(self, rules: Callable[[], Awaitable[PolicyUpdate | None]]) -> None:
        """Go on from the books, under the last policies that were known, or later ones of the level (`rules`).

        So those that a program declares anew are in force at once, whoever of the level is away.
        """
        self._command, self._pain = await self._books.call(Books.load, "orders") or (Command(), None)
        known: PolicyUpdate | None = await self._books.call(Books.load, "policies")
        if known is not None:
            self._hold(known)
        later = await rules()
        if later is not None:
            await self.adopt(later)

    def decide(self, action: Action) -> Decision | None:
        """What the policies say of an action; None where there are none."""
        return decide(self._policies, action, {"path": self._path}) if self._policies else None

    def check(self, port: str) -> None:
        """Raises `Suspended` and `Quarantined`."""
        until, reason = self.suspended
        if now() < until:
            raise Suspended(self._path, reason, until)
        if port in self._command.quarantined:
            raise Quarantined(port, self._command.quarantined[port])

    async def adopt(self, update: PolicyUpdate) -> PolicyKnown:
        """Policies of an edition, which a successor goes on with; an older one changes nothing."""
        if update.edition > self.acting:
            self._hold(update)
            await self._books.call(Books.save, "policies", update)
        return PolicyKnown(self._path, self.revision, self.acting[0])

    def _hold(self, update: PolicyUpdate) -> None:
        self._policies, self.acting = update.policies, update.edition

    @property
    def revision(self) -> int:
        """Of the policies; 0: only those declared are known."""
        return self.acting[1]

    async def obey(self, command: Command) -> Command | None:
        """All that system 3 commands, in place of what it did before, which is given back; None: it is not later."""
        before = self._command
        if command.edition <= before.edition:
            return None
        self._command = command
        if WHOLE in command.frees(before):
            self._pain = None
        await self._save()
        return before

    @property
    def edition(self) -> Edition:
        """Of the command that it goes by."""
        return self._command.edition

    @property
    def suspended(self) -> tuple[float, str]:
        """Until when every use of a port is refused, in seconds, and why."""
        ends = [
            (one.until, one.reason) for one in self._command.held if one.rung in (Rung.SUSPEND, Rung.DISSOLVE)
        ]
        return max([*ends, self._pain or (-inf, "")])

    @property
    def throttled(self) -> float:
        """Until when calls are slowed down, in seconds."""
        return max((one.until for one in self._command.held if one.rung is Rung.THROTTLE), default=-inf)

    @property
    def held(self) -> bool:
        """Whether it may not go on as something hurts."""
        return self._pain is not None

    async def suspend(self, until: float, reason: str) -> None:
        """Something hurts, and nobody answers for it: refuse every use of a port until then, in seconds."""
        if self._pain != (until, reason):  # it is said again and again
            self._pain = until, reason
            await self._save()

    async def resume(self) -> None:
        """It hurts no more."""
        self._pain = None
        await self._save()

    def open(self, port: str) -> bool:
        """Whether a port is in use, as far as quarantines go."""
        return port not in self._command.quarantined

    async def _save(self) -> None:
        await self._books.call(Books.save, "orders", (self._command, self._pain))
