"""Groups of ports that a level above declares: what the units here choose is told up, and its plans come down."""

from collections import Counter
from collections.abc import Collection
from dataclasses import replace

from cybernetic.vsm.coordination.messages import CoordinationPlan, Crowd
from cybernetic.vsm.damping.plan import Plan


class Crowds:
    """What the units of a level choose within groups that are watched above.

    Args:
        groups: their names.
        nested: the units whose inside is a level.
    """

    def __init__(self, groups: Collection[str], nested: Collection[str]) -> None:
        self._counts: dict[str, dict[str, Counter[str]]] = {group: {} for group in groups}
        self._nested = frozenset(nested)
        self._plans: dict[str, tuple[CoordinationPlan, dict[str, str]]] = {}

    def has(self, group: str) -> bool:
        """Whether a group is one of them."""
        return group in self._counts

    def came(self, unit: str, crowd: Crowd) -> None:
        """What a unit, or those within it, choose."""
        self._counts[crowd.group][unit] = Counter(crowd.counts)

    def words(self) -> list[Crowd]:
        """What is to be said above."""
        return [
            Crowd(group, dict(sum(counts.values(), Counter())))
            for group, counts in self._counts.items()
            if counts
        ]

    def plans(self, plan: CoordinationPlan) -> dict[str, CoordinationPlan]:
        """A plan from above, for each unit; told again it sends nobody elsewhere."""
        counts = self._counts.get(plan.group, {})
        known = self._plans.get(plan.group)
        if known is None or known[0] != plan:
            advice, alone = plan.advice, [unit for unit in counts if unit not in self._nested]
            targets = Plan(advice.shares, advice.until).assigned(alone) if advice.shares else {}
            known = self._plans[plan.group] = plan, targets
        return {
            unit: replace(plan, advice=replace(plan.advice, target=known[1].get(unit)))
            for unit in sorted(counts)
        }
