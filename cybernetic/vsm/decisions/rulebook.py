"""The policies in force, as a value with a history: adopt, retire, compare, roll back, ask what held then."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from cybernetic.core import OptionError, number, whole
from cybernetic.vsm.changed import changed
from cybernetic.vsm.checks import instance, later, tuple_of, word
from cybernetic.vsm.decisions.decide import Decision, decide
from cybernetic.vsm.decisions.policy import Policy


@dataclass(frozen=True, slots=True)
class Amendment:
    """One change of the rulebook: what `policy` it put in force (None: retired `name`), when (seconds) and
    why.

    `restores` is the version that a rollback brought back, None for any other change. Raises `OptionError`.
    """

    revision: int
    name: str
    policy: Policy | None
    at: float
    why: str = ""
    restores: int | None = None

    def __post_init__(self) -> None:
        whole("revision", self.revision)
        instance("name", self.name, str)
        if self.policy is not None:
            instance("policy", self.policy, Policy)
        number("at", self.at)
        instance("why", self.why, str)
        if self.restores is not None:
            whole("restores", self.restores)


@dataclass(frozen=True, slots=True)
class PolicyChange:
    """How one policy differs between revisions: `before` and `after` are None where it was not in force."""

    name: str
    before: Policy | None
    after: Policy | None


@dataclass(frozen=True, slots=True)
class Rulebook:
    """A set of policies and every change that led to it. Values in, values out: changes return the next
    rulebook.

    Versions of a policy and revisions of the book only ever rise, also by a rollback, so a version number
    names one wording for good and a decision can be repeated (T-S5-monotone). Raises `OptionError`.
    """

    amendments: tuple[Amendment, ...] = ()

    def __post_init__(self) -> None:
        tuple_of("amendments", self.amendments, Amendment)

    @property
    def revision(self) -> int:
        """How many changes there have been; 0 for an empty book."""
        return len(self.amendments)

    @property
    def policies(self) -> tuple[Policy, ...]:
        """The policies in force, in the order in which their names were first adopted."""
        return self.at(self.revision)

    def at(self, revision: int) -> tuple[Policy, ...]:
        """The policies in force after `revision` changes (0 to `self.revision`). Raises `OptionError`."""
        return self._at("revision", revision)

    def _at(self, name: str, revision: int) -> tuple[Policy, ...]:
        if whole(name, revision) > self.revision:
            raise OptionError(name, f"at most {self.revision}", revision)
        held = {amendment.name: amendment.policy for amendment in self.amendments[:revision]}
        return tuple(policy for policy in held.values() if policy is not None)

    def version(self, name: str) -> int:
        """The highest version of `name` that was ever in force, also when retired; 0 if none was."""
        return max((policy.version for policy in self._wordings(instance("name", name, str))), default=0)

    def adopt(self, policy: Policy, now: float, why: str = "", restores: int | None = None) -> "Rulebook":
        """The book with `policy` in force, in place of its older version; `restores`: which one it brings back.

        `now` is in seconds, not before the last change. Raises `OptionError` when the version does not exceed
        every version of that name so far.
        """
        instance("policy", policy, Policy)
        whole("version", policy.version, least=self.version(policy.name) + 1)
        return self._amended(policy.name, policy, now, why, restores)

    def retire(self, name: str, now: float, why: str = "") -> "Rulebook":
        """The book without the policy `name`. Raises `OptionError` when none is in force."""
        self._in_force(name)
        return self._amended(name, None, now, why)

    def rollback(self, name: str, version: int, now: float, why: str = "") -> "Rulebook":
        """The book with the wording of an old `version` of `name` in force again, under a new version number.

        Raises `OptionError` when there was no such version.
        """
        old = {policy.version: policy for policy in self._wordings(word("name", name))}
        if whole("version", version) not in old:
            raise OptionError("version", f"one of {sorted(old)}, the versions of {name!r}", version)
        policy = replace(old[version], version=self.version(name) + 1)
        return self._amended(name, policy, now, why, version)

    def diff(self, before: int, after: int) -> tuple[PolicyChange, ...]:
        """What differs between two revisions, by name. Raises `OptionError` for a revision there is not."""
        old, new = (
            {policy.name: policy for policy in self._at(name, revision)}
            for name, revision in (("before", before), ("after", after))
        )
        return tuple(
            PolicyChange(name, old.get(name), new.get(name))
            for name in sorted(old.keys() | new.keys())
            if old.get(name) != new.get(name)
        )

    def decide(self, action: Any, context: Any = None, revision: int | None = None) -> Decision:
        """What the policies in force say; with `revision`, what those in force then say. See `decide`."""
        return decide(self.at(self.revision if revision is None else revision), action, context)

    def _wordings(self, name: str) -> Iterable[Policy]:
        return (one.policy for one in self.amendments if one.name == name and one.policy is not None)

    def _in_force(self, name: str) -> None:
        names = [policy.name for policy in self.policies]
        if name not in names:
            raise OptionError("name", f"a policy in force, one of {sorted(names)}", name)

    def _amended(
        self, name: str, policy: Policy | None, now: float, why: str, restores: int | None = None
    ) -> "Rulebook":
        at = later("now", now, self.amendments[-1].at) if self.amendments else number("now", now)
        amendment = Amendment(self.revision + 1, name, policy, at, why, restores)
        return changed(self, amendments=(*self.amendments, amendment))
