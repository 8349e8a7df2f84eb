"""The decision of system 5: total, deterministic; denials override, and nobody's word allows nothing."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

from cybernetic.vsm.checks import entries, instance, tuple_of
from cybernetic.vsm.decisions.actions import Action
from cybernetic.vsm.decisions.policy import Opinion, Policy, opinion_of
from cybernetic.vsm.decisions.verdicts import Allow, Deny, Escalate, Verdict, strictness


@dataclass(frozen=True, slots=True)
class Decision:
    """A verdict, `by` whose word it came (a policy's label, or "default"), and every policy's `opinions`."""

    verdict: Verdict
    by: str
    opinions: tuple[Opinion, ...]

    @property
    def allowed(self) -> bool:
        """Whether the action may be done at once."""
        return isinstance(self.verdict, Allow)

    @property
    def denied(self) -> bool:
        """Whether the action may not be done."""
        return isinstance(self.verdict, Deny)

    @property
    def escalated(self) -> bool:
        """Whether somebody is to be asked."""
        return isinstance(self.verdict, Escalate)

    @property
    def failures(self) -> tuple[Opinion, ...]:
        """The policies that raised or answered nonsense: a defect to repair, not only a denial."""
        return tuple(opinion for opinion in self.opinions if opinion.failed)


def decide(policies: Iterable[Policy], action: Any, context: Any = None) -> Decision:
    """What the policies come to on an action. Never raises for what a policy does, save an interrupt from the keyboard;
    without policies it denies.

    That is the default of a total and fail-closed decision: what nobody allowed is not allowed, so an empty
    list, or a book whose last policy was retired, stops everything. A system that wants no rules says so with
    one policy that allows (`NO_RULES`).

    Every policy is asked, in order. A denial overrides an escalation, that overrides allowing. Of several denials or
    escalations that of the first tier (`Tier`) rules, so that no lesser rule undoes an invariant's; then the one with
    less time; then the first in order. Nobody but who is named there is asked: a rule that must be heard beside
    another's escalation denies. `action` is usually an `Action`, `context` whatever the policies agreed to
    read. Raises `OptionError` for what is no policy.
    """
    opinions = tuple(opinion_of(policy, action, context) for policy in _policies(policies))
    if not opinions:
        return Decision(Deny("no policy speaks of it"), "default", ())
    ruling = max(opinions, key=_weight)
    return Decision(ruling.verdict, ruling.policy, opinions)


def _weight(opinion: Opinion) -> tuple[int, int, float]:
    """What an opinion counts beside others: how strict it is, whose tier it is of, how urgent."""
    strict, urgent = strictness(opinion.verdict)
    return strict, -opinion.tier, urgent


def decision_table(
    policies: Iterable[Policy], facts: Mapping[str, Sequence[Any]], context: Any = None
) -> Iterator[tuple[Action, Decision]]:
    """Every combination of `facts` (name to possible values; "kind" among them) with its decision.

    A finite table can be read by a person, and shows where a policy fails: rows with `failures`. Raises `OptionError`.
    """
    rules = _policies(policies)
    entries("facts", facts, Iterable)
    return _rows(rules, facts, context)


def _rows(
    rules: tuple[Policy, ...], facts: Mapping[str, Sequence[Any]], context: Any
) -> Iterator[tuple[Action, Decision]]:
    for values in product(*facts.values()):
        given = dict(zip(facts, values, strict=True))
        action = Action(given.pop("kind", "any"), given)
        yield action, decide(rules, action, context)


def _policies(policies: Iterable[Policy]) -> tuple[Policy, ...]:
    given = tuple(instance("policies", policies, Iterable))  # type: ignore[type-abstract]
    return tuple_of("policies", given, Policy)
