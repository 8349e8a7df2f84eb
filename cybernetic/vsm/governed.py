"""What may be asked of a level about what it is and what it may do: its policies, its identity, its balance."""

from contextlib import suppress
from typing import Any

from cybernetic.core import CallError, Refusal, whole
from cybernetic.runtime import registered_name
from cybernetic.supervision import Supervisor
from cybernetic.vsm.algedonic.algedonode import Algedonode
from cybernetic.vsm.algedonic.pager import HOP
from cybernetic.vsm.books.books import Books
from cybernetic.vsm.channels.channel import Role
from cybernetic.vsm.checks import word
from cybernetic.vsm.control.control import Control
from cybernetic.vsm.decisions.policy import Policy
from cybernetic.vsm.decisions.question import Reception
from cybernetic.vsm.decisions.rulebook import PolicyChange
from cybernetic.vsm.decisions.verdicts import Verdict
from cybernetic.vsm.door import a, takes, text
from cybernetic.vsm.governance.governance import Governance
from cybernetic.vsm.governance.identity import Identity
from cybernetic.vsm.governance.messages import PolicyUpdate
from cybernetic.vsm.governance.questions import Asked
from cybernetic.vsm.governance.refusals import NoSuchQuestion
from cybernetic.vsm.homeostat.balance import Balance, Balanced, Bands
from cybernetic.vsm.inspection.auditor import Auditor
from cybernetic.vsm.intelligence.intelligence import Intelligence
from cybernetic.vsm.operations.envoy import Away
from cybernetic.vsm.ports.porter import Porter
from cybernetic.vsm.recursion.handing import no_level
from cybernetic.vsm.recursion.reach import downward, furthest
from cybernetic.vsm.status import PATIENCE

PARTS: dict[str, Any] = {
    "algedonode": Algedonode,
    "audit": Auditor,
    "books": Books,
    "control": Control,
    "intelligence": Intelligence,
    "policy": Governance,
    "porter": Porter,
}
"""Who answers what is asked of a level, by role."""


class Governed(Supervisor):
    """A level as somebody who answers, by way of its parts.

    All of it raises `Away` where the part that has to answer is dead or taken out, and `ArgumentRefused` for an
    argument that is no value of its kind: then nothing has happened.
    """

    _nested: tuple[str, ...] = ()  # the paths of the levels within

    @takes(policy=a(Policy), why=text)
    async def set_policy(self, policy: Policy, why: str = "") -> int:
        """Put a policy in force; the revision since which it is.

        Raises `PolicyRefused` for a version that is not new, where it would give up an invariant, and for a function
        that other processes could not find by name, where a unit at or below the level runs in one.
        """
        revision: int = await self._ask("policy", Governance.set_policy, policy, why)
        return revision

    @takes(name=word, why=text)
    async def retire_policy(self, name: str, why: str = "") -> int:
        """Take a policy of this level out of force; the revision since which it is. Raises `PolicyRefused`."""
        revision: int = await self._ask("policy", Governance.retire, name, why)
        return revision

    @takes(name=word, version=whole, why=text)
    async def rollback_policy(self, name: str, version: int, why: str = "") -> int:
        """Put an old wording in force again, under a new version; the revision since which. Raises `PolicyRefused`."""
        revision: int = await self._ask("policy", Governance.rollback, name, version, why)
        return revision

    async def rules(self) -> PolicyUpdate:
        """The policies in force here, the inherited ones first, and the revision since which they are."""
        rules: PolicyUpdate = await self._ask("policy", Governance.rules)
        return rules

    @takes(before=whole, after=whole)
    async def policy_changes(self, before: int, after: int) -> tuple[PolicyChange, ...]:
        """What differs between two revisions, by name. Raises `PolicyRefused` for one that is not remembered."""
        changes: tuple[PolicyChange, ...] = await self._ask("policy", Governance.diff, before, after)
        return changes

    async def identity(self) -> Identity:
        """What the level is: its purpose, who is inside, and what it does not give up."""
        identity: Identity = await self._ask("policy", Governance.identity)
        return identity

    async def questions(self) -> dict[str, Asked]:
        """The questions that wait for somebody's word, of this level and those within it, elsewhere as well: each by
        the id under which `answer` takes it. Of a level that is away, or too far to answer in 3 s, there are none.
        """
        found: dict[str, Asked] = await self._ask("policy", Governance.listed, HOP)
        return found

    @takes(question=word, verdict=a(Verdict, "an Allow or a Deny"), by=word)
    async def answer(self, question: str, verdict: Verdict, by: str) -> Reception:
        """`by` answers a question (its id), wherever at or below this level it was put; what became of the answer.

        All but `Reception.TAKEN` changed nothing, and is in the log of the level where it was put. Raises
        `NoSuchQuestion`, and `PolicyRefused` for an Escalate: who answers decides.
        """
        path = question.partition("?")[0]
        if no_level(self.system, self._path, path):
            raise NoSuchQuestion(question)
        below = downward(self._path, path)
        at = furthest(self.system, below, Role.POLICY) if below else path
        try:
            reception: Reception = await self._ask("policy", Governance.decide, question, verdict, by, at=at)
        except Away as error:
            raise Away(path, error.role) from error
        return reception

    async def balance(self) -> Balanced:
        """How systems 3 and 4 keep the balance, each index against its band."""
        running: Balance | None = None
        with suppress(CallError):
            running = (
                await self._part("intelligence", Intelligence).within(PATIENCE).call(Intelligence.balance)
            )
        last, bands = await self._ask("policy", Governance.balance)
        return Balanced(running, last, bands)

    @takes(bands=a(Bands), why=text)
    async def set_bands(self, bands: Bands, why: str = "") -> None:
        """Say within what the balance of systems 3 and 4 should be: it is in the log, and survives a restart."""
        await self._ask("policy", Governance.set_bands, bands, why)

    async def _of_levels(self, method: Any, *args: Any, patience: float | None = 5.0) -> list[Any]:
        """What the levels within say to it; one that is away says nothing, and is nobody else's trouble."""
        found = []
        for path in self._nested:
            with suppress(CallError, Refusal):
                level = self.system.named(path, type(self)).within(patience)
                found.append(await level.call(method, *args))
        return found

    async def _ask(
        self, role: str, method: Any, *args: Any, at: str | None = None, patience: float | None = 5.0
    ) -> Any:
        """What a part of the level answers. Raises what it refuses with, and `Away` where it gives no answer: it may
        be dead, or taken out, and that must not be the end of the level.
        """
        path = at or self._path
        try:
            return await self._part(role, PARTS[role], path).within(patience).call(method, *args)
        except CallError as error:
            raise Away(path, role) from error

    def _part(self, role: str, cls: Any, path: str | None = None) -> Any:
        return self.system.named(f"{path or self._path}:{role}", cls)

    @property
    def _path(self) -> str:
        return registered_name(self.ref) or type(self).__name__.lower()
